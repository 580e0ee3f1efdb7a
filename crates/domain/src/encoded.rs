//! Values that are sent more than once.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Serialize, Serializer, ser};
use serde_json::value::{RawValue, to_raw_value};

/// A value that writes its JSON once, however often it is sent: a message goes to its sender, as the
/// acknowledgement, and to every live socket of the others.
pub struct Encoded<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

impl<T> From<T> for Encoded<T> {
    fn from(value: T) -> Self {
        Self { value, json: OnceLock::new() }
    }
}

impl<T> Deref for Encoded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Encoded<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Encoded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for Encoded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(json) = self.json.get() {
            return json.serialize(serializer);
        }
        let json = to_raw_value(&self.value).map_err(ser::Error::custom)?;
        self.json.get_or_init(|| json).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_same_each_time() {
        let encoded = Encoded::from(vec![Some("a\n"), None]);
        let expected = serde_json::to_string(&*encoded).unwrap();
        for _ in 0..2 {
            assert_eq!(serde_json::to_string(&encoded).unwrap(), expected);
        }
    }
}
