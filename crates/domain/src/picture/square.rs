//! The square middle of a picture, in two sizes.

use std::io::{BufReader, Read, Seek};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageFormat, ImageReader, Limits, Pixel, Rgba};

use super::{MEMORY, PIXELS, Pictures};
use crate::store::ReadSeek;

/// The sides of the two squares, in pixels.
const LARGE: u32 = 512;
const SMALL: u32 = 96;
/// A picture whose shorter side is longer is first averaged down to this, which is fast. The rest is done by a better filter.
const AVERAGED: u32 = 2 * LARGE;
/// The JPEG quality of both.
const QUALITY: u8 = 80;

/// The middle of a picture as two JPEGs without metadata.
pub(crate) struct Squares {
    /// 512 pixels wide and high; fewer if the picture has fewer.
    pub(crate) large: Vec<u8>,
    /// 96 pixels wide and high; fewer if the picture has fewer.
    pub(crate) small: Vec<u8>,
}

/// Why there are no squares of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no JPEG, PNG or WebP, or a damaged one.
    Unreadable,
    /// It has too many pixels.
    TooLarge,
}

impl Pictures {
    /// The squares of a picture. `None` if there is no thread for it. `held` is dropped once they are made, even if the
    /// caller has gone.
    pub(crate) async fn squares(
        &self,
        bytes: Box<dyn ReadSeek>,
        held: impl Send + 'static,
    ) -> Option<Result<Squares, Unfit>> {
        let work = move || {
            let _held = held;
            squares(bytes)
        };
        self.run(work).await
    }
}

fn squares(bytes: impl Read + Seek) -> Result<Squares, Unfit> {
    let unreadable = |_| Unfit::Unreadable;
    let mut reader =
        ImageReader::new(BufReader::new(bytes)).with_guessed_format().map_err(|_| Unfit::Unreadable)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(Unfit::Unreadable);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    // From the header, before decoding: a small file may claim a size that the memory cannot hold.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS || decoder.total_bytes() > MEMORY {
        return Err(Unfit::TooLarge);
    }
    let turned = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let mut middle = middle(on_white(picture));
    middle.apply_orientation(turned);
    let encode = |side: u32| {
        let side = side.min(middle.width());
        let mut bytes = Vec::new();
        let square = middle.resize_exact(side, side, FilterType::CatmullRom).into_rgb8();
        let encoded = square.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY));
        encoded.map(|()| bytes).map_err(unreadable)
    };
    Ok(Squares { large: encode(LARGE)?, small: encode(SMALL)? })
}

/// A picture as it looks on a white ground.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut picture = picture.into_rgba8();
    for pixel in picture.pixels_mut().filter(|pixel| pixel.0[3] < u8::MAX) {
        let mut ground = Rgba([u8::MAX; 4]);
        ground.blend(pixel);
        *pixel = ground;
    }
    picture.into()
}

/// The largest square in the middle of a picture, averaged down to [`AVERAGED`].
fn middle(picture: DynamicImage) -> DynamicImage {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let picture = if side > AVERAGED {
        // Its shorter side is that long afterwards. Rounding cannot matter to who looks at it.
        let scaled = |length: u32| u32::try_from(u64::from(length) * u64::from(AVERAGED) / u64::from(side));
        picture.thumbnail_exact(scaled(width).unwrap_or(width), scaled(height).unwrap_or(height))
    } else {
        picture
    };
    let side = side.min(AVERAGED);
    picture.crop_imm((picture.width() - side) / 2, (picture.height() - side) / 2, side, side)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageEncoder, Rgb, RgbImage, RgbaImage};

    use super::*;

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn read(bytes: &[u8]) -> RgbImage {
        assert_eq!(image::guess_format(bytes).unwrap(), ImageFormat::Jpeg);
        image::load_from_memory(bytes).unwrap().to_rgb8()
    }

    fn looks(pixel: Rgb<u8>, meant: [u8; 3]) -> bool {
        pixel.0.iter().zip(meant).all(|(seen, meant)| seen.abs_diff(meant) < 12)
    }

    #[test]
    fn the_middle_is_cut_out_in_two_sizes() {
        // Red on the left, green in the middle, blue on the right.
        let wide = |side: u32| {
            DynamicImage::from(RgbImage::from_fn(3 * side, side, |x, _| match x / side {
                0 => Rgb([200, 30, 30]),
                1 => Rgb([30, 200, 30]),
                _ => Rgb([30, 30, 200]),
            }))
        };
        for (picture, format) in [
            (wide(1100), ImageFormat::Jpeg),
            (wide(520).rotate90(), ImageFormat::Png),
            (wide(520), ImageFormat::WebP),
        ] {
            let squares = squares(Cursor::new(encoded(picture, format))).unwrap();
            for (bytes, side) in [(squares.large, 512), (squares.small, 96)] {
                let square = read(&bytes);
                assert_eq!(square.dimensions(), (side, side));
                assert!(looks(*square.get_pixel(3, 3), [30, 200, 30]), "{format:?}");
                assert!(looks(*square.get_pixel(side - 4, side - 4), [30, 200, 30]), "{format:?}");
            }
        }
    }

    #[test]
    fn a_small_picture_stays_as_large_as_it_is() {
        for (width, height, side) in [(300, 200, 200), (1, 1, 1), (513, 700, 512)] {
            let small =
                squares(Cursor::new(encoded(RgbImage::new(width, height), ImageFormat::Png))).unwrap();
            assert_eq!(read(&small.large).width(), side);
            assert_eq!(read(&small.small).width(), side.min(96));
        }
    }

    #[test]
    fn what_is_seen_through_is_on_white() {
        for side in [100, 1100] {
            let clear = RgbaImage::from_pixel(side, side, Rgba([0, 0, 0, 0]));
            let half = RgbaImage::from_pixel(side, side, Rgba([0, 0, 0, 128]));
            for (picture, meant) in [(clear, [255; 3]), (half, [127; 3])] {
                let square = squares(Cursor::new(encoded(picture, ImageFormat::Png))).unwrap();
                assert!(looks(*read(&square.large).get_pixel(50, 50), meant));
            }
        }
    }

    #[test]
    fn it_is_upright_and_says_nothing_else() {
        // A directory of one entry: the orientation, a number of 16 bits, 6.
        let turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        // Its upper half is red; upright that is its right half.
        let picture = RgbImage::from_fn(900, 600, |_, y| Rgb(if y < 300 { [200, 30, 30] } else { [30; 3] }));
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(turned).unwrap();
        picture.write_with_encoder(encoder).unwrap();
        let squares = squares(Cursor::new(bytes)).unwrap();
        let square = read(&squares.large);
        assert!(looks(*square.get_pixel(400, 100), [200, 30, 30]));
        assert!(looks(*square.get_pixel(100, 400), [30; 3]));
        assert!(!squares.large.windows(4).any(|bytes| bytes == b"Exif"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let mut cut = encoded(RgbImage::new(300, 300), ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        let gif = encoded(RgbImage::new(9, 9), ImageFormat::Gif);
        for bytes in [&b""[..], b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", &cut, &gif] {
            assert_eq!(squares(Cursor::new(bytes.to_vec())).err(), Some(Unfit::Unreadable));
        }
        // One that says in its header that it is 30,000 pixels wide and high.
        let mut bomb = encoded(RgbImage::new(9, 9), ImageFormat::Jpeg);
        let header = bomb.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        bomb[header + 5..header + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
        assert_eq!(squares(Cursor::new(bomb)).err(), Some(Unfit::TooLarge));
    }
}
