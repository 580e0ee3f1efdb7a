//! The runs of a store: which cursors are of this log.

use std::collections::HashMap;

use domain::store::{Epoch, Position};
use rusqlite::Connection;

/// All epochs of a log.
pub(super) struct Epochs {
    pub(super) current: Epoch,
    /// Where those before ended.
    ended: HashMap<Epoch, Position>,
}

impl Epochs {
    /// Reads those before `epoch`, which is to begin where the log stands.
    pub(super) fn read(connection: &Connection, epoch: Epoch) -> Result<Self, rusqlite::Error> {
        // Each ended where the next one began.
        let sql = "SELECT epoch.id, coalesce(next.position, (SELECT max(position) FROM messages), 0) \
                   FROM epochs AS epoch LEFT JOIN epochs AS next ON next.number = epoch.number + 1";
        let mut statement = connection.prepare(sql)?;
        let ended = statement.query_map([], |row| Ok((Epoch(row.get(0)?), Position(row.get(1)?))))?;
        Ok(Self { current: epoch, ended: ended.collect::<Result<_, _>>()? })
    }

    /// Has the current one begin.
    pub(super) fn begin(connection: &Connection, epoch: Epoch) -> Result<(), rusqlite::Error> {
        let sql = "INSERT INTO epochs (id, position) SELECT ?, coalesce(max(position), 0) FROM messages";
        connection.execute(sql, [epoch.0])?;
        Ok(())
    }

    /// Whether the log, which stands at `now`, stood at a position or behind it in an epoch.
    pub(super) fn reached(&self, epoch: Epoch, position: Position, now: Position) -> bool {
        let end = if epoch == self.current { Some(&now) } else { self.ended.get(&epoch) };
        end.is_some_and(|end| position <= *end)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Connection, Epoch, Epochs, Position};
    use crate::sqlite::schema;

    /// Opens a database, which then has entries up to a position.
    fn run(path: &Path, epoch: u8, upto: u64) -> Epochs {
        let mut connection = Connection::open(path).unwrap();
        schema::migrate(&mut connection).unwrap();
        let epochs = Epochs::read(&connection, Epoch([epoch; 8])).unwrap();
        Epochs::begin(&connection, epochs.current).unwrap();
        let sql = "INSERT OR IGNORE INTO messages (position, conversation_id, seq, kind, sender_id, timestamp) \
                   VALUES (?1, 1, ?1, 0, 1, 1)";
        for position in 1..=upto {
            connection.execute(sql, [position]).unwrap();
        }
        epochs
    }

    #[test]
    fn a_log_that_goes_on_from_a_copy_knows_what_the_copy_had() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("log"), folder.path().join("copy"));
        run(&path, 1, 3);
        run(&path, 2, 5);
        std::fs::copy(&path, &copy).unwrap();
        // Elsewhere the log was written on.
        run(&path, 3, 12);
        let epochs = run(&copy, 4, 20);
        let now = Position(20);
        for (epoch, last) in [(1, 3), (2, 5), (4, 20)] {
            assert!(epochs.reached(Epoch([epoch; 8]), Position(0), now));
            assert!(epochs.reached(Epoch([epoch; 8]), Position(last), now));
            assert!(!epochs.reached(Epoch([epoch; 8]), Position(last + 1), now));
        }
        assert!(!epochs.reached(Epoch([3; 8]), Position(0), now));
    }
}
