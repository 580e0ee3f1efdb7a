//! The schema and its versions.

use rusqlite::{Connection, TransactionBehavior};

use super::{OpenError, account, history, shared};

/// `Aldi` in ASCII. It marks the database file as one of Aldis.
const APPLICATION_ID: i32 = 0x416c_6469;

const PRESENCE: &str = include_str!("../../migrations/sqlite/0003_presence.sql");

const COSTS: &str = include_str!("../../migrations/sqlite/0009_costs.sql");

const SHARED: &str = include_str!("../../migrations/sqlite/0021_shared.sql");

/// The script at index `n` brings the database from version `n` to `n + 1`. A released script never changes.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_groups.sql"),
    PRESENCE,
    include_str!("../../migrations/sqlite/0004_attachments.sql"),
    include_str!("../../migrations/sqlite/0005_changes.sql"),
    include_str!("../../migrations/sqlite/0006_api_tokens.sql"),
    include_str!("../../migrations/sqlite/0007_repeats.sql"),
    include_str!("../../migrations/sqlite/0008_askers.sql"),
    COSTS,
    include_str!("../../migrations/sqlite/0010_identity.sql"),
    include_str!("../../migrations/sqlite/0011_doubt.sql"),
    include_str!("../../migrations/sqlite/0012_ended_sessions.sql"),
    include_str!("../../migrations/sqlite/0013_reactions.sql"),
    include_str!("../../migrations/sqlite/0014_members.sql"),
    include_str!("../../migrations/sqlite/0015_quota.sql"),
    include_str!("../../migrations/sqlite/0016_invitations.sql"),
    include_str!("../../migrations/sqlite/0017_animated.sql"),
    include_str!("../../migrations/sqlite/0018_avatars.sql"),
    include_str!("../../migrations/sqlite/0019_group_avatars.sql"),
    include_str!("../../migrations/sqlite/0020_muted_until.sql"),
    SHARED,
    include_str!("../../migrations/sqlite/0022_charge.sql"),
    include_str!("../../migrations/sqlite/0023_codes.sql"),
    include_str!("../../migrations/sqlite/0024_admin.sql"),
    include_str!("../../migrations/sqlite/0025_erasures.sql"),
    include_str!("../../migrations/sqlite/0026_host_accounts.sql"),
];

/// Brings the database to the newest version, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    migrate_to(connection, MIGRATIONS.len())
}

pub(super) fn migrate_to(connection: &mut Connection, wanted: usize) -> Result<(), OpenError> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Most programs leave the version at 0, so a database with tables and another id is foreign, too. One of ours with
    // version 0 is empty.
    let tables: usize = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (found > 0 || tables > 0) && application != APPLICATION_ID {
        return Err(OpenError::Foreign);
    }
    if found > MIGRATIONS.len() {
        return Err(OpenError::Newer { found, known: MIGRATIONS.len() });
    }
    for (version, script) in (1..).zip(MIGRATIONS).take(wanted).skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        if *script == PRESENCE {
            account::write_display_keys(&transaction)?;
        }
        if *script == COSTS {
            history::fill_below_seq(&transaction)?;
        }
        if *script == SHARED {
            shared::fill(&transaction)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        // Each of them may take long in a database with much in it.
        if found > 0 {
            tracing::info!(version, "the database has been brought to a new version");
        }
    }
    if found == 0 {
        tracing::info!(version = wanted, "a new database has been made");
    }
    Ok(())
}
