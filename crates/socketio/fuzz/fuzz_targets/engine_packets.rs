//! Engine.IO packets, and payloads of several.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socketio::codec::{EnginePacket, split_payload};

fuzz_target!(|payload: &str| {
    let mut rest = Some(payload);
    let mut length = 0;
    while let Some(text) = rest {
        let packet;
        (packet, rest) = split_payload(text);
        length += packet.len() + usize::from(rest.is_some());
        if let Some(EnginePacket::Text(data)) = EnginePacket::decode(packet) {
            assert_eq!(data.len() + 1, packet.len());
        }
        if let Some(EnginePacket::Binary(bytes)) = EnginePacket::decode(packet) {
            assert!(packet.starts_with('b') && bytes.len() < packet.len());
        }
    }
    assert_eq!(length, payload.len());
});
