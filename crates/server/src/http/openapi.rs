//! The parts that the descriptions of all endpoints share.

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Adds to every endpoint how it refuses, and says of each answer what it means and how it is written.
pub(super) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, patch, .. } = item;
        [get, put, post, delete, patch].into_iter().flatten().for_each(complete_operation);
    }
}

fn complete_operation(operation: &mut Operation) {
    let takes_json = match &operation.request_body {
        Some(RefOr::T(body)) => body.content.contains_key(JSON),
        _ => false,
    };
    let answers = &mut operation.responses.responses;
    let mut refuses = |status: &str, when: &str| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let answer = || ResponseBuilder::new().description(when).content(JSON, problem).into();
        answers.entry(status.to_owned()).or_insert_with(answer);
    };
    if operation.security.is_some() {
        refuses("401", "`token_required`, `token_invalid`, `token_expired` or `session_revoked`");
    }
    if takes_json {
        refuses("400", "`malformed`");
        refuses("413", "`too_large`");
        refuses("415", "`unsupported_media_type`");
        refuses("422", "`invalid`, with the field named");
    }
    refuses("default", "Any other problem");
    for (status, answer) in answers {
        let RefOr::T(answer) = answer else { continue };
        let status: Option<StatusCode> = status.parse().ok();
        if answer.description.is_empty() {
            let reason = status.and_then(|status| status.canonical_reason());
            reason.unwrap_or_default().clone_into(&mut answer.description);
        }
        let is_problem = status.is_none_or(|status| status.as_u16() >= 400);
        if is_problem && let Some(content) = answer.content.shift_remove(JSON) {
            answer.content.insert(PROBLEM.to_owned(), content);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn every_answer_is_described_and_every_refusal_is_a_problem() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let methods =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
        for (_, about) in methods {
            let id = &about["operationId"];
            let answers = about["responses"].as_object().unwrap();
            assert!(answers.contains_key("default"), "{id}");
            assert!(answers.contains_key("401") || about["security"].is_null(), "{id}");
            for (status, answer) in answers {
                assert!(!answer["description"].as_str().unwrap_or_default().is_empty(), "{id} {status}");
                let schema = &answer["content"]["application/problem+json"]["schema"];
                if !status.starts_with(['2', '3']) {
                    assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{id} {status}");
                    assert_eq!(answer["content"]["application/json"], Value::Null, "{id} {status}");
                }
            }
        }
    }
}
