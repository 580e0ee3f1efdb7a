//! Media types: which one a file has by its first bytes and by its uploader, and which ones a browser may show.

use std::borrow::Cow;

use crate::metadata::Format;

/// How many of its first bytes tell the type of a file.
pub(crate) const HEAD: usize = 64;

/// The type of bytes that could be anything.
const UNKNOWN: &str = "application/octet-stream";

/// Files with the same first bytes, and the media types that such a file may have. The first is the one for a file
/// whose uploader names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Family(&'static [&'static str]);

const fn family(types: &'static [&'static str]) -> Family {
    Family(types)
}

const PNG: Family = family(&["image/png"]);
const JPEG: Family = family(&["image/jpeg"]);
const GIF: Family = family(&["image/gif"]);
const WEBP: Family = family(&["image/webp"]);
const PDF: Family = family(&["application/pdf"]);
const MP4: Family =
    family(&["video/mp4", "audio/mp4", "audio/m4a", "audio/x-m4a", "video/x-m4v", "video/quicktime"]);
const HEIF: Family = family(&["image/heif", "image/heic", "image/heif-sequence", "image/heic-sequence"]);
const AVIF: Family = family(&["image/avif"]);
const WEBM: Family = family(&["video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"]);
const OGG: Family = family(&["audio/ogg", "video/ogg", "application/ogg"]);
const MP3: Family = family(&["audio/mpeg"]);
const WAV: Family = family(&["audio/wav"]);
const ZIP: Family = family(&["application/zip"]);

impl Family {
    fn has(self, kind: &str) -> bool {
        self.0.contains(&kind)
    }

    /// Whether a file may have this name. One whose ending says nothing may.
    fn fits(self, name: &str) -> bool {
        let named = mime_guess::from_path(name);
        named.is_empty() || named.iter().any(|kind| self.has(&canonical(kind.essence_str())))
    }
}

/// The family of a file by its first bytes.
fn sniff(head: &[u8]) -> Option<Family> {
    let at = |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(bytes));
    let is_frame = matches!(head, [0xff, second, ..] if second & 0xe6 == 0xe2);
    // `ID3` alone may begin a text: a version follows it.
    let is_id3 = at(0, b"ID3") && head.get(3).is_some_and(|version| *version < 0x10);
    let heif: [&[u8]; 10] =
        [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"];
    let families = [
        (at(0, b"\x89PNG\r\n\x1a\n"), PNG),
        (at(0, b"\xff\xd8\xff"), JPEG),
        (at(0, b"GIF87a") || at(0, b"GIF89a"), GIF),
        (at(0, b"RIFF") && at(8, b"WEBP"), WEBP),
        (at(0, b"RIFF") && at(8, b"WAVE"), WAV),
        (at(0, b"%PDF-"), PDF),
        (at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06"), ZIP),
        (at(4, b"ftypavif") || at(4, b"ftypavis"), AVIF),
        (at(4, b"ftyp") && heif.iter().any(|brand| at(8, brand)), HEIF),
        (at(4, b"ftyp"), MP4),
        (at(0, b"\x1a\x45\xdf\xa3"), WEBM),
        (at(0, b"OggS\0"), OGG),
        (is_id3 || is_frame, MP3),
    ];
    families.into_iter().find(|(begins, _)| *begins).map(|(_, family)| family)
}

/// The media type that an uploader names, in lower case and without parameters. `None` if they name none, or something
/// that is no media type.
pub(crate) fn claimed(header: Option<&str>) -> Option<Cow<'static, str>> {
    let named = header?.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = canonical(&named).into_owned();
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (family, rest) = kind.split_once('/')?;
    let is_named = kind.len() <= 127 && is_token(family) && is_token(rest) && kind != UNKNOWN;
    is_named.then_some(kind.into())
}

/// The usual name of a media type that has several.
fn canonical(kind: &str) -> Cow<'_, str> {
    match kind {
        "image/jpg" => "image/jpeg".into(),
        "audio/mp3" => "audio/mpeg".into(),
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav".into(),
        "application/x-zip-compressed" => "application/zip".into(),
        _ => kind.into(),
    }
}

/// The media type of a file: the one that its uploader names, else that of its first bytes. A type that browsers show
/// in a page is given only to a file whose first bytes and name are those of such a file, because a file that is not
/// what it says is not shown.
pub(crate) fn kind_of(head: &[u8], claimed: Option<Cow<'static, str>>, name: &str) -> Cow<'static, str> {
    let family = sniff(head);
    let kind = claimed.unwrap_or(family.map_or(UNKNOWN, |family| family.0[0]).into());
    let agrees = family.is_some_and(|family| family.has(&kind) && family.fits(name));
    let (_, shown) = served(&kind);
    if shown && !agrees { UNKNOWN.into() } else { kind }
}

/// The media type of a file that was taken for `kind` and turned out not to be UTF-8. A plain text is sent as UTF-8,
/// and others are not read by their type.
pub(crate) fn without_utf8(kind: Cow<'static, str>) -> Cow<'static, str> {
    if is_text(&kind) { UNKNOWN.into() } else { kind }
}

/// The media type of a file that was taken for `kind` and turned out to be no picture that can be read: browsers are not
/// to show one.
pub(crate) fn without_picture(kind: Cow<'static, str>) -> Cow<'static, str> {
    if is_picture(&kind) { UNKNOWN.into() } else { kind }
}

/// The format of a picture whose metadata can be left out, by its first bytes. Its name and `Content-Type` do not
/// matter: a photo tells where it was taken under any name.
pub(crate) fn metadata_format(head: &[u8]) -> Option<Format> {
    match sniff(head)? {
        JPEG => Some(Format::Jpeg),
        PNG => Some(Format::Png),
        WEBP => Some(Format::WebP),
        HEIF | AVIF => Some(Format::Heif),
        _ => None,
    }
}

/// Whether a file of this type is sent as a text.
pub(crate) fn is_text(kind: &str) -> bool {
    kind == "text/plain"
}

/// Whether thumbnails can be made of pictures of this type.
pub(crate) fn is_picture(kind: &str) -> bool {
    [PNG, JPEG, GIF, WEBP].iter().any(|family| family.has(kind))
}

/// The media type under which a file is sent, and whether a browser may show it in a page.
pub(crate) fn served(kind: &str) -> (&'static str, bool) {
    let shown = [PNG, JPEG, GIF, WEBP, MP4, WEBM, OGG, MP3, WAV].iter().flat_map(|family| family.0);
    if let Some(kind) = shown.copied().find(|shown| *shown == kind) {
        return (kind, !kind.starts_with("application/"));
    }
    match kind {
        "application/pdf" => ("application/pdf", false),
        "application/zip" => ("application/zip", false),
        "text/plain" => ("text/plain; charset=utf-8", false),
        _ => (UNKNOWN, false),
    }
}

/// Checks that bytes that come in pieces are UTF-8.
#[derive(Default)]
pub(crate) struct Utf8 {
    /// The bytes of a character whose end is in the next piece.
    begun: Vec<u8>,
}

impl Utf8 {
    /// Takes the next piece; false if the bytes cannot be UTF-8.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> bool {
        while !self.begun.is_empty() {
            let Some((first, rest)) = bytes.split_first() else { return true };
            self.begun.push(*first);
            bytes = rest;
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => true,
            Err(error) => {
                self.begun.extend_from_slice(&bytes[error.valid_up_to()..]);
                error.error_len().is_none()
            }
        }
    }

    /// Whether the last character is complete.
    pub(crate) fn is_whole(&self) -> bool {
        self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [(&[u8], &str); 15] = [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\0", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypheic", "image/heif"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"ID3\x04\0", "audio/mpeg"),
        (b"\xff\xfb\x90\0", "audio/mpeg"),
        (b"\xff\xfe#\0", "application/octet-stream"),
    ];

    fn kind(head: &[u8], header: &str, name: &str) -> String {
        kind_of(head, claimed(Some(header)), name).into_owned()
    }

    #[test]
    fn the_first_bytes_decide_what_is_shown() {
        for (head, found) in HEADS {
            assert_eq!(kind(head, "", ""), found);
            assert_eq!(kind(head, UNKNOWN, "a file"), found);
            for (_, other) in HEADS.into_iter().filter(|(_, other)| *other != UNKNOWN) {
                let taken = kind(head, other, "");
                assert!(taken == other || taken == UNKNOWN, "{found} as {other}: {taken}");
                assert!(!served(&taken).1 || found == other, "{found} as {other}: {taken}");
            }
            // A page that is something else besides is none, and not shown.
            let page = kind(head, "text/html", "");
            assert_eq!(served(&page), (UNKNOWN, false));
        }
        for (head, _) in HEADS {
            for end in 0..head.len() {
                kind(&head[..end], "", "");
            }
        }
    }

    #[test]
    fn a_name_that_says_something_else_makes_it_a_download() {
        let png = b"\x89PNG\r\n\x1a\n";
        for name in ["photo.png", "PHOTO.PNG", "photo", "photo.2026", "", "photo.png.unknown"] {
            assert_eq!(kind(png, "image/png", name), "image/png", "{name}");
        }
        for name in ["photo.jpg", "photo.html", "photo.exe", "photo.png.pdf"] {
            assert_eq!(kind(png, "image/png", name), UNKNOWN, "{name}");
            assert_eq!(kind(png, "", name), UNKNOWN, "{name}");
        }
        for (head, names) in [
            (&b"\xff\xd8\xff"[..], &["a.jpg", "a.jpeg", "a.jfif"][..]),
            (b"\0\0\0\x20ftypisom", &["a.mp4", "a.m4v", "a.mov", "a.m4a"]),
            (b"RIFF\x10\0\0\0WAVEfmt ", &["a.wav"]),
            (b"ID3\x04\0", &["a.mp3"]),
            (b"OggS\0\x02", &["a.ogg", "a.oga", "a.ogv"]),
            (b"\x1a\x45\xdf\xa3\x01", &["a.webm", "a.mkv"]),
        ] {
            for name in names {
                assert_ne!(kind(head, "", name), UNKNOWN, "{name}");
            }
        }
    }

    #[test]
    fn ordinary_files_are_what_they_are_called() {
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (head, header, name) in [
            (&b"PK\x03\x04"[..], document, "a.docx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel", "a.xls"),
            (b"a;b;c", "application/vnd.ms-excel", "a.csv"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-powerpoint", "a.ppt"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-outlook", "a.msg"),
            (b"\0\0\0\x18ftyp3gp4", "video/3gpp", "a.3gp"),
            (b"\0\0\0\x18ftypM4V ", "video/x-m4v", "a.m4v"),
            (b"PK\x03\x04", "application/vnd.comicbook+zip", "a.cbz"),
            (b"\n%PDF-1.4", "application/pdf", "a.pdf"),
            (b"<svg", "image/svg+xml", "a.svg"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4", "a.m4a"),
        ] {
            assert_eq!(kind(head, header, name), header, "{name}");
        }
        assert_eq!(kind(b"\xff\xd8\xff", "Image/JPG; q=1", ""), "image/jpeg");
        assert_eq!(kind(b"", "text/plain; charset=utf-8", ""), "text/plain");
        for header in ["png", "image/", "/png", "image/p ng", "image/<png>", "a/b/c"] {
            assert_eq!(claimed(Some(header)), None, "{header}");
        }
    }

    #[test]
    fn only_what_is_safe_is_shown() {
        for (kind, as_it_is) in [
            ("image/png", ("image/png", true)),
            ("audio/ogg", ("audio/ogg", true)),
            ("application/ogg", ("application/ogg", false)),
            ("application/pdf", ("application/pdf", false)),
            ("text/plain", ("text/plain; charset=utf-8", false)),
            ("text/html", ("application/octet-stream", false)),
            ("image/svg+xml", ("application/octet-stream", false)),
            ("application/xhtml+xml", ("application/octet-stream", false)),
            ("text/javascript", ("application/octet-stream", false)),
        ] {
            assert_eq!(served(kind), as_it_is);
        }
    }

    #[test]
    fn text_in_pieces() {
        let text = "a ключ 🗝 z".as_bytes();
        for size in 1..text.len() {
            let mut utf8 = Utf8::default();
            assert!(text.chunks(size).all(|piece| utf8.take(piece)) && utf8.is_whole());
        }
        let mut utf8 = Utf8::default();
        assert!(utf8.take(b"ok \xf0\x9f") && !utf8.is_whole() && !utf8.take(b"x"));
        assert!(!Utf8::default().take(b"\xff"));
    }
}
