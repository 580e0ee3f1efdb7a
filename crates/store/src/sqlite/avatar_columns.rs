//! The columns of a picture, which people and groups have. Apart from `avatar.rs`, which changes groups, and these read them.

use domain::store::{Avatar, BlobHash};
use rusqlite::Row;

/// In the order in which [`avatar`] reads them.
pub(super) const COLUMNS: &str = "avatar_large, avatar_small";

/// The picture in a row whose columns begin with this one.
pub(super) fn avatar(row: &Row<'_>, first: usize) -> Result<Option<Avatar>, rusqlite::Error> {
    let large = row.get::<_, Option<[u8; 32]>>(first)?.map(BlobHash);
    let small = row.get::<_, Option<[u8; 32]>>(first + 1)?.map(BlobHash);
    Ok(large.zip(small).map(|(large, small)| Avatar { large, small }))
}
