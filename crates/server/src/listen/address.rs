//! The client's address of a request, and the number of connections of each address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;
use parking_lot::Mutex;

use crate::config::{Network, ProxyHeader};

/// The client's address, by which it is limited. Behind trusted proxies it is the last address in the header that is
/// not a proxy's, because each proxy appends the address from which it got the request.
///
/// Only the header that the operator named counts, because a proxy passes other headers on as clients wrote them.
/// Loopback is free of limits only for a peer that is no proxy. A client that comes through a proxy is never free of
/// them, even if the proxy names a loopback address or none.
pub(super) fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[Network],
    header: ProxyHeader,
) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let mut client = peer;
    for hop in hops(headers, header).rev() {
        // The addresses before an obfuscated or broken one are not trusted: the client may have invented them.
        let Some(hop) = hop else { break };
        client = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    if client.is_loopback() { Ipv4Addr::UNSPECIFIED.into() } else { client }
}

/// The addresses in a header, in order. Several lines of the header are one list.
///
/// A comma ends an address, even within quotes, because no address has a comma in it. Otherwise a client could leave
/// a quote open and hide the address that the proxy appends.
fn hops(headers: &HeaderMap, header: ProxyHeader) -> impl DoubleEndedIterator<Item = Option<IpAddr>> {
    let values = headers.get_all(header.name()).iter();
    let elements = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let elements = elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty());
    elements.map(move |element| {
        let element = str::from_utf8(element).ok()?;
        parse_address(if header == ProxyHeader::Forwarded { named_for(element)? } else { element })
    })
}

/// The value of `for` in one element of `Forwarded`.
fn named_for(element: &str) -> Option<&str> {
    let mut parts = element.split(';').filter_map(|part| part.trim().split_once('='));
    parts.find(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, value)| value)
}

/// Reads `192.0.2.1`, `192.0.2.1:4711`, `"[2001:db8::1]:4711"` or `2001:db8::1` (RFC 7239, 6).
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let address = address.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Whether an address is one of the trusted proxies.
pub(super) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// Whether a request came through a proxy: it has a header that only proxies write.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
    })
}

/// How many connections each address has open.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Counts one connection of an address until it is dropped.
pub(super) struct Place {
    connections: Connections,
    address: IpAddr,
}

impl Connections {
    /// Counts one more connection; `None` if the address has `most` already.
    pub(super) fn enter(&self, address: IpAddr, most: usize) -> Option<Place> {
        let mut connections = self.0.lock();
        let open = connections.entry(address).or_default();
        if *open >= most {
            return None;
        }
        *open += 1;
        Some(Place { connections: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut open) = self.connections.0.lock().entry(self.address) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const FOR: ProxyHeader = ProxyHeader::XForwardedFor;
    const FORWARDED: ProxyHeader = ProxyHeader::Forwarded;
    const REAL: ProxyHeader = ProxyHeader::XRealIp;

    fn client(peer: &str, header: ProxyHeader, headers: &[(&'static str, &[u8])]) -> String {
        let trusted = ["10.0.0.0/8", "127.0.0.1", "::1"].map(|network| network.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        client_address(peer.parse().unwrap(), &map, &trusted, header).to_string()
    }

    #[test]
    fn only_trusted_proxies_count() {
        let named: &[(_, &[u8])] = &[("x-forwarded-for", b"198.51.100.1")];
        assert_eq!(client("192.0.2.9", FOR, named), "192.0.2.9");
        assert_eq!(client("10.0.0.1", FOR, &[]), "10.0.0.1");
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1", "::1"] {
            assert_eq!(client(peer, FOR, named), "198.51.100.1");
        }
    }

    #[test]
    fn what_a_client_claims_before_the_proxies_does_not_count() {
        let spoofed: &[(_, &[u8])] = &[("x-forwarded-for", b"127.0.0.1, 198.51.100.1, 10.9.9.9")];
        assert_eq!(client("10.0.0.1", FOR, spoofed), "198.51.100.1");
        let split: &[(_, &[u8])] = &[("x-forwarded-for", b"127.0.0.1"), ("x-forwarded-for", b"198.51.100.1")];
        for header in [FOR, REAL] {
            let named: Vec<_> = split.iter().map(|(_, value)| (header.name(), *value)).collect();
            assert_eq!(client("10.0.0.1", header, &named), "198.51.100.1");
        }
        let open: &[(_, &[u8])] = &[("forwarded", b"for=\"10.0.0.2, for=198.51.100.1")];
        assert_eq!(client("10.0.0.1", FORWARDED, open), "198.51.100.1");
    }

    #[test]
    fn the_headers_that_were_not_named_do_not_count() {
        let all: &[(_, &[u8])] = &[
            ("forwarded", b"for=198.51.100.1;proto=https"),
            ("x-forwarded-for", b"198.51.100.2"),
            ("x-real-ip", b"198.51.100.3"),
        ];
        for (header, named) in [(FORWARDED, 1), (FOR, 2), (REAL, 3)] {
            assert_eq!(client("10.0.0.1", header, all), format!("198.51.100.{named}"));
            let others: Vec<_> = all.iter().filter(|(name, _)| *name != header.name()).copied().collect();
            assert_eq!(client("10.0.0.1", header, &others), "10.0.0.1");
        }
    }

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        for (written, address) in [
            ("for=198.51.100.1:4711", "198.51.100.1"),
            ("proto=https;For=\"[2001:db8::1]:80\"", "2001:db8::1"),
            ("for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=\"::ffff:198.51.100.1\"", "198.51.100.1"),
            ("for=198.51.100.1, ,", "198.51.100.1"),
        ] {
            assert_eq!(client("10.0.0.1", FORWARDED, &[("forwarded", written.as_bytes())]), address);
        }
        for (written, address) in
            [("198.51.100.1:4711", "198.51.100.1"), ("2001:db8::1", "2001:db8::1"), ("[::2]:80", "::2")]
        {
            assert_eq!(client("10.0.0.1", FOR, &[("x-forwarded-for", written.as_bytes())]), address);
        }
    }

    #[test]
    fn what_cannot_be_read_hides_what_is_before_it() {
        for hidden in [&b"unknown"[..], b"_hidden", b"\xff", b"198.51.100.999", b"localhost"] {
            let list = [b"198.51.100.1, ", hidden, b", 10.0.0.7"].concat();
            assert_eq!(client("10.0.0.1", FOR, &[("x-forwarded-for", &list)]), "10.0.0.7");
            let last = [b"198.51.100.1, ", hidden].concat();
            assert_eq!(client("10.0.0.1", FOR, &[("x-forwarded-for", &last)]), "10.0.0.1");
            let first = [hidden, b", 198.51.100.1"].concat();
            assert_eq!(client("10.0.0.1", FOR, &[("x-forwarded-for", &first)]), "198.51.100.1");
        }
        let hidden: &[(_, &[u8])] = &[("forwarded", b"for=198.51.100.1, proto=https;by=198.51.100.2")];
        assert_eq!(client("10.0.0.1", FORWARDED, hidden), "10.0.0.1");
    }

    #[test]
    fn whom_a_proxy_brings_is_not_on_loopback() {
        for named in ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", "unknown", ""] {
            for peer in ["127.0.0.1", "::1"] {
                let named: &[(_, &[u8])] = &[("x-forwarded-for", named.as_bytes())];
                assert_eq!(client(peer, FOR, named), "0.0.0.0");
                assert_eq!(client(peer, FOR, &[]), "0.0.0.0");
            }
        }
        // One that is no proxy is.
        assert_eq!(client("127.0.0.2", FOR, &[]), "127.0.0.2");
    }

    #[test]
    fn a_proxy_is_known_by_its_headers() {
        let has = |name: &'static str| {
            is_forwarded(&HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static("x"),
            )]))
        };
        for name in
            ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]
        {
            assert!(has(name), "{name}");
        }
        for name in ["host", "origin", "connection", "x-requested-with"] {
            assert!(!has(name), "{name}");
        }
    }

    #[test]
    fn connections_are_counted_until_they_end() {
        let connections = Connections::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let places = [connections.enter(one, 2), connections.enter(one, 2)];
        assert!(places.iter().all(Option::is_some));
        assert!(connections.enter(one, 2).is_none());
        assert!(connections.enter(other, 2).is_some());
        drop(places);
        assert!(connections.enter(one, 2).is_some());
        assert!(connections.0.lock().is_empty());
    }
}
