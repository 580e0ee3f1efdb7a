//! Writes a ZIP archive as a stream: nothing is known of a file before its bytes come, and nothing is gone back to.
//!
//! The files are stored as they are. Sizes and checksums follow each file and are repeated in the directory at the end,
//! by which archives are read; what does not fit into 32 bits is written as ZIP64 (PKWARE APPNOTE 6.3.10).

use std::time::Duration;
use std::{io, mem};

use crc32fast::Hasher;
use domain::{Error, Export, ExportPart};
use protocol::Timestamp;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Parts of an export that wait to be written.
const WAITING: usize = 2;
/// How long a part may take to be written. Past it, nobody seems to take the archive any more.
const PATIENCE: Duration = Duration::from_mins(5);

/// Names are UTF-8, and sizes come after the bytes.
const FLAGS: u16 = 1 << 11 | 1 << 3;
/// Made on Unix, for version 4.5, which knows ZIP64.
const MADE_BY: u16 = 0x032d;
/// A file that its owner may read and write.
const PERMISSIONS: u32 = 0o100_600 << 16;
const LARGE: u32 = u32::MAX;

/// Why an archive is not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// What it is to hold could not be read.
    #[error("{0}")]
    Read(Error),
    /// Whoever takes it has gone, or takes nothing any more.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Writes an export as an archive.
pub(crate) async fn write(
    export: Export,
    at: Timestamp,
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<(), Fault> {
    let (sender, mut parts) = mpsc::channel(WAITING);
    let read = async { export.run(sender).await.map_err(Fault::Read) };
    let written = async move {
        let mut archive = Archive::new(at);
        while let Some(part) = parts.recv().await {
            match part {
                ExportPart::File(name) => put(to, &archive.begin(name)).await?,
                ExportPart::Bytes(bytes) => {
                    archive.add(&bytes);
                    put(to, &bytes).await?;
                }
            }
        }
        Ok::<_, Fault>((archive, to))
    };
    let ((), (mut archive, to)) = tokio::try_join!(read, written)?;
    for record in archive.end() {
        put(to, &record).await?;
    }
    Ok(to.shutdown().await?)
}

async fn put(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, to.write_all(bytes)).await.map_err(io::Error::from)?
}

/// An archive that is being written.
struct Archive {
    files: Vec<Written>,
    current: Option<Current>,
    /// Bytes of the archive so far.
    offset: u64,
    /// The date and the time of all files, as DOS wrote them.
    modified: (u16, u16),
}

/// A file that is being written.
struct Current {
    name: String,
    from: u64,
    size: u64,
    hasher: Hasher,
}

/// A file that is written.
struct Written {
    name: String,
    from: u64,
    size: u64,
    checksum: u32,
}

impl Archive {
    fn new(at: Timestamp) -> Self {
        Self { files: Vec::new(), current: None, offset: 0, modified: dos_time(at) }
    }

    /// Ends the file before, and begins a file. Gives what is to be written for it.
    fn begin(&mut self, name: String) -> Vec<u8> {
        let mut bytes = self.end_file();
        let from = self.offset + bytes.len() as u64;
        bytes.extend(0x0403_4b50_u32.to_le_bytes());
        self.head(&mut bytes, 20);
        // The checksum and both sizes come later.
        bytes.extend([0; 12]);
        bytes.extend(short(name.len()).to_le_bytes());
        bytes.extend(0_u16.to_le_bytes());
        bytes.extend(name.as_bytes());
        self.offset += bytes.len() as u64;
        self.current = Some(Current { name, from, size: 0, hasher: Hasher::new() });
        bytes
    }

    /// Counts bytes of the current file, which are written as they are.
    fn add(&mut self, bytes: &[u8]) {
        if let Some(current) = &mut self.current {
            current.hasher.update(bytes);
            current.size += bytes.len() as u64;
            self.offset += bytes.len() as u64;
        }
    }

    /// Ends the archive. Gives what is to be written for it, piece by piece.
    fn end(&mut self) -> impl Iterator<Item = Vec<u8>> {
        let last = self.end_file();
        self.offset += last.len() as u64;
        let begin = self.offset;
        let mut place = 0;
        let mut ended = false;
        let first = Some(last).into_iter();
        first.chain(std::iter::from_fn(move || {
            if let Some(file) = self.files.get(place) {
                place += 1;
                let record = self.record(file);
                self.offset += record.len() as u64;
                return Some(record);
            }
            (!mem::replace(&mut ended, true)).then(|| self.end_record(begin))
        }))
    }

    /// What follows the bytes of the current file.
    fn end_file(&mut self) -> Vec<u8> {
        let Some(Current { name, from, size, hasher }) = self.current.take() else { return Vec::new() };
        let checksum = hasher.finalize();
        let mut bytes = 0x0807_4b50_u32.to_le_bytes().to_vec();
        bytes.extend(checksum.to_le_bytes());
        // Stored as it is: the size in the archive and its own are the same.
        for _ in 0..2 {
            match u32::try_from(size) {
                Ok(size) if size < LARGE => bytes.extend(size.to_le_bytes()),
                _ => bytes.extend(size.to_le_bytes()),
            }
        }
        self.files.push(Written { name, from, size, checksum });
        bytes
    }

    /// The part that a file has in common in its place and in the directory.
    fn head(&self, bytes: &mut Vec<u8>, version: u16) {
        let (date, time) = self.modified;
        for value in [version, FLAGS, 0, time, date] {
            bytes.extend(value.to_le_bytes());
        }
    }

    /// A file in the directory.
    fn record(&self, file: &Written) -> Vec<u8> {
        let mut more = Vec::new();
        let mut small = |value: u64, times: usize| {
            let small = u32::try_from(value).unwrap_or(LARGE);
            if small == LARGE {
                (0..times).for_each(|_| more.extend(value.to_le_bytes()));
            }
            small
        };
        let (size, from) = (small(file.size, 2), small(file.from, 1));
        let mut bytes = 0x0201_4b50_u32.to_le_bytes().to_vec();
        bytes.extend(MADE_BY.to_le_bytes());
        self.head(&mut bytes, if more.is_empty() { 20 } else { 45 });
        for value in [file.checksum, size, size] {
            bytes.extend(value.to_le_bytes());
        }
        let extra = if more.is_empty() { 0 } else { more.len() + 4 };
        for value in [short(file.name.len()), short(extra), 0, 0, 0] {
            bytes.extend(value.to_le_bytes());
        }
        for value in [PERMISSIONS, from] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(file.name.as_bytes());
        if !more.is_empty() {
            // ZIP64: the sizes and the place of the file, as far as they do not fit above.
            bytes.extend(1_u16.to_le_bytes());
            bytes.extend(short(more.len()).to_le_bytes());
            bytes.extend(more);
        }
        bytes
    }

    /// The end of the directory, which began at `begin`.
    fn end_record(&self, begin: u64) -> Vec<u8> {
        let (count, size) = (self.files.len() as u64, self.offset - begin);
        let mut bytes = Vec::new();
        if count >= u64::from(u16::MAX) || self.offset >= u64::from(LARGE) {
            bytes.extend(0x0606_4b50_u32.to_le_bytes());
            bytes.extend(44_u64.to_le_bytes());
            bytes.extend(MADE_BY.to_le_bytes());
            bytes.extend(45_u16.to_le_bytes());
            bytes.extend([0; 8]);
            for value in [count, count, size, begin] {
                bytes.extend(value.to_le_bytes());
            }
            bytes.extend(0x0706_4b50_u32.to_le_bytes());
            bytes.extend(0_u32.to_le_bytes());
            bytes.extend(self.offset.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
        }
        bytes.extend(0x0605_4b50_u32.to_le_bytes());
        bytes.extend([0; 4]);
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        for value in [count, count] {
            bytes.extend(value.to_le_bytes());
        }
        for value in [size, begin] {
            bytes.extend(u32::try_from(value).unwrap_or(LARGE).to_le_bytes());
        }
        bytes.extend(0_u16.to_le_bytes());
        bytes
    }
}

/// A length of at most a few hundred bytes.
fn short(length: usize) -> u16 {
    u16::try_from(length).expect("names in an export are short")
}

/// A date and a time as DOS wrote them, in steps of two seconds from 1980 on.
fn dos_time(at: Timestamp) -> (u16, u16) {
    let text = at.to_string();
    let number = |from: usize, count: usize| -> u16 {
        text.get(from..from + count).and_then(|digits| digits.parse().ok()).unwrap_or_default()
    };
    let years = number(0, 4).saturating_sub(1980).min(127);
    let date = years << 9 | number(5, 2) << 5 | number(8, 2);
    (date, number(11, 2) << 11 | number(14, 2) << 5 | (number(17, 2) / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Archive::new(Timestamp::from_millis(1_800_000_000_000));
        let mut bytes = Vec::new();
        for (name, content) in files {
            bytes.extend(archive.begin((*name).to_owned()));
            archive.add(content);
            bytes.extend(*content);
        }
        archive.end().for_each(|record| bytes.extend(record));
        bytes
    }

    #[test]
    fn an_archive_is_as_the_format_says() {
        let bytes = archive(&[("a.txt", b"hello")]);
        let expected = [
            // The file in its place; 2027-01-15 08:00:00.
            &b"PK\x03\x04\x14\x00\x08\x08\x00\x00\x00\x40\x2f\x5e\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.txthello"[..],
            &b"PK\x07\x08\x86\xa6\x10\x36\x05\0\0\0\x05\0\0\0"[..],
            // The directory.
            &b"PK\x01\x02\x2d\x03\x14\x00\x08\x08\x00\x00\x00\x40\x2f\x5e\x86\xa6\x10\x36\x05\0\0\0\x05\0\0\0"[..],
            &b"\x05\0\0\0\0\0\0\0\0\0\0\0\x80\x81\0\0\0\0a.txt"[..],
            &b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x33\0\0\0\x38\0\0\0\0\0"[..],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn what_does_not_fit_into_32_bits_is_zip64() {
        let archive = Archive::new(Timestamp::from_millis(0));
        let file = |size, from| Written { name: "a".into(), from, size, checksum: 0 };
        let (small, large) = (archive.record(&file(5, 5)), archive.record(&file(1 << 32, 1 << 33)));
        assert_eq!(small.len(), 47);
        assert_eq!(&large[20..28], [0xff; 8]);
        assert_eq!(&large[42..46], [0xff; 4]);
        let more = [&[1, 0, 24, 0][..], &(1_u64 << 32).to_le_bytes().repeat(2), &(1_u64 << 33).to_le_bytes()];
        assert_eq!(&large[47..], more.concat());
        let mut archive = Archive::new(Timestamp::from_millis(0));
        archive.begin("a".into());
        archive.offset += 1 << 32;
        let end = archive.end().last().unwrap();
        assert_eq!(&end[..4], b"PK\x06\x06");
        assert_eq!(&end[56..60], b"PK\x06\x07");
        assert_eq!(end.len(), 56 + 20 + 22);
    }
}
