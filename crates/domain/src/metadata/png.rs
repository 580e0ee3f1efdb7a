//! PNG and APNG: chunks, each with its length and type before it and a checksum behind it.

use super::{EXIF, Parts, minimal};
use crate::scanner::{ScanError, Scanner};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The chunks that a decoder must know. Others whose types begin with a capital are of no picture that browsers show.
const CRITICAL: [&[u8; 4]; 4] = [b"IHDR", b"PLTE", b"IDAT", b"IEND"];
/// The chunks that are kept beside them: transparency, colours, the size of a pixel, and animation.
const KEPT: [&[u8; 4]; 17] = [
    b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST",
    b"sPLT", b"pHYs", b"sTER", b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn parts(file: &mut Scanner) -> Result<Parts, ScanError> {
    let mut parts = Parts::default();
    if file.take()? != SIGNATURE {
        return Err(ScanError::Malformed);
    }
    parts.keep(0..8)?;
    let (mut has_header, mut has_exif) = (false, false);
    // A file that was cut off in its picture is kept as far as it goes.
    while file.left() >= 8 {
        let start = file.at();
        let length = u64::from(u32::from_be_bytes(file.take()?));
        let kind: [u8; 4] = file.take()?;
        let is_first = !std::mem::replace(&mut has_header, true);
        if is_first != (&kind == b"IHDR") || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(ScanError::Malformed);
        }
        let is_critical = CRITICAL.contains(&&kind);
        let is_kept = is_critical || KEPT.contains(&&kind);
        let is_cut_off = start + 12 + length > file.size();
        if (kind[0].is_ascii_uppercase() && !is_critical) || (is_kept && is_cut_off && &kind != b"IDAT") {
            return Err(ScanError::Malformed);
        }
        let end = (start + 12 + length).min(file.size());
        if is_kept {
            parts.keep(start..end)?;
        } else if &kind == b"eXIf" && !std::mem::replace(&mut has_exif, true) {
            let exif = file.take_some(length.min(EXIF))?;
            if let Some(minimal) = minimal(&exif) {
                let new = chunk(*b"eXIf", &minimal);
                let old = if end - start == new.len() as u64 {
                    file.go_to(start)?;
                    file.take_some(end - start)?
                } else {
                    Vec::new()
                };
                parts.replace(start..end, &old, new)?;
            }
        }
        file.go_to(end)?;
        if &kind == b"IEND" {
            break;
        }
    }
    if has_header { Ok(parts) } else { Err(ScanError::Malformed) }
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("it is short");
    let checked = [&kind, data].concat();
    [&length.to_be_bytes(), checked.as_slice(), &crc32fast::hash(&checked).to_be_bytes()].concat()
}
