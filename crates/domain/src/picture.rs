//! Pictures: their size and thumbnail, made on a bounded number of threads.

use std::io::{self, BufReader, Cursor};
use std::sync::Arc;
use std::thread;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use tokio::sync::{Semaphore, oneshot};

use crate::store::ReadSeek;

/// The longest side of a thumbnail, in pixels.
const LONGEST: u32 = 480;
/// Pictures with more pixels get no thumbnail.
const PIXELS: u64 = 40_000_000;
/// Memory that decoding a picture may take.
const MEMORY: u64 = 256 << 20;
/// The JPEG quality of a thumbnail.
const QUALITY: u8 = 80;
/// Pictures decoded at the same time.
const THREADS: usize = 2;
/// How much nicer than others a thread is that decodes: it gets about a tenth of a busy processor.
const NICENESS: i32 = 10;

/// The size and thumbnail of a picture.
pub(crate) struct PictureInfo {
    /// In pixels, after it is turned the way the camera was held.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// A PNG if the picture has transparent parts, else a JPEG. `None` if the picture is too large to decode.
    pub(crate) thumbnail: Option<Vec<u8>>,
}

/// Reads pictures.
pub(crate) struct Pictures {
    threads: Arc<Semaphore>,
}

impl Pictures {
    pub(crate) fn new() -> Self {
        Self { threads: Arc::new(Semaphore::new(THREADS)) }
    }

    /// The size and thumbnail of a picture of this media type; `None` if it cannot be read.
    pub(crate) async fn inspect(&self, kind: &str, bytes: Box<dyn ReadSeek>) -> Option<PictureInfo> {
        let format = ImageFormat::from_mime_type(kind)?;
        self.run(move || inspect(format, bytes)).await.flatten()
    }

    /// Runs work with a picture once there is a thread for it; `None` if that panics, or if no thread can be started.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let thread = self.threads.clone().acquire_owned().await.ok()?;
        let done = in_background(move || {
            // Held until the work is done, even if the caller has gone.
            let _thread = thread;
            work()
        });
        match done {
            Ok(done) => done.await.ok(),
            Err(error) => {
                tracing::warn!(%error, "no thread could be started for a picture");
                None
            }
        }
    }
}

/// Runs work on a thread of its own that has a low priority: whoever chats does not wait for a processor that makes
/// pictures small. Not on one of tokio's threads, which could not be given their priority back.
fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new().name("picture".into()).spawn(move || {
        // On Linux this is the priority of the calling thread alone.
        let _ = rustix::process::nice(NICENESS);
        // The caller may have stopped waiting.
        let _ = answer.send(work());
    })?;
    Ok(answered)
}

fn inspect(format: ImageFormat, bytes: Box<dyn ReadSeek>) -> Option<PictureInfo> {
    let mut reader = ImageReader::with_format(BufReader::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // From the header, before decoding: a small file may claim a size that the memory cannot hold.
    let (width, height) = decoder.dimensions();
    let turned = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let is_small_enough = u64::from(width) * u64::from(height) <= PIXELS && decoder.total_bytes() <= MEMORY;
    let picture = if is_small_enough { DynamicImage::from_decoder(decoder).ok() } else { None };
    let thumbnail = picture.and_then(|picture| {
        let mut small =
            if width.max(height) > LONGEST { picture.thumbnail(LONGEST, LONGEST) } else { picture };
        small.apply_orientation(turned);
        encode(&small)
    });
    let (width, height) = if is_on_its_side(turned) { (height, width) } else { (width, height) };
    Some(PictureInfo { width, height, thumbnail })
}

fn is_on_its_side(turned: image::metadata::Orientation) -> bool {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(turned, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn encode(small: &DynamicImage) -> Option<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let rgba = small.color().has_alpha().then(|| small.to_rgba8());
    let encoded = match rgba.filter(|rgba| rgba.pixels().any(|pixel| pixel.0[3] < u8::MAX)) {
        Some(rgba) => rgba.write_to(&mut bytes, ImageFormat::Png),
        None => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
            small.to_rgb8().write_with_encoder(encoder)
        }
    };
    encoded.ok().map(|()| bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{ImageEncoder, Rgba, RgbaImage};

    use super::*;

    fn picture(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::from(RgbaImage::from_pixel(width, height, Rgba([200, 30, 30, alpha])));
        let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    async fn seen(kind: &str, bytes: Vec<u8>) -> Option<PictureInfo> {
        Pictures::new().inspect(kind, Box::new(Cursor::new(bytes))).await
    }

    #[tokio::test]
    async fn they_are_made_small_on_threads_of_low_priority() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(in_background(nice).unwrap().await.unwrap(), NICENESS);
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn pictures_are_made_small() {
        for (kind, format) in [
            ("image/png", ImageFormat::Png),
            ("image/jpeg", ImageFormat::Jpeg),
            ("image/gif", ImageFormat::Gif),
            ("image/webp", ImageFormat::WebP),
        ] {
            let seen = seen(kind, picture(960, 100, 255, format)).await.unwrap();
            assert_eq!((seen.width, seen.height), (960, 100));
            let small = image::load_from_memory(&seen.thumbnail.unwrap()).unwrap();
            assert_eq!((small.width(), small.height()), (480, 50), "{kind}");
        }
    }

    #[tokio::test]
    async fn small_ones_stay_and_what_is_seen_through_stays_so() {
        let small = seen("image/png", picture(7, 5, 255, ImageFormat::Png)).await.unwrap().thumbnail.unwrap();
        assert_eq!(image::guess_format(&small).unwrap(), ImageFormat::Jpeg);
        assert_eq!(image::load_from_memory(&small).unwrap().width(), 7);
        let clear = seen("image/png", picture(7, 5, 9, ImageFormat::Png)).await.unwrap().thumbnail.unwrap();
        assert_eq!(image::guess_format(&clear).unwrap(), ImageFormat::Png);
    }

    #[tokio::test]
    async fn a_picture_is_turned_as_the_camera_was() {
        // A directory of one entry: the orientation, a number of 16 bits, 6.
        let turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(turned).unwrap();
        image::RgbImage::new(60, 20).write_with_encoder(encoder).unwrap();
        let seen = seen("image/jpeg", bytes.into_inner()).await.unwrap();
        assert_eq!((seen.width, seen.height), (20, 60));
        let small = seen.thumbnail.unwrap();
        assert_eq!(image::load_from_memory(&small).unwrap().width(), 20);
        assert!(!small.windows(4).any(|bytes| bytes == b"Exif"));
    }

    #[tokio::test]
    async fn a_picture_that_would_fill_the_memory_is_not_decoded() {
        let mut bomb = picture(1, 1, 255, ImageFormat::Png);
        // The width and the height of the header, and its checksum anew.
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        let seen = seen("image/png", bomb).await.unwrap();
        assert_eq!((seen.width, seen.height), (30_000, 30_000));
        assert!(seen.thumbnail.is_none());
    }

    #[tokio::test]
    async fn what_is_no_picture_is_not_seen() {
        assert!(seen("image/png", b"\x89PNG\r\n\x1a\n and nothing".to_vec()).await.is_none());
        assert!(seen("application/pdf", Vec::new()).await.is_none());
        let mut cut = picture(100, 100, 255, ImageFormat::Png);
        cut.truncate(60);
        assert!(seen("image/png", cut).await.is_none_or(|seen| seen.thumbnail.is_none()));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |mut crc, byte| {
            crc ^= u32::from(*byte);
            (0..8).fold(crc, |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        })
    }
}
