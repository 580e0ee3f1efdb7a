//! Mentions in their column: the numbers of the users one after the other, 8 bytes each, big-endian.

use domain::store::UserId;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

pub(super) struct MentionsColumn<'a>(pub(super) &'a [UserId]);

impl ToSql for MentionsColumn<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|user| user.0.to_be_bytes()).collect();
        Ok(bytes.into())
    }
}

pub(super) struct StoredMentions(pub(super) Box<[UserId]>);

impl FromSql for StoredMentions {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (ids, rest) = value.as_blob()?.as_chunks();
        if !rest.is_empty() {
            return Err(FromSqlError::InvalidType);
        }
        Ok(Self(ids.iter().map(|id| UserId(i64::from_be_bytes(*id))).collect()))
    }
}
