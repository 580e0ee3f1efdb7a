//! Placeholders: where binary data belongs in the arguments that it came with.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    ser::SerializeStruct,
};

/// Stands in the arguments for an attachment, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder(pub usize);

impl Serialize for Placeholder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Placeholder", 2)?;
        object.serialize_field("_placeholder", &true)?;
        object.serialize_field("num", &self.0)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Placeholder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            _placeholder: bool,
            num: usize,
        }
        match Object::deserialize(deserializer)? {
            Object { _placeholder: true, num } => Ok(Self(num)),
            Object { .. } => Err(D::Error::custom("not a placeholder")),
        }
    }
}

/// Whether a JSON text holds a placeholder for each of `count` attachments, and no other.
pub(crate) fn has_placeholders(json: &[u8], count: usize) -> bool {
    let mut found = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    if deserializer.deserialize_any(Search(&mut found)).is_err() {
        return false;
    }
    found.sort_unstable();
    found.len() == count && found.iter().zip(0..).all(|(found, place)| *found == Some(place))
}

/// Looks for placeholders: objects whose `_placeholder` is true, whatever else they hold.
struct Search<'a>(&'a mut Vec<Option<u64>>);

/// What an object's member may be to a placeholder.
enum Member {
    True,
    Number(u64),
    Other,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Member, E> {
        Ok(if value { Member::True } else { Member::Other })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Member, E> {
        Ok(Member::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Member, A::Error> {
        while list.next_element_seed(Search(&mut *self.0))?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Member, A::Error> {
        let (mut marked, mut number) = (false, None);
        while let Some(key) = object.next_key::<Cow<'de, str>>()? {
            // As in JavaScript, the last of several members of one name counts.
            match (&*key, object.next_value_seed(Search(&mut *self.0))?) {
                ("_placeholder", value) => marked = matches!(value, Member::True),
                ("num", Member::Number(value)) => number = Some(value),
                ("num", _) => number = None,
                _ => {}
            }
        }
        if marked {
            self.0.push(number);
        }
        Ok(Member::Other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn counts_placeholders() {
        let place = |n: i64| json!({"_placeholder": true, "num": n});
        let is = |value: Value, count| has_placeholders(value.to_string().as_bytes(), count);
        assert!(is(json!(["a"]), 0));
        assert!(is(json!(["a", place(0), {"b": [place(1)]}]), 2));
        assert!(is(json!(["a", {"_placeholder": false, "num": 9}, place(0)]), 1));
        // Too few, too many, out of range, twice, negative, fractional, none.
        assert!(!is(json!(["a"]), 1));
        assert!(!is(json!(["a", place(0)]), 0));
        assert!(!is(json!(["a", place(1)]), 1));
        assert!(!is(json!(["a", place(0), place(0)]), 2));
        assert!(!is(json!(["a", place(-1)]), 1));
        assert!(!is(json!(["a", {"_placeholder": true, "num": 0.5}]), 1));
        assert!(!is(json!(["a", {"_placeholder": true}]), 1));
        // The last of two members of a name counts.
        assert!(!has_placeholders(br#"[{"_placeholder":true,"num":0,"num":1}]"#, 1));
        assert!(has_placeholders(br#"[{"\u005fplaceholder":true,"num":0}]"#, 1));
    }
}
