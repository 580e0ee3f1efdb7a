//! The kinds of values of settings.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A span of time, written as `250ms`, `10s`, `5m`, `1h` or `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes, written as `512`, `16KiB`, `25MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

/// An address or a network of addresses, written as `10.1.2.3` or `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The origin of web pages as browsers send it, written as `https://chat.example.org`, `null` or `file://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

/// The path of the host that everything lies under, written as `/chat`; empty where it is the whole host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a request without the base path; `None` for one that lies outside it.
    pub(crate) fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.0).filter(|rest| rest.starts_with('/'))
    }
}

impl Origin {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Size {
    pub(crate) fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Network {
    /// Whether an address is in this network.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        fn bits(address: IpAddr) -> (u128, u32) {
            match address {
                IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
                IpAddr::V6(address) => (address.to_bits(), 128),
            }
        }
        let ((network, width), (address, other_width)) = (bits(self.address), bits(address));
        let host_bits = width - u32::from(self.prefix);
        width == other_width && (network ^ address).checked_shr(host_bits).unwrap_or_default() == 0
    }
}

/// Splits a text into a number and its unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelled = || {
            let (number, unit) = split(text)?;
            let millis = match unit {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return None,
            };
            number.checked_mul(millis).map(Duration::from_millis)
        };
        spelled().map(Self).ok_or("a span is written as 250ms, 10s, 5m, 1h or 30d")
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelled = || {
            let (number, unit) = split(text)?;
            let bytes = match unit {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.checked_mul(bytes)
        };
        spelled().map(Self).ok_or("a size is written as 512, 16KiB, 25MiB or 1GiB")
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelled = || {
            let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
            let address: IpAddr = address.parse().ok()?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(width), |prefix| prefix.parse().ok())?;
            (prefix <= width).then_some(Self { address, prefix })
        };
        spelled().ok_or("a network is written as 10.1.2.3 or 10.0.0.0/8")
    }
}

impl FromStr for BasePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Self::default());
        }
        // The probes answer there, whatever the base path is.
        if matches!(path, "/livez" | "/readyz") {
            return Err("a base path cannot be /livez or /readyz, where the server says how it is");
        }
        // What needs no escape in a URL: escaped in one place and not in another, a path would be two.
        let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(unreserved);
        let is_path = path.strip_prefix('/').is_some_and(|parts| parts.split('/').all(is_part));
        is_path.then(|| Self(path.to_owned())).ok_or(
            "a base path is written as /chat or /apps/chat: letters, digits, and - . _ ~, and no part is . or ..",
        )
    }
}

impl FromStr for Origin {
    type Err = socketio::NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<socketio::Origin>().map(|origin| Self(origin.to_string()))
    }
}

macro_rules! from_text {
    ($($kind:ident: $expected:literal,)+) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// A bare number is text, too.
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $kind;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$kind, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$kind, E> {
                        self.visit_str(&number.to_string())
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }
    )+};
}

from_text! {
    Span: "a span of time",
    Size: "a size",
    Network: "a network",
    Origin: "an origin",
    BasePath: "a path",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!("250ms".parse(), Ok(Span(Duration::from_millis(250))));
        assert_eq!("30d".parse(), Ok(Span(Duration::from_hours(720))));
        for bad in ["", "10", "s", "1.5s", "-1s", "10 years", "99999999999999999999s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!("16KiB".parse(), Ok(Size(16 * 1024)));
        assert_eq!("512".parse(), Ok(Size(512)));
        for bad in ["", "16KB", "KiB", "99999999999GiB"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn origins() {
        let written = |text: &str| text.parse::<Origin>().map(|origin| origin.0);
        for (text, origin) in [
            ("https://chat.example.org", "https://chat.example.org"),
            ("https://Chat.example.org/", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("wss://chat.example.org:443/", "https://chat.example.org"),
            ("null", "null"),
            ("file:///", "file://"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(origin));
        }
        for bad in
            ["", "*", "chat.example.org", "chat:80", "https://", "https://*.example.org", "https://a/b"]
        {
            assert!(written(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn base_paths() {
        let written = |text: &str| text.parse::<BasePath>().map(|path| path.0);
        for (text, path) in
            [("", ""), ("/", ""), ("/chat", "/chat"), ("/chat/", "/chat"), ("/a/B-1._~", "/a/B-1._~")]
        {
            assert_eq!(written(text).as_deref(), Ok(path));
        }
        for bad in [
            "chat",
            "//",
            "/a//b",
            "/a/../b",
            "/.",
            "/a?b",
            "/a#b",
            "/a b",
            "/%61",
            "/ä",
            "/a:b",
            "https://a/b",
        ] {
            assert!(written(bad).unwrap_err().contains("/chat"), "{bad}");
        }
        for probe in ["/livez", "/readyz/"] {
            assert!(written(probe).unwrap_err().contains("/livez"), "{probe}");
        }
    }

    #[test]
    fn what_lies_inside_a_base_path() {
        let chat: BasePath = "/chat".parse().unwrap();
        for (path, inside) in [
            ("/chat/", Some("/")),
            ("/chat/api/x", Some("/api/x")),
            ("/chat//x", Some("//x")),
            ("/chat", None),
            ("/chatter/", None),
            ("/Chat/", None),
            ("/", None),
        ] {
            assert_eq!(chat.inside(path), inside, "{path}");
        }
        assert_eq!(BasePath::default().inside("/api"), Some("/api"));
    }

    #[test]
    fn networks() {
        let ten: Network = "10.0.0.0/8".parse().unwrap();
        assert!(ten.contains("10.255.0.1".parse().unwrap()));
        assert!(!ten.contains("11.0.0.1".parse().unwrap()));
        assert!(!ten.contains("::1".parse().unwrap()));
        let one: Network = "::1".parse().unwrap();
        assert!(one.contains("::1".parse().unwrap()));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("example.org".parse::<Network>().is_err());
    }
}
