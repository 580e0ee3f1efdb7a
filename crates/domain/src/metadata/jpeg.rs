//! JPEG: segments, each with a marker, and the compressed picture between them.

use super::{EXIF, Parts, minimal};
use crate::scanner::{ScanError, Scanner};

/// The markers that the walk needs to know. Markers below this one have no segment.
const FRAME: u8 = 0xc0;
const RESTART: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const APP: std::ops::RangeInclusive<u8> = 0xe0..=0xef;
const COMMENT: u8 = 0xfe;
/// Segments that no picture needs.
const RESERVED: u8 = 0xc8;
const EXTENSION: std::ops::RangeInclusive<u8> = 0xf0..=0xfd;

/// What is shown: the picture with its tables, the colour profile, and how it is turned. Not what follows the end of
/// the picture: a trailer may be a second picture, with metadata of its own, or a film.
pub(super) fn parts(file: &mut Scanner) -> Result<Parts, ScanError> {
    let mut parts = Parts::default();
    if file.take()? != [0xff, START] {
        return Err(ScanError::Malformed);
    }
    parts.keep(0..2)?;
    // The start of the compressed data of the current scan.
    let mut scan = None;
    let (mut has_scan, mut has_exif) = (false, false);
    while let Some((start, marker)) = next_marker(file, scan.is_some())? {
        if let Some(began) = scan.take() {
            parts.keep(began..start)?;
        }
        if marker == END {
            parts.keep(start..file.at())?;
            break;
        }
        if marker == START || RESTART.contains(&marker) {
            continue;
        }
        // A damaged file is kept up to the damage, but only if a scan was found before it.
        let length = if file.left() < 2 { 0 } else { u64::from(u16::from_be_bytes(file.take()?)) };
        let end = start + 2 + length;
        if !has_scan && (length < 2 || end > file.size()) {
            return Err(ScanError::Malformed);
        }
        if length < 2 {
            break;
        }
        let end = end.min(file.size());
        if APP.contains(&marker) || marker == COMMENT {
            let payload = file.take_some(end.saturating_sub(file.at()).min(EXIF))?;
            match (marker, payload.as_slice()) {
                // A thumbnail follows the first 14 bytes.
                (0xe0, [b'J', b'F', b'I', b'F', 0, ..]) if payload.len() >= 14 => {
                    let new = [&[0xff, marker, 0, 16], &payload[..12], &[0, 0]].concat();
                    let old = [&[0xff, marker, 0, 16], payload.as_slice()].concat();
                    parts.replace(start..end, &old, new)?;
                }
                (0xe1, [b'E', b'x', b'i', b'f', 0, _, exif @ ..]) if !has_exif => {
                    has_exif = true;
                    if let Some(minimal) = minimal(exif) {
                        let length = u8::try_from(2 + 6 + minimal.len()).expect("it is 34");
                        let old = [&[0xff, marker, 0, length], payload.as_slice()].concat();
                        let new = [&[0xff, marker, 0, length], &b"Exif\0\0"[..], &minimal].concat();
                        parts.replace(start..end, &old, new)?;
                    }
                }
                (0xe2, profile) if profile.starts_with(b"ICC_PROFILE\0") => parts.keep(start..end)?,
                // How the colours are to be read. Anything behind that is no part of it.
                (0xee, adobe) if adobe.starts_with(b"Adobe") && adobe.len() >= 12 => {
                    let new = [&[0xff, marker, 0, 14], &payload[..12]].concat();
                    let old = [&[0xff, marker, 0, 14], payload.as_slice()].concat();
                    parts.replace(start..end, &old, new)?;
                }
                _ => {}
            }
        } else if !EXTENSION.contains(&marker) && marker != RESERVED {
            parts.keep(start..end)?;
        }
        file.go_to(end)?;
        if marker == SCAN {
            (scan, has_scan) = (Some(end), true);
        }
    }
    if let Some(began) = scan {
        parts.keep(began..file.size())?;
    }
    if has_scan { Ok(parts) } else { Err(ScanError::Malformed) }
}

/// How many scans a picture is drawn in: 1 to 4, or about 10 if it is progressive. One that has more means harm, because
/// a decoder goes over all of the picture for each.
pub(crate) fn scans(file: &mut Scanner) -> Result<usize, ScanError> {
    file.take::<2>()?;
    let (mut scans, mut in_scan) = (0, false);
    while let Some((_, marker)) = next_marker(file, in_scan)? {
        if marker == END {
            break;
        }
        if marker == START || RESTART.contains(&marker) {
            continue;
        }
        let length = u64::from(u16::from_be_bytes(file.take()?));
        file.pass(length.saturating_sub(2))?;
        in_scan = marker == SCAN;
        scans += usize::from(in_scan);
    }
    Ok(scans)
}

/// The next marker and where it stands. Skips everything before it: decoders do the same.
fn next_marker(file: &mut Scanner, in_scan: bool) -> Result<Option<(u64, u8)>, ScanError> {
    while file.go_behind(0xff)? {
        let mut marker = 0xff;
        // A marker may have any number of these before it.
        while marker == 0xff && file.left() > 0 {
            [marker] = file.take()?;
        }
        let is_data = in_scan && RESTART.contains(&marker);
        if marker != 0xff && marker >= FRAME && !is_data {
            return Ok(Some((file.at() - 2, marker)));
        }
    }
    Ok(None)
}
