//! Media types: which one a file has by its first bytes and by its uploader, and which ones a browser may show.

use std::borrow::Cow;

use protocol::Code;

use crate::error::Error;

/// How many of its first bytes tell the type of a file.
pub(crate) const HEAD: usize = 64;

/// Files with the same first bytes, and the media types that such a file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Family {
    /// The first is the one for a file whose uploader names none.
    types: &'static [&'static str],
    /// Types that begin with one of these fit as well.
    starts: &'static [&'static str],
}

const fn family(types: &'static [&'static str]) -> Family {
    Family { types, starts: &[] }
}

const PNG: Family = family(&["image/png"]);
const JPEG: Family = family(&["image/jpeg"]);
const GIF: Family = family(&["image/gif"]);
const WEBP: Family = family(&["image/webp"]);
const PDF: Family = family(&["application/pdf"]);
const MP4: Family = family(&["video/mp4", "audio/mp4", "audio/x-m4a", "video/quicktime"]);
const HEIF: Family = family(&["image/heif", "image/heic", "image/avif"]);
const WEBM: Family = family(&["video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"]);
const OGG: Family = family(&["audio/ogg", "video/ogg", "application/ogg"]);
const MP3: Family = family(&["audio/mpeg"]);
const WAV: Family = family(&["audio/wav"]);
/// Many programs save their documents as ZIP archives.
const ZIP: Family = Family {
    types: &[
        "application/zip",
        "application/epub+zip",
        "application/java-archive",
        "application/vnd.android.package-archive",
    ],
    starts: &[
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/vnd.ms-",
    ],
};
const FAMILIES: [Family; 12] = [PNG, JPEG, GIF, WEBP, PDF, MP4, HEIF, WEBM, OGG, MP3, WAV, ZIP];

impl Family {
    fn has(self, kind: &str) -> bool {
        self.types.contains(&kind) || self.starts.iter().any(|start| kind.starts_with(start))
    }
}

/// The family of a file by its first bytes.
fn sniff(head: &[u8]) -> Option<Family> {
    let at = |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(bytes));
    let is_frame = matches!(head, [0xff, second, ..] if second & 0xe6 == 0xe2);
    // `ID3` alone may begin a text: a version follows it.
    let is_id3 = at(0, b"ID3") && head.get(3).is_some_and(|version| *version < 0x10);
    let heif: [&[u8]; 6] = [b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"];
    let families = [
        (at(0, b"\x89PNG\r\n\x1a\n"), PNG),
        (at(0, b"\xff\xd8\xff"), JPEG),
        (at(0, b"GIF87a") || at(0, b"GIF89a"), GIF),
        (at(0, b"RIFF") && at(8, b"WEBP"), WEBP),
        (at(0, b"RIFF") && at(8, b"WAVE"), WAV),
        (at(0, b"%PDF-"), PDF),
        (at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06"), ZIP),
        (at(4, b"ftyp") && heif.iter().any(|brand| at(8, brand)), HEIF),
        (at(4, b"ftyp"), MP4),
        (at(0, b"\x1a\x45\xdf\xa3"), WEBM),
        (at(0, b"OggS\0"), OGG),
        (is_id3 || is_frame, MP3),
    ];
    families.into_iter().find(|(begins, _)| *begins).map(|(_, family)| family)
}

/// The media type that an uploader names, in lower case and without parameters; other names of a type are replaced.
pub(crate) fn claimed(header: Option<&str>) -> Result<Option<Cow<'static, str>>, Error> {
    let named = header.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = match named.as_str() {
        "" | "application/octet-stream" => return Ok(None),
        "image/jpg" => "image/jpeg".into(),
        "audio/mp3" => "audio/mpeg".into(),
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav".into(),
        "application/x-zip-compressed" => "application/zip".into(),
        _ => Cow::Owned(named),
    };
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match kind.split_once('/') {
        Some((family, rest)) if kind.len() <= 127 && is_token(family) && is_token(rest) => Ok(Some(kind)),
        _ => Err(unsupported("The Content-Type is not a media type; leave it out if it is not known.")),
    }
}

/// The media type of a file. The type that the uploader names must fit the first bytes.
pub(crate) fn kind_of(head: &[u8], claimed: Option<Cow<'static, str>>) -> Result<Cow<'static, str>, Error> {
    let Some(kind) = claimed else {
        return Ok(sniff(head).map_or("application/octet-stream", |family| family.types[0]).into());
    };
    let fits = match sniff(head) {
        Some(family) => family.has(&kind),
        None => FAMILIES.iter().all(|family| !family.has(&kind)),
    };
    if fits { Ok(kind) } else { Err(unsupported("The bytes are not what the Content-Type says.")) }
}

fn unsupported(detail: &'static str) -> Error {
    Error::new(Code::UnsupportedMediaType, detail)
}

/// Whether thumbnails can be made of pictures of this type.
pub(crate) fn is_picture(kind: &str) -> bool {
    [PNG, JPEG, GIF, WEBP].iter().any(|family| family.has(kind))
}

/// The media type under which a file is sent, and whether a browser may show it in a page.
pub(crate) fn served(kind: &str) -> (&'static str, bool) {
    let shown = [PNG, JPEG, GIF, WEBP, MP4, WEBM, OGG, MP3, WAV].iter().flat_map(|family| family.types);
    if let Some(kind) = shown.copied().find(|shown| *shown == kind) {
        return (kind, !kind.starts_with("application/"));
    }
    match kind {
        "application/pdf" => ("application/pdf", false),
        "application/zip" => ("application/zip", false),
        "text/plain" => ("text/plain; charset=utf-8", false),
        _ => ("application/octet-stream", false),
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

    const HEADS: [(&[u8], &str); 14] = [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\0", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypheic", "image/heif"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"ID3\x04\0", "audio/mpeg"),
        (b"\xff\xfb\x90\0", "audio/mpeg"),
        (b"\xff\xfe#\0", "application/octet-stream"),
    ];

    fn kind(head: &[u8], header: &str) -> Option<String> {
        kind_of(head, claimed(Some(header)).ok()?).ok().map(Cow::into_owned)
    }

    #[test]
    fn the_first_bytes_decide() {
        for (head, found) in HEADS {
            assert_eq!(kind(head, "").as_deref(), Some(found));
            assert_eq!(kind(head, "application/octet-stream").as_deref(), Some(found));
            for (_, other) in HEADS {
                let fits = found == other || other == "application/octet-stream";
                assert_eq!(kind(head, other).is_some(), fits, "{found} as {other}");
            }
            // A text or a page that is something else besides.
            assert_eq!(kind(head, "text/html").is_some(), found == "application/octet-stream");
        }
        for (head, _) in HEADS {
            for end in 0..head.len() {
                kind(&head[..end], "");
            }
        }
    }

    #[test]
    fn what_a_file_is_called_fits_what_it_is() {
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert_eq!(kind(b"PK\x03\x04", document).as_deref(), Some(document));
        assert_eq!(kind(b"plain", document), None);
        assert_eq!(kind(b"\0\0\0\x20ftypM4A ", "audio/mp4").as_deref(), Some("audio/mp4"));
        assert_eq!(kind(b"\xff\xd8\xff", "Image/JPG; q=1").as_deref(), Some("image/jpeg"));
        assert_eq!(kind(b"<svg", "image/svg+xml").as_deref(), Some("image/svg+xml"));
        assert_eq!(kind(b"", "text/plain; charset=utf-8").as_deref(), Some("text/plain"));
        for header in ["png", "image/", "/png", "image/p ng", "image/<png>", "a/b/c"] {
            assert!(claimed(Some(header)).is_err(), "{header}");
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
