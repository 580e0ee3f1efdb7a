//! Pictures: their size and thumbnail, made on a bounded number of threads.

mod animation;
mod large;
mod square;

use std::io::{self, BufReader, Cursor};
use std::sync::Arc;
use std::thread;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use tokio::sync::{Semaphore, oneshot};

use crate::store::ReadSeek;

pub(crate) use square::{Squares, Unfit};

/// The longest side of a thumbnail, in pixels: enough for 440 CSS pixels on most dense screens, and for the text of a
/// phone's screenshot.
const LONGEST: u32 = 800;
/// Pictures with more pixels are not decoded as a whole.
const PIXELS: u64 = 40_000_000;
/// Memory that decoding a picture may take.
const MEMORY: u64 = 256 << 20;
/// The JPEG quality of a thumbnail.
const QUALITY: u8 = 80;
/// Pictures decoded at the same time, at most.
const THREADS: usize = 2;
/// How much nicer than others a thread is that decodes: it gets about a tenth of a busy processor.
const NICENESS: i32 = 10;

/// The size and thumbnail of a picture.
pub(crate) struct PictureInfo {
    /// In pixels, after it is turned the way the camera was held.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether it moves. Its thumbnail does not.
    pub(crate) animated: bool,
    /// A PNG if the picture has transparent parts, else a JPEG. `None` if the picture is too large to decode.
    pub(crate) thumbnail: Option<Vec<u8>>,
}

/// Reads pictures.
pub(crate) struct Pictures {
    threads: Arc<Semaphore>,
}

impl Pictures {
    pub(crate) fn new() -> Self {
        // A core is left free where there is more than one. However low the priority of a thread, who is woken up on its
        // core waits a few milliseconds until the system takes it away from the thread.
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { threads: Arc::new(Semaphore::new((cores - 1).clamp(1, THREADS))) }
    }

    /// The size and thumbnail of a picture of this media type; `None` if it cannot be read. `held` is dropped once the
    /// work is done, even if the caller has gone.
    pub(crate) async fn inspect(
        &self,
        kind: &str,
        bytes: Box<dyn ReadSeek>,
        held: impl Send + 'static,
    ) -> Option<PictureInfo> {
        let format = ImageFormat::from_mime_type(kind)?;
        let work = move || {
            let _held = held;
            inspect(format, bytes)
        };
        self.run(work).await.flatten()
    }

    /// Runs work on a picture in its turn. `None` if it panicked, or if there is no thread for it.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
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

fn inspect(format: ImageFormat, mut bytes: Box<dyn ReadSeek>) -> Option<PictureInfo> {
    let animated = animation::is_animated(format, &mut *bytes);
    bytes.rewind().ok()?;
    let mut reader = ImageReader::with_format(BufReader::new(&mut bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // From the header, before decoding: a small file may claim a size that the memory cannot hold.
    let (width, height) = decoder.dimensions();
    let turned = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let pixels = u64::from(width) * u64::from(height);
    let picture = if pixels <= PIXELS && decoder.total_bytes() <= MEMORY {
        DynamicImage::from_decoder(decoder).ok()
    } else {
        drop(decoder);
        if format == ImageFormat::Jpeg && pixels <= large::PIXELS { large::decode(&mut *bytes) } else { None }
    };
    let thumbnail = picture.and_then(|picture| {
        let mut small = if picture.width().max(picture.height()) > LONGEST {
            picture.thumbnail(LONGEST, LONGEST)
        } else {
            picture
        };
        small.apply_orientation(turned);
        encode(&small)
    });
    let (width, height) = if is_on_its_side(turned) { (height, width) } else { (width, height) };
    Some(PictureInfo { width, height, animated, thumbnail })
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
    use futures_util::FutureExt;
    use image::{ImageEncoder, Rgba, RgbaImage};

    use super::*;

    fn picture(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::from(RgbaImage::from_pixel(width, height, Rgba([200, 30, 30, alpha])));
        let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A picture whose bytes do not come before they are let go.
    struct LatePicture(std::sync::mpsc::Receiver<()>, Cursor<Vec<u8>>);

    impl io::Read for LatePicture {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            // An error once they were let go.
            let _ = self.0.recv();
            self.1.read(bytes)
        }
    }

    impl io::Seek for LatePicture {
        fn seek(&mut self, place: io::SeekFrom) -> io::Result<u64> {
            self.1.seek(place)
        }
    }

    #[tokio::test]
    async fn what_is_held_for_a_picture_is_held_until_it_is_read() {
        let pictures = Pictures::new();
        let (let_go, late) = std::sync::mpsc::channel();
        let late = LatePicture(late, Cursor::new(picture(7, 5, 255, ImageFormat::Png)));
        let (held, mut dropped) = oneshot::channel::<()>();
        let mut reading = Box::pin(pictures.inspect("image/png", Box::new(late), held));
        assert!(reading.as_mut().now_or_never().is_none());
        // Nobody waits for it any more.
        drop(reading);
        assert_eq!(dropped.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        drop(let_go);
        assert!(dropped.await.is_err());
        // A picture that no thread has begun to read is forgotten at once.
        let free = u32::try_from(pictures.threads.available_permits()).unwrap();
        let _all = pictures.threads.acquire_many(free).await.unwrap();
        let (held, dropped) = oneshot::channel::<()>();
        let bytes = Box::new(Cursor::new(Vec::new()));
        assert!(pictures.inspect("image/png", bytes, held).now_or_never().is_none());
        assert!(dropped.await.is_err());
    }

    async fn seen(kind: &str, bytes: Vec<u8>) -> Option<PictureInfo> {
        Pictures::new().inspect(kind, Box::new(Cursor::new(bytes)), ()).await
    }

    #[tokio::test]
    async fn they_are_made_small_on_threads_of_low_priority() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        // The lowest there is, where the tests have a low one themselves.
        assert_eq!(in_background(nice).unwrap().await.unwrap(), (before + NICENESS).min(19));
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
            assert_eq!((small.width(), small.height()), (800, 83), "{kind}");
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

    /// A grey JPEG of these scans, each over all of it in a few bits a block.
    fn flat(width: u16, height: u16, scans: usize) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        bytes.extend([1; 64]);
        bytes.extend([0xff, 0xc0, 0, 11, 8]);
        bytes.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
        bytes.extend([1, 1, 0x11, 0]);
        // One code of one bit, 0, which says that nothing changes, and one that says that nothing more comes.
        for table in [0x00, 0x10] {
            bytes.extend([0xff, 0xc4, 0, 20, table, 1]);
            bytes.extend([0; 16]);
        }
        let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
        for _ in 0..scans {
            bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
            bytes.resize(bytes.len() + blocks.div_ceil(4), 0);
        }
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    #[tokio::test]
    async fn a_panorama_has_a_thumbnail() {
        let panorama = seen("image/jpeg", flat(20_000, 5_000, 1)).await.unwrap();
        assert_eq!((panorama.width, panorama.height), (20_000, 5_000));
        let small = image::load_from_memory(&panorama.thumbnail.unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (800, 200));
        // What would keep a thread busy for hours, and what is larger than any camera's.
        for harm in [flat(20_000, 5_000, 5), flat(20_000, 10_001, 1)] {
            let harm = seen("image/jpeg", harm).await.unwrap();
            assert!(harm.width == 20_000 && harm.thumbnail.is_none());
        }
    }

    #[tokio::test]
    async fn colours_of_a_printer_are_shown() {
        use base64::Engine as _;
        // Made by ImageMagick: `-size 16x8 xc:'rgb(200,60,20)' -colorspace CMYK`.
        let cmyk = "/9j/7gAOQWRvYmUAZAAAAAAC/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZM\
            TlJTUjI+WmFaUGBKUVJP/9sAQwEODg4TERMmFRUmTzUtNU9PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT\
            09P/8AAFAgACAAQBAEiAAIRAQMRAQQiAP/EABYAAQEBAAAAAAAAAAAAAAAAAAACBv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAA\
            AAAAAAAAAAAAAG/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAA4EAQACEQMRBAAAPwCgCAKawB//2Q==";
        let cmyk = base64::engine::general_purpose::STANDARD.decode(cmyk).unwrap();
        let small = seen("image/jpeg", cmyk).await.unwrap().thumbnail.unwrap();
        let pixel = image::load_from_memory(&small).unwrap().to_rgb8().get_pixel(8, 4).0;
        assert!(pixel.iter().zip([200, 60, 20]).all(|(seen, meant)| seen.abs_diff(meant) < 8), "{pixel:?}");
    }

    #[tokio::test]
    async fn sixteen_bits_a_colour_are_made_eight() {
        let mut bytes = Cursor::new(Vec::new());
        let deep = image::ImageBuffer::from_pixel(9, 9, image::Rgb([0xc8c8_u16, 0x3c3c, 0x1414]));
        DynamicImage::ImageRgb16(deep).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let small = seen("image/png", bytes.into_inner()).await.unwrap().thumbnail.unwrap();
        let pixel = image::load_from_memory(&small).unwrap().to_rgb8().get_pixel(4, 4).0;
        assert!(pixel.iter().zip([200, 60, 20]).all(|(seen, meant)| seen.abs_diff(meant) < 8), "{pixel:?}");
    }

    #[tokio::test]
    async fn a_moving_picture_says_so() {
        for frames in [1, 2] {
            let mut bytes = Vec::new();
            let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
            for _ in 0..frames {
                encoder.encode_frame(image::Frame::new(RgbaImage::new(9, 5))).unwrap();
            }
            drop(encoder);
            let gif = seen("image/gif", bytes).await.unwrap();
            assert_eq!((gif.animated, gif.width), (frames > 1, 9));
            assert!(gif.thumbnail.is_some());

            let mut png = picture(9, 5, 255, ImageFormat::Png);
            let control = [&b"acTL\0\0\0"[..], &[frames, 0, 0, 0, 0]].concat();
            let chunk = [&[0, 0, 0, 8], control.as_slice(), &crc32(&control).to_be_bytes()].concat();
            png.splice(33..33, chunk);
            assert_eq!(seen("image/png", png).await.unwrap().animated, frames > 1);
        }
        for kind in ["image/png", "image/jpeg", "image/webp"] {
            let format = ImageFormat::from_mime_type(kind).unwrap();
            assert!(!seen(kind, picture(9, 5, 255, format)).await.unwrap().animated, "{kind}");
        }
        // Made by ImageMagick: two frames of 4 × 4 pixels.
        let webp = include_bytes!("picture/animated.webp");
        let webp = seen("image/webp", webp.to_vec()).await.unwrap();
        assert!(webp.animated && webp.width == 4 && webp.thumbnail.is_some());
        // However it ends.
        let mut gif = b"GIF89a\x09\0\x05\0\x80\0\0".to_vec();
        gif.extend([0; 6]);
        gif.extend(b"!\xfe\x01x\0,\0\0\0\0\x09\0\x05\0\0\x02\x02\0");
        for end in 0..gif.len() {
            assert!(!animation::is_animated(ImageFormat::Gif, &mut Cursor::new(gif[..end].to_vec())));
        }
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
