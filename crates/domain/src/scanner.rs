//! Reads a file from its beginning to its end and knows its place in it, for whoever looks for the parts of a file.

use std::io::{self, BufRead, BufReader, Read, SeekFrom};

use crate::store::ReadSeek;

/// Why the parts of a file cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    /// The file is not what its first bytes say.
    #[error("the file cannot be read")]
    Malformed,
    #[error(transparent)]
    Io(#[from] io::Error),
}

pub(crate) struct Scanner<'a> {
    bytes: BufReader<&'a mut dyn ReadSeek>,
    at: u64,
    size: u64,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a mut dyn ReadSeek) -> io::Result<Self> {
        let size = bytes.seek(SeekFrom::End(0))?;
        bytes.rewind()?;
        Ok(Self { bytes: BufReader::new(bytes), at: 0, size })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn left(&self) -> u64 {
        self.size - self.at
    }

    /// Goes to a place, or to the end if the file ends before it.
    pub(crate) fn go_to(&mut self, place: u64) -> io::Result<()> {
        let place = place.min(self.size);
        // Unlike `seek`, this keeps what has been read ahead.
        self.bytes.seek_relative(place.cast_signed() - self.at.cast_signed())?;
        self.at = place;
        Ok(())
    }

    /// Leaves out so many bytes.
    pub(crate) fn pass(&mut self, count: u64) -> io::Result<()> {
        self.go_to(self.at.saturating_add(count))
    }

    /// The next bytes; malformed where the file ends before.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], ScanError> {
        if self.left() < N as u64 {
            return Err(ScanError::Malformed);
        }
        let mut taken = [0; N];
        self.bytes.read_exact(&mut taken)?;
        self.at += N as u64;
        Ok(taken)
    }

    /// At most `count` of the next bytes; fewer at the end of the file.
    pub(crate) fn take_some(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let count = count.min(self.left());
        let mut taken = vec![0; usize::try_from(count).unwrap_or(usize::MAX)];
        self.bytes.read_exact(&mut taken)?;
        self.at += count;
        Ok(taken)
    }

    /// Passes over so many bytes; whether all of them have this value.
    pub(crate) fn is_filled(&mut self, value: u8, count: u64) -> io::Result<bool> {
        let end = self.at.saturating_add(count).min(self.size);
        while self.at < end {
            let ahead = self.bytes.fill_buf()?;
            let length = usize::try_from(end - self.at).unwrap_or(usize::MAX).min(ahead.len());
            let is_filled = ahead[..length].iter().all(|byte| *byte == value);
            if length == 0 || !is_filled {
                self.go_to(end)?;
                return Ok(false);
            }
            self.bytes.consume(length);
            self.at += length as u64;
        }
        Ok(true)
    }

    /// Goes behind the next byte of this value; false, and to the end, if there is none.
    pub(crate) fn go_behind(&mut self, byte: u8) -> io::Result<bool> {
        loop {
            let ahead = self.bytes.fill_buf()?;
            if ahead.is_empty() {
                self.at = self.size;
                return Ok(false);
            }
            let found = memchr::memchr(byte, ahead);
            let passed = found.map_or(ahead.len(), |found| found + 1);
            self.bytes.consume(passed);
            self.at += passed as u64;
            if found.is_some() {
                return Ok(true);
            }
        }
    }
}
