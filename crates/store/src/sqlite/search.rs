use async_trait::async_trait;
use domain::Query;
use domain::store::{ConversationKey, MessageRecord, Position, Search, SearchStore, StoreError};
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::index::term;
use super::message::{COLUMNS, message};

/// Conversations in one question to the index.
const CONVERSATIONS: usize = 256;
/// Whole words in it.
const WORDS: usize = 3;

/// Asks the index for a part of the reader's conversations at a time, so that what others write elsewhere is passed
/// over there. What it answers is compared with the message as it is now, since it may be behind the log.
fn search(
    connection: &Connection,
    search: &Search,
) -> Result<Vec<(Position, MessageRecord)>, rusqlite::Error> {
    let keys: Vec<i64> = match search.conversation {
        Some(ConversationKey(key)) => vec![key],
        None => {
            let sql = "SELECT conversation_id FROM members WHERE user_id = ? AND gone = 0";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([search.reader.0], |row| row.get(0))?.collect::<Result<_, _>>()?
        }
    };
    let mut found = Vec::new();
    for keys in keys.chunks(CONVERSATIONS) {
        // What is older than a whole page is not on it.
        let oldest = search.limit.checked_sub(1).and_then(|last| found.get(last));
        let above = oldest.map_or(Position(0), |(position, _)| *position);
        find(connection, search, keys, above, &mut found)?;
        found.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        found.truncate(search.limit);
    }
    Ok(found)
}

/// Adds what is found in some conversations, the newest first, until it is enough for a page.
fn find(
    connection: &Connection,
    search: &Search,
    conversations: &[i64],
    above: Position,
    found: &mut Vec<(Position, MessageRecord)>,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(&sql())?;
    let before = search.before.map_or(i64::MAX, |before| i64::try_from(before.0).unwrap_or(i64::MAX));
    let reader = search.reader.0;
    let mut rows = statement.query(params![
        expression(conversations, &search.query),
        above.0,
        before,
        reader,
        reader
    ])?;
    let enough = found.len() + search.limit;
    while found.len() < enough
        && let Some(row) = rows.next()?
    {
        let message = message(connection, ConversationKey(row.get("conversation_id")?), row)?;
        if search.query.matches(&message.text) {
            found.push((Position(row.get(1)?), message));
        }
    }
    Ok(())
}

fn sql() -> String {
    format!(
        "SELECT {COLUMNS}, messages.conversation_id FROM search.message_words \
         CROSS JOIN messages ON messages.position = message_words.rowid \
         CROSS JOIN members ON members.conversation_id = messages.conversation_id \
         WHERE message_words MATCH ? AND message_words.rowid > ? AND message_words.rowid < ? \
         AND members.user_id = ? AND gone = 0 AND seq > visible_after \
         AND hidden_from IS NOT ? AND deleted_at IS NULL \
         ORDER BY message_words.rowid DESC"
    )
}

/// A question in the language of FTS5. The words have nothing in them that means something there.
fn expression(conversations: &[i64], query: &Query) -> String {
    // The longest are in the fewest messages; what else is asked for shows in the text.
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
    async fn search(&self, search: Search) -> Result<Vec<(Position, MessageRecord)>, StoreError> {
        self.readers.run(move |connection| self::search(connection, &search)).await
    }

    async fn indexed(&self) {
        self.index.reaches(self.writer.position()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use domain::store::{Epoch, Store, UserId};
    use tempfile::tempdir;

    use super::super::index::FILE;
    use super::super::tests::{open, send, user};
    use super::super::{Options, SqliteStore};
    use super::*;

    async fn find(store: &SqliteStore, reader: UserId, q: &str) -> Vec<String> {
        store.indexed().await;
        let query = Arc::new(Query::parse(q).unwrap());
        let search = Search { reader, conversation: None, query, before: None, limit: 99 };
        let found = store.search(search).await.unwrap();
        found.into_iter().map(|(_, message)| message.text.into()).collect()
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
    async fn an_index_of_what_a_copy_does_not_have_is_made_anew() {
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
        // Somebody goes on from the older log, with the index of the newer.
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
    async fn what_is_found_comes_in_its_order_without_sorting() {
        let folder = tempdir().unwrap();
        let store = open(folder.path());
        let read = |connection: &Connection| {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql()))?;
            let steps = plan.query_map(params!["a", 0, 9, 1, 1], |row| row.get(3))?;
            steps.collect::<Result<Vec<String>, _>>()
        };
        let plan = store.readers.run(read).await.unwrap();
        assert!(plan[0].contains("message_words VIRTUAL TABLE"), "{plan:?}");
        assert!(
            !plan.iter().any(|step| step.contains("B-TREE") || step.contains("SCAN messages")),
            "{plan:?}"
        );
        store.close().await;
        drop(store);
    }
}
