//! JPEG of more pixels than fit in the memory, such as panoramas.

use std::io::BufReader;

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{CodingProcess, Decoder, PixelFormat};

use super::{LONGEST, MEMORY};
use crate::metadata::jpeg;
use crate::scanner::Scanner;
use crate::store::ReadSeek;

/// Pictures with more pixels get no thumbnail. Cameras of phones make as many.
pub(super) const PIXELS: u64 = 200_000_000;
/// A picture that comes row by row has a scan for each of its colours at most.
const SCANS: usize = 4;

/// The picture at an eighth of its size or more. It is made small block by block while it is decoded, so it takes a few
/// megabytes. Not one that is progressive: all of it would have to be in memory.
pub(super) fn decode(bytes: &mut dyn ReadSeek) -> Option<DynamicImage> {
    let scans = jpeg::scans(&mut Scanner::new(bytes).ok()?).ok()?;
    if scans > SCANS {
        return None;
    }
    bytes.rewind().ok()?;
    let mut decoder = Decoder::new(BufReader::new(bytes));
    decoder.set_max_decoding_buffer_size(usize::try_from(MEMORY).unwrap_or(usize::MAX));
    let longest = u16::try_from(LONGEST).unwrap_or(u16::MAX);
    let (width, height) = decoder.scale(longest, longest).ok()?;
    if decoder.info()?.coding_process != CodingProcess::DctSequential {
        return None;
    }
    let pixels = decoder.decode().ok()?;
    let (width, height) = (width.into(), height.into());
    match decoder.info()?.pixel_format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, pixels).map(Into::into),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, pixels).map(Into::into),
        PixelFormat::L16 | PixelFormat::CMYK32 => None,
    }
}
