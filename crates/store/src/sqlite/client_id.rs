//! How a sender's own name for a message is kept.

use domain::store::ClientId;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use uuid::Uuid;

/// A client id to be stored: as 16 bytes where it is a UUID in its usual spelling.
pub(super) struct ClientIdColumn<'a>(pub(super) &'a str);

impl ToSql for ClientIdColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let uuid = Uuid::try_parse(self.0).ok().filter(|uuid| {
            let mut spelled = Uuid::encode_buffer();
            *uuid.hyphenated().encode_lower(&mut spelled) == *self.0
        });
        Ok(match uuid {
            Some(uuid) => uuid.into_bytes().to_vec().into(),
            None => self.0.into(),
        })
    }
}

/// A client id that was stored.
pub(super) struct StoredClientId(pub(super) ClientId);

impl FromSql for StoredClientId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => {
                let uuid = Uuid::from_slice(bytes).map_err(FromSqlError::other)?;
                Ok(Self(uuid.to_string().into()))
            }
            text => Ok(Self(text.as_str()?.into())),
        }
    }
}
