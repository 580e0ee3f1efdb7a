//! JSON for what is sent most: written straight into the buffer that is sent. serde would ask for each key
//! and each digit of an id whether it needs an escape.

use std::io::Write;

use serde::Serialize;

/// Writes a string literal.
pub(crate) fn string(json: &mut Vec<u8>, text: &str) {
    json.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = plain(rest);
        json.extend_from_slice(&rest[..plain]);
        let Some(&byte) = rest.get(plain) else { break };
        escape(json, byte);
        rest = &rest[plain + 1..];
    }
    json.push(b'"');
}

/// Writes what holds nothing to be escaped, in quotes.
pub(crate) fn quoted(json: &mut Vec<u8>, plain: &[u8]) {
    json.push(b'"');
    json.extend_from_slice(plain);
    json.push(b'"');
}

/// Writes a number.
pub(crate) fn number(json: &mut Vec<u8>, number: u64) {
    write!(json, "{number}").expect("memory takes everything");
}

/// Writes a member of an object that few have, as serde does; `key` with its comma, quotes and colon.
pub(crate) fn member(json: &mut Vec<u8>, key: &[u8], value: &impl Serialize) {
    json.extend_from_slice(key);
    serde_json::to_writer(json, value).expect("a wire type is JSON, and memory takes everything");
}

/// How many bytes stand before the first that must be escaped (RFC 8259, section 7).
fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes[at..].first_chunk::<8>()
        && is_plain(u64::from_ne_bytes(*word))
    {
        at += 8;
    }
    let rest = bytes[at..].iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
    rest.map_or(bytes.len(), |rest| at + rest)
}

/// Whether none of eight bytes is a quote, a backslash or a control character. The transport, which knows
/// nothing of this crate, checks what clients send in the same way (`socketio/json.rs`).
fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGH;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | equal(b'"') | equal(b'\\') == 0
}

fn escape(json: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            write!(json, "\\u{byte:04x}").expect("memory takes everything");
            return;
        }
    };
    json.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_serde_writes_them() {
        let all: String = (0..0x180).filter_map(char::from_u32).collect();
        let mut texts = vec![String::new(), all.clone(), "\u{2028}\u{1f600}".into()];
        for length in 0..20 {
            for at in 0..length {
                for odd in ['"', '\\', '\n', '\0', '\x1f', '\x7f', 'é', '\u{80}', ' ', '!', '#', '[', ']'] {
                    let mut text = vec!['a'; length];
                    text[at] = odd;
                    texts.push(text.into_iter().collect());
                }
            }
        }
        for text in texts {
            let mut json = Vec::new();
            string(&mut json, &text);
            assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
