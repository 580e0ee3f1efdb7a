//! Conversations as their members see them.

use domain::store::{ConversationKey, ConversationRecord, MemberRecord, Mute, Position, UserId};
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp, limit};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::avatar_columns::avatar;
use super::{history, message};

pub(super) const DIRECT: i64 = 0;
pub(super) const GROUP: i64 = 1;

const OWNER: i64 = 0;
const ADMIN: i64 = 1;
pub(super) const MEMBER: i64 = 2;

pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Owner => OWNER,
        Role::Admin => ADMIN,
        Role::Member => MEMBER,
    }
}

pub(super) fn role_of(number: i64) -> Role {
    match number {
        OWNER => Role::Owner,
        ADMIN => Role::Admin,
        _ => Role::Member,
    }
}

pub(super) fn history_of(all: bool) -> HistoryAccess {
    if all { HistoryAccess::All } else { HistoryAccess::Joined }
}

/// The members that a record has besides the user who asks.
pub(super) enum Shown<'a> {
    /// All, and the names of the former ones.
    All,
    /// As many as a list of conversations shows.
    First,
    /// See [`ConversationStore::brief`](domain::store::ConversationStore::brief).
    Brief(&'a [UserId]),
}

/// A conversation as `user` sees it; without members if they are none. With `None` nothing is hidden, and nothing counts
/// as unread.
pub(super) fn record(
    connection: &Connection,
    key: ConversationKey,
    user: Option<UserId>,
    shown: &Shown<'_>,
) -> Result<Option<ConversationRecord>, rusqlite::Error> {
    let sql = "SELECT public_id, kind, created_at, title, history, changed_seq, member_count, avatar_large, avatar_small \
               FROM conversations WHERE id = ?";
    let found = connection.prepare_cached(sql)?.query_row([key.0], |row| {
        let kind =
            if row.get::<_, i64>(1)? == GROUP { ConversationKind::Group } else { ConversationKind::Direct };
        Ok(ConversationRecord {
            key,
            id: ConversationId::from_bytes(row.get(0)?),
            kind,
            title: row.get(3)?,
            avatar: avatar(row, 7)?,
            history: history_of(row.get(4)?),
            created_at: Timestamp::from_millis(row.get(2)?),
            head_seq: 0,
            head_position: Position::default(),
            changed_seq: row.get(5)?,
            member_count: row.get(6)?,
            members: Vec::new(),
            others: Vec::new(),
            last_message: None,
            unread: 0,
        })
    });
    let Some(mut record) = found.optional()? else {
        return Ok(None);
    };
    // No account has the number 0, so no message is hidden from it.
    let mut reader = Viewer { user: user.unwrap_or(UserId(0)), read_seq: None, visible_after: 0 };
    if user.is_some() && !add_viewer(connection, &mut record, &mut reader)? {
        return Ok(Some(record));
    }
    match shown {
        Shown::All => all_members(connection, &mut record)?,
        Shown::First => first_members(connection, &mut record, reader.user)?,
        Shown::Brief(_) if record.member_count <= limit::MEMBERS_SHOWN => {
            first_members(connection, &mut record, reader.user)?;
        }
        Shown::Brief(named) => leaders_and(connection, &mut record, named)?,
    }
    (record.head_seq, record.head_position) = head(connection, key)?;
    if let Some(read_seq) = reader.read_seq {
        let above = read_seq.max(reader.visible_after);
        record.unread = history::unread(connection, key, reader.user, above, record.head_seq)?;
    }
    let newest = history::newest(connection, key, reader.user, record.head_seq)?;
    if let Some(seq) = newest.filter(|seq| *seq > reader.visible_after) {
        record.last_message = message::at(connection, key, seq)?;
    }
    if user.is_some() {
        name_others(connection, &mut record)?;
    }
    Ok(Some(record))
}

/// The user who asks for a conversation.
struct Viewer {
    user: UserId,
    /// `None` if the user is not a member.
    read_seq: Option<u64>,
    visible_after: u64,
}

const MEMBER_COLUMNS: &str = "user_id, username, display_name, role, delivered_seq, read_seq, \
                              muted, avatar_large, avatar_small, muted_until";

fn member(row: &Row<'_>) -> Result<MemberRecord, rusqlite::Error> {
    Ok(MemberRecord {
        user: UserId(row.get(0)?),
        username: row.get(1)?,
        display_name: row.get(2)?,
        avatar: avatar(row, 7)?,
        role: role_of(row.get(3)?),
        cursors: Cursors { delivered_seq: row.get(4)?, read_seq: row.get(5)? },
        mute: mute(row.get(6)?, row.get(9)?),
    })
}

fn mute(muted: bool, until: Option<i64>) -> Mute {
    match until {
        _ if !muted => Mute::Off,
        Some(end) => Mute::Until(Timestamp::from_millis(end)),
        None => Mute::Always,
    }
}

/// Adds all members to a record, and the names of the former ones.
fn all_members(connection: &Connection, record: &mut ConversationRecord) -> Result<(), rusqlite::Error> {
    let sql = format!(
        "SELECT {MEMBER_COLUMNS}, gone FROM members JOIN users ON users.id = user_id WHERE conversation_id = ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([record.key.0])?;
    while let Some(row) = rows.next()? {
        if row.get("gone")? {
            record.others.push((UserId(row.get(0)?), row.get(1)?));
        } else {
            record.members.push(member(row)?);
        }
    }
    Ok(())
}

/// Adds the viewer to a record, and fills in their marks. False if they are not a member.
fn add_viewer(
    connection: &Connection,
    record: &mut ConversationRecord,
    viewer: &mut Viewer,
) -> Result<bool, rusqlite::Error> {
    let sql = format!(
        "SELECT {MEMBER_COLUMNS}, visible_after FROM members JOIN users ON users.id = user_id \
         WHERE conversation_id = ? AND user_id = ? AND gone = 0"
    );
    let own = |row: &Row<'_>| Ok((member(row)?, row.get("visible_after")?));
    let own = connection.prepare_cached(&sql)?.query_row([record.key.0, viewer.user.0], own).optional()?;
    let Some((own, visible_after)) = own else { return Ok(false) };
    (viewer.read_seq, viewer.visible_after) = (Some(own.cursors.read_seq), visible_after);
    record.members.push(own);
    Ok(true)
}

/// Adds the first of the members besides the viewer to a record.
fn first_members(
    connection: &Connection,
    record: &mut ConversationRecord,
    viewer: UserId,
) -> Result<(), rusqlite::Error> {
    let first = members(connection, record.key, None, limit::MEMBERS_SHOWN)?;
    record.members.extend(first.into_iter().filter(|member| member.user != viewer));
    record.members.truncate(limit::MEMBERS_SHOWN);
    if record.members.len() == record.member_count {
        record.members.sort_by_key(|member| member.user);
    }
    Ok(())
}

/// Adds the members who lead and those named to a record.
fn leaders_and(
    connection: &Connection,
    record: &mut ConversationRecord,
    named: &[UserId],
) -> Result<(), rusqlite::Error> {
    let mut found = members(connection, record.key, None, limit::MEMBERS_SHOWN)?;
    found.retain(|member| member.role != Role::Member);
    let sql = format!(
        "SELECT {MEMBER_COLUMNS} FROM members JOIN users ON users.id = user_id \
         WHERE conversation_id = ? AND user_id = ? AND gone = 0"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    for user in named {
        found.extend(statement.query_row([record.key.0, user.0], member).optional()?);
    }
    for member in found {
        if record.members.iter().all(|known| known.user != member.user) {
            record.members.push(member);
        }
    }
    Ok(())
}

/// Members of a conversation: those who lead, and then by user; with `after`, those behind this role and user.
pub(super) fn members(
    connection: &Connection,
    key: ConversationKey,
    after: Option<(Role, UserId)>,
    limit: usize,
) -> Result<Vec<MemberRecord>, rusqlite::Error> {
    let (role, user) = after.map_or((-1, 0), |(role, user)| (role_number(role), user.0));
    let sql = format!(
        "SELECT {MEMBER_COLUMNS} FROM members INDEXED BY members_by_role CROSS JOIN users ON users.id = user_id \
         WHERE conversation_id = ? AND gone = 0 AND (role, user_id) > (?, ?) ORDER BY role, user_id LIMIT ?"
    );
    let values = params![key.0, role, user, limit];
    connection.prepare_cached(&sql)?.query_map(values, member)?.collect()
}

/// Adds the names of people whom the last message shows and who are not among the members that were read.
fn name_others(connection: &Connection, record: &mut ConversationRecord) -> Result<(), rusqlite::Error> {
    let Some(message) = &record.last_message else { return Ok(()) };
    let mut others: Vec<_> = message.people().collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|user| record.members.iter().all(|member| member.user != *user));
    let mut statement = connection.prepare_cached("SELECT username FROM users WHERE id = ?")?;
    for user in others {
        if let Some(username) = statement.query_row([user.0], |row| row.get(0)).optional()? {
            record.others.push((user, username));
        }
    }
    Ok(())
}

/// The `seq` and the position of the last entry; 0 and 0 for an empty log.
pub(super) fn head(
    connection: &Connection,
    key: ConversationKey,
) -> Result<(u64, Position), rusqlite::Error> {
    let sql = "SELECT seq, position FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1";
    let head =
        connection.prepare_cached(sql)?.query_row([key.0], |row| Ok((row.get(0)?, Position(row.get(1)?))));
    Ok(head.optional()?.unwrap_or_default())
}
