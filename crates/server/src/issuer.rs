//! Where the keys of host applications come from: over HTTPS, or from a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use domain::KeySource;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::{KeyPlace, TrustedIssuer};

/// The largest set of keys, in bytes.
const LARGEST: u64 = 256 << 10;
/// How long a fetch may take. The domain gives it up then; this ends its thread.
const PATIENCE: Duration = Duration::from_secs(5);

/// The host applications of the settings. Fails if a file of keys cannot be read.
pub(crate) fn trusted(issuers: &[TrustedIssuer]) -> Result<Vec<domain::TrustedIssuer>, String> {
    let mut made = Vec::new();
    for trusted in issuers {
        let keys: Arc<dyn KeySource> = match trusted.keys()? {
            KeyPlace::Url(url) => Arc::new(KeyUrl { url: url.into(), agent: agent(url) }),
            KeyPlace::File(path) => {
                read(path).map_err(|error| format!("jwks-file {}: {error}", path.display()))?;
                Arc::new(KeyFile(path.into()))
            }
        };
        made.push(domain::TrustedIssuer {
            issuer: trusted.issuer.clone(),
            audience: trusted.audience.clone(),
            username_claim: trusted.username_claim.clone(),
            name_claim: trusted.name_claim.clone(),
            create: trusted.create,
            keys,
        });
    }
    Ok(made)
}

/// Keys in a file.
struct KeyFile(PathBuf);

/// Keys behind a URL.
struct KeyUrl {
    url: String,
    agent: Agent,
}

#[async_trait]
impl KeySource for KeyFile {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let path = self.0.clone();
        blocking(move || read(&path)).await
    }
}

#[async_trait]
impl KeySource for KeyUrl {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let (url, agent) = (self.url.clone(), self.agent.clone());
        blocking(move || get(&agent, &url)).await
    }
}

async fn blocking(
    work: impl FnOnce() -> Result<Vec<u8>, String> + Send + 'static,
) -> Result<Vec<u8>, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err("the thread that fetches it has ended by a fault".into()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is over 256 KiB".into());
    }
    Ok(bytes)
}

fn get(agent: &Agent, url: &str) -> Result<Vec<u8>, String> {
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    // Such as a redirection, which is not followed: the operator says where the keys are.
    if response.status() != StatusCode::OK {
        return Err(format!("it answers with {}", response.status()));
    }
    response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|error| error.to_string())
}

fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_idle_connections(0)
        .accept("application/jwk-set+json, application/json")
        .user_agent(concat!("aldis/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("https:") {
        config = config.tls_config(TlsConfig::builder().root_certs(roots()).build());
    } else {
        // It is on this machine, and a proxy would look on another.
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// The certificates that this machine trusts, where an operator may have added one. A container may have none; then
/// those of Mozilla, which are in the binary.
fn roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    let certificates: Vec<_> =
        found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    RootCerts::new_with_certs(&certificates)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// What a server that answers every request with these bytes gives.
    fn fetched(answer: &'static [u8]) -> Result<Vec<u8>, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            // The client may hang up before it has all.
            let _ = stream.write_all(answer);
        });
        get(&agent(&url), &url)
    }

    #[test]
    fn keys_are_fetched() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"keys\":[]}";
        assert_eq!(fetched(answer).unwrap(), b"{\"keys\":[]}");
    }

    #[test]
    fn what_is_large_elsewhere_or_no_success_is_no_set_of_keys() {
        const LARGE: usize = 300 << 10;
        let mut huge = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        huge.resize(huge.len() + LARGE, b' ');
        let mut unfinished = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n".to_vec();
        unfinished.extend_from_slice(b"{\"keys\":[]}");
        for (what, answer) in [
            ("huge", huge),
            ("cut off", unfinished),
            ("elsewhere", b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".to_vec()),
            ("no success", b"HTTP/1.1 500 No\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}".to_vec()),
            ("no HTTP", b"hello\r\n\r\n".to_vec()),
        ] {
            assert!(fetched(Vec::leak(answer)).is_err(), "{what}");
        }
        let url = "http://127.0.0.1:1/keys";
        assert!(get(&agent(url), url).is_err());
    }

    #[test]
    fn a_file_of_keys_is_bounded_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        assert!(read(&path).is_err());
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(read(&path).unwrap(), b"{}");
        std::fs::write(&path, vec![b' '; 300 << 10]).unwrap();
        assert!(read(&path).unwrap_err().contains("256 KiB"));
    }
}
