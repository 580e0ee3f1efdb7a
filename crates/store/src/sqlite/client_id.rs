//! Client ids in their column: 16 bytes for a UUID, text for any other.

use domain::store::ClientId;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use uuid::Uuid;

/// A client id to be stored. Only a UUID with hyphens and in lower case becomes 16 bytes, so that each client id is
/// read as it was written.
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

/// A client id read from its column.
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
