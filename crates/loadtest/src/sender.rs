//! A sender, which remembers the messages that are not acknowledged yet.

use std::collections::VecDeque;

use crate::letter::Letter;

/// A sender of messages to one receiver.
pub(crate) struct Sender {
    letter: Letter,
    sent: u64,
    /// When each message since the oldest unanswered one was due; `None` once it was acknowledged.
    pending: VecDeque<Option<u64>>,
    in_flight: usize,
}

impl Sender {
    pub(crate) fn new(letter: Letter) -> Self {
        Self { letter, sent: 0, pending: VecDeque::new(), in_flight: 0 }
    }

    /// Messages sent, which is also the number of the next one.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Messages sent and not acknowledged.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Appends the next message, which was due at a time.
    pub(crate) fn send(&mut self, at: u64, out: &mut Vec<u8>) {
        self.letter.write(self.sent, at, out);
        self.pending.push_back(Some(at));
        self.sent += 1;
        self.in_flight += 1;
    }

    /// Notes an acknowledgement. Without a number it is of the oldest unanswered message. Returns when that was due.
    pub(crate) fn acknowledge(&mut self, number: Option<u64>) -> Result<u64, String> {
        let place = number.map_or(Some(0), |number| self.place(number));
        let at = place.and_then(|place| self.pending.get_mut(place)?.take());
        let at = at.ok_or("the server acknowledged a message twice, or one that was not sent")?;
        while self.pending.front() == Some(&None) {
            self.pending.pop_front();
        }
        self.in_flight -= 1;
        Ok(at)
    }

    /// Whether a message that was sent is acknowledged.
    pub(crate) fn is_acknowledged(&self, number: u64) -> bool {
        self.place(number).is_none_or(|place| self.pending.get(place) == Some(&None))
    }

    /// The index of a message among the pending ones; `None` if it is older than all of them.
    fn place(&self, number: u64) -> Option<usize> {
        let first = self.sent - self.pending.len() as u64;
        number.checked_sub(first).and_then(|place| usize::try_from(place).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::{Form, Party};
    use crate::packet::Peer;

    fn sender() -> Sender {
        let form = Form { peer: Peer::Aldis, run: 1, size: 60, client_ids: None };
        let party = |number| Party { number, username: "somebody" };
        let mut sender = Sender::new(Letter::new(form, party(0), party(1)));
        for at in [10, 11, 12] {
            sender.send(at, &mut Vec::new());
        }
        sender
    }

    #[test]
    fn acknowledgements_come_in_any_order() {
        let mut sender = sender();
        assert_eq!(sender.acknowledge(Some(1)), Ok(11));
        assert_eq!((sender.is_acknowledged(0), sender.is_acknowledged(1)), (false, true));
        assert_eq!(sender.acknowledge(Some(0)), Ok(10));
        assert_eq!(sender.acknowledge(None), Ok(12));
        assert_eq!((sender.sent(), sender.in_flight()), (3, 0));
        assert!(sender.is_acknowledged(2));
    }

    #[test]
    fn what_was_not_sent_or_is_acknowledged_cannot_be() {
        let mut sender = sender();
        assert!(sender.acknowledge(Some(3)).is_err());
        sender.acknowledge(Some(1)).unwrap();
        assert!(sender.acknowledge(Some(1)).is_err());
        sender.acknowledge(Some(0)).unwrap();
        assert!(sender.acknowledge(Some(0)).is_err());
    }
}
