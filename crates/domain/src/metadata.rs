//! The metadata of pictures: where, when, with what and by whom one was taken. It is left out of uploads without decoding
//! the picture, so that every pixel stays as it is.

mod heif;
mod item;
pub(crate) mod jpeg;
mod png;
mod webp;

use std::ops::Range;

use bytes::Bytes;
use image::metadata::Orientation;

use crate::scanner::{ScanError, Scanner};
use crate::store::ReadSeek;

/// Pieces of which a picture without its metadata may consist. Cameras and programs make a dozen.
const PARTS: usize = 1024;
/// Bytes that are read and passed on at a time.
const PIECE: u64 = 256 << 10;
/// How much of Exif is read to find the orientation, which stands at its beginning.
const EXIF: u64 = 64 << 10;

/// The formats whose metadata can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    WebP,
    Heif,
}

/// A piece of a picture without its metadata.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Bytes of the file, from and to these places.
    Kept(Range<u64>),
    New(Vec<u8>),
    /// So many bytes of this value.
    Filled(u8, u64),
}

/// A picture without its metadata.
#[derive(Debug, Default)]
struct Parts(Vec<Part>);

impl Parts {
    /// Keeps bytes of the file.
    fn keep(&mut self, range: Range<u64>) -> Result<(), ScanError> {
        match self.0.last_mut() {
            _ if range.is_empty() => {}
            Some(Part::Kept(last)) if last.end == range.start => last.end = range.end,
            _ => self.push(Part::Kept(range))?,
        }
        Ok(())
    }

    /// Puts new bytes here, in place of `old` ones, which are kept if they are the same.
    fn replace(&mut self, old: Range<u64>, old_bytes: &[u8], new: Vec<u8>) -> Result<(), ScanError> {
        if old_bytes == new { self.keep(old) } else { self.push(Part::New(new)) }
    }

    /// Puts so many bytes of one value here.
    fn fill(&mut self, byte: u8, count: u64) -> Result<(), ScanError> {
        if count == 0 { Ok(()) } else { self.push(Part::Filled(byte, count)) }
    }

    fn append(&mut self, more: Self) -> Result<(), ScanError> {
        for part in more.0 {
            match part {
                Part::Kept(range) => self.keep(range)?,
                new => self.push(new)?,
            }
        }
        Ok(())
    }

    fn push(&mut self, part: Part) -> Result<(), ScanError> {
        if self.0.len() == PARTS {
            return Err(ScanError::Malformed);
        }
        self.0.push(part);
        Ok(())
    }
}

/// Passes a picture on without its metadata, in pieces, until `pass` says that nobody wants them. False if the file has
/// no metadata; nothing is passed on then.
pub(crate) fn strip(
    format: Format,
    mut bytes: Box<dyn ReadSeek>,
    mut pass: impl FnMut(Bytes) -> bool,
) -> Result<bool, ScanError> {
    let mut file = Scanner::new(&mut *bytes)?;
    let Parts(parts) = match format {
        Format::Jpeg => jpeg::parts(&mut file)?,
        Format::Png => png::parts(&mut file)?,
        Format::WebP => webp::parts(&mut file)?,
        Format::Heif => heif::parts(&mut file)?,
    };
    if parts == [Part::Kept(0..file.size())] {
        return Ok(false);
    }
    for part in parts {
        match part {
            Part::New(bytes) => {
                if !pass(bytes.into()) {
                    break;
                }
            }
            Part::Filled(byte, mut count) => {
                while count > 0 {
                    let piece = vec![byte; usize::try_from(PIECE.min(count)).unwrap_or_default()];
                    count -= piece.len() as u64;
                    if !pass(piece.into()) {
                        return Ok(true);
                    }
                }
            }
            Part::Kept(Range { mut start, end }) => {
                file.go_to(start)?;
                while start < end {
                    let piece = file.take_some(PIECE.min(end - start))?;
                    start += piece.len() as u64;
                    if !pass(piece.into()) {
                        return Ok(true);
                    }
                }
            }
        }
    }
    Ok(true)
}

/// Exif with nothing but how a picture is turned, which programs need to show it upright. `None` for one that is not.
fn minimal(exif: &[u8]) -> Option<Vec<u8>> {
    let turned = Orientation::from_exif_chunk(exif)?;
    if turned == Orientation::NoTransforms {
        return None;
    }
    // The byte order; where the directory is; one entry: the orientation, one number of 16 bits; no other directory.
    let mut minimal = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    minimal.extend([turned.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    Some(minimal)
}

#[cfg(test)]
mod tests;
