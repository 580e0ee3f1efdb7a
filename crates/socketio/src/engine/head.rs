//! The beginning of a message, one for each receiver.

use std::fmt;

/// A few bytes of text, kept in place where they fit.
#[derive(Clone)]
pub struct Head(Repr);

#[derive(Clone)]
enum Repr {
    Inline(u8, [u8; INLINE]),
    Heap(Box<[u8]>),
}

const INLINE: usize = 22;

impl Head {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(length, bytes) => &bytes[..usize::from(*length)],
            Repr::Heap(bytes) => bytes,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_bytes().len()
    }
}

impl Default for Head {
    fn default() -> Self {
        Self(Repr::Inline(0, [0; INLINE]))
    }
}

impl From<&str> for Head {
    fn from(text: &str) -> Self {
        let mut head = Self::default();
        head.push(text.as_bytes());
        head
    }
}

impl Head {
    fn push(&mut self, more: &[u8]) {
        match &mut self.0 {
            Repr::Inline(length, bytes) => {
                let start = usize::from(*length);
                if let Some(room) = bytes.get_mut(start..start + more.len()) {
                    room.copy_from_slice(more);
                    *length += u8::try_from(more.len()).expect("it fits in the room");
                } else {
                    self.0 = Repr::Heap([&bytes[..start], more].concat().into());
                }
            }
            Repr::Heap(bytes) => *bytes = [&bytes[..], more].concat().into(),
        }
    }
}

impl fmt::Write for Head {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.as_bytes()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn holds_short_and_long_texts() {
        let mut head = Head::default();
        let mut expected = String::new();
        for piece in ["", "2", "/chat,", "1234567890", "12345", "1", "a longer piece than fits in place"] {
            head.write_str(piece).unwrap();
            expected.push_str(piece);
            assert_eq!(head.as_bytes(), expected.as_bytes());
        }
    }
}
