//! Which web pages may speak to the server.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;

use crate::Origin;

/// How many refused origins are logged by their name.
const NAMED: usize = 64;

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
    listed: Vec<Origin>,
    loopback: bool,
    proxied: bool,
    setting: Option<&'static str>,
    /// The origins whose refusal was logged; shared by the clones.
    refused: Arc<Mutex<Vec<String>>>,
}

impl Origins {
    /// `listed` are [`Origin`]s; what is none matches nothing. `loopback` says that the server listens on a
    /// loopback address.
    pub fn new(listed: impl IntoIterator<Item = impl AsRef<str>>, loopback: bool) -> Self {
        let listed = listed.into_iter().filter_map(|origin| origin.as_ref().parse().ok()).collect();
        Self { listed, loopback, ..Self::default() }
    }

    /// Whether a proxy passes the `Host` of requests on: it counts then also on a loopback address.
    #[must_use]
    pub fn behind_proxy(self, proxied: bool) -> Self {
        Self { proxied, ..self }
    }

    /// The setting of the application by which an origin is listed, for [`Origins::refusal`].
    #[must_use]
    pub fn listed_by(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }

    /// Why a request with these headers is not answered, for whoever sent it; `None` where it may be. The first
    /// refusal of each origin is logged, up to a number of them.
    pub fn refusal(&self, headers: &HeaderMap) -> Option<String> {
        let (name, refusal) = match sent(headers) {
            Sent::Nothing => return None,
            Sent::Origin(_, origin) if self.allow_origin(&origin, headers) => return None,
            Sent::Origin(text, origin) => {
                let how = self
                    .setting
                    .map(|setting| format!(" Whoever runs the server can allow it with {setting} {text}."));
                let how = how.unwrap_or_default();
                (origin.to_string(), format!("The origin {text} may not use this server.{how}"))
            }
            Sent::NotAnOrigin => {
                let refusal = "This is not the origin of a page. \
                    A program that is no page leaves the header Origin out.";
                (String::new(), refusal.to_owned())
            }
        };
        self.log(name, &refusal);
        Some(refusal)
    }

    /// The headers that let a web page of another origin read an answer; a page of the server's own origin needs
    /// none but `Vary`. Empty when the request has no `Origin` or may not be answered.
    pub fn cors(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Sent::Origin(text, origin) = sent(request)
            && self.allow_origin(&origin, request)
        {
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
            if (self.listed.contains(&origin) || !is_own(&origin, request))
                && let Ok(text) = HeaderValue::from_str(text)
            {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, text);
                // Any page can make itself one without a name.
                if origin.is_named() {
                    headers
                        .insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                }
            }
        }
        headers
    }

    fn allow_origin(&self, origin: &Origin, headers: &HeaderMap) -> bool {
        self.listed.contains(origin)
            || (self.loopback && origin.is_local())
            || ((self.proxied || !self.loopback) && is_own(origin, headers))
    }

    fn log(&self, name: String, refusal: &str) {
        let mut refused = self.refused.lock();
        if refused.len() > NAMED || refused.contains(&name) {
            return;
        }
        refused.push(name);
        let full = refused.len() > NAMED;
        drop(refused);
        if full {
            tracing::warn!("Pages of more than {NAMED} origins were refused; the others are not named.");
        } else {
            tracing::warn!("{refusal}");
        }
    }
}

/// The `Origin` of a request.
enum Sent<'a> {
    Nothing,
    Origin(&'a str, Origin),
    /// Something else, or several.
    NotAnOrigin,
}

fn sent(headers: &HeaderMap) -> Sent<'_> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Sent::Nothing,
        (Some(origin), None) => origin
            .to_str()
            .ok()
            .and_then(|text| Some(Sent::Origin(text, text.parse().ok()?)))
            .unwrap_or(Sent::NotAnOrigin),
        (Some(_), Some(_)) => Sent::NotAnOrigin,
    }
}

/// Whether an origin is that of the `Host` of a request.
fn is_own(origin: &Origin, request: &HeaderMap) -> bool {
    request.get(header::HOST).is_some_and(|host| origin.is_at(host.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        headers
    }

    fn allowed(origins: &Origins, host: &str, origin: &str) -> bool {
        let headers = headers(host, origin);
        let allowed = origins.refusal(&headers).is_none();
        assert_eq!(allowed, !origins.cors(&headers).is_empty());
        allowed
    }

    #[test]
    fn the_own_origin_and_no_origin() {
        let origins = Origins::default();
        assert!(origins.refusal(&HeaderMap::new()).is_none());
        for (host, origin) in [
            ("chat.example.com", "https://chat.example.com"),
            ("Chat.example.com:5000", "http://chat.example.com:5000"),
            ("chat.example.com:443", "https://chat.example.com"),
            ("chat.example.com", "http://chat.example.com:80"),
            ("chat.example.com", "HTTP://CHAT.example.com/"),
            ("chat.example.com", "ws://chat.example.com"),
            ("chat.example.com:443", "wss://chat.example.com"),
            ("[2001:db8::1]:5000", "ws://[2001:DB8:0::1]:5000"),
        ] {
            assert!(allowed(&origins, host, origin), "{origin} at {host}");
        }
        assert!(!allowed(&origins, "chat.example.com:80", "https://chat.example.com"));
        assert!(!allowed(&origins, "chat.example.com:80", "wss://chat.example.com"));
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
        let origins = Origins::new(["https://App.example.com/", "wss://other.example:5000"], false);
        assert!(allowed(&origins, "chat.example.com", "https://app.example.com"));
        assert!(allowed(&origins, "chat.example.com", "wss://app.example.com:443"));
        assert!(allowed(&origins, "chat.example.com", "https://other.example:5000"));
        for origin in ["http://app.example.com", "http://localhost:4200", "null", "file://"] {
            assert!(!allowed(&origins, "chat.example.com", origin), "{origin}");
        }
    }

    #[test]
    fn any_local_port_on_loopback() {
        let origins = Origins::new([""; 0], true);
        for origin in
            ["http://localhost:4200", "http://127.0.0.1", "https://[::1]:8080", "ws://localhost:5000"]
        {
            assert!(allowed(&origins, "localhost:5000", origin), "{origin}");
        }
        for origin in [
            "http://localhost.evil.org",
            "http://127.0.0.1.evil.org",
            "http://localhost@evil.org",
            "ws://evil.org",
            "ftp://localhost",
            "null",
            "file://",
        ] {
            assert!(!allowed(&origins, "localhost:5000", origin), "{origin}");
        }
    }

    #[test]
    fn a_name_that_was_led_to_loopback_is_not_the_own_one() {
        let origins = Origins::new(["http://chat.test:5000"], true);
        assert!(!allowed(&origins, "evil.example:5000", "http://evil.example:5000"));
        assert!(!allowed(&origins, "evil.example:5000", "ws://evil.example:5000"));
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
        let told = |origins: &Origins, host: &str, origin: &str| {
            let told = origins.cors(&headers(host, origin));
            let credentials = told.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
            told.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|_| credentials)
        };
        let origins = Origins::new(["http://app.example.com", "null"], true);
        assert_eq!(told(&origins, "localhost:5000", "http://localhost:5000"), None);
        assert_eq!(told(&origins, "localhost:5000", "http://localhost:4200"), Some(true));
        // Listed, it may be the page without TLS of a server behind a proxy with it.
        assert_eq!(told(&origins, "app.example.com", "http://app.example.com"), Some(true));
        assert_eq!(told(&origins, "localhost:5000", "null"), Some(false));
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = headers("localhost", "http://localhost");
        headers.append(header::ORIGIN, HeaderValue::from_static("http://evil.org"));
        let origins = Origins::new([""; 0], true);
        assert!(origins.refusal(&headers).is_some());
    }

    #[test]
    fn a_refusal_says_how_to_allow_it_where_that_can_be_said() {
        let refusal =
            |origins: &Origins, origin: &str| origins.refusal(&headers("chat.example", origin)).unwrap();
        let origins = Origins::default().listed_by("--allow-origin");
        assert!(refusal(&origins, "ws://evil.example:1").ends_with("--allow-origin ws://evil.example:1."));
        assert!(!refusal(&origins, "http://$(reboot)").contains("reboot"));
        assert!(!refusal(&Origins::default(), "ws://evil.example").contains("--"));
    }

    #[test]
    fn what_is_kept_of_the_refused_is_bounded() {
        let origins = Origins::default();
        for number in 0..1000 {
            for _ in 0..2 {
                assert!(!allowed(&origins, "chat.example", &format!("http://{number}.example")));
            }
        }
        assert_eq!(origins.clone().refused.lock().len(), NAMED + 1);
    }
}
