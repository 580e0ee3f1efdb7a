//! WebP: a RIFF file, whose header has the length of all chunks, and whose first chunk says which others there are.

use super::{EXIF, Part, Parts, minimal};
use crate::scanner::{ScanError, Scanner};

/// Bits of the chunk `VP8X`: metadata that the file has.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// The chunks that are kept: the picture, its transparency, colour profile and animation.
const KEPT: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ICCP"];
/// The chunks that are kept of a frame.
const KEPT_OF_FRAME: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// What stands before the chunks of a frame: its place, size and time.
const FRAME_HEADER: u64 = 16;

pub(super) fn parts(file: &mut Scanner) -> Result<Parts, ScanError> {
    let mut header = file.take::<12>()?.to_vec();
    let [.., a, b, c, d, _, _, _, _] = header[..] else { return Err(ScanError::Malformed) };
    let declared = u32::from_le_bytes([a, b, c, d]);
    if !header.starts_with(b"RIFF") || !header.ends_with(b"WEBP") {
        return Err(ScanError::Malformed);
    }
    let first = file.take_some(18)?;
    let is_extended = first.len() == 18 && first.starts_with(b"VP8X\x0a\0\0\0");
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
        if &kind == b"ANMF" {
            let (frame, rest_of_it) = frame(file, start, length, limit)?;
            removed += rest_of_it;
            rest.append(frame)?;
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
    parts.append(rest)?;
    Ok(parts)
}

/// A frame of an animation, which consists of chunks itself, and how many bytes of it are left out.
fn frame(file: &mut Scanner, start: u64, length: u64, limit: u64) -> Result<(Parts, u64), ScanError> {
    let (chunks, end) = (start + 8 + FRAME_HEADER, (start + 8 + length).min(limit));
    let mut kept = Parts::default();
    let mut removed = 0;
    file.go_to(chunks)?;
    while file.at() + 8 <= end {
        let chunk = file.at();
        let kind: [u8; 4] = file.take()?;
        let length = u64::from(u32::from_le_bytes(file.take()?));
        let next = (file.at() + length.next_multiple_of(2)).min(end);
        if KEPT_OF_FRAME.contains(&&kind) {
            kept.keep(chunk..next)?;
        } else {
            removed += next - chunk;
        }
        file.go_to(next)?;
    }
    removed += end.saturating_sub(file.at());
    let mut frame = Parts::default();
    if removed == 0 {
        frame.keep(start..(start + 8 + length.next_multiple_of(2)).min(limit))?;
        return Ok((frame, 0));
    }
    let left = length.checked_sub(removed).filter(|_| length.is_multiple_of(2) && removed.is_multiple_of(2));
    let left = left.and_then(|left| u32::try_from(left).ok()).ok_or(ScanError::Malformed)?;
    frame.push(Part::New([*b"ANMF", left.to_le_bytes()].concat()))?;
    frame.keep(start + 8..chunks)?;
    frame.append(kept)?;
    Ok((frame, removed))
}
