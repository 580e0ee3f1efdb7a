//! What the transport has taken and the client is not known to have.

use std::collections::HashSet;

use super::item::Note;

/// Streams of marks that may be in doubt; past it nothing more is sent until the client has answered a ping.
const MOST: usize = 4096;
/// Notes that are kept as they come; past it, all but the last of each stream are let go.
const UNSORTED: usize = 256;

/// The marks of packets that the transport has taken, until the client proves that it has them.
///
/// The proof is the pong of a ping that was sent after the packet: the stream is in order, through any proxy.
/// A write that the kernel took proves nothing, since a network may vanish behind it. Neither does the next
/// poll of a client on polling: one that closes while a response is on its way throws the response away and
/// polls once more, and that poll may overtake its goodbye, which is another request.
#[derive(Clone, Default)]
pub(super) struct Doubt {
    /// Sent before the ping that is on its way, or the first of two.
    asked: Vec<Note>,
    /// Sent between that ping and the second.
    asked_second: Vec<Note>,
    /// Sent since.
    later: Vec<Note>,
    /// At how many `later` is cut down next.
    full: usize,
}

impl Doubt {
    /// The transport has taken a packet.
    pub(super) fn taken(&mut self, note: Note) {
        if let Some(last) = self.later.last_mut()
            && last.is_covered_by(note)
        {
            *last = note;
            return;
        }
        self.later.push(note);
        if self.later.len() >= self.full.max(UNSORTED) {
            cut_down(&mut self.later);
            self.full = 2 * self.later.len();
        }
    }

    /// The transport has taken a ping: its pong proves what was taken before. `second` says that another one is on
    /// its way already.
    pub(super) fn pinged(&mut self, second: bool) {
        let asked = if second { &mut self.asked_second } else { &mut self.asked };
        if asked.is_empty() {
            *asked = std::mem::take(&mut self.later);
        } else {
            asked.append(&mut self.later);
        }
        self.full = 0;
    }

    /// The pong has come: what the client has.
    pub(super) fn proven(&mut self) -> Vec<Note> {
        std::mem::replace(&mut self.asked, std::mem::take(&mut self.asked_second))
    }

    /// Whether there is something that no ping on its way will prove.
    pub(super) fn needs_ping(&self) -> bool {
        !self.later.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.asked_second.is_empty() && self.later.is_empty()
    }

    /// Whether so much is in doubt that nothing more is to be sent.
    pub(super) fn is_full(&self) -> bool {
        self.asked.len() + self.asked_second.len() + self.later.len() >= MOST
    }

    /// Gives what belongs to a lane, and forgets it.
    pub(super) fn remove_lane(&mut self, lane: u32) -> Vec<Note> {
        let all = [&mut self.asked, &mut self.asked_second, &mut self.later];
        all.into_iter().flat_map(|notes| notes.extract_if(.., |note| note.lane == lane)).collect()
    }

    /// Gives everything, and forgets it.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Note> + use<> {
        let Self { asked, asked_second, later, .. } = std::mem::take(self);
        asked.into_iter().chain(asked_second).chain(later)
    }
}

/// Keeps the last note of each stream, in their order.
fn cut_down(notes: &mut Vec<Note>) {
    let mut seen = HashSet::with_capacity(notes.len());
    notes.reverse();
    notes.retain(|note| seen.insert((note.lane, note.mark.0)));
    notes.reverse();
    notes.shrink_to(UNSORTED);
}

#[cfg(test)]
mod tests {
    use super::{super::item::Mark, *};

    fn note(stream: u64, place: u64) -> Note {
        Note { lane: 1, mark: Mark(stream, place) }
    }

    fn marks(notes: impl IntoIterator<Item = Note>) -> Vec<Mark> {
        notes.into_iter().map(|note| note.mark).collect()
    }

    #[test]
    fn a_pong_proves_what_was_taken_before_its_ping() {
        let mut doubt = Doubt::default();
        doubt.taken(note(1, 1));
        doubt.taken(note(2, 1));
        assert!(doubt.needs_ping());
        doubt.pinged(false);
        assert!(!doubt.needs_ping());
        doubt.taken(note(1, 2));
        assert_eq!(marks(doubt.proven()), [Mark(1, 1), Mark(2, 1)]);
        assert!(doubt.needs_ping());
        assert_eq!(marks(doubt.proven()), []);
        doubt.pinged(false);
        doubt.taken(note(3, 1));
        assert_eq!(marks(doubt.drain()), [Mark(1, 2), Mark(3, 1)]);
        assert!(doubt.is_empty());
    }

    #[test]
    fn each_of_two_pings_proves_what_was_taken_before_it() {
        let mut doubt = Doubt::default();
        doubt.pinged(false);
        doubt.taken(note(1, 1));
        doubt.pinged(true);
        doubt.taken(note(2, 1));
        assert_eq!(marks(doubt.proven()), []);
        assert_eq!(marks(doubt.proven()), [Mark(1, 1)]);
        assert_eq!(marks(doubt.drain()), [Mark(2, 1)]);
    }

    #[test]
    fn a_later_mark_stands_for_those_before_it_in_its_stream() {
        let mut doubt = Doubt::default();
        for place in 1..=100_000 {
            doubt.taken(note(1, place));
        }
        assert_eq!(marks(doubt.drain()), [Mark(1, 100_000)]);
        // Also in turns, where it takes a little more.
        for place in 1..=100_000 {
            doubt.taken(note(place % 100, place));
            assert!(doubt.later.len() <= UNSORTED);
        }
        let left = marks(doubt.drain());
        assert_eq!(
            left[left.len() - 100..],
            (99_901..=100_000).map(|n| Mark(n % 100, n)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn streams_are_bounded() {
        let mut doubt = Doubt::default();
        for stream in 0..MOST as u64 {
            assert!(!doubt.is_full());
            doubt.taken(note(stream, 1));
        }
        assert!(doubt.is_full());
        doubt.pinged(false);
        assert!(doubt.is_full());
        assert_eq!(doubt.proven().len(), MOST);
        assert!(!doubt.is_full());
    }

    #[test]
    fn a_lane_leaves_with_its_own() {
        let mut doubt = Doubt::default();
        doubt.taken(note(1, 1));
        doubt.taken(Note { lane: 2, mark: Mark(1, 9) });
        doubt.pinged(false);
        doubt.taken(note(1, 2));
        assert_eq!(marks(doubt.remove_lane(1)), [Mark(1, 1), Mark(1, 2)]);
        assert_eq!(marks(doubt.proven()), [Mark(1, 9)]);
    }
}
