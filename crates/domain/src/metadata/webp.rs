//! WebP: a RIFF file, whose header has the length of all chunks, and whose first chunk says which others there are.

use super::{EXIF, Part, Parts, minimal};
use crate::scanner::{ScanError, Scanner};

/// Bits of the chunk `VP8X`: metadata that the file has.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// The chunks that are kept: the picture, its transparency, colour profile and animation.
const KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];

pub(super) fn parts(file: &mut Scanner) -> Result<Parts, ScanError> {
    let mut header = file.take::<12>()?.to_vec();
    let [.., a, b, c, d, _, _, _, _] = header[..] else { return Err(ScanError::Malformed) };
    let declared = u32::from_le_bytes([a, b, c, d]);
    if !header.starts_with(b"RIFF") || !header.ends_with(b"WEBP") {
        return Err(ScanError::Malformed);
    }
    let first = file.take::<18>()?;
    let is_extended = first.starts_with(b"VP8X\x0a\0\0\0");
    if is_extended {
        header.extend(first);
    } else {
        file.go_to(12)?;
    }
    let old_header = header.clone();
    // What follows is no part of the picture.
    let limit = (8 + u64::from(declared)).min(file.size());
    let mut rest = Parts::default();
    let (mut removed, mut added) = (0, 0);
    let (mut has_exif, mut is_turned) = (false, false);
    // A file that was cut off is kept as far as it goes.
    while file.at() + 8 <= limit {
        let start = file.at();
        let kind: [u8; 4] = file.take()?;
        let length = u64::from(u32::from_le_bytes(file.take()?));
        let end = (start + 8 + length.next_multiple_of(2)).min(limit);
        if KEPT.contains(&&kind) {
            rest.keep(start..end)?;
            file.go_to(end)?;
            continue;
        }
        if &kind == b"VP8X" {
            return Err(ScanError::Malformed);
        }
        removed += end - start;
        if &kind == b"EXIF" && is_extended && !std::mem::replace(&mut has_exif, true) {
            let exif = file.take_some(length.min(end.saturating_sub(file.at())).min(EXIF))?;
            // Some programs write what stands before it in a JPEG.
            if let Some(minimal) = minimal(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif)) {
                is_turned = true;
                let old = [&b"EXIF\x1a\0\0\0"[..], &exif].concat();
                let new = [&b"EXIF\x1a\0\0\0"[..], &minimal].concat();
                added += new.len() as u64;
                rest.replace(start..end, &old, new)?;
            }
        }
        file.go_to(end)?;
    }
    removed += limit.saturating_sub(file.at());
    let declared = (u64::from(declared) + added).checked_sub(removed);
    let declared = declared.and_then(|size| u32::try_from(size).ok()).ok_or(ScanError::Malformed)?;
    header[4..8].copy_from_slice(&declared.to_le_bytes());
    if is_extended {
        let flags = header[20] & !(HAS_EXIF | HAS_XMP);
        header[20] = if is_turned { flags | HAS_EXIF } else { flags };
    }
    if rest.0.is_empty() {
        return Err(ScanError::Malformed);
    }
    let mut parts = Parts::default();
    parts.replace(0..old_header.len() as u64, &old_header, header)?;
    for part in rest.0 {
        match part {
            Part::Kept(range) => parts.keep(range)?,
            new @ Part::New(_) => parts.push(new)?,
        }
    }
    Ok(parts)
}
