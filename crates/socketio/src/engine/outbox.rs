//! What waits for a transport to take it.

use std::{cell::Cell, collections::VecDeque};

use super::{
    doubt::Doubt,
    frame::MAX_HEADER,
    item::{After, Item, Note, Role, Taken},
};

/// How many packets a polling response holds at most. The protocol has no such limit; the Python library
/// (`Payload.max_decode_packets` of python-engineio) takes 16 and drops the connection over more.
const RESPONSE_PACKETS: usize = 16;

/// How the transport's side of a session stands.
#[derive(Clone, Copy)]
pub(crate) struct Standing {
    /// A mark is in doubt that no ping on its way will prove.
    pub(crate) needs_ping: bool,
    /// So much is in doubt that nothing more is to be sent.
    pub(crate) doubt_is_full: bool,
    /// Bytes of answers that the transport has taken, or that left with their lane, since the last call of
    /// [`Outbox::take_standing`].
    pub(crate) answered: usize,
}

/// The capacity, in packets, up to which the memory of an empty queue is kept for the next busy one.
const SPARE_ITEMS: usize = 64;

/// Pings that may wait for the transport or for their pongs. One is the heartbeat's, or that of an earlier asking.
const MOST_PINGS: u8 = 2;

thread_local! {
    static SPARE: Cell<VecDeque<Item>> = const { Cell::new(VecDeque::new()) };
}

/// The packets that wait, oldest first. Empty, it holds no memory.
#[derive(Default)]
pub(crate) struct Outbox {
    items: VecDeque<Item>,
    /// How much of the first packet's frame is taken.
    offset: usize,
    /// How many packets are in a response that is on its way.
    responding: usize,
    bytes: usize,
    /// How many of the bytes are answers.
    answers: usize,
    /// See [`Standing::answered`].
    answered: usize,
    /// Pings that wait for the transport, or for their pongs: at most [`MOST_PINGS`].
    pings: u8,
    /// How many of them wait for their pongs.
    unanswered: u8,
    /// What was taken and is in doubt.
    doubt: Option<Box<Doubt>>,
}

impl Outbox {
    /// What waits, as `max_pending_bytes` counts it.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the answers, or all other packets together, take more than `limit` bytes.
    pub(crate) fn is_over(&self, limit: usize) -> bool {
        self.answers > limit || self.bytes - self.answers > limit
    }

    /// How the queue stands. Begins to count [`Standing::answered`] anew.
    pub(crate) fn take_standing(&mut self) -> Standing {
        let answered = std::mem::take(&mut self.answered);
        let doubt = self.doubt.as_deref();
        Standing {
            needs_ping: doubt.is_some_and(Doubt::needs_ping),
            doubt_is_full: doubt.is_some_and(Doubt::is_full),
            answered,
        }
    }

    /// How many bytes of answers wait.
    pub(crate) fn answers(&self) -> usize {
        self.answers
    }

    pub(crate) fn push(&mut self, item: Item) {
        if self.items.capacity() == 0 {
            self.items = SPARE.take();
        }
        self.bytes += item.cost();
        if item.is_answer() {
            self.answers += item.cost();
        }
        self.items.push_back(item);
    }

    /// Queues a ping behind everything, also where one was sent already, which does not prove what was queued since.
    /// Nothing where two were sent, or one waits.
    pub(crate) fn ping(&mut self) {
        // One that waits already is not behind everything; but another would leave no room for the heartbeat's.
        if self.pings == self.unanswered && self.pings < MOST_PINGS {
            self.pings += 1;
            self.push(Item::ping());
        }
    }

    /// Queues a ping before all that nothing was sent of yet, unless one is on its way.
    pub(crate) fn ping_first(&mut self) {
        if self.unanswered == 0 && self.pings < MOST_PINGS {
            self.pings += 1;
            let ping = Item::ping();
            self.bytes += ping.cost();
            self.items.insert(self.begun(), ping);
        }
    }

    /// The pong of a ping that was taken has come: what the client has.
    pub(crate) fn ponged(&mut self) -> Vec<Note> {
        self.pings -= 1;
        self.unanswered -= 1;
        let proven = self.doubt.as_deref_mut().map(Doubt::proven).unwrap_or_default();
        self.doubt.take_if(|doubt| doubt.is_empty());
        proven
    }

    /// How many packets are being sent, in part or as a whole.
    fn begun(&self) -> usize {
        self.responding.max(usize::from(self.offset > 0))
    }

    /// Copies WebSocket frames into `buffer` until it is `limit` long.
    pub(crate) fn copy_frames(&self, buffer: &mut Vec<u8>, limit: usize) {
        let mut skip = self.offset;
        let mut header = [0; MAX_HEADER];
        for item in &self.items {
            for part in item.frame(&mut header) {
                let (taken, part) = part.split_at(skip.min(part.len()));
                skip -= taken.len();
                let room = limit - buffer.len();
                buffer.extend_from_slice(&part[..part.len().min(room)]);
            }
            if buffer.len() == limit {
                return;
            }
        }
    }

    /// Records that the transport has taken `bytes` of the frames.
    pub(crate) fn advance(&mut self, bytes: usize, taken: &mut Vec<Taken>) -> Standing {
        self.offset += bytes;
        while let Some(front) = self.items.front() {
            let length = front.frame_length();
            if self.offset < length {
                break;
            }
            self.offset -= length;
            self.pop(taken);
        }
        self.release();
        self.take_standing()
    }

    /// Writes a polling payload of what waits: at least one packet, at most [`RESPONSE_PACKETS`], and no more
    /// once it is over `limit`. [`Outbox::responded`] is to follow.
    pub(crate) fn respond(&mut self, limit: usize) -> Vec<u8> {
        let mut payload = Vec::new();
        for item in self.items.iter().take(RESPONSE_PACKETS) {
            if !payload.is_empty() && payload.len() + item.payload() > limit {
                break;
            }
            self.responding += 1;
            item.add_to(&mut payload);
        }
        payload
    }

    /// Records that the transport has taken the response.
    pub(crate) fn responded(&mut self, taken: &mut Vec<Taken>) -> Standing {
        for _ in 0..std::mem::take(&mut self.responding) {
            self.pop(taken);
        }
        self.release();
        self.take_standing()
    }

    /// Drops the packets of a lane that are not being sent yet. Gives the notes of the lane that the client
    /// is not known to have, also of the packets that stay.
    pub(crate) fn remove_lane(&mut self, lane: u32) -> Vec<Note> {
        let mut removed = self.remove_doubt(lane);
        let mut index = 0;
        let (begun, mut freed, mut answers) = (self.begun(), 0, 0);
        self.items.retain_mut(|item| {
            let keep = item.lane != lane || index < begun;
            index += 1;
            if item.lane == lane {
                removed.extend(item.note());
                let cost = item.cost();
                freed += if keep { 0 } else { cost };
                answers += if item.is_answer() { cost } else { 0 };
                item.after = After::Tell(Role::Plain);
            }
            keep
        });
        self.bytes -= freed;
        self.answers -= answers;
        self.answered += answers;
        self.release();
        removed
    }

    /// What is in doubt of a lane.
    pub(crate) fn remove_doubt(&mut self, lane: u32) -> Vec<Note> {
        self.doubt.as_deref_mut().map(|doubt| doubt.remove_lane(lane)).unwrap_or_default()
    }

    /// Takes the senders of [`After::Drained`] out of the queue. The caller drops them, which tells those who
    /// wait.
    pub(crate) fn waiting(&mut self) -> Vec<After> {
        let waiting = self.items.iter_mut().filter(|item| matches!(item.after, After::Drained(_)));
        waiting.map(|item| std::mem::replace(&mut item.after, After::Tell(Role::Plain))).collect()
    }

    /// Lets go of everything; gives what the client is not known to have.
    pub(crate) fn drain(self) -> Vec<Note> {
        let doubt = self.doubt.into_iter().flat_map(|mut doubt| doubt.drain());
        doubt.chain(self.items.iter().filter_map(Item::note)).collect()
    }

    /// Lets go of the newest packets, all but `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        for item in self.items.drain(length..) {
            self.bytes -= item.cost();
            self.answers -= if item.is_answer() { item.cost() } else { 0 };
        }
        self.release();
    }

    /// Whether something waits that nothing was sent of yet.
    pub(crate) fn is_ready(&self) -> bool {
        !self.items.is_empty() && self.offset == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the transport stands between two packets.
    pub(crate) fn is_between_packets(&self) -> bool {
        self.offset == 0
    }

    fn pop(&mut self, taken: &mut Vec<Taken>) {
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.cost();
            match item.after {
                After::Tell(Role::Plain) => {}
                After::Tell(Role::Answer) => {
                    self.answers -= item.cost();
                    self.answered += item.cost();
                }
                After::Tell(Role::Marked(mark)) => {
                    self.doubt.get_or_insert_default().taken(Note { lane: item.lane, mark });
                }
                after => {
                    if let After::Ping = after {
                        if let Some(doubt) = &mut self.doubt {
                            doubt.pinged(self.unanswered > 0);
                        }
                        self.unanswered += 1;
                    }
                    taken.push(Taken { lane: item.lane, after });
                }
            }
        }
    }

    /// An empty queue gives its memory back: to its thread, whose next busy queue takes it.
    fn release(&mut self) {
        if self.items.is_empty() && self.items.capacity() > 0 {
            let items = std::mem::take(&mut self.items);
            if items.capacity() <= SPARE_ITEMS {
                SPARE.set(items);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{
        super::{
            head::Head,
            item::{Content, Mark, PACKET_OVERHEAD},
            packet::SEPARATOR,
        },
        *,
    };

    fn text(lane: u32, body: &str, role: Role) -> Item {
        let content = Content::Text(Head::from("2"), body.as_bytes().into());
        Item { content, lane, after: After::Tell(role) }
    }

    fn mark(number: u64) -> Role {
        Role::Marked(Mark(number, 0))
    }

    /// Some packets of every kind.
    fn some() -> Outbox {
        let mut outbox = Outbox::default();
        outbox.push(text(1, "[\"a\"]", mark(1)));
        outbox.push(Item::new(Content::Binary(Bytes::from(vec![7; 300]))));
        outbox.push(Item::new(Content::Pong(Bytes::from_static(b"p"))));
        outbox.push(Item::new(Content::Nothing));
        outbox.push(text(2, &"b".repeat(70_000), mark(2)));
        outbox
    }

    fn whole(outbox: &Outbox) -> Vec<u8> {
        let mut buffer = Vec::new();
        outbox.copy_frames(&mut buffer, usize::MAX);
        buffer
    }

    fn marks(notes: &[Note]) -> Vec<u64> {
        notes.iter().map(|note| note.mark.0).collect()
    }

    /// What was taken and is in doubt.
    fn in_doubt(outbox: &Outbox) -> Vec<u64> {
        let mut doubt = outbox.doubt.as_deref().cloned().unwrap_or_default();
        marks(&doubt.drain().collect::<Vec<_>>())
    }

    #[test]
    fn frames_are_the_same_however_they_are_taken() {
        let expected = whole(&some());
        assert!(expected.starts_with(b"\x81\x0742[\"a\"]\x82\x7e\x01\x2c\x07"));
        for (step, limit) in [(1, 5), (3, 4), (7, 100), (1000, 1000), (64 * 1024, 64 * 1024)] {
            let mut outbox = some();
            let (mut sent, mut taken) = (Vec::new(), Vec::new());
            loop {
                let mut buffer = Vec::new();
                outbox.copy_frames(&mut buffer, limit);
                if buffer.is_empty() {
                    break;
                }
                assert!(buffer.len() <= limit);
                buffer.truncate(step);
                sent.extend_from_slice(&buffer);
                outbox.advance(buffer.len(), &mut taken);
            }
            assert!(sent == expected, "{step} {limit}");
            assert_eq!(in_doubt(&outbox), [1, 2]);
            assert_eq!((outbox.bytes(), outbox.len(), outbox.items.capacity()), (0, 0, 0));
        }
    }

    #[test]
    fn a_ping_overtakes_all_but_what_is_being_sent() {
        let mut taken = Vec::new();
        let mut outbox = some();
        outbox.ping_first();
        assert!(whole(&outbox).starts_with(b"\x81\x012\x81\x0742"));
        let mut outbox = some();
        outbox.advance(1, &mut taken);
        outbox.ping_first();
        assert!(whole(&outbox).starts_with(b"\x0742[\"a\"]\x81\x012\x82"));
        // A response is sent as a whole.
        let mut outbox = some();
        assert!(outbox.respond(1000).starts_with(b"42[\"a\"]\x1eb"));
        outbox.ping_first();
        outbox.responded(&mut taken);
        assert_eq!(in_doubt(&outbox), [1]);
        assert!(outbox.respond(1000) == b"2");
        outbox.responded(&mut taken);
        assert!(matches!(taken.last().map(|taken| &taken.after), Some(After::Ping)));
        assert_eq!(outbox.respond(1000).len(), 70_002);
        outbox.responded(&mut taken);
        assert_eq!(in_doubt(&outbox), [1, 2]);
        assert_eq!((outbox.bytes(), outbox.len()), (0, 0));
        // The pong proves what was taken before the ping.
        assert_eq!(marks(&outbox.ponged()), [1]);
        assert_eq!(in_doubt(&outbox), [2]);
        outbox.ping();
        outbox.respond(1000);
        outbox.responded(&mut taken);
        assert_eq!(marks(&outbox.ponged()), [2]);
        assert!(outbox.doubt.is_none());
    }

    #[test]
    fn a_ping_of_the_heartbeat_overtakes_one_that_was_asked_for() {
        let mut taken = Vec::new();
        let mut outbox = some();
        outbox.ping();
        // One that waits is enough.
        outbox.ping();
        outbox.ping_first();
        let frames = whole(&outbox);
        assert!(frames.starts_with(b"\x81\x012\x81\x0742") && frames.ends_with(b"bbb\x81\x012"));
        outbox.advance(frames.len(), &mut taken);
        outbox.ping();
        outbox.ping_first();
        assert_eq!(outbox.len(), 0);
        assert_eq!(marks(&outbox.ponged()), [0; 0]);
        assert_eq!(marks(&outbox.ponged()), [1, 2]);
    }

    #[test]
    fn answers_are_counted_apart() {
        let mut outbox = Outbox::default();
        outbox.push(text(1, "event", mark(1)));
        for body in ["first", "other", "third"] {
            outbox.push(text(1, body, Role::Answer));
        }
        let one = PACKET_OVERHEAD + 2 + 5;
        assert_eq!((outbox.bytes(), outbox.answers()), (4 * one, 3 * one));
        assert!(!outbox.is_over(3 * one) && outbox.is_over(3 * one - 1));
        let length = outbox.items[0].frame_length() + outbox.items[1].frame_length();
        assert_eq!(outbox.advance(length, &mut Vec::new()).answered, one);
        outbox.truncate(1);
        assert_eq!((outbox.answers(), outbox.take_standing().answered), (one, 0));
        outbox.remove_lane(1);
        assert_eq!((outbox.bytes(), outbox.answers(), outbox.take_standing().answered), (0, 0, one));
    }

    #[test]
    fn a_response_holds_no_more_than_any_client_takes() {
        let mut outbox = Outbox::default();
        for _ in 0..=RESPONSE_PACKETS {
            outbox.push(text(1, "x", Role::Plain));
        }
        let count = |payload: Vec<u8>| payload.split(|byte| *byte == SEPARATOR).count();
        assert_eq!(count(outbox.respond(1000)), RESPONSE_PACKETS);
        outbox.responded(&mut Vec::new());
        assert_eq!(count(outbox.respond(1000)), 1);
    }

    #[test]
    fn a_lane_is_removed_but_for_what_is_being_sent() {
        let mut taken = Vec::new();
        let mut outbox = some();
        outbox.push(text(1, "late", mark(3)));
        outbox.advance(3, &mut taken);
        assert_eq!(marks(&outbox.remove_lane(1)), [1, 3]);
        let rest = whole(&outbox);
        assert!(rest == whole(&some())[3..]);
        outbox.advance(rest.len(), &mut taken);
        assert_eq!(in_doubt(&outbox), [2]);
        assert_eq!(marks(&outbox.remove_lane(2)), [2]);
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn what_is_drained_or_cut_off_costs_nothing() {
        let mut outbox = some();
        let bytes = outbox.bytes();
        assert_eq!(bytes, 5 * PACKET_OVERHEAD + 7 + 300 + 1 + 70_002);
        outbox.push(text(3, "x", mark(3)));
        outbox.truncate(5);
        assert_eq!(outbox.bytes(), bytes);
        outbox.advance(whole(&outbox).len() - 10, &mut Vec::new());
        assert_eq!(in_doubt(&outbox), [1]);
        assert_eq!(marks(&outbox.drain()), [1, 2]);
    }
}
