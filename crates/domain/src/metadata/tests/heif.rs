use super::*;

/// Made by libheif 1.23 (through Pillow) of 48 × 32 pixels, turned, with Exif and XMP: by its own x265, and by libaom.
pub(super) const HEIC: &[u8] = include_bytes!("photo.heic");
const AVIF: &[u8] = include_bytes!("photo.avif");
/// Three pictures after one another, made by libavif (through Pillow).
const MOVING: &[u8] = include_bytes!("moving.avif");

const SILENT_XMP: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>  ";

fn sized(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), &kind[..], content].concat()
}

fn full(kind: [u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    sized(kind, &[&[version, 0, 0, 0], content].concat())
}

/// An item: its type, what follows the type, whether its bytes are in `idat`, and its bytes.
type Item<'a> = (&'a [u8; 4], &'a [u8], bool, &'a [u8]);

const PICTURE: Item = (b"hvc1", b"\0", false, b"coded picture");

/// A file of these items, numbered from 1, with more boxes in `meta` and behind all.
fn file(items: &[Item], more: &[u8], behind: &[u8]) -> Vec<u8> {
    let count = u16::try_from(items.len()).unwrap().to_be_bytes();
    let mut infos = count.to_vec();
    for (id, (kind, rest, ..)) in (1_u16..).zip(items) {
        infos.extend(full(*b"infe", 2, &[&id.to_be_bytes(), &[0, 0], &kind[..], rest].concat()));
    }
    let data = |inner: bool| {
        let items = items.iter().filter(move |item| item.2 == inner);
        items.flat_map(|item| item.3.iter().copied()).collect::<Vec<_>>()
    };
    // Made twice, because the places of the items depend on how long their list is.
    let meta = |begin: usize| {
        let mut places = [&[0x44, 0], &count[..]].concat();
        let (mut outer, mut inner) = (begin, 0);
        for (id, (.., is_inner, bytes)) in (1_u16..).zip(items) {
            let at = if *is_inner { &mut inner } else { &mut outer };
            places.extend([&id.to_be_bytes()[..], &[0, u8::from(*is_inner), 0, 0, 0, 1]].concat());
            places.extend(u32::try_from(*at).unwrap().to_be_bytes());
            places.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            *at += bytes.len();
        }
        let boxes = [full(*b"iinf", 0, &infos), full(*b"iloc", 1, &places), sized(*b"idat", &data(true))];
        full(*b"meta", 0, &[&boxes.concat(), more].concat())
    };
    let head = sized(*b"ftyp", b"heic\0\0\0\0mif1");
    let begin = head.len() + meta(0).len() + 8;
    [head, meta(begin), sized(*b"mdat", &data(false)), behind.to_vec()].concat()
}

/// Exif as an item holds it.
fn exif_item(turned: u8) -> Vec<u8> {
    [&[0; 4][..], &exif(turned)].concat()
}

#[test]
fn the_place_is_overwritten_and_nothing_moves() {
    for photo in [HEIC, AVIF, MOVING] {
        assert!(holds(photo, SECRET));
        let stripped = stripped_once(Format::Heif, photo).unwrap();
        assert!(!holds(&stripped, SECRET) && !holds(&stripped, &SECRET[..7]));
        assert_eq!(stripped.len(), photo.len());
        assert!(holds(&stripped, SILENT_XMP));
    }
}

#[test]
fn items_that_tell_something_stay_and_say_nothing() {
    for turned in [1, 6] {
        let exif = exif_item(turned);
        let items: [Item; 6] = [
            PICTURE,
            (b"Exif", b"\0", false, &exif),
            (b"grid", b"\0", true, b"rows and columns"),
            (b"Exif", b"\0", true, &exif),
            (b"mime", b"\0application/rdf+xml\0", true, &[SECRET; 3].concat()),
            (b"uri ", b"\0urn:x\0", false, SECRET),
        ];
        let photo = file(&items, &[], &[]);
        let stripped = stripped_once(Format::Heif, &photo).unwrap();
        assert_eq!(stripped.len(), photo.len());
        assert!(!holds(&stripped, SECRET) && holds(&stripped, b"coded picture"));
        assert!(holds(&stripped, b"rows and columns") && holds(&stripped, SILENT_XMP));
        let exif = stripped.windows(8).position(|bytes| bytes == b"II*\0\x08\0\0\0").unwrap();
        assert_eq!(Orientation::from_exif_chunk(&stripped[exif..]).map_or(1, Orientation::to_exif), turned);
    }
}

#[test]
fn boxes_that_no_picture_needs_are_blank_or_gone() {
    let secrets = [sized(*b"uuid", &[&[7; 16], SECRET].concat()), sized(*b"free", SECRET)].concat();
    let kept = full(*b"hdlr", 0, b"\0\0\0\0pict");
    let photo =
        file(&[PICTURE], &[&secrets[..], &kept].concat(), &[&sized(*b"mpvd", SECRET), SECRET].concat());
    let stripped = stripped_once(Format::Heif, &photo).unwrap();
    assert!(!holds(&stripped, SECRET) && !holds(&stripped, b"uuid") && holds(&stripped, &kept));
    // Without the film behind it.
    assert!(stripped.ends_with(b"coded picture") && photo.starts_with(&stripped[..40]));
    // A box before one that is kept stays where it is.
    let photo = [&photo[..20], &sized(*b"mpvd", SECRET), &sized(*b"meta", &[0; 4])].concat();
    let stripped = stripped_once(Format::Heif, &photo).unwrap();
    assert!(stripped.len() == photo.len() && !holds(&stripped, SECRET) && !holds(&stripped, b"mpvd"));
}

#[test]
fn when_a_moving_picture_was_made_is_not_told() {
    let times = |version: u8| full(*b"mdhd", version, &[9; 24]);
    let media = sized(*b"mdia", &[times(1), full(*b"hdlr", 0, b"pict"), sized(*b"minf", b"table")].concat());
    let track = sized(*b"trak", &[full(*b"tkhd", 0, &[9; 24]), media, sized(*b"udta", SECRET)].concat());
    let film = sized(*b"moov", &[full(*b"mvhd", 0, &[9; 24]), track, sized(*b"udta", SECRET)].concat());
    let photo = [sized(*b"ftyp", b"avis\0\0\0\0avis"), film, sized(*b"mdat", b"coded picture")].concat();
    let mut stripped = stripped_once(Format::Heif, &photo).unwrap();
    assert_eq!(stripped.len(), photo.len());
    assert!(!holds(&stripped, SECRET) && !holds(&stripped, b"udta") && holds(&stripped, b"minftable"));
    // Two tables with numbers of 32 bits, and one of 64.
    for kept in [16, 16, 8] {
        let place = stripped.windows(kept).position(|bytes| bytes.iter().all(|byte| *byte == 9)).unwrap();
        stripped[place..place + kept].fill(0);
    }
    assert!(!stripped.contains(&9));
}

#[test]
fn one_that_cannot_be_told_apart_is_left_alone() {
    let exif = exif_item(1);
    let secret: Item = (b"Exif", b"\0", false, &exif);
    let good = file(&[PICTURE, secret], &[], &[]);
    let place = good.windows(4).position(|bytes| bytes == b"iloc").unwrap() + 4;
    let at = |offset: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[place + offset..][..bytes.len()].copy_from_slice(bytes);
        file
    };
    assert!(stripped_once(Format::Heif, &good).is_some());
    for (why, bad) in [
        ("an item that nobody knows", file(&[PICTURE, (b"what", b"\0", false, SECRET)], &[], &[])),
        ("a JPEG, with metadata of its own", file(&[(b"mime", b"\0image/jpeg\0", false, SECRET)], &[], &[])),
        ("Exif in the place of the picture", at(32, &good[place + 16..][..4])),
        ("Exif in the list itself", at(32, &[0, 0, 0, 40])),
        ("Exif as long as the file", at(36, &[0; 4])),
        ("Exif in another file", at(29, &[1])),
        ("Exif made of other items", at(27, &[2])),
        ("a place of no item", at(25, &[9])),
        ("a list that ends too soon", at(7, &[200])),
        ("no list at all", good[..20].to_vec()),
        ("a list that was cut off", good[..60].to_vec()),
        ("two lists", file(&[PICTURE], &full(*b"iloc", 1, &[0x44, 0, 0, 0]), &[])),
        ("more boxes than any camera writes", file(&[PICTURE], &sized(*b"free", &[]).repeat(1100), &[])),
    ] {
        assert_eq!(stripped(Format::Heif, &bad), None, "{why}");
    }
}

proptest! {
    #[test]
    fn any_photo_that_was_cut_off_or_damaged_is_read_to_its_end(
        photo in prop::sample::select(vec![HEIC, AVIF, MOVING]),
        end in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut photo = photo[..=end.index(photo.len())].to_vec();
        let is_whole = damage.is_empty();
        for (place, byte) in damage {
            let place = place.index(photo.len());
            photo[place] = byte;
        }
        let stripped = stripped_once(Format::Heif, &photo);
        prop_assert!(!is_whole || stripped.is_none_or(|stripped| !holds(&stripped, SECRET)));
    }

    #[test]
    fn any_boxes_are_read_to_their_end(
        kinds in prop::collection::vec(prop::sample::select(vec![
            *b"meta", *b"moov", *b"trak", *b"mdia", *b"iinf", *b"iloc", *b"idat", *b"mdat", *b"free", *b"what",
        ]), 0..8),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let boxes: Vec<u8> = kinds.iter().fold(Vec::new(), |inner, kind| {
            sized(*kind, &[&bytes[..bytes.len().min(4)], &inner, &bytes].concat())
        });
        let head = sized(*b"ftyp", b"heic\0\0\0\0mif1");
        stripped_once(Format::Heif, &[head, boxes.clone(), boxes].concat());
    }
}
