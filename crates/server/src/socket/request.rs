//! Decodes the payload of a request.

use std::fmt;
use std::marker::PhantomData;

use domain::Error;
use protocol::Code;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use socketio::Event;

use crate::malformed;

/// Reads the one argument of an event, which must be an object.
pub(crate) fn decode<T: DeserializeOwned>(event: &Event) -> Result<T, Error> {
    if !event.attachments().is_empty() {
        return Err(Error::new(Code::Malformed, "Send JSON alone, without binary parts."));
    }
    // The field at fault is looked for only after decoding failed.
    event.first().map(|Object(request)| request).or_else(|_| decode_with_path(event))
}

fn decode_with_path<T: DeserializeOwned>(event: &Event) -> Result<T, Error> {
    use serde_json::error::Category;
    let mut track = serde_path_to_error::Track::new();
    let argument: &serde_json::value::RawValue =
        event.first().map_err(|_| Error::new(Code::Malformed, "Send one argument, an object."))?;
    if !argument.get().starts_with('{') {
        return Err(Error::new(Code::Malformed, "Send one argument, an object."));
    }
    let mut json = serde_json::Deserializer::from_str(argument.get());
    T::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track)).map_err(|error| match error
        .classify()
    {
        Category::Data => malformed::unfit(&track.path().to_string(), &error.to_string()),
        Category::Io | Category::Syntax | Category::Eof => malformed::not_json(&error),
    })
}

/// Accepts only a JSON object: serde alone would also accept an array of the fields' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}
