//! One-time codes and other notices by a webhook, to a gateway for text messages or mails of the operator's own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::{Clock, Notice, NoticeContent, OtpChannel, Random, SendError};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use ureq::Agent;

use crate::mail;

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Posts notices, signed as in [Standard Webhooks](https://www.standardwebhooks.com).
pub(crate) struct Webhook {
    agent: Agent,
    url: String,
    secret: Vec<u8>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// What is posted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    /// `verify`, `reset`, `email`, `email-changing` or `password-changed`.
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    username: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl Webhook {
    /// `secret` is in the form of Standard Webhooks: base64, with or without `whsec_` before it.
    pub(crate) fn new(
        url: String,
        secret: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, String> {
        /// The shortest secret that the specification allows, in bytes.
        const SHORTEST: usize = 24;
        let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
        let secret = BASE64_STANDARD.decode(encoded).ok().filter(|secret| secret.len() >= SHORTEST);
        let secret = secret.ok_or(
            "the secret of the webhook is not base64 of 24 bytes or more; make one with `openssl rand -base64 32`",
        )?;
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(
                ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build(),
            )
            .build();
        Ok(Self { agent: agent.into(), url, secret, clock, random })
    }

    fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[async_trait]
impl OtpChannel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn takes_time(&self) -> bool {
        true
    }

    async fn send(&self, notice: &Notice<'_>) -> Result<(), SendError> {
        let now = self.clock.now();
        let (code, expires_at) = match notice.content {
            NoticeContent::Code { code, expires_at, .. } => (Some(code), Some(expires_at.to_string())),
            NoticeContent::EmailChanging | NoticeContent::PasswordChanged => (None, None),
        };
        let data = Data {
            username: &notice.account.username,
            display_name: &notice.account.display_name,
            email: notice.email,
            language: notice.language.tag(),
            code,
            expires_at,
        };
        let body = Body { kind: mail::kind(notice.content), timestamp: now.to_string(), data };
        let body = serde_json::to_string(&body).map_err(|error| SendError::Refused(error.to_string()))?;
        // A new id for each try, because each has a code of its own: a gateway that drops a repeat would send the old.
        let mut id = [0; 12];
        self.random.fill(&mut id);
        let id = format!("msg_{}", id.map(|byte| format!("{byte:02x}")).concat());
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-timestamp", now.as_seconds().to_string())
            .header("webhook-signature", self.signature(&id, now.as_seconds(), &body))
            .header("webhook-id", id);
        let sent = tokio::task::spawn_blocking(move || request.send(body)).await;
        let sent = sent.map_err(|error| SendError::Unavailable(error.to_string()))?;
        let status = sent.map_err(|error| SendError::Unavailable(error.to_string()))?.status();
        match status.as_u16() {
            200..300 => Ok(()),
            // The gateway knows better, for example that the number does not exist.
            400 | 422 => Err(SendError::Refused(format!("the gateway answered {status}"))),
            _ => Err(SendError::Unavailable(format!("the gateway answered {status}"))),
        }
    }
}
