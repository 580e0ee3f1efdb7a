//! Finding messages over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Within;
use protocol::{ConversationId, Hit, Page, Problem, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Parameters};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(search))
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct SearchQuery {
    /// Words, in at most 200 characters.
    #[serde(default)]
    #[param(required = true)]
    q: String,
    /// Where; everywhere if left out.
    conversation_id: Option<ConversationId>,
    /// Only what this person sent, by their username in any case.
    from: Option<String>,
    /// Only what was sent at this time or later (RFC 3339).
    after: Option<Timestamp>,
    /// Only what was sent before this time (RFC 3339).
    before: Option<Timestamp>,
    /// The `next` of the page before.
    next: Option<String>,
}

/// Find messages by their words, the newest first
///
/// All words must occur, the last one at least as the beginning of a word; case and diacritics do not matter. What was
/// sent a moment ago may not be found yet. Finds what the caller may see now; a page has 20 messages, or fewer where the
/// server had looked at a lot: it is the last one where `next` is missing.
#[utoipa::path(
    get, path = "/api/search", tag = "messages", security(("token" = [])), params(SearchQuery),
    responses(
        (status = 200, body = Page<Hit>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`: no words, or too many"),
        (status = 429, body = Problem, description = "`rate_limited`: a search counts as a message"),
    ),
)]
async fn search(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<Page<Hit>>, Failure> {
    let SearchQuery { q, conversation_id, from, after, before, next } = query;
    let within =
        Within { conversation: conversation_id, sender: from.as_deref(), since: after, until: before };
    Ok(Json(app.domain.searches.find(&caller, &q, within, next.as_deref()).await?))
}
