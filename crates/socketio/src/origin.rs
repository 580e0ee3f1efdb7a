//! The origin of a web page, as the header `Origin` names it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// The longest scheme and host that an origin may have.
const MAX_SCHEME: usize = 32;
const MAX_HOST: usize = 253;

/// Where a page comes from.
///
/// Two are equal when browsers take them for the same: written in another case, with the port that is the
/// scheme's own or without it. `ws` and `wss` count as `http` and `https`: some client libraries write the
/// address that they connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// `null`: what browsers send for a page that has no origin, or may not tell it.
    Null,
    /// `file://`: what some libraries and web views send for a program or page of their own.
    File,
    Site {
        scheme: Box<str>,
        host: Box<str>,
        /// `None` for the scheme's own.
        port: Option<u16>,
    },
}

/// A text that is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is written as https://chat.example.org, without a path; or it is null, or file://")]
pub struct NotAnOrigin;

impl Origin {
    /// Whether it is that of the server, which is asked by this name in the header `Host`.
    pub(crate) fn is_at(&self, host_header: &[u8]) -> bool {
        let Kind::Site { scheme, host, port } = &self.0 else { return false };
        let Some(own) = default_port(scheme) else { return false };
        let asked = std::str::from_utf8(host_header).ok().and_then(host_and_port);
        asked.is_some_and(|(name, at)| name == **host && at.unwrap_or(own) == port.unwrap_or(own))
    }

    /// Whether it is a page of the machine that it is shown on, always.
    pub(crate) fn is_local(&self) -> bool {
        let Kind::Site { scheme, host, .. } = &self.0 else { return false };
        // `[` and `]` are part of the host of an IPv6 address.
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let local = &**host == "localhost" || host.ends_with(".localhost");
        default_port(scheme).is_some() && (local || address.is_ok_and(|address| address.is_loopback()))
    }

    /// Whether it has a name: `null` and `file://` stand for pages that have nothing to do with each other.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.0, Kind::Site { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Null => f.write_str("null"),
            Kind::File => f.write_str("file://"),
            Kind::Site { scheme, host, port } => {
                write!(f, "{scheme}://{host}")?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    /// Strict, so that an origin can be shown, logged and pasted into a shell.
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        if text == "null" {
            return Ok(Self(Kind::Null));
        }
        let (scheme, rest) = text.split_once("://").ok_or(NotAnOrigin)?;
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if scheme.is_empty() || scheme.len() > MAX_SCHEME || !scheme.bytes().all(is_scheme) {
            return Err(NotAnOrigin);
        }
        let scheme: Box<str> = match &*scheme.to_ascii_lowercase() {
            "ws" => "http".into(),
            "wss" => "https".into(),
            other => other.into(),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if &*scheme == "file" && rest.is_empty() {
            return Ok(Self(Kind::File));
        }
        let (host, port) = host_and_port(rest).ok_or(NotAnOrigin)?;
        let port = port.filter(|port| default_port(&scheme) != Some(*port));
        Ok(Self(Kind::Site { scheme, host: host.into(), port }))
    }
}

/// The port of a scheme of the web.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The parts of a name with or without a port; an address of IPv6 stands in brackets and is written in the
/// shortest way.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, rest) = if let Some(text) = text.strip_prefix('[') {
        let (address, rest) = text.split_once(']')?;
        (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), rest)
    } else {
        let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(is_host) {
            return None;
        }
        (host.to_ascii_lowercase(), rest)
    };
    let port = if rest.is_empty() {
        None
    } else {
        // Not parsed alone: a sign would be taken.
        let digits = rest.strip_prefix(':')?;
        Some(digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?)
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn is_written_in_one_way() {
        for (text, shown) in [
            ("https://chat.example.org", "https://chat.example.org"),
            ("HTTPS://Chat.example.org/", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("http://chat.example.org:443", "http://chat.example.org:443"),
            ("ws://chat.example.org:80", "http://chat.example.org"),
            ("WSS://chat.example.org:5000", "https://chat.example.org:5000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("http://10.0.0.1:5000", "http://10.0.0.1:5000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
            ("file://", "file://"),
            ("FILE:///", "file://"),
        ] {
            assert_eq!(origin(text).to_string(), shown);
            assert_eq!(origin(shown), origin(text));
        }
    }

    #[test]
    fn is_nothing_else() {
        for text in [
            "",
            "*",
            "NULL",
            "chat.example.org",
            "chat:80",
            "://chat.example.org",
            "https://",
            "https:///",
            "https://*.example.org",
            "https://a/b",
            "https://a//",
            "https://a?b",
            "https://a b",
            "https://a;b",
            "https://$(a)",
            "https://\"a\"",
            "https://me@a",
            "https://é.example",
            "https://a:",
            "https://a:b",
            "https://a:+80",
            "https://a:65536",
            "https://a:80:80",
            "https://[::1",
            "https://[a]",
            "https://[::1]80",
            "file://a/b",
            &format!("https://{}", "a".repeat(300)),
            &format!("{}://a", "a".repeat(300)),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin), "{text}");
        }
    }
}
