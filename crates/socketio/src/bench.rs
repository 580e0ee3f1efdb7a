//! What benches need to see, and nobody else.

use std::net::IpAddr;

use crate::{Event, Handler, Payload, Reason, Server, connection::SocketIo, engine, packet::Packet};

/// A session without a connection, of a server: see [`engine::Wire`].
pub struct Wire<'a, H: Handler>(engine::Wire<'a, SocketIo<H>>);

impl<'a, H: Handler> Wire<'a, H> {
    /// Opens a session; `None` where the server lets no more in.
    pub fn open(server: &'a Server<H>, address: IpAddr) -> Option<Self> {
        engine::Wire::open(&server.0, address).map(Self)
    }

    /// See [`engine::Wire::turn`].
    pub async fn turn(&mut self, frames: &mut [u8], output: &mut Vec<u8>) -> Result<(), Reason> {
        self.0.turn(frames, output).await
    }
}

/// Reads a packet as an event, as a session does before it calls the application.
pub fn event(text: &str) -> Option<Event> {
    let packet = Packet::decode(text)?;
    let (payload, name) = Payload::received_event(packet.data)?;
    Some(Event::new(payload, name, None))
}

/// A text frame as a client sends it.
///
/// # Panics
/// If the text has fewer than 126 bytes or more than 65,535: its length takes two bytes.
pub fn frame(text: &str) -> Vec<u8> {
    const KEY: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let length = u16::try_from(text.len()).expect("a short text");
    assert!(length > 125, "a frame with two bytes of length");
    let mut frame = vec![0x81, 0xFE];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&KEY);
    frame.extend(text.bytes().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
