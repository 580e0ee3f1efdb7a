//! The frame codec beside another one: the same messages, or both refuse, whatever comes in whatever pieces.

#[path = "support/client.rs"]
mod client;

use std::io::{self, Read, Write};

use client::frame;
use proptest::prelude::*;
use socketio::codec::{Flow, Incoming, Reader, Violation};
use tungstenite::{
    Error, Message,
    protocol::{Role, WebSocket, WebSocketConfig, frame::coding::CloseCode},
};

const LIMIT: usize = 300;

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close,
    Refused,
}

/// What this crate makes of chunks. `turn` is how many messages are taken before it is asked to go on.
fn ours(chunks: &[Vec<u8>], turn: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut reader = Reader::default();
    for chunk in chunks {
        let mut left = turn;
        let mut take = |incoming: Incoming<'_>| {
            seen.push(match incoming {
                Incoming::Text(text) => Seen::Text(text.to_owned()),
                Incoming::Binary(bytes) => Seen::Binary(bytes.to_vec()),
                Incoming::Ping(payload) => Seen::Ping(payload.to_vec()),
                Incoming::Pong => Seen::Pong,
                Incoming::Close => return Err(Seen::Close),
                Incoming::Part => return Ok(Flow::Next),
            });
            left = left.checked_sub(1).unwrap_or(turn);
            Ok(if left == 0 { Flow::Stop } else { Flow::Next })
        };
        let mut result = reader.feed(&mut chunk.clone(), LIMIT, &mut take);
        while let Ok(Flow::Stop) = result {
            result = reader.resume(LIMIT, &mut take);
        }
        match result {
            Ok(_) => {}
            Err(end) => {
                seen.push(end);
                return seen;
            }
        }
    }
    seen
}

/// Gives chunks, then nothing more yet.
struct Chunks<'a>(std::slice::Iter<'a, Vec<u8>>);

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.0.next().ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..chunk.len()].copy_from_slice(chunk);
        Ok(chunk.len())
    }
}

impl Write for Chunks<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(chunks: &[Vec<u8>]) -> Vec<Seen> {
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Chunks(chunks.iter()), Role::Server, Some(config));
    let mut seen = Vec::new();
    loop {
        seen.push(match socket.read() {
            Ok(Message::Text(text)) => Seen::Text(text.to_string()),
            Ok(Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(Message::Pong(_)) => Seen::Pong,
            // It answers a close frame that is not allowed with this one.
            Ok(Message::Close(Some(frame)))
                if frame.code == CloseCode::Protocol && frame.reason.as_str() == "Protocol violation" =>
            {
                Seen::Refused
            }
            Ok(Message::Close(_)) => Seen::Close,
            Ok(Message::Frame(_)) => unreachable!("not given when reading"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return seen,
            Err(_) => Seen::Refused,
        });
        if let Some(Seen::Close | Seen::Refused) = seen.last() {
            return seen;
        }
    }
}

/// A frame, mostly one that is allowed.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        4 => "[ -~]{0,40}".prop_map(String::into_bytes),
        2 => "[a-zé€😀]{0,40}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 100..160),
        1 => prop::collection::vec(any::<u8>(), 290..310),
    ];
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let close = prop::sample::select(vec![
        1000_u16, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1013, 1014, 1015, 2999, 3000, 4999, 5000,
    ]);
    (first, payload, close).prop_map(|(first, payload, code)| {
        if first == 0x88 && payload.len() % 3 > 0 {
            frame(first, &[&code.to_be_bytes()[..], &payload].concat())
        } else {
            frame(first, &payload)
        }
    })
}

/// Cuts bytes at any places, and adds what completes and then ends everything: one of the two may see at once
/// what the other sees when a frame is complete.
fn cut(bytes: &[u8], places: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<_> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    places.dedup();
    let mut chunks = Vec::new();
    let mut start = 0;
    for end in places.into_iter().chain([bytes.len()]) {
        if end > start {
            chunks.push(bytes[start..end].to_vec());
            start = end;
        }
    }
    chunks.push(vec![0; LIMIT + 100]);
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn frames_mean_the_same(
        frames in prop::collection::vec(any_frame(), 1..8),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        turn in 1..4_usize,
    ) {
        let mut bytes = frames.concat();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let chunks = cut(&bytes, &places);
        let ours = ours(&chunks, turn);
        prop_assert_eq!(&ours, &theirs(&chunks));
    }

    #[test]
    fn noise_means_the_same(bytes in prop::collection::vec(any::<u8>(), 0..40), turn in 1..4_usize) {
        let chunks = cut(&bytes, &[]);
        prop_assert_eq!(ours(&chunks, turn), theirs(&chunks));
    }
}

impl From<Violation> for Seen {
    fn from(_: Violation) -> Self {
        Self::Refused
    }
}
