//! Arguments: what an event or an acknowledgement carries.

use std::{cell::Cell, fmt, marker::PhantomData, sync::Arc};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use crate::{
    json,
    placeholder::{Placeholder, has_placeholders},
};

/// Names that the client libraries keep for themselves; no event may have them.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The arguments of an event (with its name) or of an acknowledgement, as JSON, with their attachments.
///
/// Encoded once and cheap to clone: one payload can be emitted to any number of sockets.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// A JSON array, in UTF-8.
    json: Arc<[u8]>,
    /// Where the arguments begin, past the name.
    arguments: u32,
    attachments: Option<Arc<[Bytes]>>,
}

/// Why arguments cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// They cannot be written as JSON.
    #[error("the arguments are not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// They are not a tuple, an array or a list.
    #[error("the arguments are not a list")]
    NotAList,
    /// The client libraries keep the name for themselves.
    #[error("the event name is reserved")]
    Reserved,
    /// There is not exactly one [`Placeholder`] for each attachment.
    #[error("the placeholders do not match the attachments")]
    Attachments,
    /// More than 4 GiB.
    #[error("the arguments are too large")]
    TooLarge,
}

impl Payload {
    /// An event with its arguments: a tuple, an array or a list of what serde can
    /// write; `()` for none.
    pub fn event(name: &str, arguments: &impl Serialize) -> Result<Self, EncodeError> {
        named(name, |json| {
            let start = json.len();
            serde_json::to_writer(&mut *json, arguments)?;
            match &json[start..] {
                b"[]" => drop(json.remove(start)),
                b"null" => json.splice(start.., *b"]").for_each(drop),
                [b'[', ..] => json[start] = b',',
                _ => return Err(EncodeError::NotAList),
            }
            Ok(start + 1)
        })
    }

    /// An event with one argument, whose JSON `write` appends. For what is sent often and knows a shorter way
    /// than serde's; that it is JSON is not checked, and clients drop the connection over what is not.
    pub fn event_written(name: &str, write: impl FnOnce(&mut Vec<u8>)) -> Result<Self, EncodeError> {
        named(name, |json| {
            json.push(b',');
            let start = json.len();
            write(json);
            json.push(b']');
            Ok(start)
        })
    }

    /// The one argument of an acknowledgement, as for [`Payload::event_written`].
    pub fn argument_written(write: impl FnOnce(&mut Vec<u8>)) -> Result<Self, EncodeError> {
        encode(|json| {
            json.push(b'[');
            write(json);
            json.push(b']');
            Ok(1)
        })
    }

    /// The arguments of an acknowledgement: a tuple, an array or a list of what serde can
    /// write; `()` for none.
    pub fn arguments(arguments: &impl Serialize) -> Result<Self, EncodeError> {
        encode(|json| {
            serde_json::to_writer(&mut *json, arguments)?;
            match json[..] {
                [b'[', ..] => {}
                [b'n', ..] => *json = b"[]".to_vec(),
                _ => return Err(EncodeError::NotAList),
            }
            Ok(1)
        })
    }

    /// Adds attachments; the arguments hold one [`Placeholder`] for each.
    pub fn with_attachments(self, attachments: impl Into<Arc<[Bytes]>>) -> Result<Self, EncodeError> {
        let attachments = attachments.into();
        if attachments.is_empty() {
            // Without attachments nobody looks for placeholders.
            return Ok(Self { attachments: None, ..self });
        }
        if !has_placeholders(&self.json, attachments.len()) {
            return Err(EncodeError::Attachments);
        }
        Ok(Self { attachments: Some(attachments), ..self })
    }

    /// What a client sent as the arguments of an acknowledgement.
    pub(crate) fn received(json: &str) -> Option<Self> {
        (json.starts_with('[') && json::is_valid(json)).then(|| Self {
            json: json.as_bytes().into(),
            arguments: 1,
            attachments: None,
        })
    }

    /// What a client sent as an event, and the event's name if it is not written as it is.
    pub(crate) fn received_event(json: &str) -> Option<(Self, Option<Box<str>>)> {
        let (start, end) = name_literal(json)?;
        let name = &json[start + 1..end - 1];
        let decoded: Option<Box<str>> =
            if name.contains('\\') { Some(serde_json::from_str(&json[start..end]).ok()?) } else { None };
        if RESERVED.contains(&decoded.as_deref().unwrap_or(name)) {
            return None;
        }
        let payload = Self::received(json)?;
        // Valid, so that behind the name there is a comma or the end.
        let arguments = end + json[end..].find([',', ']'])? + 1;
        Some((Self { arguments: u32::try_from(arguments).ok()?, ..payload }, decoded))
    }

    pub(crate) fn attach(&mut self, attachments: Vec<Bytes>) {
        self.attachments = Some(attachments.into()).filter(|all: &Arc<[Bytes]>| !all.is_empty());
    }

    pub(crate) fn json(&self) -> &Arc<[u8]> {
        &self.json
    }

    /// The name as it is written, escapes and all.
    pub(crate) fn written_name(&self) -> &str {
        // Space may stand around the name; neither can hold a quote.
        let quote = |byte: &u8| *byte == b'"';
        let before = &self.json[..self.arguments as usize];
        let (start, end) = (before.iter().position(quote), before.iter().rposition(quote));
        let name = start.zip(end).and_then(|(start, end)| before.get(start + 1..end));
        name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// How many bytes it has, with its attachments.
    pub fn bytes(&self) -> usize {
        self.json.len() + self.attachments().iter().map(Bytes::len).sum::<usize>()
    }

    /// The binary data that came, or goes, with the arguments.
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// The attachment that a placeholder of these arguments stands for; `None` for one of others.
    pub fn attachment(&self, placeholder: Placeholder) -> Option<&Bytes> {
        self.attachments().get(placeholder.0)
    }

    /// All arguments, as a tuple or a list; what comes after those of a tuple is left out. An error if there are
    /// fewer, or they are something else.
    pub fn args<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.json);
        deserializer.deserialize_seq(Arguments { named: self.arguments > 1, of: PhantomData })
    }

    /// The first argument; an error if there is none. Cheaper than [`Payload::args`], which reads all of them.
    pub fn first<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        // The whole is known to be valid: what comes after the first need not be read.
        let rest = &self.json[self.arguments as usize..];
        T::deserialize(&mut serde_json::Deserializer::from_slice(rest))
    }
}

thread_local! {
    /// What JSON is written into before it is known how long it is.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Makes a payload of an event's name and of what `write` writes behind it; it gives where the arguments begin.
fn named(
    name: &str,
    write: impl FnOnce(&mut Vec<u8>) -> Result<usize, EncodeError>,
) -> Result<Payload, EncodeError> {
    if RESERVED.contains(&name) {
        return Err(EncodeError::Reserved);
    }
    encode(|json| {
        json.push(b'[');
        serde_json::to_writer(&mut *json, name)?;
        write(json)
    })
}

/// Makes a payload of what `write` writes; it gives where the arguments begin.
fn encode(write: impl FnOnce(&mut Vec<u8>) -> Result<usize, EncodeError>) -> Result<Payload, EncodeError> {
    // Taken, not borrowed: what is written may itself encode a payload.
    let mut json = SCRATCH.take();
    json.clear();
    let arguments = write(&mut json)?;
    let arguments = u32::try_from(arguments).map_err(|_| EncodeError::TooLarge)?;
    let payload = Payload { json: json[..].into(), arguments, attachments: None };
    if json.capacity() <= 64 * 1024 {
        SCRATCH.set(json);
    }
    Ok(payload)
}

/// Where the string literal is that an array starts with.
fn name_literal(json: &str) -> Option<(usize, usize)> {
    let rest = json.strip_prefix('[')?.trim_ascii_start();
    let start = json.len() - rest.len();
    Some((start, start + json::string_length(rest)?))
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it says is nobody's business in a log.
        let attachments = self.attachments().len();
        f.debug_struct("Payload")
            .field("bytes", &self.json.len())
            .field("attachments", &attachments)
            .finish_non_exhaustive()
    }
}

/// Reads a list of arguments behind the name.
struct Arguments<T> {
    named: bool,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Arguments<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        if self.named {
            list.next_element::<IgnoredAny>()?;
        }
        let arguments = T::deserialize(SeqAccessDeserializer::new(&mut list))?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(payload: &Payload) -> &str {
        std::str::from_utf8(&payload.json).unwrap()
    }

    #[test]
    fn writes_events_and_arguments() {
        assert_eq!(text(&Payload::event("a", &()).unwrap()), r#"["a"]"#);
        assert_eq!(text(&Payload::event("a", &(1, "b")).unwrap()), r#"["a",1,"b"]"#);
        assert_eq!(text(&Payload::event("a\"", &vec![json!({"b": [1]})]).unwrap()), r#"["a\"",{"b":[1]}]"#);
        assert_eq!(text(&Payload::arguments(&(1, "b")).unwrap()), r#"[1,"b"]"#);
        assert_eq!(text(&Payload::event("a", &[0; 0]).unwrap()), r#"["a"]"#);
        assert_eq!(text(&Payload::arguments(&[0; 0]).unwrap()), "[]");
        assert_eq!(text(&Payload::arguments(&()).unwrap()), "[]");
        let write = |json: &mut Vec<u8>| json.extend_from_slice(b"{\"b\":1}");
        assert_eq!(
            Payload::event_written("a\"", write).unwrap(),
            Payload::event("a\"", &[json!({"b": 1})]).unwrap()
        );
        assert_eq!(
            Payload::argument_written(write).unwrap(),
            Payload::arguments(&[json!({"b": 1})]).unwrap()
        );
    }

    #[test]
    fn refuses_what_is_no_list_and_reserved_names() {
        assert!(matches!(Payload::event("a", &1), Err(EncodeError::NotAList)));
        assert!(matches!(Payload::event("a", &json!({"b": 1})), Err(EncodeError::NotAList)));
        assert!(matches!(Payload::arguments(&"a"), Err(EncodeError::NotAList)));
        for name in RESERVED {
            assert!(matches!(Payload::event(name, &[1]), Err(EncodeError::Reserved)));
        }
    }

    #[test]
    fn reads_arguments() {
        let (payload, _) = Payload::received_event(r#"["name",1,"b",{"c":null}]"#).unwrap();
        assert_eq!(payload.first::<u8>().unwrap(), 1);
        assert_eq!(payload.args::<(u8, &str, Value)>().unwrap(), (1, "b", json!({"c": null})));
        assert_eq!(payload.args::<(u8,)>().unwrap(), (1,));
        assert_eq!(payload.args::<Vec<Value>>().unwrap().len(), 3);
        assert!(payload.first::<String>().is_err());
        assert!(payload.args::<(u8, &str, Value, u8)>().is_err());
        let payload = Payload::received(r#"["b"]"#).unwrap();
        assert_eq!(payload.args::<(&str,)>().unwrap(), ("b",));
        assert_eq!(payload.first::<&str>().unwrap(), "b");
        assert!(Payload::received("[]").unwrap().first::<Value>().is_err());
        assert!(Payload::received_event(r#"["a"]"#).unwrap().0.first::<Value>().is_err());
    }

    #[test]
    fn reads_names_however_they_are_written() {
        for (json, name) in [
            (r#"["a",1]"#, "a"),
            (r#" ["a",1]"#.trim(), "a"),
            (r#"[ "a" , 1 ]"#, "a"),
            (r#"["gr\u00f6\u00dfe",1]"#, "größe"),
            (r#"["a\/b",1]"#, "a/b"),
            (r#"["__proto__",1]"#, "__proto__"),
            (r#"["",1]"#, ""),
        ] {
            let (payload, decoded) = Payload::received_event(json).unwrap();
            assert_eq!(decoded.as_deref().unwrap_or(payload.written_name()), name);
            assert_eq!(payload.first::<u8>().unwrap(), 1, "{json}");
        }
    }

    #[test]
    fn refuses_events_that_are_none() {
        for json in [
            "",
            "[]",
            "{}",
            "[1]",
            "[null]",
            r#"["a"#,
            r#"["a""#,
            r#"["a"]]"#,
            r#"["a",]"#,
            r#"["a" 1]"#,
            r#"["a",1}"#,
            r#""a""#,
            r#"[["a"]]"#,
            r#"["connect"]"#,
            r#"["disconn\u0065ct"]"#,
            r#"["\ud800"]"#,
        ] {
            assert!(Payload::received_event(json).is_none(), "{json}");
        }
    }

    #[test]
    fn attachments_need_their_placeholders() {
        let bytes = || vec![Bytes::from_static(b"x")];
        let payload = Payload::event("a", &(Placeholder(0),)).unwrap().with_attachments(bytes()).unwrap();
        let place: Placeholder = payload.first().unwrap();
        assert_eq!(payload.attachment(place).unwrap(), "x");
        assert!(payload.attachment(Placeholder(1)).is_none());
        let none = Payload::event("a", &(1,)).unwrap().with_attachments(bytes());
        assert!(matches!(none, Err(EncodeError::Attachments)));
        let more = Payload::event("a", &(Placeholder(0), Placeholder(1))).unwrap().with_attachments(bytes());
        assert!(matches!(more, Err(EncodeError::Attachments)));
    }
}
