//! Attachments over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use domain::store::Blob;
use domain::{Caller, Error, Opened};
use futures_util::stream;
use protocol::{Attachment, AttachmentId, AttachmentLink, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Parameters, Segment};
use super::incoming::Incoming;
use super::problem::{self, Failure};
use super::range::{Wanted, wanted};
use crate::app::App;

/// What is read of a file and sent at a time.
const PIECE: usize = 128 << 10;

/// A file is no page: nothing in it runs, wherever it is opened.
const POLICY: &str = "sandbox; default-src 'none'";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .routes(routes!(get))
        .routes(routes!(thumbnail))
        .routes(routes!(link))
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

/// Upload a file
///
/// The bytes are the body, as they are; a form (`multipart/form-data`) is `malformed`. None is refused for its type: a file
/// whose first bytes, name and `Content-Type` do not agree is a download. Unless the server is told otherwise, JPEG, PNG,
/// WebP, HEIC and AVIF are stored without where and with what they were taken. A file that no message carries within a day is
/// forgotten.
#[utoipa::path(
    post, path = "/api/attachments", operation_id = "upload_attachment", tag = "attachments",
    security(("token" = [])),
    params(("name" = String, Query, description = "1 to 255 bytes without control characters and slashes")),
    request_body(content = String, content_type = "*/*", description = "The bytes"),
    responses(
        (status = 201, body = Attachment),
        (status = 400, body = Problem, description = "`malformed`: a form, or a body that broke off"),
        (status = 413, body = Problem, description = "`too_large` or `quota_exceeded`"),
        (status = 422, body = Problem, description = "`invalid`: the name"),
        (status = 429, body = Problem, description = "`rate_limited`: too many uploads at once"),
        (status = 503, body = Problem, description = "`store_unavailable`: nothing was stored"),
    ),
)]
async fn upload(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(Named { name }): Parameters<Named>,
    request: Request,
) -> Result<(StatusCode, Json<Attachment>), Failure> {
    let mut incoming = Incoming::new(&app, request);
    let taken = take(&app, &caller, &name, &mut incoming).await;
    incoming.end();
    Ok((StatusCode::CREATED, Json(taken?)))
}

async fn take(
    app: &App,
    caller: &Caller,
    name: &str,
    incoming: &mut Incoming,
) -> Result<Attachment, Failure> {
    let (kind, size) = (incoming.kind()?, incoming.size());
    let mut upload = app.domain.attachments.upload(caller, name, kind, size).await?;
    while let Some(bytes) = incoming.next().await? {
        upload.write(bytes).await?;
    }
    Ok(upload.finish().await?)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct KeyQuery {
    /// The key of a link, in place of a token.
    key: Option<String>,
}

/// The bytes of a file
///
/// For who uploaded it, and for the members of a conversation in which a message carries it that they may see. Takes
/// `Range` with one range, and `If-None-Match`.
#[utoipa::path(
    get, path = "/api/attachments/{id}", operation_id = "get_attachment", tag = "attachments",
    security(("token" = []), ()),
    params(("id" = AttachmentId, Path), KeyQuery),
    responses(
        (status = 200, body = String, content_type = "*/*"),
        (status = 206, body = String, content_type = "*/*", description = "Part of them"),
        (status = 304, description = "The same as before"),
        (status = 404, body = Problem),
        (status = 416, body = Problem, description = "`invalid`: the file has no such part"),
    ),
)]
async fn get(
    State(app): State<Arc<App>>,
    Segment(id): Segment<AttachmentId>,
    Parameters(KeyQuery { key }): Parameters<KeyQuery>,
    bearer: Result<Bearer, Failure>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let Some(key) = key.filter(|_| !headers.contains_key(AUTHORIZATION)) else {
        let Bearer(caller) = bearer?;
        return Ok(respond(app.domain.attachments.open(&caller, id).await?, &headers));
    };
    let caller = app.domain.sessions.authenticate_link(&key, id).await?;
    caller.wait_for_turn(&*app.clock).await?;
    let mut response = respond(app.domain.attachments.open(&caller, id).await?, &headers);
    // The address is good for whoever has it, so nothing is to be found under it later.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// A link to a file
///
/// For elements of a page that cannot send a token, such as `video` and `audio`. The key in it opens this one file, for an
/// hour and while the session that asked for it lives; whether its user may see the file is asked each time. It opens
/// nothing else.
#[utoipa::path(
    post, path = "/api/attachments/{id}/link", operation_id = "link_attachment", tag = "attachments",
    security(("token" = [])),
    params(("id" = AttachmentId, Path)),
    responses(
        (status = 200, body = AttachmentLink),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn link(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<AttachmentId>,
) -> Result<Json<AttachmentLink>, Failure> {
    app.domain.attachments.check(&caller, id).await?;
    Ok(Json(app.domain.sessions.link(&caller, id)?))
}

/// A small picture of a file
///
/// Of pictures alone; at most 800 pixels wide and high, as JPEG or PNG. As the file itself in everything else.
#[utoipa::path(
    get, path = "/api/attachments/{id}/thumbnail", operation_id = "get_thumbnail", tag = "attachments",
    security(("token" = [])),
    params(("id" = AttachmentId, Path)),
    responses(
        (status = 200, body = String, content_type = "image/jpeg"),
        (status = 404, body = Problem),
    ),
)]
async fn thumbnail(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<AttachmentId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    Ok(respond(app.domain.attachments.open_thumbnail(&caller, id).await?, &headers))
}

pub(super) fn respond(opened: Opened, request: &HeaderMap) -> Response<Body> {
    let Opened { kind, shown, name, hash, blob } = opened;
    let size = blob.size();
    let tag = format!("\"{hash}\"");
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(ETAG, ascii(&tag));
    let sent = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if sent(IF_NONE_MATCH).is_some_and(|known| matches(known, &tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, ascii(&disposition(shown, &name)));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // With `If-Range`, a part is sent only if the file has not changed: parts of two states do not fit together.
    let range = sent(RANGE).filter(|_| sent(IF_RANGE).is_none_or(|known| known == tag));
    let (status, from, count) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part { from, to } => {
            headers.insert(CONTENT_RANGE, ascii(&format!("bytes {from}-{to}/{size}")));
            (StatusCode::PARTIAL_CONTENT, from, to - from + 1)
        }
        Wanted::Nothing => return no_such_part(size),
    };
    headers.insert(CONTENT_LENGTH, count.into());
    (status, headers, Body::from_stream(pieces(blob, from, count))).into_response()
}

/// Part of a file, piece after piece, as fast as it is taken.
fn pieces(
    blob: Arc<dyn Blob>,
    from: u64,
    count: u64,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, domain::store::StoreError>> {
    stream::try_unfold((blob, from, count), |(blob, from, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let bytes = blob.read(from, usize::try_from(left).unwrap_or(PIECE).min(PIECE)).await;
        let bytes = bytes.inspect_err(|error| tracing::error!(%error, "a file could not be read"))?;
        let read = bytes.len() as u64;
        Ok(Some((bytes, (blob, from + read, left - read))))
    })
}

fn no_such_part(size: u64) -> Response<Body> {
    let problem = Error::invalid("Range", format!("The file has {size} bytes.")).problem();
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut response = problem::respond(&Problem { status: status.as_u16(), ..problem });
    response.headers_mut().insert(CONTENT_RANGE, ascii(&format!("bytes */{size}")));
    response
}

/// Whether one of the tags of an `If-None-Match` is this one.
fn matches(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// A `Content-Disposition` (RFC 6266): the name as it is, and in ASCII for who does not know better.
fn disposition(shown: bool, name: &str) -> String {
    let how = if shown { "inline" } else { "attachment" };
    let plain: String =
        name.chars()
            .map(|char| {
                if char.is_ascii_graphic() && !matches!(char, '"' | '%') || char == ' ' { char } else { '_' }
            })
            .collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        // The `attr-char` of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

fn ascii(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("it is put together from printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers() {
        assert_eq!(disposition(true, "a b.png"), "inline; filename=\"a b.png\"; filename*=UTF-8''a%20b.png");
        assert_eq!(
            disposition(false, "\"ключ\"%;.pdf"),
            "attachment; filename=\"_______;.pdf\"; filename*=UTF-8''%22%D0%BA%D0%BB%D1%8E%D1%87%22%25%3B.pdf"
        );
    }

    #[test]
    fn tags() {
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(matches(known, "\"a\""), "{known}");
        }
        assert!(!matches("\"b\"", "\"a\"") && !matches("a", "\"a\""));
    }
}
