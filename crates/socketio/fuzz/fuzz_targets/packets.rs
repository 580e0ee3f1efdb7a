//! Socket.IO packets and their JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use socketio::codec::{Packet, event, has_placeholders, is_json};

fuzz_target!(|text: &str| {
    let Some(packet) = Packet::decode(text) else { return };
    assert!(text.ends_with(packet.data));
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(packet.data).is_ok();
    // Deeper than the limit it is JSON for others only.
    assert!(!is_json(packet.data) || parsed);
    if let Some(name) = event(packet.data) {
        assert!(parsed);
        // What cannot be read into a value, such as half a surrogate, is the application's to refuse.
        if let Ok(Value::Array(list)) = serde_json::from_str(packet.data) {
            assert_eq!(list[0], Value::String(name));
        }
    }
    let _ = has_placeholders(packet.data, packet.attachments.unwrap_or_default());
});
