//! Settings.

use std::{io, time::Duration};

use tokio::net::TcpStream;

use crate::{Origins, Rate, id::system_random};

/// The settings of a server. All sizes are bytes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The path of every request, with a slash at both ends.
    pub path: String,
    /// The time between a pong (or the opening) and the next ping. Less where a mark waits for its proof.
    pub ping_interval: Duration,
    /// How long a pong may take, and how long a peer may take nothing of what waits for it.
    pub ping_timeout: Duration,
    /// How long a session may be without a connected namespace.
    pub connect_timeout: Duration,
    /// How long an upgrade to WebSocket may take; after it the session stays on polling.
    pub upgrade_timeout: Duration,
    /// How long a packet, its attachments included, may take from its first byte to its last.
    pub packet_timeout: Duration,
    /// How long what waits for a closing session may take to be sent, and the peer to say goodbye.
    pub close_timeout: Duration,
    /// The longest packet from the client.
    pub max_payload: usize,
    /// The longest body of a polling request, which holds several packets; clients are told it. Until a client
    /// is connected to a namespace, its bodies may be no longer than a packet.
    pub max_body: usize,
    /// How much may wait for a slow peer, each packet counted with its own bytes and
    /// [`crate::PACKET_OVERHEAD`]; past it the session is closed as [`crate::Reason::SlowReader`].
    pub max_pending_bytes: usize,
    /// How many attachments a packet may have.
    pub max_attachments: usize,
    /// How long the attachments of one packet may be together.
    pub max_attachment_bytes: usize,
    /// How many namespaces a session may be connected to at once.
    pub max_sockets: usize,
    /// How many emits of one socket may wait for the client's acknowledgement.
    pub max_unacknowledged: usize,
    /// What a session may send: every packet and frame counts, except answers that were asked for.
    pub rate: Rate,
    /// How many sessions may be open at once.
    pub max_sessions: usize,
    /// How many sessions an address (a /64 of IPv6) may have open at once; loopback is not limited.
    pub max_sessions_per_address: usize,
    /// Which web pages may connect.
    pub origins: Origins,
    /// Fills a buffer with bytes of a cryptographic random source; the ids are drawn from it.
    pub random: fn(&mut [u8]),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            packet_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(2),
            max_payload: 128 * 1024,
            max_body: 1024 * 1024,
            max_pending_bytes: 1024 * 1024,
            max_attachments: 16,
            max_attachment_bytes: 1024 * 1024,
            max_sockets: 16,
            max_unacknowledged: 4096,
            rate: Rate { per_second: 1000, burst: 5000 },
            max_sessions: 1_000_000,
            max_sessions_per_address: 200,
            origins: Origins::default(),
            random: system_random,
        }
    }
}

/// Sets what every accepted connection needs: no delay of small packets, an end for peers that do not
/// acknowledge what was sent (`timeout`; a good one is `ping_timeout`), and little in the kernel's buffer,
/// so that a ping is not queued behind megabytes.
pub fn tune(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(timeout))?;
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = timeout;
    Ok(())
}

/// How much the kernel may hold for a connection that it has not sent yet.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;
