//! Invitations to groups.

use async_trait::async_trait;
use domain::store::{
    Accepted, ConversationKey, GroupChange, InvitationRecord, InvitationRefusal, InvitationStore, NamedUser,
    NewInvitation, StoreError, UserId,
};
use protocol::{ConversationId, Timestamp, limit};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::writer::Writing;
use super::{SqliteStore, block, group};

/// Invitations that wait, with the names that are shown.
const WAITING: &str = "SELECT conversation_id, public_id, title, member_count, user_id, own.username, own.display_name, \
                         by_id, their.username, their.display_name, invitations.created_at \
                       FROM invitations CROSS JOIN conversations ON conversations.id = conversation_id \
                         CROSS JOIN users AS own ON own.id = user_id CROSS JOIN users AS their ON their.id = by_id \
                       WHERE declined_at IS NULL";

fn invitation(row: &Row<'_>) -> Result<InvitationRecord, rusqlite::Error> {
    let named = |first: usize| {
        let id = UserId(row.get(first)?);
        Ok::<_, rusqlite::Error>(NamedUser {
            id,
            username: row.get(first + 1)?,
            display_name: row.get(first + 2)?,
        })
    };
    Ok(InvitationRecord {
        conversation: ConversationKey(row.get(0)?),
        id: ConversationId::from_bytes(row.get(1)?),
        title: row.get(2)?,
        member_count: row.get(3)?,
        user: named(4)?,
        by: named(7)?,
        at: Timestamp::from_millis(row.get(10)?),
    })
}

/// Reads the invitations that wait and meet a condition, in an order.
fn waiting(
    connection: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<InvitationRecord>, rusqlite::Error> {
    let sql = format!("{WAITING} AND {condition}");
    connection.prepare_cached(&sql)?.query_map(values, invitation)?.collect()
}

fn refusal(
    connection: &Connection,
    user: UserId,
    by: UserId,
    declines_since: Timestamp,
) -> Result<Option<InvitationRefusal>, rusqlite::Error> {
    if block::since(connection, user, by)?.is_some() {
        return Ok(Some(InvitationRefusal::Blocked));
    }
    let sql = "SELECT count(*) FILTER (WHERE declined_at IS NULL), \
                 count(*) FILTER (WHERE declined_at IS NULL AND by_id = ?2), \
                 count(*) FILTER (WHERE declined_at > ?3 AND by_id = ?2) \
               FROM invitations WHERE user_id = ?1";
    let values = params![user.0, by.0, declines_since.as_millis()];
    let (all, by_one, declined): (usize, usize, usize) = connection
        .prepare_cached(sql)?
        .query_row(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if declined >= limit::DECLINED {
        return Ok(Some(InvitationRefusal::Declined));
    }
    let is_full = all >= limit::INVITATIONS_OF_PERSON || by_one >= limit::INVITATIONS_OF_INVITER;
    Ok(is_full.then_some(InvitationRefusal::PersonFull))
}

fn invite(
    connection: &Connection,
    new: &NewInvitation,
) -> Result<Result<bool, InvitationRefusal>, rusqlite::Error> {
    let &NewInvitation { conversation: key, user, by, at, declines_since } = new;
    let sql = "SELECT 1 FROM members WHERE conversation_id = ? AND user_id = ? AND gone = 0";
    let mut is_member = connection.prepare_cached(sql)?;
    if !is_member.exists([key.0, by.0])? {
        return Ok(Err(InvitationRefusal::NotMember));
    }
    if is_member.exists([key.0, user.0])? {
        return Ok(Ok(false));
    }
    let sql = "SELECT declined_at FROM invitations WHERE conversation_id = ? AND user_id = ?";
    let known: Option<Option<i64>> =
        connection.prepare_cached(sql)?.query_row([key.0, user.0], |row| row.get(0)).optional()?;
    match known {
        Some(None) => return Ok(Ok(false)),
        Some(Some(declined_at)) if declined_at > declines_since.as_millis() => {
            return Ok(Err(InvitationRefusal::Declined));
        }
        _ => {}
    }
    if let Some(refusal) = refusal(connection, user, by, declines_since)? {
        return Ok(Err(refusal));
    }
    let sql = "SELECT count(*) FROM invitations WHERE conversation_id = ? AND declined_at IS NULL";
    let waiting: usize = connection.prepare_cached(sql)?.query_row([key.0], |row| row.get(0))?;
    if waiting >= limit::INVITATIONS_OF_GROUP {
        return Ok(Err(InvitationRefusal::GroupFull));
    }
    // What was declined long ago is of no use any more.
    let sql = "DELETE FROM invitations WHERE user_id = ? AND declined_at <= ?";
    connection.prepare_cached(sql)?.execute([user.0, declines_since.as_millis()])?;
    let sql = "DELETE FROM invitations WHERE conversation_id = ? AND declined_at <= ?";
    connection.prepare_cached(sql)?.execute([key.0, declines_since.as_millis()])?;
    let sql = "INSERT INTO invitations (conversation_id, user_id, by_id, created_at) VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute([key.0, user.0, by.0, at.as_millis()])?;
    Ok(Ok(true))
}

fn accept(writing: &mut Writing<'_>, change: &GroupChange) -> Result<Accepted, rusqlite::Error> {
    let sql = "SELECT 1 FROM invitations WHERE conversation_id = ? AND user_id = ? AND declined_at IS NULL";
    let values = [change.conversation.0, change.by.0];
    if !writing.connection.prepare_cached(sql)?.exists(values)? {
        return Ok(Accepted::NotInvited);
    }
    // Whoever joins has no invitation any more, so that it ends with the change.
    let changed = group::change(writing, change)?;
    Ok(changed.map_or(Accepted::Changed, Accepted::Joined))
}

#[async_trait]
impl InvitationStore for SqliteStore {
    async fn invitation_refusal(
        &self,
        user: UserId,
        by: UserId,
        declines_since: Timestamp,
    ) -> Result<Option<InvitationRefusal>, StoreError> {
        self.readers.by_key(by, move |connection| refusal(connection, user, by, declines_since)).await
    }

    async fn invite(&self, new: NewInvitation) -> Result<Result<bool, InvitationRefusal>, StoreError> {
        self.writer.run(move |connection| invite(connection, &new)).await
    }

    async fn accept_invitation(&self, change: GroupChange) -> Result<Accepted, StoreError> {
        self.writer.run_with_heads(move |writing| accept(writing, &change)).await
    }

    async fn decline_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let decline = move |connection: &Connection| {
            let sql = "UPDATE invitations SET declined_at = coalesce(declined_at, ?) \
                       WHERE conversation_id = ? AND user_id = ?";
            Ok(connection.prepare_cached(sql)?.execute([at.as_millis(), conversation.0, user.0])? > 0)
        };
        self.writer.run(decline).await
    }

    async fn has_declined(
        &self,
        user: UserId,
        conversation: ConversationKey,
        declines_since: Timestamp,
    ) -> Result<bool, StoreError> {
        let read = move |connection: &Connection| {
            let sql =
                "SELECT 1 FROM invitations WHERE conversation_id = ? AND user_id = ? AND declined_at > ?";
            connection.prepare_cached(sql)?.exists([conversation.0, user.0, declines_since.as_millis()])
        };
        self.readers.by_key(user, read).await
    }

    async fn withdraw_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<bool, StoreError> {
        let withdraw = move |connection: &Connection| {
            let sql =
                "DELETE FROM invitations WHERE conversation_id = ? AND user_id = ? AND declined_at IS NULL";
            Ok(connection.prepare_cached(sql)?.execute([conversation.0, user.0])? > 0)
        };
        self.writer.run(withdraw).await
    }

    async fn invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let condition = "conversation_id = ? AND user_id = ?";
            Ok(waiting(connection, condition, &[&conversation.0, &user.0])?.pop())
        };
        self.readers.by_key(user, read).await
    }

    async fn invitations(
        &self,
        user: UserId,
        before: Option<(Timestamp, ConversationKey)>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let (at, key) = before.map_or((i64::MAX, i64::MAX), |(at, key)| (at.as_millis(), key.0));
        let read = move |connection: &Connection| {
            let condition = "user_id = ? AND (invitations.created_at, conversation_id) < (?, ?) \
                             ORDER BY invitations.created_at DESC, conversation_id DESC LIMIT ?";
            waiting(connection, condition, &[&user.0, &at, &key, &limit])
        };
        self.readers.by_key(user, read).await
    }

    async fn invited(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let after = after.map_or(0, |user| user.0);
        let read = move |connection: &Connection| {
            let condition = "conversation_id = ? AND user_id > ? ORDER BY user_id LIMIT ?";
            waiting(connection, condition, &[&conversation.0, &after, &limit])
        };
        self.readers.by_key(reader, read).await
    }
}
