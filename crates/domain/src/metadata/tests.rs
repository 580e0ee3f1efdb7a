use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;

mod animation;
mod heif;

/// Stands for what nobody is to be told.
const SECRET: &[u8] = b"48.2082 N 16.3738 E";
/// The formats of which the tests make pictures and show them.
const FORMATS: [Format; 3] = [Format::Jpeg, Format::Png, Format::WebP];

/// Exif with a place, of a camera that was held so.
fn exif(turned: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([turned, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(SECRET);
    exif
}

/// A picture with a colour profile and Exif.
fn photo(format: Format, turned: u8) -> Vec<u8> {
    let byte = |value: u32| value.to_le_bytes()[0];
    let picture = RgbImage::from_fn(37, 23, |x, y| Rgb([byte(x * 7), byte(y * 11), byte(x * y)]));
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => write(&picture, JpegEncoder::new(&mut bytes), turned),
        Format::Png => write(&picture, PngEncoder::new(&mut bytes), turned),
        Format::WebP => write(&picture, WebPEncoder::new_lossless(&mut bytes), turned),
        Format::Heif => bytes.extend(heif::HEIC),
    }
    bytes
}

fn write(picture: &RgbImage, mut encoder: impl ImageEncoder, turned: u8) {
    encoder.set_exif_metadata(exif(turned)).unwrap();
    encoder.set_icc_profile(b"a profile of colours".to_vec()).unwrap();
    picture.write_with_encoder(encoder).unwrap();
}

/// The same file without metadata. `None` if it cannot be read.
fn stripped(format: Format, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut taken = Vec::new();
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    match strip(format, reader, |piece| {
        taken.extend(piece);
        true
    }) {
        Ok(true) => Some(taken),
        Ok(false) => {
            assert!(taken.is_empty());
            Some(bytes.to_vec())
        }
        Err(ScanError::Malformed) => None,
        Err(ScanError::Io(error)) => panic!("{error}"),
    }
}

/// The same file without metadata, and nothing left to remove.
fn stripped_once(format: Format, bytes: &[u8]) -> Option<Vec<u8>> {
    let once = stripped(format, bytes)?;
    let mut again = false;
    let unchanged = !strip(format, Box::new(Cursor::new(once.clone())), |_| {
        again = true;
        true
    })
    .expect("it was read before");
    assert!(unchanged && !again, "the second time changes something");
    Some(once)
}

fn of_image(format: Format) -> ImageFormat {
    match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Heif => ImageFormat::Avif,
    }
}

fn pixels(format: Format, bytes: &[u8]) -> Option<DynamicImage> {
    image::load_from_memory_with_format(bytes, of_image(format)).ok()
}

/// How a picture is turned, and its colour profile.
fn shown(format: Format, bytes: &[u8]) -> (Orientation, Option<Vec<u8>>) {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), of_image(format)).into_decoder().unwrap();
    (decoder.orientation().unwrap(), decoder.icc_profile().unwrap())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap();
    [&[0xff, marker], &length.to_be_bytes()[..], payload].concat()
}

fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [&kind, data].concat();
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes(), checked.as_slice(), &crc32fast::hash(&checked).to_be_bytes()].concat()
}

fn webp_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    let pad = &[0][..data.len() % 2];
    [&kind, &length.to_le_bytes(), data, pad].concat()
}

/// A file with more at this place.
fn with(mut file: Vec<u8>, place: usize, more: &[u8]) -> Vec<u8> {
    file.splice(place..place, more.iter().copied());
    file
}

#[test]
fn the_place_goes_and_the_picture_stays() {
    for format in FORMATS {
        for turned in 1..=8 {
            let photo = photo(format, turned);
            assert!(holds(&photo, SECRET));
            let stripped = stripped_once(format, &photo).unwrap();
            assert!(!holds(&stripped, SECRET) && stripped.len() < photo.len(), "{format:?}");
            assert!(pixels(format, &stripped).unwrap() == pixels(format, &photo).unwrap());
            assert_eq!(shown(format, &stripped), shown(format, &photo));
            assert_eq!(shown(format, &stripped).0.to_exif(), turned);
            assert!(shown(format, &stripped).1.is_some());
            // Nothing is left of the Exif of a picture that is upright.
            assert_eq!(holds(&stripped, b"II*\0"), turned != 1, "{format:?}");
        }
    }
}

#[test]
fn a_jpeg_keeps_what_shows_it() {
    let photo = photo(Format::Jpeg, 6);
    let secret = |before: &[u8]| [before, SECRET].concat();
    let thumbnail = [&b"JFIF\0\x01\x02\0\0\x01\0\x01\x03\x03"[..], &[7; 27]].concat();
    let segments = [
        segment(0xe0, &thumbnail),
        segment(0xe0, &secret(b"JFXX\0")),
        segment(0xe1, &secret(b"Exif\0\0II*\0")),
        segment(0xe1, &secret(b"http://ns.adobe.com/xap/1.0/\0")),
        segment(0xe2, &secret(b"MPF\0")),
        segment(0xe5, &secret(b"a maker's own")),
        segment(0xed, &secret(b"Photoshop 3.0\0")),
        segment(0xfe, SECRET),
        segment(0xc8, SECRET),
        segment(0xf0, SECRET),
        // Fill bytes, and bytes that belong to nothing.
        b"\xff\xff".to_vec(),
        SECRET.to_vec(),
        segment(0xee, &secret(b"Adobe\0\x64\0\0\0\0\x01")),
    ]
    .concat();
    // Behind the Exif of the camera, which counts as it comes first.
    let place = photo.windows(2).position(|window| window == b"\xff\xdb").unwrap();
    let full = with(photo.clone(), place, &segments);
    let end = full.len() - 2;
    // Between the picture and its end, and behind it: another picture.
    let full = [with(full, end, &segment(0xfe, SECRET)).as_slice(), &photo, SECRET].concat();
    let stripped = stripped_once(Format::Jpeg, &full).unwrap();
    assert!(!holds(&stripped, SECRET) && !holds(&stripped, &[7; 27]));
    assert!(stripped.ends_with(b"\xff\xd9") && holds(&stripped, b"Adobe\0\x64\0\0\0\0\x01"));
    assert!(pixels(Format::Jpeg, &stripped) == pixels(Format::Jpeg, &photo));
    assert_eq!(shown(Format::Jpeg, &stripped).0, Orientation::Rotate90);
}

#[test]
fn a_png_keeps_what_shows_it() {
    let photo = photo(Format::Png, 3);
    let kept = [
        png_chunk(*b"gAMA", &[0, 0, 0xb1, 0x8f]),
        png_chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]),
        png_chunk(
            *b"fcTL",
            &[0, 0, 0, 0, 0, 0, 0, 37, 0, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0],
        ),
    ]
    .concat();
    let dropped: Vec<u8> = [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"caBX", b"prVt"]
        .into_iter()
        .flat_map(|kind| png_chunk(*kind, SECRET))
        .collect();
    let full = with(photo.clone(), photo.len() - 12, &dropped);
    let full = [&with(full, 33, &kept), SECRET].concat();
    let stripped = stripped_once(Format::Png, &full).unwrap();
    assert!(
        !holds(&stripped, SECRET) && holds(&stripped, &kept) && stripped.ends_with(b"IEND\xae\x42\x60\x82")
    );
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"caBX", b"prVt"] {
        assert!(!holds(&stripped, kind));
    }
    assert!(pixels(Format::Png, &stripped) == pixels(Format::Png, &photo));
    assert_eq!(shown(Format::Png, &stripped).0, Orientation::Rotate180);
    // What no decoder knows, and a chunk that is longer than the file, may hold anything.
    let unknown = with(photo.clone(), 33, &png_chunk(*b"GPSx", SECRET));
    let mut longer = with(photo, 33, &png_chunk(*b"iCCP", SECRET));
    longer[33] = 0x7f;
    for damaged in [unknown, longer] {
        assert_eq!(stripped_once(Format::Png, &damaged), None);
    }
}

#[test]
fn a_webp_says_what_it_has_left() {
    for (turned, flags) in [(1, 0x20), (8, 0x28)] {
        let mut full = photo(Format::WebP, turned);
        full.extend([webp_chunk(*b"XMP ", SECRET), webp_chunk(*b"what", SECRET)].concat());
        full[20] |= 0x04;
        let size = u32::try_from(full.len() - 8).unwrap();
        full[4..8].copy_from_slice(&size.to_le_bytes());
        let stripped = stripped_once(Format::WebP, &[&full, SECRET].concat()).unwrap();
        assert!(!holds(&stripped, SECRET) && !holds(&stripped, b"XMP "));
        assert_eq!(stripped[20] & !0x10, flags);
        let size = u32::from_le_bytes(stripped[4..8].try_into().unwrap());
        assert_eq!(size as usize, stripped.len() - 8);
        assert!(pixels(Format::WebP, &stripped) == pixels(Format::WebP, &full));
        assert_eq!(shown(Format::WebP, &stripped).0.to_exif(), turned);
    }
}

#[test]
fn what_has_no_metadata_is_passed_on_as_it_is() {
    for format in FORMATS {
        let mut plain = Cursor::new(Vec::new());
        RgbImage::new(9, 9).write_to(&mut plain, of_image(format)).unwrap();
        let plain = plain.into_inner();
        assert_eq!(stripped_once(format, &plain).unwrap(), plain, "{format:?}");
    }
}

#[test]
fn who_stops_taking_it_is_sent_no_more() {
    let mut pieces = 0;
    let one = |_| {
        pieces += 1;
        false
    };
    assert!(strip(Format::Jpeg, Box::new(Cursor::new(photo(Format::Jpeg, 6))), one).unwrap());
    assert_eq!(pieces, 1);
}

#[test]
fn one_in_more_pieces_than_any_camera_makes_is_left_alone() {
    let mut full = photo(Format::Png, 1);
    for _ in 0..=PARTS {
        full = with(full, 33, &[png_chunk(*b"tEXt", SECRET), png_chunk(*b"gAMA", &[0, 0, 0, 9])].concat());
    }
    assert_eq!(stripped(Format::Png, &full), None);
}

fn a_format() -> impl Strategy<Value = Format> {
    prop::sample::select([&FORMATS[..], &[Format::Heif]].concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(format in a_format(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        stripped_once(format, &bytes);
        let whole = photo(format, 6);
        for begin in [12, 33, 60] {
            stripped_once(format, &[&whole[..begin], &bytes].concat());
        }
    }

    #[test]
    fn a_photo_that_was_cut_off_shows_the_same(format in a_format(), turned in 1_u8..=8, end in any::<prop::sample::Index>()) {
        let whole = photo(format, turned);
        let cut = &whole[..end.index(whole.len())];
        if let Some(stripped) = stripped_once(format, cut) {
            prop_assert!(!holds(&stripped, SECRET));
            // Where it was cut in its metadata, it is better without.
            prop_assert!(pixels(format, cut).is_none_or(|before| pixels(format, &stripped) == Some(before)));
        }
    }

    #[test]
    fn a_damaged_photo_is_read_to_its_end(
        format in a_format(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut photo = photo(format, 6);
        for (place, byte) in damage {
            let place = place.index(photo.len());
            photo[place] = byte;
        }
        stripped_once(format, &photo);
    }
}
