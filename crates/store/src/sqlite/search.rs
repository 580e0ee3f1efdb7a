use async_trait::async_trait;
use domain::Query;
use domain::store::{ConversationKey, Found, Position, Search, SearchStore, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::health::is_damage;
use super::index::term;
use super::message;

/// Conversations in one query of the index.
const CONVERSATIONS: usize = 256;
/// Whole words in one query of the index.
const WORDS: usize = 3;
/// Bytes that one search scans. Nearly every row that the index gives matches, so only a contrived search
/// reaches this limit.
const BYTES: usize = 4 << 20;
/// What a message counts for in [`BYTES`] besides its text.
const ROW: usize = 512;

/// Why a search failed.
enum SearchFault {
    /// The index is damaged and the database is not: the index is built anew.
    Index,
    Other(rusqlite::Error),
}

impl From<rusqlite::Error> for SearchFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Other(error)
    }
}

impl SearchFault {
    /// Sorts an error that came from reading the index.
    fn of_index(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Index } else { Self::Other(error) }
    }
}

/// Asks the index only for terms of the reader's conversations, 256 of them at a time, so that messages elsewhere cost
/// nothing. Each row is compared with the message as it is now, because the index may be behind the log.
fn search(connection: &Connection, search: &Search) -> Result<Found, SearchFault> {
    let keys: Vec<i64> = match search.conversation {
        Some(ConversationKey(key)) => vec![key],
        None => {
            let sql = "SELECT conversation_id FROM members WHERE user_id = ? AND gone = 0";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([search.reader.0], |row| row.get(0))?.collect::<Result<_, _>>()?
        }
    };
    let mut found = Found::default();
    let parts = keys.chunks(CONVERSATIONS);
    let bytes = BYTES / parts.len().max(1);
    for keys in parts {
        let Found { messages, stopped } = &mut found;
        // If a page is full, older messages are not on it. If an earlier part was given up, the next page begins there,
        // so older messages are left to it.
        let oldest = search.limit.checked_sub(1).and_then(|last| messages.get(last));
        let above = oldest.map(|(position, _)| *position).max(*stopped).unwrap_or_default();
        find(connection, search, keys, above, bytes, &mut found)?;
        let Found { messages, stopped } = &mut found;
        messages.retain(|(position, _)| Some(*position) >= *stopped);
        messages.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        messages.truncate(search.limit);
    }
    Ok(found)
}

/// Adds what is found in some conversations, the newest first, until it fills a page or `bytes` are scanned.
fn find(
    connection: &Connection,
    search: &Search,
    conversations: &[i64],
    above: Position,
    bytes: usize,
    found: &mut Found,
) -> Result<(), SearchFault> {
    let mut index = connection.prepare_cached(INDEX).map_err(SearchFault::of_index)?;
    let mut log = connection.prepare_cached(LOG)?;
    let before = search.before.map_or(i64::MAX, |before| i64::try_from(before.0).unwrap_or(i64::MAX));
    let question = params![expression(conversations, &search.query), above.0, before];
    let mut rows = index.query(question).map_err(SearchFault::of_index)?;
    let enough = found.messages.len() + search.limit;
    let mut scanned = 0;
    while found.messages.len() < enough
        && let Some(row) = rows.next().map_err(SearchFault::of_index)?
    {
        let position = Position(row.get(0)?);
        let seen = |row: &Row<'_>| Ok((ConversationKey(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?));
        let seen: Option<(_, u64, usize, bool)> =
            log.query_row(params![search.reader.0, position.0], seen).optional()?;
        scanned += ROW;
        if let Some((key, seq, text, visible)) = seen {
            scanned += text;
            if visible
                && let Some(message) = message::at(connection, key, seq)?
                && search.finds(&message)
            {
                found.messages.push((position, message));
            }
        }
        // Checked after a row, so that each page comes further by at least one row.
        if scanned >= bytes {
            found.stopped = Some(position);
            break;
        }
    }
    Ok(())
}

/// Reads nothing but the index, so damage that it meets is the index's.
const INDEX: &str = "SELECT rowid FROM search.message_words \
                     WHERE message_words MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC";

/// The message at a position, if it is in a conversation of the reader. The fourth column says whether they may see it.
/// Messages that they may not see are returned, too, because they count for the limit of bytes.
const LOG: &str = "SELECT messages.conversation_id, seq, coalesce(octet_length(text), 0), \
                     gone = 0 AND seq > visible_after AND hidden_from IS NOT ?1 AND deleted_at IS NULL \
                   FROM messages CROSS JOIN members ON members.conversation_id = messages.conversation_id \
                   WHERE position = ?2 AND user_id = ?1";

/// A query in the language of FTS5. The words have no characters that mean something there.
fn expression(conversations: &[i64], query: &Query) -> String {
    // Long words are in the fewest messages. Whether the other words are there shows when the text is compared.
    let mut words: Vec<_> = query.whole().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(WORDS);
    let mut expression = String::new();
    for &conversation in conversations {
        expression.push_str(if expression.is_empty() { "(" } else { " OR (" });
        for word in &words {
            expression.push('"');
            term(conversation, word, &mut expression);
            expression.push_str("\" AND ");
        }
        expression.push('"');
        term(conversation, query.beginning(), &mut expression);
        expression.push_str("\" *)");
    }
    expression
}

#[async_trait]
impl SearchStore for SqliteStore {
    async fn search(&self, search: Search) -> Result<Found, StoreError> {
        let reader = search.reader;
        let read = move |connection: &Connection| match self::search(connection, &search) {
            Ok(found) => Ok(Some(found)),
            Err(SearchFault::Index) => Ok(None),
            Err(SearchFault::Other(error)) => Err(error),
        };
        let found = self.readers.search(reader, read).await?;
        found.ok_or_else(|| {
            self.index.mend();
            StoreError::Unavailable("the index for search is damaged; it is made anew".into())
        })
    }

    async fn indexed(&self) {
        self.index.reaches(self.writer.position()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use domain::store::{ConversationStore, Epoch, Store, UserId};
    use tempfile::tempdir;

    use super::super::index::FILE;
    use super::super::tests::{open, send, user};
    use super::super::{Options, SqliteStore};
    use super::*;

    /// A search of all that a user may see.
    fn looking(reader: UserId, query: Arc<Query>) -> Search {
        let (conversation, sender, since, until, before) = (None, None, None, None, None);
        Search { reader, conversation, query, sender, since, until, before, limit: 9 }
    }

    async fn find(store: &SqliteStore, reader: UserId, q: &str) -> Vec<String> {
        store.indexed().await;
        let query = Arc::new(Query::parse(q).unwrap());
        let search = Search { limit: 99, ..looking(reader, query) };
        let found = store.search(search).await.unwrap();
        assert_eq!(found.stopped, None);
        found.messages.into_iter().map(|(_, message)| message.text.into()).collect()
    }

    async fn two(store: &SqliteStore) -> (UserId, UserId) {
        (user(store, "ann").await, user(store, "bob").await)
    }

    #[tokio::test]
    async fn an_index_that_is_missing_or_broken_is_made_anew() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let (ann, bob) = two(&store).await;
        for count in 0..700 {
            send(&store, ann, bob, &format!("word{count}")).await.unwrap();
        }
        store.close().await;
        drop(store);
        let path = folder.path().join(FILE);
        let harms: [&dyn Fn(&Path); 4] = [
            &|_| {},
            &|path| std::fs::remove_file(path).unwrap(),
            &|path| std::fs::write(path, "no database").unwrap(),
            &|path| std::fs::write(path, "").unwrap(),
        ];
        for harm in harms {
            harm(&path);
            let store = open(folder.path());
            assert_eq!(find(&store, bob, "word699").await, ["word699"]);
            assert_eq!(find(&store, bob, "word").await.len(), 99);
            store.close().await;
        }
    }

    #[tokio::test]
    async fn an_index_that_breaks_meanwhile_is_made_anew() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let (ann, bob) = two(&store).await;
        send(&store, ann, bob, "before").await.unwrap();
        assert_eq!(find(&store, bob, "before").await, ["before"]);
        let harm = Connection::open(folder.path().join(FILE)).unwrap();
        harm.execute("UPDATE message_words_data SET block = x'ff'", []).unwrap();
        send(&store, ann, bob, "after").await.unwrap();
        // A search before the index is built anew is refused as unavailable.
        for text in ["before", "after"] {
            let query = Arc::new(Query::parse(text).unwrap());
            loop {
                match store.search(looking(bob, query.clone())).await {
                    Ok(found) if !found.messages.is_empty() => break,
                    Ok(_) | Err(StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                store.indexed().await;
            }
        }
        // The database itself is not damaged.
        store.check().await.unwrap();
        send(&store, ann, bob, "later").await.unwrap();
        assert_eq!(find(&store, bob, "later").await, ["later"]);
        store.close().await;
        drop(store);
    }

    #[tokio::test]
    async fn damage_of_the_database_is_not_taken_for_damage_of_the_index() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let (ann, bob) = two(&store).await;
        send(&store, ann, bob, "word").await.unwrap();
        let key = store.direct(ann, bob).await.unwrap().unwrap();
        store.indexed().await;
        store.close().await;
        drop(store);
        let path = folder.path().join("aldis.db");
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'members'";
        let page: u64 = Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 4096], (page - 1) * 4096).unwrap();
        // Without a conversation the damage is met before the index is read; with one, while rows are compared with
        // the log.
        for conversation in [None, Some(key)] {
            let store = open(folder.path());
            let query = Arc::new(Query::parse("word").unwrap());
            let search = Search { conversation, ..looking(bob, query) };
            let found = store.search(search).await;
            assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
            assert!(matches!(store.check().await, Err(StoreError::Damaged(_))));
            store.close().await;
        }
    }

    #[tokio::test]
    async fn an_index_that_is_ahead_of_an_older_copy_is_built_anew() {
        let (folder, copy) = (tempdir().unwrap(), tempdir().unwrap());
        let run =
            |folder: &Path, epoch| SqliteStore::open(folder, Epoch([epoch; 8]), &Options::default()).unwrap();
        let store = run(folder.path(), 1);
        let (ann, bob) = two(&store).await;
        send(&store, ann, bob, "common").await.unwrap();
        store.close().await;
        drop(store);
        std::fs::copy(folder.path().join("aldis.db"), copy.path().join("aldis.db")).unwrap();
        let store = run(folder.path(), 2);
        send(&store, ann, bob, "lost").await.unwrap();
        assert_eq!(find(&store, bob, "lost").await, ["lost"]);
        store.close().await;
        drop(store);
        // Now the older database has the index of the newer one beside it.
        std::fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        let store = run(copy.path(), 3);
        send(&store, ann, bob, "found").await.unwrap();
        assert_eq!(find(&store, bob, "lost").await, [""; 0]);
        assert_eq!(find(&store, bob, "found").await, ["found"]);
        assert_eq!(find(&store, bob, "common").await, ["common"]);
        store.close().await;
        drop(store);
    }

    #[tokio::test]
    async fn a_search_that_finds_nothing_is_given_up_and_goes_on_from_there() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let (ann, bob) = two(&store).await;
        // The index is asked for the longest words alone.
        let text = format!("aaaa bbbb cccc {}", "d ".repeat(8000));
        send(&store, ann, bob, &format!("zz {text}")).await.unwrap();
        for _ in 0..600 {
            send(&store, ann, bob, &text).await.unwrap();
        }
        store.indexed().await;
        let query = Arc::new(Query::parse("aaaa bbbb cccc zz aaaa").unwrap());
        let (mut pages, mut before, mut found) = (0, None, 0);
        loop {
            let search = Search { before, limit: 20, ..looking(bob, query.clone()) };
            let page = store.search(search).await.unwrap();
            pages += 1;
            found += page.messages.len();
            assert!(page.stopped.is_none_or(|stopped| before.is_none_or(|before| stopped < before)));
            before = page.stopped;
            if before.is_none() {
                break;
            }
        }
        assert_eq!((found, pages), (1, 3));
        store.close().await;
        drop(store);
    }

    #[tokio::test]
    async fn what_is_found_comes_in_its_order_without_sorting() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let read = |connection: &Connection| {
            let mut steps = Vec::new();
            for sql in [INDEX, LOG] {
                let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let values = rusqlite::params_from_iter(std::iter::repeat_n(1, plan.parameter_count()));
                steps.extend(plan.query_map(values, |row| row.get(3))?.collect::<Result<Vec<String>, _>>()?);
            }
            Ok(steps)
        };
        let plan = store.readers.run(UserId(1), read).await.unwrap();
        assert!(plan[0].contains("message_words VIRTUAL TABLE") && plan.len() == 3, "{plan:?}");
        assert!(!plan.concat().contains("B-TREE"), "{plan:?}");
        assert!(plan[1..].iter().all(|step| step.starts_with("SEARCH")), "{plan:?}");
        store.close().await;
        drop(store);
    }
}
