//! A device that catches up in one of three ways, and is cut at random.
//!
//! Its flush is what the server does with [`Syncs::page`]: it takes the pages, keeps a cursor or moves the mark, and begins
//! again from there when it was cut.
//!
//! [`Syncs::page`]: domain::Syncs::page

use std::collections::BTreeSet;

use domain::store::{Position, Since};
use domain::{LogReader, Page};
use protocol::{Message, MessageId};

use super::checks::{Contents, Received, state};
use super::traffic::{Draw, NAMES, Traffic};

/// How a device catches up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CatchUp {
    /// By the flush, with the cursor of the last `sync:done`. If it is cut before the next one, it forgets what it got.
    Cursor,
    /// By `sync`, with the cursor of each answer.
    Sync,
    /// By the flush, without a cursor. It knows what its person sent from the acknowledgements.
    Plain,
}

/// A device of a person.
pub(super) struct Device {
    /// The person, by their place in [`NAMES`].
    pub(super) who: usize,
    pub(super) catch_up: CatchUp,
    pub(super) contents: Contents,
    /// How many acknowledgements a plain device has taken.
    acknowledged: usize,
    /// Messages that a plain device was sent and has not proved to have. They may come again.
    pub(super) in_doubt: BTreeSet<MessageId>,
    /// How often it was cut while it caught up.
    pub(super) cuts: usize,
}

/// Whether things happen while a device catches up: in all rounds but the last, which is not cut.
fn is_restless(most: usize) -> bool {
    most < usize::MAX / 2
}

impl Device {
    pub(super) async fn new(who: usize, catch_up: CatchUp, traffic: &Traffic) -> Self {
        let syncs = &traffic.world.domain.syncs;
        let contents =
            Contents { cursor: syncs.cursor(syncs.position().await.unwrap()), ..Contents::default() };
        let (in_doubt, acknowledged) = (BTreeSet::new(), traffic.acknowledged[who].len());
        Self { who, catch_up, contents, acknowledged, in_doubt, cuts: 0 }
    }

    /// Connects and catches up, while things happen. Is cut after `most` events if it has not caught up by then.
    pub(super) async fn connect(&mut self, traffic: &mut Traffic, draw: &mut Draw, most: usize) {
        match self.catch_up {
            CatchUp::Cursor => self.flush(traffic, draw, most).await,
            CatchUp::Plain => self.flush_plain(traffic, draw, most).await,
            CatchUp::Sync => while !self.sync(traffic, draw, most).await {},
        }
    }

    async fn reader(&self, traffic: &Traffic, since: Since) -> (LogReader, Position) {
        let syncs = &traffic.world.domain.syncs;
        let upto = syncs.position().await.unwrap();
        (syncs.reader(traffic.people[self.who].person.id, since, upto).await.unwrap(), upto)
    }

    async fn flush(&mut self, traffic: &mut Traffic, draw: &mut Draw, mut most: usize) {
        let since = traffic.world.domain.syncs.resume(&self.contents.cursor).unwrap();
        let (mut reader, upto) = self.reader(traffic, Since::Position(since)).await;
        let restless = is_restless(most);
        let mut received = Received::new(since, restless);
        let mut contents = self.contents.clone();
        self.meanwhile(traffic, draw, most).await;
        while let Some(Page { deliveries, .. }) = traffic.world.domain.syncs.page(&mut reader).await.unwrap()
        {
            for delivery in deliveries {
                if most == 0 {
                    self.cuts += 1;
                    return;
                }
                most -= 1;
                self.take(traffic, &mut contents, &mut received, delivery).await;
            }
            self.meanwhile(traffic, draw, most).await;
        }
        assert_eq!(reader.reached(), upto);
        contents.is_up_to(traffic, upto);
        contents.cursor = traffic.world.domain.syncs.cursor(upto);
        self.contents = contents;
    }

    /// Asks for one page. True if it has everything now, or was cut.
    async fn sync(&mut self, traffic: &mut Traffic, draw: &mut Draw, most: usize) -> bool {
        let user = traffic.people[self.who].person.id;
        let limit = 1 + draw.below(40);
        let (syncs, cursor) = (&traffic.world.domain.syncs, Some(&*self.contents.cursor));
        let mut reader = syncs.reader_after(user, cursor, u32::try_from(limit).ok()).await.unwrap();
        let mut received = Received::new(Position::default(), is_restless(most));
        let mut contents = self.contents.clone();
        self.meanwhile(traffic, draw, most).await;
        while let Some(page) = traffic.world.domain.syncs.page(&mut reader).await.unwrap() {
            for delivery in page.deliveries {
                self.take(traffic, &mut contents, &mut received, delivery).await;
            }
            self.meanwhile(traffic, draw, most).await;
        }
        assert!(received.marks.len() <= limit);
        if most < usize::MAX && draw.once_in(4) {
            // The answer is lost, so the device forgets the events of this page.
            self.cuts += 1;
            return true;
        }
        contents.cursor = traffic.world.domain.syncs.cursor(reader.reached());
        if reader.is_done() {
            contents.is_up_to(traffic, reader.reached());
        }
        self.contents = contents;
        reader.is_done()
    }

    async fn flush_plain(&mut self, traffic: &mut Traffic, draw: &mut Draw, mut most: usize) {
        self.take_acknowledgements(traffic);
        let (mut reader, before) = self.reader(traffic, Since::Delivered).await;
        let mut received = Received::new(Position::default(), is_restless(most));
        let mut contents = self.contents.clone();
        self.meanwhile(traffic, draw, most).await;
        let mut cut = false;
        'flush: while let Some(page) = traffic.world.domain.syncs.page(&mut reader).await.unwrap() {
            for delivery in page.deliveries {
                if most == 0 {
                    cut = true;
                    break 'flush;
                }
                most -= 1;
                if delivery.own {
                    // Known from the acknowledgement. What its person sends during the flush is above `before`.
                    assert!(delivery.position <= before);
                    received.marks.push((delivery.conversation, delivery.seq, None));
                    continue;
                }
                self.take(traffic, &mut contents, &mut received, delivery).await;
            }
            received.marks.extend(page.skipped.into_iter().map(|(key, seq)| (key, seq, None)));
            self.meanwhile(traffic, draw, most).await;
        }
        if !cut {
            contents.is_up_to(traffic, before);
        }
        self.contents = contents;
        self.take_acknowledgements(traffic);
        // The device has answered a ping after some of the events: those are proved.
        let proved = if cut { draw.below(received.marks.len() + 1) } else { received.marks.len() };
        self.cuts += usize::from(cut);
        let user = traffic.people[self.who].person.id;
        for &(key, seq, message) in &received.marks[..proved] {
            traffic.world.domain.receipts.delivered(user, key, seq);
            if let Some(message) = message {
                self.in_doubt.remove(&message);
            }
        }
        self.in_doubt.extend(received.marks[proved..].iter().filter_map(|(_, _, message)| *message));
        if draw.once_in(2) {
            traffic.world.domain.receipts.run(std::future::ready(())).await;
        }
    }

    /// Lets a few things happen while it catches up, except in the last round.
    async fn meanwhile(&self, traffic: &mut Traffic, draw: &mut Draw, most: usize) {
        if is_restless(most) {
            for _ in 0..draw.below(6) {
                traffic.step(draw).await;
            }
        }
    }

    /// Takes the messages of its person's new acknowledgements.
    fn take_acknowledgements(&mut self, traffic: &Traffic) {
        let acknowledged = &traffic.acknowledged[self.who];
        for message in &acknowledged[self.acknowledged..] {
            let contents = &mut self.contents.messages;
            // A message of somebody else that it lacks will come as new.
            let lacks = |contents: Option<&Message>| match contents {
                Some(contents) => state(contents) < state(message),
                None => message.sender == NAMES[self.who],
            };
            if lacks(contents.get(&message.id)) {
                contents.insert(message.id, message.clone());
            }
        }
        self.acknowledged = acknowledged.len();
    }
}
