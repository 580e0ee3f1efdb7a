//! Frames in any pieces mean what they mean in one piece, and nothing is kept beyond the limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio::codec::{Flow, Incoming, Reader, Violation};

const LIMIT: usize = 1000;

/// What was seen, up to a violation.
fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>, turn: usize) -> Vec<String> {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    for chunk in chunks {
        let mut left = turn;
        let mut take = |incoming: Incoming<'_>| {
            let length = match incoming {
                Incoming::Text(text) => text.len(),
                Incoming::Binary(bytes) => bytes.len(),
                _ => 0,
            };
            assert!(length <= LIMIT);
            seen.push(format!("{incoming:?}"));
            left = left.checked_sub(1).unwrap_or(turn);
            Ok::<_, Violation>(if left == 0 { Flow::Stop } else { Flow::Next })
        };
        let mut result = reader.feed(&mut chunk.to_vec(), LIMIT, &mut take);
        while let Ok(Flow::Stop) = result {
            result = reader.resume(LIMIT, &mut take);
        }
        if let Err(violation) = result {
            seen.push(violation.to_string());
            return seen;
        }
    }
    seen
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (size, turn, bytes) = input;
    let whole = read(std::iter::once(bytes), usize::MAX);
    let pieces = read(bytes.chunks(usize::from(size).max(1)), usize::from(turn).max(1));
    assert_eq!(whole, pieces);
});
