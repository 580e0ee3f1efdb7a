//! HEIF (ISO/IEC 23008-12), the format of HEIC and AVIF: boxes (ISO/IEC 14496-12), each with its length and type before
//! it. The box `meta` lists the items of the file, pictures and metadata alike, and where their bytes are in the file.
//!
//! So nothing may move: metadata is overwritten where it stands. An item stays, and says nothing.

use std::collections::HashMap;
use std::ops::Range;

use super::item::{Item, Source, items, locations};
use super::{EXIF, Parts, minimal};
use crate::scanner::{ScanError, Scanner};

/// Boxes that are looked at. Cameras write a dozen, and programs a few more for each track of a moving picture.
const BOXES: usize = 1024;
/// The longest list of items that is read. Cameras write a hundred items in a few kilobytes.
const LIST: u64 = 1 << 20;

/// XMP that says nothing. Blanks may follow it.
const XMP: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
/// The byte order and where the directory is; no entry; no other directory.
const TIFF: &[u8] = b"II*\0\x08\0\0\0\0\0\0\0\0\0";

/// A box: its type, and where it begins, its content begins, and it ends.
struct Head {
    kind: [u8; 4],
    start: u64,
    content: u64,
    end: u64,
}

/// New bytes in place of old ones: first these, and `filler` up to the end.
struct Edit {
    place: Range<u64>,
    bytes: Vec<u8>,
    filler: u8,
}

/// What a walk over the boxes has found.
#[derive(Default)]
struct Walk {
    boxes: usize,
    edits: Vec<Edit>,
    /// The contents of the boxes that hold the bytes of items.
    data: Vec<Range<u64>>,
    /// Where places of items in `meta` itself are counted from.
    inner: Option<u64>,
    items: Option<HashMap<u32, Item>>,
    locations: Option<Vec<(u32, Source, Range<u64>)>>,
}

pub(super) fn parts(file: &mut Scanner) -> Result<Parts, ScanError> {
    let mut walk = Walk::default();
    let (mut has_meta, mut has_film, mut end) = (false, false, 0);
    while file.left() >= 8 {
        let head = walk.next(file, None)?;
        if (&head.kind == b"ftyp") != (head.start == 0) {
            return Err(ScanError::Malformed);
        }
        let is_cut_off = head.end > file.size();
        match &head.kind {
            // A picture that was cut off is kept as far as it goes.
            b"mdat" => walk.data.push(head.content..head.end.min(file.size())),
            _ if is_cut_off && head.is_one_of(&[b"ftyp", b"meta", b"moov"]) => {
                return Err(ScanError::Malformed);
            }
            b"ftyp" => {}
            b"meta" if !has_meta => {
                has_meta = true;
                walk.meta(file, &head)?;
            }
            b"moov" if !has_film => {
                has_film = true;
                walk.film(file, &head, &[b"mvhd", b"trak", b"mvex", b"iods"])?;
            }
            _ => {
                walk.blank(&head, file.size());
                file.go_to(head.end)?;
                continue;
            }
        }
        end = head.end.min(file.size());
        file.go_to(end)?;
    }
    if !has_meta && !has_film {
        return Err(ScanError::Malformed);
    }
    walk.clear_items(file)?;
    // What follows the last box of the picture, such as a film, is left out, because nothing follows that would move.
    walk.edits.retain(|edit| edit.place.start < end);
    walk.into_parts(file, end)
}

impl Head {
    fn is_one_of(&self, kinds: &[&[u8; 4]]) -> bool {
        kinds.contains(&&self.kind)
    }
}

impl Walk {
    /// The next box, in the box around it.
    fn next(&mut self, file: &mut Scanner, outer: Option<&Head>) -> Result<Head, ScanError> {
        self.boxes += 1;
        let start = file.at();
        let size = u32::from_be_bytes(file.take()?);
        let kind = file.take()?;
        let size = match size {
            // The last box of a file may say no more than that it is the last.
            0 if outer.is_none() => file.size() - start,
            1 => u64::from_be_bytes(file.take()?),
            size => size.into(),
        };
        let (content, end) = (file.at(), start.saturating_add(size));
        if self.boxes > BOXES || end < content || outer.is_some_and(|outer| end > outer.end) {
            return Err(ScanError::Malformed);
        }
        Ok(Head { kind, start, content, end })
    }

    /// Makes a box one that all readers pass over.
    fn blank(&mut self, head: &Head, limit: u64) {
        self.edit(head.start + 4..head.start + 8, b"free".to_vec(), 0);
        self.edit(head.content..head.end.min(limit), Vec::new(), 0);
    }

    fn edit(&mut self, place: Range<u64>, bytes: Vec<u8>, filler: u8) {
        self.edits.push(Edit { place, bytes, filler });
    }

    /// The list of items, their places, and what is said of the pictures among them.
    fn meta(&mut self, file: &mut Scanner, meta: &Head) -> Result<(), ScanError> {
        if meta.end - meta.content < 4 {
            return Err(ScanError::Malformed);
        }
        // The version.
        file.pass(4)?;
        while file.at() < meta.end {
            let head = self.next(file, Some(meta))?;
            match &head.kind {
                b"iinf" if self.items.is_none() => self.items = Some(items(&list(file, &head)?)?),
                b"iloc" if self.locations.is_none() => {
                    self.locations = Some(locations(&list(file, &head)?)?);
                }
                b"idat" if self.inner.is_none() => {
                    self.inner = Some(head.content);
                    self.data.push(head.content..head.end);
                }
                b"hdlr" | b"pitm" | b"iref" | b"iprp" | b"grpl" | b"dinf" | b"ipro" => {}
                b"iinf" | b"iloc" | b"idat" => return Err(ScanError::Malformed),
                _ => self.blank(&head, meta.end),
            }
            file.go_to(head.end)?;
        }
        Ok(())
    }

    /// The tables of a moving picture, of which these boxes are kept. When it was made is not.
    fn film(&mut self, file: &mut Scanner, outer: &Head, kept: &[&[u8; 4]]) -> Result<(), ScanError> {
        while file.at() < outer.end {
            let head = self.next(file, Some(outer))?;
            match &head.kind {
                _ if !head.is_one_of(kept) => self.blank(&head, outer.end),
                b"trak" => self.film(file, &head, &[b"tkhd", b"tref", b"trgr", b"edts", b"mdia"])?,
                b"mdia" => self.film(file, &head, &[b"mdhd", b"hdlr", b"elng", b"minf"])?,
                b"mvhd" | b"tkhd" | b"mdhd" => {
                    let [version, _, _, _] = file.take()?;
                    let times = if version == 0 { 8 } else { 16 };
                    if file.at() + times > head.end {
                        return Err(ScanError::Malformed);
                    }
                    self.edit(file.at()..file.at() + times, Vec::new(), 0);
                }
                _ => {}
            }
            file.go_to(head.end)?;
        }
        Ok(())
    }

    /// Overwrites the items that are metadata.
    fn clear_items(&mut self, file: &mut Scanner) -> Result<(), ScanError> {
        let items = self.items.take().unwrap_or_default();
        let mut shown = Vec::new();
        let mut cleared: HashMap<u32, Vec<Range<u64>>> = HashMap::new();
        for (id, source, place) in self.locations.take().unwrap_or_default() {
            let from = match source {
                Source::File => 0,
                Source::Meta => self.inner.ok_or(ScanError::Malformed)?,
                Source::Elsewhere if items.get(&id) == Some(&Item::Picture) => continue,
                Source::Elsewhere => return Err(ScanError::Malformed),
            };
            let start = from.checked_add(place.start).ok_or(ScanError::Malformed)?;
            let end = from.checked_add(place.end).ok_or(ScanError::Malformed)?;
            let place = start.min(file.size())..end.min(file.size());
            match items.get(&id) {
                Some(Item::Picture) => shown.push(place),
                Some(_) => cleared.entry(id).or_default().push(place),
                None => return Err(ScanError::Malformed),
            }
        }
        for (id, places) in cleared {
            let (bytes, filler) = match items[&id] {
                Item::Exif => (silent_exif(file, &places[0])?, 0),
                Item::Xmp => (XMP.to_vec(), b' '),
                Item::Picture | Item::Other => (Vec::new(), 0),
            };
            let length: u64 = places.iter().map(|place| place.end - place.start).sum();
            let mut bytes = if bytes.len() as u64 <= length { bytes } else { Vec::new() };
            for place in places {
                if !self.data.iter().any(|data| data.start <= place.start && place.end <= data.end) {
                    return Err(ScanError::Malformed);
                }
                let count = usize::try_from(place.end - place.start).unwrap_or(usize::MAX).min(bytes.len());
                let rest = bytes.split_off(count);
                self.edit(place, bytes, filler);
                bytes = rest;
            }
        }
        self.edits.retain(|edit| !edit.place.is_empty());
        self.edits.sort_by_key(|edit| edit.place.start);
        let is_apart = self.edits.is_sorted_by(|one, next| one.place.end <= next.place.start);
        let is_shown = |place: &Range<u64>| {
            let next = self.edits.partition_point(|edit| edit.place.end <= place.start);
            self.edits.get(next).is_none_or(|edit| place.end <= edit.place.start)
        };
        if is_apart && shown.iter().all(is_shown) { Ok(()) } else { Err(ScanError::Malformed) }
    }

    /// The file with the edits, up to this place.
    fn into_parts(self, file: &mut Scanner, end: u64) -> Result<Parts, ScanError> {
        let mut parts = Parts::default();
        let mut at = 0;
        for Edit { place, bytes, filler } in self.edits {
            parts.keep(at..place.start)?;
            file.go_to(place.start)?;
            let filled = place.start + bytes.len() as u64;
            let old = file.take_some(bytes.len() as u64)?;
            parts.replace(place.start..filled, &old, bytes)?;
            if file.is_filled(filler, place.end - filled)? {
                parts.keep(filled..place.end)?;
            } else {
                parts.fill(filler, place.end - filled)?;
            }
            at = place.end;
        }
        parts.keep(at..end)?;
        Ok(parts)
    }
}

/// The content of a box that is a list.
fn list(file: &mut Scanner, head: &Head) -> Result<Vec<u8>, ScanError> {
    let length = head.end - file.at();
    if length > LIST { Err(ScanError::Malformed) } else { Ok(file.take_some(length)?) }
}

/// Exif with nothing but how the picture is turned, for readers that look there and not at its properties.
fn silent_exif(file: &mut Scanner, place: &Range<u64>) -> Result<Vec<u8>, ScanError> {
    file.go_to(place.start)?;
    let old = file.take_some((place.end - place.start).min(EXIF))?;
    let tiff = old.split_first_chunk().and_then(|(before, rest)| {
        // How many bytes stand before it, such as what stands before it in a JPEG.
        rest.get(usize::try_from(u32::from_be_bytes(*before)).ok()?..)
    });
    let tiff = tiff.and_then(minimal).unwrap_or_else(|| TIFF.to_vec());
    Ok([&[0; 4], tiff.as_slice()].concat())
}
