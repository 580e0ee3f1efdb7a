//! The web client under a base path: the same build, of which two files are rewritten once, at the start.
//!
//! The page names its files by absolute paths, because it is the same at every address of the client, and it tells the
//! client its base path. The list of the service worker knows the page by its hash. All other files name one another
//! by relative paths.

use std::fmt::Write;

use sha1::{Digest, Sha1};

use super::Files;

const PAGE: &str = "index.html";
const WORKER_LIST: &str = "ngsw.json";

/// The files that a base path changes; none in a binary that was built without the client.
pub(super) fn rewritten(base: &str) -> Vec<(&'static str, String)> {
    let text = |path| Some(String::from_utf8_lossy(&Files::get(path)?.data).into_owned());
    let (Some(page), Some(list)) = (text(PAGE), text(WORKER_LIST)) else { return Vec::new() };
    let page_there = page_under(&page, base);
    let list_there = list.replace(&hash_of(&page), &hash_of(&page_there));
    vec![(PAGE, page_there), (WORKER_LIST, list_there)]
}

/// A base path needs no escapes, neither in HTML nor in a URL.
fn page_under(page: &str, base: &str) -> String {
    page.replace("href=\"/", &format!("href=\"{base}/"))
        .replace("src=\"/", &format!("src=\"{base}/"))
        .replacen("<html ", &format!("<html data-base=\"{base}\" "), 1)
}

/// As the service worker writes it.
fn hash_of(text: &str) -> String {
    Sha1::digest(text).iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_files_under_the_path_and_tells_it() {
        let page = r##"<html lang="en"><link href="/a.css"><script src="/b.js"></script><use href="#mark">"##;
        let there = r##"<html data-base="/chat" lang="en"><link href="/chat/a.css"><script src="/chat/b.js"></script><use href="#mark">"##;
        assert_eq!(page_under(page, "/chat"), there);
    }

    #[test]
    fn the_list_of_the_worker_has_the_hash_of_the_page_that_is_served() {
        // Only a binary that was built with the client has them.
        if let [(_, page), (_, list)] = &rewritten("/chat")[..] {
            assert!(list.contains(&hash_of(page)));
        }
    }

    #[test]
    fn a_hash_is_written_as_the_worker_writes_it() {
        assert_eq!(hash_of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
