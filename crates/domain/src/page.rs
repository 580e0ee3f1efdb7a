//! Pages of a list. A page's `next` says where the next page begins; clients hand it back unread.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::Code;

use crate::error::Error;
use crate::store::Position;

/// Cuts a list to a page, of which one item more than a page was read. Gives the last item of the page if there is a
/// next page.
pub(crate) fn cut<T>(found: &mut Vec<T>, page: usize) -> Option<&T> {
    let more = found.len() > page;
    found.truncate(page);
    found.last().filter(|_| more)
}

/// Makes the `next` for a place in a list.
pub(crate) fn encode(place: impl AsRef<[u8]>) -> String {
    BASE64URL.encode(place)
}

/// Reads the place from a `next`; `None` if there is no `next`.
pub(crate) fn decode<T>(
    next: Option<&str>,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(next) = next else { return Ok(None) };
    let place = BASE64URL.decode(next).ok().and_then(|place| read(&place));
    let invalid =
        || Error::new(Code::CursorInvalid, "Use the `next` of the last page as it was.").about("next");
    place.map(Some).ok_or_else(invalid)
}

/// Makes the `next` for a list that is sorted by number.
pub(crate) fn encode_number(number: u64) -> String {
    encode(number.to_be_bytes())
}

/// Like [`decode`], for a list that is sorted by number.
pub(crate) fn decode_number(next: Option<&str>) -> Result<Option<u64>, Error> {
    decode(next, |place| Some(u64::from_be_bytes(place.try_into().ok()?)))
}

/// Makes the `next` for a list that is sorted by position.
pub(crate) fn encode_position(position: Position) -> String {
    encode_number(position.0)
}

/// Like [`decode`], for a list that is sorted by position.
pub(crate) fn decode_position(next: Option<&str>) -> Result<Option<Position>, Error> {
    Ok(decode_number(next)?.map(Position))
}
