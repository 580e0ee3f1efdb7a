//! WebSocket frames (RFC 6455), as a client writes and reads them.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Ping,
    Pong,
    Close,
}

/// A whole frame at the beginning of the received bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    pub(crate) payload: &'a [u8],
    /// The length of the frame in bytes, with its head.
    pub(crate) length: usize,
}

/// The first frame of the received bytes, or `None` while it is incomplete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Frame<'_>>, String> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    let (start, size): (usize, usize) = match second {
        126 => match bytes {
            [_, _, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            _ => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|size| <[u8; 8]>::try_from(size).ok()) {
            Some(size) => (10, usize::try_from(u64::from_be_bytes(size)).unwrap_or(usize::MAX)),
            None => return Ok(None),
        },
        128.. => return Err("a frame from the server is masked".into()),
        short => (2, usize::from(short)),
    };
    let kind = match first {
        0x81 => Kind::Text,
        0x88 => Kind::Close,
        0x89 => Kind::Ping,
        0x8A => Kind::Pong,
        other => return Err(format!("a frame from the server begins with {other:#04x}")),
    };
    let end = start.checked_add(size).ok_or("a frame from the server is longer than memory")?;
    Ok(bytes.get(start..end).map(|payload| Frame { kind, payload, length: end }))
}

/// Begins a frame with so many bytes of payload, which follow as they are: the mask is zero.
pub(crate) fn begin(kind: Kind, size: usize, out: &mut Vec<u8>) {
    out.push(match kind {
        Kind::Text => 0x81,
        Kind::Close => 0x88,
        Kind::Ping => 0x89,
        Kind::Pong => 0x8A,
    });
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(short @ ..=125), _) => out.push(0x80 | short),
        (_, Ok(medium)) => {
            out.push(0xFE);
            out.extend(medium.to_be_bytes());
        }
        _ => {
            out.push(0xFF);
            out.extend((size as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
}

/// Appends a frame.
pub(crate) fn write(kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
    begin(kind, payload.len(), out);
    out.extend_from_slice(payload);
}

/// What the payload of a close frame says.
pub(crate) fn close_reason(payload: &[u8]) -> String {
    let Some((code, reason)) = payload.split_first_chunk() else { return "the server closed it".into() };
    let code = u16::from_be_bytes(*code);
    format!("the server closed it with {code} {}", String::from_utf8_lossy(reason)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a server sends it: not masked.
    fn served(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(Kind::Text, payload, &mut bytes);
        let head = bytes.len() - payload.len();
        bytes.drain(head - 4..head);
        bytes[1] &= 0x7F;
        bytes
    }

    #[test]
    fn every_length_is_read_as_written_and_only_when_whole() {
        for size in [0, 1, 125, 126, 127, 300, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; size];
            let mut bytes = served(&payload);
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                if cut < bytes.len() {
                    assert_eq!(parse(&bytes[..cut]), Ok(None), "{size} cut at {cut}");
                }
            }
            let length = bytes.len();
            bytes.extend(served(b"next"));
            let frame = parse(&bytes).unwrap().unwrap();
            assert_eq!(frame, Frame { kind: Kind::Text, payload: &payload, length });
            assert_eq!(parse(&bytes[length..]).unwrap().unwrap().payload, b"next");
        }
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        for bytes in [&[0x81, 0x80, 0, 0, 0, 0][..], &[0x01, 0], &[0x83, 0], &[0xC1, 0]] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
        let endless = [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse(&endless).is_err());
    }

    #[test]
    fn a_close_frame_is_told_with_its_code_and_reason() {
        assert_eq!(close_reason(b""), "the server closed it");
        assert_eq!(close_reason(b"\x03\xE9"), "the server closed it with 1001");
        assert_eq!(close_reason(b"\x03\xE9bye"), "the server closed it with 1001 bye");
    }
}
