//! Whether a picture moves, which its first parts tell without decoding it.

use image::ImageFormat;

use crate::scanner::{ScanError, Scanner};
use crate::store::ReadSeek;

/// The bit of WebP's chunk `VP8X` that says so.
const ANIMATED: u8 = 0x02;

/// Whether it has more than one picture to show after one another. False for a file that cannot be read.
pub(super) fn is_animated(format: ImageFormat, bytes: &mut dyn ReadSeek) -> bool {
    let Ok(mut file) = Scanner::new(bytes) else { return false };
    let animated = match format {
        ImageFormat::Gif => gif(&mut file),
        ImageFormat::Png => png(&mut file),
        ImageFormat::WebP => webp(&mut file),
        _ => Ok(false),
    };
    animated.unwrap_or(false)
}

fn gif(file: &mut Scanner) -> Result<bool, ScanError> {
    let [.., flags, _, _] = file.take::<13>()?;
    file.pass(colors(flags))?;
    let mut pictures = 0;
    loop {
        match file.take()? {
            // An extension, such as how long a picture is shown.
            [b'!'] => file.pass(1)?,
            [b','] => {
                pictures += 1;
                if pictures > 1 {
                    return Ok(true);
                }
                let [.., flags] = file.take::<9>()?;
                // The byte after the table says how the picture is compressed.
                file.pass(colors(flags) + 1)?;
            }
            _ => return Ok(false),
        }
        // Blocks, each with its length before it.
        loop {
            let [length] = file.take()?;
            if length == 0 {
                break;
            }
            file.pass(length.into())?;
        }
    }
}

/// The bytes of a table of colours.
fn colors(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn png(file: &mut Scanner) -> Result<bool, ScanError> {
    file.pass(8)?;
    loop {
        let length = u64::from(u32::from_be_bytes(file.take()?));
        match &file.take()? {
            b"acTL" => return Ok(u32::from_be_bytes(file.take()?) > 1),
            // It stands before the picture.
            b"IDAT" | b"IEND" => return Ok(false),
            _ => file.pass(length + 4)?,
        }
    }
}

fn webp(file: &mut Scanner) -> Result<bool, ScanError> {
    file.pass(12)?;
    let [a, b, c, d, _, _, _, _, flags] = file.take()?;
    Ok([a, b, c, d] == *b"VP8X" && flags & ANIMATED != 0)
}
