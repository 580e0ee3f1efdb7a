//! The errors for a request that cannot be read, over HTTP and over a socket.

use domain::Error;
use protocol::Code;

/// The request is not JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> Error {
    let why = error.to_string();
    // One half of a character that JSON spells in two, for example of an emoji that was cut in the middle.
    let why = if why.contains("surrogate") || why.contains("end of hex escape") {
        format!("half of a character; {why}")
    } else {
        why
    };
    Error::new(Code::Malformed, format!("This is not JSON: {why}."))
}

/// The request is JSON, but a field is missing or has a wrong value. Names the field.
pub(crate) fn unfit(path: &str, why: &str) -> Error {
    // The path says where it is.
    let why = why.split(" at line ").next().unwrap_or(why);
    // A missing or repeated field has no path of its own, but serde names it in its message.
    let named = |start| why.strip_prefix(start).and_then(|rest: &str| rest.split('`').next());
    let (field, detail) = match (named("missing field `"), named("duplicate field `")) {
        (Some(field), _) => (field, format!("The field {field} is missing.")),
        (None, Some(field)) => (field, format!("The field {field} is there twice.")),
        (None, None) => (path, in_words(why)),
    };
    Error::invalid(field.to_owned(), detail)
}

/// What serde says of a value, in a sentence for people.
fn in_words(why: &str) -> String {
    let parts = |start| why.strip_prefix(start).and_then(|rest: &str| rest.split_once(", expected "));
    if let Some((found, expected)) = parts("invalid type: ") {
        return format!("This is {}, and should be {}.", found_in_words(found), expected_in_words(expected));
    }
    if let Some((_, expected)) = parts("invalid value: ") {
        return format!("This value does not fit; it should be {}.", expected_in_words(expected));
    }
    if let Some((found, expected)) = parts("unknown variant ") {
        return format!(
            "There is no {found} here; it should be {}.",
            expected.replace("one of ", "one of: ")
        );
    }
    format!("{why}.")
}

fn found_in_words(found: &str) -> &str {
    match found.split([' ', '`']).next().unwrap_or_default() {
        "integer" | "floating" => "a number",
        "string" | "character" => "a text",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "an object",
        _ => found,
    }
}

fn expected_in_words(expected: &str) -> &str {
    match expected {
        "a string" | "string" | "str" => "a text",
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i64" | "i32" => "a whole number",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only its errors matter")]
    struct Request {
        text: String,
        count: Option<u64>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Other,
    }

    fn refused(json: &str) -> (String, String) {
        let mut input = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, Request>(&mut input).unwrap_err();
        let error = unfit(&error.path().to_string(), &error.inner().to_string());
        (error.field.unwrap().into_owned(), error.detail.into_owned())
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        for (json, field, detail) in [
            ("{}", "text", "The field text is missing."),
            (r#"{"text":"a","text":"b"}"#, "text", "The field text is there twice."),
            (r#"{"text":5}"#, "text", "This is a number, and should be a text."),
            (r#"{"text":null}"#, "text", "This is null, and should be a text."),
            (r#"{"text":["a"]}"#, "text", "This is a list, and should be a text."),
            (
                r#"{"text":"a","count":"7"}"#,
                "count",
                "This is a text, and should be a whole number that is not negative.",
            ),
            (
                r#"{"text":"a","count":-7}"#,
                "count",
                "This value does not fit; it should be a whole number that is not negative.",
            ),
            (r#"{"text":"a","kind":"x"}"#, "kind", "There is no `x` here; it should be `one` or `other`."),
            ("[]", ".", "invalid length 0, expected struct Request with 3 elements."),
        ] {
            let refused = refused(json);
            assert_eq!((refused.0.as_str(), refused.1.as_str()), (field, detail), "{json}");
        }
    }

    #[test]
    fn half_a_character_is_named() {
        let error = serde_json::from_str::<String>(r#""a \ud83d b""#).unwrap_err();
        let detail = not_json(&error).detail;
        assert!(detail.starts_with("This is not JSON: half of a character; "), "{detail}");
    }
}
