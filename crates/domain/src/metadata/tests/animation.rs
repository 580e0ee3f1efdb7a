use image::AnimationDecoder;
use image::codecs::webp::WebPDecoder;

use super::*;

/// Made by `ImageMagick`: two frames of 4 × 4 pixels.
const ANIMATION: &[u8] = include_bytes!("../../picture/animated.webp");

/// The chunks behind the first one, which says what the file has.
fn chunks(mut rest: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut chunks = Vec::new();
    while let Some((kind, behind)) = rest.split_at_checked(4) {
        let length = u32::from_le_bytes(behind[..4].try_into().unwrap()) as usize;
        chunks.push((kind, &behind[4..4 + length]));
        rest = &behind[4 + length.next_multiple_of(2)..];
    }
    chunks
}

/// The animation with these chunks in each frame, before and behind its picture.
fn with_in_frames(before: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut file = ANIMATION[..30].to_vec();
    // Something follows the end that its header tells.
    let end = 8 + u32::from_le_bytes(ANIMATION[4..8].try_into().unwrap()) as usize;
    for (kind, data) in chunks(&ANIMATION[30..end]) {
        let kind = kind.try_into().unwrap();
        if &kind == b"ANMF" {
            file.extend(webp_chunk(kind, &[&data[..16], before, &data[16..], behind].concat()));
        } else {
            file.extend(webp_chunk(kind, data));
        }
    }
    let size = u32::try_from(file.len() - 8).unwrap();
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let frames = WebPDecoder::new(Cursor::new(bytes)).unwrap().into_frames();
    frames.map(|frame| frame.unwrap().into_buffer().into_raw()).collect()
}

#[test]
fn the_frames_of_an_animation_tell_nothing() {
    let plain = with_in_frames(&[], &[]);
    assert_eq!(stripped_once(Format::WebP, &plain).unwrap(), plain);
    let [exif, xmp] = [webp_chunk(*b"EXIF", SECRET), webp_chunk(*b"XMP ", SECRET)];
    for (before, behind) in [(&exif, &xmp), (&exif, &Vec::new()), (&Vec::new(), &SECRET[..4].to_vec())] {
        let full = with_in_frames(before, behind);
        let stripped = stripped_once(Format::WebP, &full).unwrap();
        assert!(stripped == plain && frames(&stripped).len() == 2, "{before:?} {behind:?}");
        assert!(frames(&stripped) == frames(ANIMATION));
    }
}

proptest! {
    #[test]
    fn an_animation_that_was_cut_off_or_damaged_is_read_to_its_end(
        end in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut full = with_in_frames(&webp_chunk(*b"EXIF", SECRET), &webp_chunk(*b"XMP ", SECRET));
        full.truncate(end.index(full.len()) + 1);
        let is_whole = damage.is_empty();
        for (place, byte) in damage {
            let place = place.index(full.len());
            full[place] = byte;
        }
        let stripped = stripped_once(Format::WebP, &full);
        prop_assert!(!is_whole || stripped.is_none_or(|stripped| !holds(&stripped, SECRET)));
    }
}
