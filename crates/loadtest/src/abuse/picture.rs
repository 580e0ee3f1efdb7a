//! A large picture in few bytes on the way, which costs the server much to decode.

/// A black picture as PNG (ISO/IEC 15948), one bit for a pixel and not compressed.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut rows = Vec::new();
    for _ in 0..height {
        // Each row says first how it is filtered: not at all.
        rows.extend(std::iter::repeat_n(0, 1 + width.div_ceil(8) as usize));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(&mut png, *b"IHDR", &[&size[..], &[1, 0, 0, 0, 0]].concat());
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    png.extend(length.to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(crc(kind.iter().chain(data)).to_be_bytes());
}

/// The data in the format of zlib (RFC 1950), in blocks that are not compressed.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut zlib = vec![0x78, 0x01];
    let blocks = data.chunks(0xffff);
    let last = blocks.len().saturating_sub(1);
    for (number, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        zlib.push(u8::from(number == last));
        zlib.extend(length.to_le_bytes());
        zlib.extend((!length).to_le_bytes());
        zlib.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for &byte in data {
        low = (low + u32::from(byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    zlib.extend((high << 16 | low).to_be_bytes());
    zlib
}

fn crc<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let crc = bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ crc >> 1 } else { crc >> 1 },
        )
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        // The value that the standard's own check gives, and an empty chunk that ends every picture.
        assert_eq!(crc(b"123456789".iter()), 0xcbf4_3926);
        assert!(png(9, 2).ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        assert_eq!(stored(b"a")[..8], [0x78, 1, 1, 1, 0, 0xfe, 0xff, b'a']);
    }
}
