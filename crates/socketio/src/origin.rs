//! Which web pages may speak to the server.

use std::net::IpAddr;

use http::uri::{Authority, Parts, Scheme, Uri};
use http::{HeaderMap, HeaderValue, header};

/// An allow-list for the `Origin` header, which browsers send and scripts cannot forge.
///
/// Allowed are the server's own origin and the listed ones. A request without `Origin` comes from no web page
/// and is allowed.
///
/// The own origin is that of the `Host` header, but on a loopback address: there it is any port of `localhost`
/// and of loopback addresses, whatever `Host` says. Anybody can let a name of theirs lead to 127.0.0.1, and a
/// page of that name would have it for its host, too.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    listed: Vec<String>,
    loopback: bool,
    proxied: bool,
}

impl Origins {
    /// `listed` are origins as browsers write them (`https://chat.example.com`), compared without case;
    /// `loopback` says that the server listens on a loopback address.
    pub fn new(listed: impl IntoIterator<Item = impl Into<String>>, loopback: bool) -> Self {
        let listed =
            listed.into_iter().map(|origin| origin.into().trim_end_matches('/').to_owned()).collect();
        Self { listed, loopback, proxied: false }
    }

    /// Whether a proxy passes the `Host` of requests on: it counts then also on a loopback address.
    #[must_use]
    pub fn behind_proxy(self, proxied: bool) -> Self {
        Self { proxied, ..self }
    }

    /// Whether a request with these headers may be answered.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => origin.to_str().is_ok_and(|origin| self.allow_origin(origin, headers)),
            (Some(_), Some(_)) => false,
        }
    }

    /// The headers that let a web page of another origin read an answer; a page of the server's own origin needs
    /// none but `Vary`. Empty when the request has no `Origin` or may not be answered.
    pub fn cors(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(origin) = request.get(header::ORIGIN)
            && self.allow(request)
        {
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
            let name = origin.to_str().unwrap_or_default();
            if self.is_listed(name) || !is_own(name, request) {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        headers
    }

    fn is_listed(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
    }

    fn allow_origin(&self, origin: &str, headers: &HeaderMap) -> bool {
        if self.is_listed(origin) {
            return true;
        }
        let local = |(_, authority): (Scheme, Authority)| is_local(authority.host());
        (self.loopback && split(origin).is_some_and(local))
            || ((self.proxied || !self.loopback) && is_own(origin, headers))
    }
}

/// An origin as browsers write it, of a page that came over HTTP.
fn split(origin: &str) -> Option<(Scheme, Authority)> {
    let Parts { scheme, authority, .. } = origin.parse::<Uri>().ok()?.into_parts();
    let authority = authority.filter(|authority| !authority.as_str().contains('@'))?;
    scheme.filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme)).map(|scheme| (scheme, authority))
}

/// Whether an origin is that of the `Host` of a request; browsers leave out the port that is a scheme's own.
fn is_own(origin: &str, request: &HeaderMap) -> bool {
    let host = request.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let (Some((scheme, origin)), Some(host)) = (split(origin), host) else { return false };
    let own = if scheme == Scheme::HTTPS { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(own);
    !host.as_str().contains('@')
        && host.host().eq_ignore_ascii_case(origin.host())
        && port(&host) == port(&origin)
}

/// Whether a name leads to the machine that it is used on, always.
fn is_local(host: &str) -> bool {
    // `[` and `]` are part of the host of an IPv6 address.
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &Origins, host: &str, origin: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        assert_eq!(origins.allow(&headers), !origins.cors(&headers).is_empty());
        origins.allow(&headers)
    }

    #[test]
    fn the_own_origin_and_no_origin() {
        let origins = Origins::default();
        assert!(origins.allow(&HeaderMap::new()));
        assert!(allowed(&origins, "chat.example.com", "https://chat.example.com"));
        assert!(allowed(&origins, "Chat.example.com:5000", "http://chat.example.com:5000"));
        assert!(allowed(&origins, "chat.example.com:443", "https://chat.example.com"));
        assert!(allowed(&origins, "chat.example.com", "http://chat.example.com:80"));
        assert!(!allowed(&origins, "chat.example.com:80", "https://chat.example.com"));
        assert!(!allowed(&origins, "evil.org@chat.example.com", "https://chat.example.com"));
        for origin in [
            "https://evil.example.com",
            "https://chat.example.com:444",
            "https://chat.example.com.evil.org",
            "https://evil.org@chat.example.com",
            "https://chat.example.com@evil.org",
            "null",
            "",
            "file://",
            "chat.example.com",
            "ftp://chat.example.com",
        ] {
            assert!(!allowed(&origins, "chat.example.com", origin), "{origin}");
        }
    }

    #[test]
    fn the_listed_ones() {
        let origins = Origins::new(["https://App.example.com/"], false);
        assert!(allowed(&origins, "chat.example.com", "https://app.example.com"));
        assert!(!allowed(&origins, "chat.example.com", "http://app.example.com"));
        assert!(!allowed(&origins, "chat.example.com", "http://localhost:4200"));
    }

    #[test]
    fn any_local_port_on_loopback() {
        let origins = Origins::new([""; 0], true);
        for origin in ["http://localhost:4200", "http://127.0.0.1", "https://[::1]:8080"] {
            assert!(allowed(&origins, "localhost:5000", origin), "{origin}");
        }
        for origin in ["http://localhost.evil.org", "http://127.0.0.1.evil.org", "http://localhost@evil.org"]
        {
            assert!(!allowed(&origins, "localhost:5000", origin), "{origin}");
        }
    }

    #[test]
    fn a_name_that_was_led_to_loopback_is_not_the_own_one() {
        let origins = Origins::new(["http://chat.test:5000"], true);
        assert!(!allowed(&origins, "evil.example:5000", "http://evil.example:5000"));
        assert!(allowed(&origins, "chat.test:5000", "http://chat.test:5000"));
        for name in ["localhost:5000", "chat.localhost:5000", "127.0.0.2:5000", "[::1]:5000"] {
            assert!(allowed(&origins, name, &format!("http://{name}")), "{name}");
        }
        // But a proxy knows what the server is called.
        let origins = origins.behind_proxy(true);
        assert!(allowed(&origins, "chat.example.com", "https://chat.example.com"));
        assert!(!allowed(&origins, "chat.example.com", "https://evil.example"));
    }

    #[test]
    fn only_other_origins_are_told_that_they_may_read() {
        let told = |origins: &Origins, host: &'static str, origin: &'static str| {
            let headers = [(header::HOST, host), (header::ORIGIN, origin)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            origins.cors(&headers.into_iter().collect()).contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        };
        let origins = Origins::new(["http://app.example.com"], true);
        assert!(!told(&origins, "localhost:5000", "http://localhost:5000"));
        assert!(told(&origins, "localhost:5000", "http://localhost:4200"));
        // Listed, it may be the page without TLS of a server behind a proxy with it.
        assert!(told(&origins, "app.example.com", "http://app.example.com"));
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, HeaderValue::from_static("http://localhost"));
        headers.append(header::ORIGIN, HeaderValue::from_static("http://evil.org"));
        assert!(!Origins::new([""; 0], true).allow(&headers));
    }
}
