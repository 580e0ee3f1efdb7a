//! Acknowledgements that the client gives.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::{Mark, Payload, SendError};

/// Why no acknowledgement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer in time. It may have the event.
    #[error("no acknowledgement in time")]
    Timeout,
    /// The event was sent, and the socket ended before the client answered.
    #[error("the socket is closed")]
    Closed,
    /// The event was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Who waits for an acknowledgement.
pub(crate) enum Waiting {
    Mark(Mark),
    Call(oneshot::Sender<Payload>),
}

/// The emits of one socket that wait for the client's acknowledgement. Empty, it holds no memory.
pub(crate) struct Acks {
    /// By id, the first being `first`; `None` for those that are through.
    waiting: VecDeque<Option<Waiting>>,
    first: u64,
    limit: usize,
}

impl Acks {
    pub(crate) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), first: 0, limit }
    }

    /// Adds one; gives its id, or `None` when too many wait.
    pub(crate) fn push(&mut self, waiting: Waiting) -> Option<u64> {
        if self.waiting.len() >= self.limit {
            return None;
        }
        self.waiting.push_back(Some(waiting));
        Some(self.first + self.waiting.len() as u64 - 1)
    }

    /// Takes the one with an id out.
    pub(crate) fn take(&mut self, id: u64) -> Option<Waiting> {
        let index = usize::try_from(id.checked_sub(self.first)?).ok()?;
        let taken = self.waiting.get_mut(index)?.take();
        while let Some(None) = self.waiting.front() {
            self.waiting.pop_front();
            self.first += 1;
        }
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        taken
    }

    /// Lets no more in; gives the marks that wait.
    pub(crate) fn close(&mut self) -> Vec<Mark> {
        self.limit = 0;
        let waiting = std::mem::take(&mut self.waiting).into_iter().flatten();
        waiting
            .filter_map(|waiting| if let Waiting::Mark(mark) = waiting { Some(mark) } else { None })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: u64) -> Waiting {
        Waiting::Mark(Mark(number, 0))
    }

    fn taken(acks: &mut Acks, id: u64) -> Option<u64> {
        match acks.take(id) {
            Some(Waiting::Mark(Mark(number, _))) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn ids_count_up_and_are_taken_once() {
        let mut acks = Acks::new(3);
        assert_eq!(
            (acks.push(mark(10)), acks.push(mark(11)), acks.push(mark(12))),
            (Some(0), Some(1), Some(2))
        );
        assert_eq!(taken(&mut acks, 1), Some(11));
        assert_eq!(taken(&mut acks, 1), None);
        assert_eq!(taken(&mut acks, 3), None);
        assert_eq!(taken(&mut acks, u64::MAX), None);
        // The first is still open: its place and those behind it are taken.
        assert_eq!(acks.push(mark(13)), None);
        assert_eq!(taken(&mut acks, 0), Some(10));
        assert_eq!(acks.push(mark(13)), Some(3));
        assert_eq!(taken(&mut acks, 0), None);
        assert_eq!(acks.close(), [Mark(12, 0), Mark(13, 0)]);
        assert_eq!(acks.push(mark(14)), None);
    }

    #[test]
    fn empty_it_holds_nothing() {
        let mut acks = Acks::new(100);
        for id in 0..100 {
            assert_eq!(acks.push(mark(id)), Some(id));
        }
        for id in (0..100).rev() {
            assert_eq!(taken(&mut acks, id), Some(id));
        }
        assert_eq!(acks.waiting.capacity(), 0);
        assert_eq!(acks.push(mark(0)), Some(100));
    }
}
