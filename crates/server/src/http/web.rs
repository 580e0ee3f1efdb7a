//! The web client, embedded in the binary: each file as it is and compressed beforehand.

mod under;

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use protocol::Code;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha1::{Digest, Sha1};

use super::SOCKET;
use super::problem::Failure;

#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
struct Files;

/// The web client under a base path.
pub(super) struct Client {
    base: String,
    /// Its files that say where others are, with the base path in them; none if there is no base path.
    rewritten: Vec<(&'static str, Found)>,
}

impl Client {
    pub(super) fn under(base: &str) -> Self {
        let rewritten = if base.is_empty() { Vec::new() } else { under::rewritten(base) };
        let rewritten = rewritten.into_iter().map(|(path, text)| (path, Found::rewritten(text)));
        Self { base: base.to_owned(), rewritten: rewritten.collect() }
    }

    /// Serves a file of the web client; the client's own routes are served its page.
    pub(super) fn serve(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        let path = uri.path().trim_start_matches('/');
        // Paths for programs, such as `/api`, are never answered with the client's page.
        if uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("EIO="))) {
            let whole = format!("{}{SOCKET}", self.base);
            let hint =
                if self.base.is_empty() { "leave the client's `path` as it is" } else { "name it as `path`" };
            let detail = format!("A socket connects at the path {whole}; {hint}.");
            return Failure::new(Code::NotFound, detail).into_response();
        }
        if of_programs(path) {
            return Failure::new(Code::NotFound, "There is nothing at this path.").into_response();
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Failure::new(Code::MethodNotAllowed, "Only GET and HEAD are allowed here.")
                .into_response();
        }
        // A path with a dot is a file, except a username with a dot: `/@ann.lee` is a page of the client.
        let is_file =
            !path.starts_with('@') && path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        let path = if is_file { path } else { "index.html" };
        match self.find(path, headers) {
            Some(found) => respond(path, found, headers),
            None if is_file => Failure::new(Code::NotFound, "There is no such file.").into_response(),
            None => {
                let detail = "This binary was built without the web client; `make run` builds it.";
                Failure::new(Code::NotFound, detail).into_response()
            }
        }
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Option<Found> {
        let rewritten = self.rewritten.iter().find(|(name, _)| *name == path);
        rewritten.map(|(_, found)| found.clone()).or_else(|| embedded(path, headers))
    }
}

/// Whether people have no business at a path; the numbers are on a listener of their own.
fn of_programs(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    matches!(first, "api" | "auth" | ".well-known" | "metrics" | "docs")
}

#[derive(Clone)]
struct Found {
    bytes: Bytes,
    /// Unlike that of other bytes.
    hash: u128,
    encoding: Option<&'static str>,
}

impl Found {
    fn embedded(file: EmbeddedFile, encoding: Option<&'static str>) -> Self {
        let hash = file.metadata.sha256_hash();
        let hash = u128::from_be_bytes(hash[..16].try_into().expect("a SHA-256 has 32 bytes"));
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Self { bytes, hash, encoding }
    }

    fn rewritten(text: String) -> Self {
        let hash = Sha1::digest(&text);
        let hash = u128::from_be_bytes(hash[..16].try_into().expect("a SHA-1 has 20 bytes"));
        Self { bytes: text.into(), hash, encoding: None }
    }
}

/// The smallest form of a file that the browser takes.
fn embedded(path: &str, headers: &HeaderMap) -> Option<Found> {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |encoding: &str| {
        let mut parts =
            accepted.split(',').map(|part| part.trim().split_once(';').unwrap_or((part.trim(), "")));
        parts.any(|(name, quality)| {
            name.trim() == encoding && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(encoding)
            && let Some(file) = Files::get(&format!("{path}{suffix}"))
        {
            return Some(Found::embedded(file, Some(encoding)));
        }
    }
    Files::get(path).map(|file| Found::embedded(file, None))
}

fn respond(path: &str, found: Found, request: &HeaderMap) -> Response<Body> {
    let Found { bytes, hash, encoding } = found;
    let tag = HeaderValue::from_str(&format!("\"{hash:032x}\"")).expect("hexadecimal digits are ASCII");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    // A file with its hash in its name never changes, so it needs no tag to ask whether it has.
    if is_hashed(path) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=31536000, immutable"));
        return (headers, Body::from(bytes)).into_response();
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let known = request.get(IF_NONE_MATCH).is_some_and(|known| *known == tag);
    headers.insert(ETAG, tag);
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, Body::from(bytes)).into_response()
}

/// `main-CuZVD5M_.js`, as the Angular build names its files.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name).as_bytes();
    let Some((rest, hash)) = stem.split_last_chunk::<8>() else { return false };
    let of_a_hash = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // Eight lower-case letters may be a word, so they do not count as a hash. A real hash like that is only cached
    // for too short a time.
    let no_word = hash.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    rest.ends_with(b"-") && hash.iter().all(of_a_hash) && no_word
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_are_kept_for_ever() {
        for hashed in ["main-CuZVD5M_.js", "media/figtree-4XH2-N6A.woff2", "chunk-e4gmh3DV.js"] {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in [
            "index.html",
            "favicon.svg",
            "apple-touch-icon.png",
            "app-settings.json",
            "ngsw-worker.js",
            "ngsw.json",
        ] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }
}
