//! The settings of host applications, whose tokens are accepted.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use axum::http::Uri;
use serde::Deserialize;

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    jwks_url: Option<String>,
    jwks_file: Option<PathBuf>,
    #[serde(default = "sub")]
    pub(crate) username_claim: String,
    pub(crate) name_claim: Option<String>,
    #[serde(default = "yes")]
    pub(crate) create: bool,
}

/// Where the keys of an issuer are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyPlace<'a> {
    Url(&'a str),
    File(&'a Path),
}

fn sub() -> String {
    "sub".into()
}

fn yes() -> bool {
    true
}

impl TrustedIssuer {
    pub(crate) fn keys(&self) -> Result<KeyPlace<'_>, String> {
        match (&self.jwks_url, &self.jwks_file) {
            (Some(url), None) => {
                check_url(url).map_err(|error| format!("jwks-url of {}: {error}", self.issuer))?;
                Ok(KeyPlace::Url(url))
            }
            (None, Some(path)) => Ok(KeyPlace::File(path)),
            _ => Err(format!("a trusted-issuer has a jwks-url or a jwks-file: {}", self.issuer)),
        }
    }
}

/// `own` is the issuer of the server's own tokens.
pub(super) fn check(issuers: &[TrustedIssuer], own: &str) -> Result<(), String> {
    let mut names = HashSet::new();
    for trusted in issuers {
        let texts = [&trusted.issuer, &trusted.audience, &trusted.username_claim];
        if texts.iter().any(|text| text.is_empty()) {
            return Err("issuer, audience and username-claim of a trusted-issuer are not empty".into());
        }
        if trusted.issuer == own {
            return Err(format!(
                "the trusted-issuer {own} has the name of this server; change one of the two"
            ));
        }
        if !names.insert(&trusted.issuer) {
            return Err(format!("there are two tables for the trusted-issuer {}", trusted.issuer));
        }
        trusted.keys()?;
    }
    Ok(())
}

/// Keys come over HTTPS, because whoever could change them on the way would be anybody. On this machine there is no way.
fn check_url(url: &str) -> Result<(), &'static str> {
    let uri: Uri = url.parse().map_err(|_| "this is no URL")?;
    let host = uri.host().unwrap_or_default();
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("a name and password in it would be printed; leave them out");
    }
    let is_loopback = matches!(host, "localhost" | "[::1]") || is_loopback_address(host);
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if is_loopback => Ok(()),
        _ => Err("it is an https:// URL; http:// may be on this machine alone"),
    }
}

fn is_loopback_address(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(name: &str) -> TrustedIssuer {
        TrustedIssuer {
            issuer: name.into(),
            audience: "chat".into(),
            jwks_url: None,
            jwks_file: Some("keys.json".into()),
            username_claim: sub(),
            name_claim: None,
            create: true,
        }
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in [
            "https://app.example/keys",
            "https://app.example:8443/keys?x",
            "http://127.0.0.1:4000/keys",
            "http://localhost/keys",
            "http://[::1]:1/keys",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://app.example/keys",
            "http://localhost.app.example/",
            "http://127.0.0.1.app.example/",
            "ftp://localhost/",
            "file:///keys",
            "/keys",
            "localhost",
            "https://ann:secret@app.example/",
            "http://127.0.0.1:1@app.example/",
            "",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_issuer_has_one_table_and_one_place_of_keys() {
        let both = TrustedIssuer { jwks_url: Some("https://app.example".into()), ..issuer("app") };
        let none = TrustedIssuer { jwks_file: None, ..issuer("app") };
        let nameless = TrustedIssuer { audience: String::new(), ..issuer("app") };
        check(&[issuer("app"), issuer("shop")], "aldis").unwrap();
        for (bad, reason) in [
            (vec![issuer("app"), issuer("app")], "two tables"),
            (vec![issuer("aldis")], "this server"),
            (vec![both], "jwks-url or a jwks-file"),
            (vec![none], "jwks-url or a jwks-file"),
            (vec![nameless], "not empty"),
        ] {
            let error = check(&bad, "aldis").unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
