//! The writer's cache of conversations.

use domain::store::{ConversationKey, Roster, UserId};
use rusqlite::{Connection, Row};
use rustc_hash::FxHashMap;

/// The highest `seq`, the members and the blockers of conversations that were written to lately, so that they need not
/// be read for every message. All of it comes from the database. When a transaction is rolled back, the cache is
/// emptied.
#[derive(Default)]
pub(super) struct Heads {
    seqs: FxHashMap<ConversationKey, u64>,
    /// For a direct conversation and one of its people: what keeps the other from being written to.
    others: FxHashMap<(ConversationKey, UserId), Other>,
    /// The members of a group, and a `seq` that is not below the highest that one of them may not see.
    rosters: FxHashMap<ConversationKey, (Roster, u64)>,
}

/// Who in a direct conversation has blocked somebody, and whose account in it is deleted.
#[derive(Clone, Copy, Default)]
pub(super) struct Other {
    pub(super) blocker: Option<UserId>,
    /// The user themselves, if theirs is.
    pub(super) deleted: Option<UserId>,
}

impl Heads {
    /// Most conversations, at about 50 bytes each.
    const CAPACITY: usize = 1_000_000;
    /// Most groups, at 8 bytes for each member.
    const ROSTERS: usize = 2_000;

    pub(super) fn get(
        &mut self,
        connection: &Connection,
        key: ConversationKey,
    ) -> Result<u64, rusqlite::Error> {
        if let Some(&head) = self.seqs.get(&key) {
            return Ok(head);
        }
        let sql = "SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = ?";
        let head = connection.prepare_cached(sql)?.query_row([key.0], |row| row.get(0))?;
        self.set(key, head);
        Ok(head)
    }

    pub(super) fn set(&mut self, key: ConversationKey, head: u64) {
        if self.seqs.len() >= Self::CAPACITY && !self.seqs.contains_key(&key) {
            self.seqs.clear();
        }
        self.seqs.insert(key, head);
    }

    /// The members of a group, and the `seq` above which all of them see every message.
    pub(super) fn roster(
        &mut self,
        connection: &Connection,
        key: ConversationKey,
    ) -> Result<(Roster, u64), rusqlite::Error> {
        if let Some(known) = self.rosters.get(&key) {
            return Ok(known.clone());
        }
        let sql = "SELECT user_id, visible_after FROM members WHERE conversation_id = ? AND gone = 0 ORDER BY user_id";
        let mut statement = connection.prepare_cached(sql)?;
        let mut all_see = 0;
        let member = |row: &Row<'_>| {
            all_see = row.get::<_, u64>(1)?.max(all_see);
            row.get(0).map(UserId)
        };
        let roster: Roster = statement.query_map([key.0], member)?.collect::<Result<_, _>>()?;
        if self.rosters.len() >= Self::ROSTERS {
            self.rosters.clear();
        }
        self.rosters.insert(key, (roster.clone(), all_see));
        Ok((roster, all_see))
    }

    /// What is to be known of a direct conversation before one of its people writes.
    pub(super) fn other(
        &mut self,
        connection: &Connection,
        key: ConversationKey,
        user: UserId,
    ) -> Result<Other, rusqlite::Error> {
        if let Some(&known) = self.others.get(&(key, user)) {
            return Ok(known);
        }
        let sql = "SELECT id, deleted_at IS NOT NULL, \
                     EXISTS (SELECT 1 FROM blocks WHERE blocks.user_id = id AND blocked_id = ?2) \
                   FROM members JOIN users ON id = user_id WHERE conversation_id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([key.0, user.0])?;
        let mut found = Other::default();
        while let Some(row) = rows.next()? {
            let member = UserId(row.get(0)?);
            if row.get(1)? && found.deleted != Some(user) {
                found.deleted = Some(member);
            }
            if row.get(2)? {
                found.blocker = Some(member);
            }
        }
        if self.others.len() >= Self::CAPACITY {
            self.others.clear();
        }
        self.others.insert((key, user), found);
        Ok(found)
    }

    /// Drops what is cached of a direct conversation for a user. Call it when a block changes.
    pub(super) fn forget_other(&mut self, key: ConversationKey, user: UserId) {
        self.others.remove(&(key, user));
    }

    /// Drops what is cached of all direct conversations. Call it when an account is deleted.
    pub(super) fn forget_others(&mut self) {
        self.others.clear();
    }

    /// Adds a user who joins a group to its cached members.
    pub(super) fn join(&mut self, key: ConversationKey, user: UserId, visible_after: u64) {
        let Some((roster, all_see)) = self.rosters.get_mut(&key) else { return };
        if let Err(place) = roster.binary_search(&user) {
            let (below, above) = roster.split_at(place);
            *roster = [below, &[user], above].concat().into();
        }
        *all_see = visible_after.max(*all_see);
    }

    /// Removes a user who leaves a group from its cached members. Until they are read anew, the highest `seq` that one of
    /// them may not see may be given too high.
    pub(super) fn leave(&mut self, key: ConversationKey, user: UserId) {
        let Some((roster, _)) = self.rosters.get_mut(&key) else { return };
        *roster = roster.iter().copied().filter(|member| *member != user).collect();
    }
}
