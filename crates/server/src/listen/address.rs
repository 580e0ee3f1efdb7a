//! Whose a request is, and how many connections somebody has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use parking_lot::Mutex;

use crate::config::Network;

/// What a proxy names its client in that uses no `Forwarded`.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Whose request it is. Behind trusted proxies: the last address that is not one of theirs, as each proxy
/// appends the one it got the request from.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let forwarded = named_addresses(headers, header::FORWARDED.as_str(), |element| {
        let parts = element.split(';').filter_map(|part| part.trim().split_once('='));
        parts.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, value)| value).next()
    });
    let hops = if forwarded.is_empty() { named_addresses(headers, X_FORWARDED_FOR, Some) } else { forwarded };
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // An obfuscated or broken hop hides all before it.
        let Some(hop) = hop else { break };
        client = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    client
}

/// The addresses that the elements of a header name, in order.
fn named_addresses<'a>(
    headers: &'a HeaderMap,
    name: &str,
    address: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|value| value.split(',')).map(str::trim);
    elements.map(|element| address(element).and_then(parse_address)).collect()
}

/// `192.0.2.1`, `192.0.2.1:4711`, `"[2001:db8::1]:4711"` or `2001:db8::1` (RFC 7239, 6).
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

/// Whether some proxy says whom it asks for.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(header::FORWARDED) || headers.contains_key(X_FORWARDED_FOR)
}

/// Whom an address stands for where limits count: one holder of IPv6 has at least a /64 to choose addresses
/// from.
pub(super) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        other => other,
    }
}

/// How many connections each address has open.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection of an address, until it is dropped.
pub(super) struct Place {
    connections: Connections,
    address: IpAddr,
}

impl Connections {
    /// Counts one more, if the address has fewer than `most`.
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
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_count() {
        assert_eq!(client("192.0.2.9", &[("x-forwarded-for", "198.51.100.1")]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "198.51.100.1")]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.1")]), "198.51.100.1");
    }

    #[test]
    fn what_a_client_claims_before_the_proxies_does_not_count() {
        let spoofed = [("x-forwarded-for", "127.0.0.1, 198.51.100.1, 10.9.9.9")];
        assert_eq!(client("10.0.0.1", &spoofed), "198.51.100.1");
        let split = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("10.0.0.1", &split), "198.51.100.1");
    }

    #[test]
    fn forwarded_wins_and_is_read_in_all_its_forms() {
        let both = [("forwarded", "for=198.51.100.1;proto=https"), ("x-forwarded-for", "127.0.0.1")];
        assert_eq!(client("10.0.0.1", &both), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", &[("forwarded", "proto=https;For=\"[2001:db8::1]:80\"")]),
            "2001:db8::1"
        );
        assert_eq!(client("10.0.0.1", &[("forwarded", "for=198.51.100.1:4711")]), "198.51.100.1");
        assert_eq!(client("::1", &[("forwarded", "for=198.51.100.1, for=_hidden")]), "::1");
    }

    #[test]
    fn an_ipv6_network_is_one_holder() {
        let of = |text: &str| holder(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        for one in ["192.0.2.1", "127.0.0.1", "::1"] {
            assert_eq!(of(one), one);
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
