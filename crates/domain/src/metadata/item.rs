//! The items of a HEIF file: what each is, and where its bytes are.

use std::collections::HashMap;
use std::ops::Range;

use crate::scanner::ScanError;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// It is shown: a coded picture, or how others are put together.
    Picture,
    Exif,
    Xmp,
    /// Other metadata.
    Other,
}

/// Where the bytes of an item are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File,
    /// The box `idat` in `meta`.
    Meta,
    /// Other items, or another file.
    Elsewhere,
}

/// Reads numbers from a list.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ScanError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ScanError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of at most eight bytes.
    fn number(&mut self, bytes: usize) -> Result<u64, ScanError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The number of an item.
    fn id(&mut self, bytes: usize) -> Result<u32, ScanError> {
        u32::try_from(self.number(bytes)?).map_err(|_| ScanError::Malformed)
    }

    /// The version of a box, behind which its flags stand.
    fn version(&mut self) -> Result<u8, ScanError> {
        let [version, ..] = self.take(4)? else { return Err(ScanError::Malformed) };
        Ok(*version)
    }

    /// A text that ends with a zero, or with the list.
    fn text(&mut self) -> &'a [u8] {
        let length = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }
}

/// What each item is, from the box `iinf`.
pub(super) fn items(list: &[u8]) -> Result<HashMap<u32, Item>, ScanError> {
    let mut list = Reader(list);
    let count = if list.version()? == 0 { 2 } else { 4 };
    let count = list.number(count)?;
    let mut items = HashMap::new();
    for _ in 0..count {
        let length = usize::try_from(list.number(4)?).map_err(|_| ScanError::Malformed)?;
        let mut entry = Reader(list.take(length.checked_sub(4).ok_or(ScanError::Malformed)?)?);
        if entry.take(4)? != b"infe" {
            return Err(ScanError::Malformed);
        }
        let id = match entry.version()? {
            2 => entry.id(2)?,
            3 => entry.id(4)?,
            _ => return Err(ScanError::Malformed),
        };
        // How it is encrypted.
        entry.take(2)?;
        let item = match entry.take(4)? {
            b"hvc1" | b"hev1" | b"lhv1" | b"hvt1" | b"av01" | b"avc1" | b"vvc1" | b"evc1" | b"j2k1"
            | b"unci" | b"grid" | b"iovl" | b"iden" | b"tmap" | b"tili" | b"mski" => Item::Picture,
            b"Exif" => Item::Exif,
            b"mime" => {
                entry.text();
                match entry.text() {
                    b"application/rdf+xml" => Item::Xmp,
                    // Such as a JPEG, which has metadata of its own.
                    kind if kind.starts_with(b"image/") => return Err(ScanError::Malformed),
                    _ => Item::Other,
                }
            }
            // Names of things, and what can be seen where in the picture.
            b"uri " | b"rgan" => Item::Other,
            _ => return Err(ScanError::Malformed),
        };
        if items.insert(id, item).is_some() {
            return Err(ScanError::Malformed);
        }
    }
    Ok(items)
}

/// Where the bytes of the items are, from the box `iloc`: an item may have several pieces.
pub(super) fn locations(list: &[u8]) -> Result<Vec<(u32, Source, Range<u64>)>, ScanError> {
    let mut list = Reader(list);
    let version = list.version()?;
    let sizes = list.number(2)?;
    let size = |shift: u32| usize::try_from(sizes >> shift & 0xf).unwrap_or_default();
    let (offset, length, base) = (size(12), size(8), size(4));
    let index = if version == 0 { 0 } else { size(0) };
    let number = if version < 2 { 2 } else { 4 };
    // A piece without a length would be the whole file.
    if version > 2
        || length == 0
        || [offset, length, base, index].iter().any(|size| ![0, 4, 8].contains(size))
    {
        return Err(ScanError::Malformed);
    }
    let mut locations = Vec::new();
    for _ in 0..list.number(number)? {
        let id = list.id(number)?;
        let method = if version == 0 { 0 } else { list.number(2)? & 0xf };
        let is_here = list.number(2)? == 0;
        let source = match method {
            0 if is_here => Source::File,
            1 if is_here => Source::Meta,
            _ => Source::Elsewhere,
        };
        let base = list.number(base)?;
        for _ in 0..list.number(2)? {
            list.take(index)?;
            let start = base.checked_add(list.number(offset)?).ok_or(ScanError::Malformed)?;
            let length = list.number(length)?;
            let end = start.checked_add(length).ok_or(ScanError::Malformed)?;
            if length == 0 {
                return Err(ScanError::Malformed);
            }
            locations.push((id, source, start..end));
        }
    }
    Ok(locations)
}
