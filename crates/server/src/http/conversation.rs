//! Conversations and their history over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::{Around, Error};
use protocol::{
    Conversation, ConversationChange, ConversationId, Message, Page, Problem, SharedKind, Timestamp, limit,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(history))
        .routes(routes!(changes))
        .routes(routes!(shared))
}

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The `next` of the page before.
    next: Option<String>,
    /// Only the direct conversation with the person of this username, in any case.
    with: Option<String>,
}

/// One's conversations, newest activity first
///
/// With `with` at most one: the direct conversation with that person, if it has begun.
#[utoipa::path(
    get, path = "/api/conversations", operation_id = "list_conversations", tag = "conversations",
    security(("token" = [])), params(ListQuery),
    responses((status = 200, body = Page<Conversation>), (status = 400, body = Problem, description = "`cursor_invalid`")),
)]
async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Page<Conversation>>, Failure> {
    if let Some(username) = query.with {
        let conversation = app.domain.conversations.with(&caller, &username).await?;
        return Ok(Json(Page { items: conversation.into_iter().collect(), next: None }));
    }
    Ok(Json(app.domain.conversations.list(&caller, query.next.as_deref()).await?))
}

/// One of `beforeSeq`, `afterSeq`, `aroundSeq` and `aroundTime`; without any, the newest messages.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct HistoryQuery {
    /// Messages below this `seq`, the newest of them.
    before_seq: Option<u64>,
    /// Messages above this `seq`, the oldest of them.
    after_seq: Option<u64>,
    /// Messages on both sides of this `seq`, itself included.
    around_seq: Option<u64>,
    /// Messages on both sides of this time (RFC 3339): the first of those sent then or later is among them.
    around_time: Option<Timestamp>,
    /// At most so many: 1 to 200, default 50.
    limit: Option<u32>,
}

/// Messages of a conversation, by ascending `seq`
#[utoipa::path(
    get, path = "/api/conversations/{id}/messages", operation_id = "list_messages", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), HistoryQuery),
    responses(
        (status = 200, body = Page<Message>),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn history(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<HistoryQuery>,
) -> Result<Json<Page<Message>>, Failure> {
    let given = [
        query.before_seq.map(Around::Before),
        query.after_seq.map(Around::After),
        query.around_seq.map(Around::Seq),
        query.around_time.map(Around::Time),
    ];
    let mut given = given.into_iter().flatten();
    let around = given.next().unwrap_or(Around::End);
    if given.next().is_some() {
        let detail = "Give one of beforeSeq, afterSeq, aroundSeq and aroundTime.";
        return Err(Error::invalid("beforeSeq", detail).into());
    }
    let limit = query.limit.unwrap_or(limit::PAGE_DEFAULT);
    let items = app.domain.conversations.history(&caller, id, around, limit).await?;
    Ok(Json(Page { items, next: None }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SharedQuery {
    /// What the messages share.
    #[param(inline)]
    kind: SharedKind,
    /// The `next` of the page before.
    next: Option<String>,
    /// At most so many: 1 to 200, default 50.
    limit: Option<u32>,
}

/// Messages of a conversation that share pictures and films, other files, or links, the newest first
///
/// Those that the caller may read, as they are now: one that was deleted, or whose link was edited away, is not there. A
/// picture of which no thumbnail was made is among `files`, and so is what sounds. `links` are the messages whose
/// text has an address of the web: with `http://` or `https://`, beginning with `www.`, or a host with an ending of
/// everyday use. A page may have fewer messages than asked for, where many are hidden from the caller; it is the last one
/// where `next` is missing.
#[utoipa::path(
    get, path = "/api/conversations/{id}/attachments", operation_id = "list_shared", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), SharedQuery),
    responses(
        (status = 200, body = Page<Message>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn shared(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<SharedQuery>,
) -> Result<Json<Page<Message>>, Failure> {
    let SharedQuery { kind, next, limit } = query;
    let limit = limit.unwrap_or(limit::PAGE_DEFAULT);
    Ok(Json(app.domain.conversations.shared(&caller, id, kind, next.as_deref(), limit).await?))
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct ChangesQuery {
    /// Changes above this `seq`; where there are more than `limit`, the newest of them.
    after_seq: Option<u64>,
    /// Changes below this `seq`.
    before_seq: Option<u64>,
    /// At most so many, the newest of them: 1 to 200, default 50.
    limit: Option<u32>,
}

/// How a group changed: its title, its members and their roles, by ascending `seq`
///
/// What is at 1 began the group and says its title, not its first members. A group that is older than this list lacks
/// what changed before. Who may read what was before they joined reads these, too.
#[utoipa::path(
    get, path = "/api/conversations/{id}/changes", tag = "conversations", security(("token" = [])),
    params(("id" = ConversationId, Path), ChangesQuery),
    responses(
        (status = 200, body = Page<ConversationChange>),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn changes(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<ChangesQuery>,
) -> Result<Json<Page<ConversationChange>>, Failure> {
    let range = (query.after_seq.unwrap_or(0), query.before_seq.unwrap_or(u64::MAX));
    let limit = query.limit.unwrap_or(limit::PAGE_DEFAULT);
    let items = app.domain.conversations.changes(&caller, id, range, limit).await?;
    Ok(Json(Page { items, next: None }))
}
