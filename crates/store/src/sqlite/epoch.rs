//! Epochs: each start of the store begins one. They tell cursors of this log from cursors of another.

use std::collections::HashMap;

use domain::store::{Epoch, Position};
use rusqlite::Connection;

/// All epochs of a log.
pub(super) struct Epochs {
    pub(super) current: Epoch,
    /// The position at which each earlier epoch ended.
    ended: HashMap<Epoch, Position>,
}

impl Epochs {
    /// Reads the earlier epochs. `epoch` is the new one; [`Epochs::begin`] stores it.
    pub(super) fn read(connection: &Connection, epoch: Epoch) -> Result<Self, rusqlite::Error> {
        // An epoch ended where the next one began, and the last one at the end of the log.
        let sql = "SELECT epoch.id, coalesce(next.position, (SELECT max(position) FROM messages), 0) \
                   FROM epochs AS epoch LEFT JOIN epochs AS next ON next.number = epoch.number + 1";
        let mut statement = connection.prepare(sql)?;
        let ended = statement.query_map([], |row| Ok((Epoch(row.get(0)?), Position(row.get(1)?))))?;
        Ok(Self { current: epoch, ended: ended.collect::<Result<_, _>>()? })
    }

    /// Stores a new epoch, which begins at the end of the log.
    pub(super) fn begin(connection: &Connection, epoch: Epoch) -> Result<(), rusqlite::Error> {
        let sql = "INSERT INTO epochs (id, position) SELECT ?, coalesce(max(position), 0) FROM messages";
        connection.execute(sql, [epoch.0])?;
        Ok(())
    }

    /// Whether this log had come to a position by the end of an epoch. `now` is the last position of the log. False
    /// for an epoch of another log.
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

    /// Opens a database as one run of the server does, and adds entries up to a position.
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
        // The original goes on, too: its third run is not in the copy.
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
