//! Pictures of people and groups over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use domain::{AvatarSize, AvatarUpload, Caller, Error, OpenedAvatar};
use protocol::{Conversation, ConversationId, Problem, User};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::attachment::respond;
use super::extract::{Bearer, Parameters, Segment};
use super::incoming::Incoming;
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(put_own, remove_own)).routes(routes!(of_person)).routes(routes!(
        of_group,
        put_of_group,
        remove_of_group
    ))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PictureQuery {
    /// 96 or 512 pixels wide and high; 512 where it is left out.
    size: Option<u32>,
    /// The version, as in `pictureUrl`: with it the answer may be kept for good.
    v: Option<String>,
}

impl PictureQuery {
    fn size(&self) -> Result<AvatarSize, Error> {
        match self.size {
            None | Some(512) => Ok(AvatarSize::Large),
            Some(96) => Ok(AvatarSize::Small),
            Some(_) => Err(Error::invalid("size", "A picture is there in 96 and in 512 pixels.")),
        }
    }
}

/// Give oneself a picture
///
/// The body is the bytes of a JPEG, PNG or WebP picture of up to 5 MiB and 40 megapixels; its `Content-Type` does not
/// matter. The square in its middle is stored in 512 and 96 pixels, upright, on white and without metadata.
#[utoipa::path(
    put, path = "/api/users/me/picture", operation_id = "put_my_picture", tag = "users", security(("token" = [])),
    request_body(content = String, content_type = "*/*", description = "The bytes"),
    responses(
        (status = 200, body = User),
        (status = 400, body = Problem, description = "`malformed`: a form, or a body that broke off"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 413, body = Problem, description = "`too_large`"),
        (status = 422, body = Problem, description = "`invalid`: no picture, or one of too many pixels"),
        (status = 429, body = Problem, description = "`rate_limited`: 10 pictures an hour"),
    ),
)]
async fn put_own(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    request: Request,
) -> Result<Json<User>, Failure> {
    let mut incoming = Incoming::new(&app, request);
    let taken = take_own(&app, &caller, &mut incoming).await;
    incoming.end();
    Ok(Json(taken?))
}

async fn take_own(app: &App, caller: &Caller, incoming: &mut Incoming) -> Result<User, Failure> {
    incoming.kind()?;
    let mut upload = app.domain.avatars.upload(caller, incoming.size()).await?;
    receive(incoming, &mut upload).await?;
    Ok(app.domain.avatars.set(caller, upload).await?)
}

async fn receive(incoming: &mut Incoming, upload: &mut AvatarUpload) -> Result<(), Failure> {
    while let Some(bytes) = incoming.next().await? {
        upload.write(bytes).await?;
    }
    Ok(())
}

/// Remove one's own picture
#[utoipa::path(
    delete, path = "/api/users/me/picture", operation_id = "remove_my_picture", tag = "users",
    security(("token" = [])),
    responses(
        (status = 204, description = "There is none now"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
    ),
)]
async fn remove_own(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<StatusCode, Failure> {
    app.domain.avatars.remove(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody's picture
///
/// A square JPEG. `pictureUrl` of a user or member is its address, to which `&size=96` may be added.
#[utoipa::path(
    get, path = "/api/users/{username}/picture", operation_id = "get_picture", tag = "users",
    security(("token" = [])),
    params(("username" = String, Path), PictureQuery),
    responses(
        (status = 200, body = String, content_type = "image/jpeg"),
        (status = 304, description = "The same as before"),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`: another size"),
    ),
)]
async fn of_person(
    State(app): State<Arc<App>>,
    _: Bearer,
    Segment(username): Segment<String>,
    Parameters(query): Parameters<PictureQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let opened = app.domain.avatars.open(&username, query.size()?).await?;
    Ok(show(opened, &query, &headers))
}

/// Give a group a picture
///
/// By its owner and admins. It takes what one's own picture takes, and the members are told as of a new title.
#[utoipa::path(
    put, path = "/api/conversations/{id}/picture", operation_id = "put_group_picture", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    request_body(content = String, content_type = "*/*", description = "The bytes"),
    responses(
        (status = 200, body = Conversation),
        (status = 400, body = Problem, description = "`malformed`: a form, or a body that broke off"),
        (status = 403, body = Problem, description = "`forbidden`: a member, or no group"),
        (status = 404, body = Problem),
        (status = 413, body = Problem, description = "`too_large`"),
        (status = 422, body = Problem, description = "`invalid`: no picture, or one of too many pixels"),
        (status = 429, body = Problem, description = "`rate_limited`: 10 pictures an hour"),
    ),
)]
async fn put_of_group(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    request: Request,
) -> Result<Json<Conversation>, Failure> {
    let mut incoming = Incoming::new(&app, request);
    let taken = take_of_group(&app, &caller, id, &mut incoming).await;
    incoming.end();
    Ok(Json(taken?))
}

async fn take_of_group(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    incoming: &mut Incoming,
) -> Result<Conversation, Failure> {
    incoming.kind()?;
    let mut upload = app.domain.avatars.upload_group(caller, id, incoming.size()).await?;
    receive(incoming, &mut upload).await?;
    Ok(app.domain.avatars.set_group(caller, id, upload).await?)
}

/// Remove the picture of a group
///
/// By its owner and admins.
#[utoipa::path(
    delete, path = "/api/conversations/{id}/picture", operation_id = "remove_group_picture", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    responses(
        (status = 204, description = "There is none now"),
        (status = 403, body = Problem, description = "`forbidden`: a member, or no group"),
        (status = 404, body = Problem),
    ),
)]
async fn remove_of_group(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
) -> Result<StatusCode, Failure> {
    app.domain.avatars.remove_group(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The picture of a group
///
/// For its members. In everything else as that of a person.
#[utoipa::path(
    get, path = "/api/conversations/{id}/picture", operation_id = "get_group_picture", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path), PictureQuery),
    responses(
        (status = 200, body = String, content_type = "image/jpeg"),
        (status = 304, description = "The same as before"),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`: another size"),
    ),
)]
async fn of_group(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<PictureQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let opened = app.domain.avatars.open_group(&caller, id, query.size()?).await?;
    Ok(show(opened, &query, &headers))
}

fn show(opened: OpenedAvatar, query: &PictureQuery, request: &HeaderMap) -> Response<Body> {
    let OpenedAvatar { file, version } = opened;
    let mut response = respond(file, request);
    // Another picture may come to be at an address without a version, or is there already at that of an old one.
    if query.v.as_deref() != Some(&version) {
        let asked_again = HeaderValue::from_static("private, no-cache");
        response.headers_mut().insert(CACHE_CONTROL, asked_again);
    }
    response
}
