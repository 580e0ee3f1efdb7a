//! Tokens of host applications: an application that embeds Aldis logs its people in by itself, and signs tokens for
//! them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::{Code, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::account::check_username;
use crate::clock::Clock;
use crate::error::Error;
use crate::issuer_keys::{IssuerKeys, KeySource};

/// The longest token, in bytes.
const LONGEST: usize = 8 * 1024;
/// The longest `sub`, as `OpenID` Connect bounds it.
const SUBJECT: usize = 255;
/// How far the clock of an issuer may be ahead of ours.
const LEEWAY: Duration = Duration::from_mins(1);
/// How far in the future a token may expire: what is stolen is of no use for longer.
const LIFETIME: Duration = Duration::from_hours(24);

/// An issuer whose tokens are accepted, as the operator names it.
#[derive(Clone)]
pub struct TrustedIssuer {
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// The claim `aud` of its tokens, or one of several.
    pub audience: String,
    /// The claim with the username.
    pub username_claim: String,
    /// The claim with the display name; `None` if people choose their own.
    pub name_claim: Option<String>,
    /// Whether an account is made for somebody who has none.
    pub create: bool,
    /// Where its keys are.
    pub keys: Arc<dyn KeySource>,
}

/// The issuers whose tokens are accepted.
pub(crate) struct TrustedIssuers {
    issuers: Vec<(TrustedIssuer, Arc<IssuerKeys>)>,
    clock: Arc<dyn Clock>,
}

/// What an issuer says of a person by a token.
pub(crate) struct Vouched<'a> {
    pub(crate) issuer: &'a TrustedIssuer,
    pub(crate) subject: String,
    pub(crate) username: String,
    /// The display name.
    pub(crate) name: Option<String>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
}

/// The part of a token's header that matters. Keys and addresses of keys in it are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that have to be understood; none is.
    crit: Option<IgnoredAny>,
}

impl TrustedIssuers {
    pub(crate) fn new(issuers: Vec<TrustedIssuer>, clock: &Arc<dyn Clock>) -> Self {
        let with_keys = issuers.into_iter().map(|issuer| {
            let keys = IssuerKeys::new(issuer.issuer.clone(), issuer.keys.clone(), clock.clone());
            (issuer, Arc::new(keys))
        });
        Self { issuers: with_keys.collect(), clock: clock.clone() }
    }

    /// Fetches the keys of all issuers, so that the log says early what is wrong.
    pub(crate) async fn fetch_keys(&self) {
        futures_util::future::join_all(self.issuers.iter().map(|(_, keys)| keys.refresh())).await;
    }

    /// Checks a token. `None` if it is of none of these issuers.
    pub(crate) async fn read(&self, token: &str) -> Result<Option<Vouched<'_>>, Error> {
        if self.issuers.is_empty() || token.len() > LONGEST {
            return Ok(None);
        }
        let Some((signed, signature)) = token.rsplit_once('.') else { return Ok(None) };
        let Some((header, payload)) = signed.split_once('.') else { return Ok(None) };
        // Nothing of this is believed before the signature is checked.
        let Some(claims) = parse::<Map<String, Value>>(payload) else { return Ok(None) };
        let named = claims.get("iss").and_then(Value::as_str);
        let Some((issuer, keys)) = self.issuers.iter().find(|(issuer, _)| named == Some(&issuer.issuer))
        else {
            return Ok(None);
        };
        let header: Header =
            parse(header).ok_or_else(|| invalid("The header of this token cannot be read."))?;
        if !matches!(header.alg.as_str(), "EdDSA" | "ES256" | "RS256") {
            return Err(invalid("A token is signed with EdDSA, ES256 or RS256."));
        }
        if header.crit.is_some() || header.typ.is_some_and(|typ| !is_access_token(&typ)) {
            return Err(invalid("This token is no access token."));
        }
        let key = keys.find(&header.alg, header.kid.as_deref()).await?;
        let signature = BASE64URL.decode(signature).unwrap_or_default();
        if !key.verifies(signed.as_bytes(), &signature) {
            return Err(invalid("The signature of this token is wrong."));
        }
        self.check(issuer, &claims).map(Some)
    }

    /// Checks claims whose signature is right.
    fn check<'a>(
        &self,
        issuer: &'a TrustedIssuer,
        claims: &Map<String, Value>,
    ) -> Result<Vouched<'a>, Error> {
        let is_for_us = match claims.get("aud") {
            Some(Value::String(audience)) => *audience == issuer.audience,
            Some(Value::Array(audiences)) => audiences.iter().any(|audience| *audience == issuer.audience),
            _ => false,
        };
        if !is_for_us {
            return Err(invalid("This token is for another audience (aud)."));
        }
        let now = self.clock.now();
        let expires_at =
            time(claims, "exp")?.ok_or_else(|| invalid("A token says when it expires (exp)."))?;
        if expires_at <= now {
            let detail = "Get a new token from the application and try again.";
            return Err(Error::new(Code::TokenExpired, detail));
        }
        if expires_at > now.plus(LIFETIME + LEEWAY) {
            return Err(invalid("A token lives for 24 hours at most (exp)."));
        }
        let issued_at = time(claims, "iat")?;
        let soon = now.plus(LEEWAY);
        if [time(claims, "nbf")?, issued_at].into_iter().flatten().any(|at| at > soon) {
            return Err(invalid("This token is not valid yet (nbf, iat)."));
        }
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        let subject = text("sub").filter(|subject| (1..=SUBJECT).contains(&subject.len()));
        let subject = subject.ok_or_else(|| invalid("A token names its person (sub) in 1 to 255 bytes."))?;
        let claim = &issuer.username_claim;
        let username = text(claim).unwrap_or_default();
        check_username(username)
            .map_err(|error| invalid(format!("The claim {claim} is no username. {}", error.detail)))?;
        Ok(Vouched {
            issuer,
            subject: subject.to_owned(),
            username: username.to_owned(),
            name: issuer.name_claim.as_deref().and_then(text).map(str::to_owned),
            issued_at,
            expires_at,
        })
    }
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL.decode(part).ok()?).ok()
}

/// Whether the type of a token lets it be an access token. Other types are for other purposes, such as `logout+jwt`.
fn is_access_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

/// A time among the claims: seconds since 1970, perhaps with a fraction.
fn time(claims: &Map<String, Value>, claim: &str) -> Result<Option<Timestamp>, Error> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let since = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    let time = millis.map(Timestamp::from_millis);
    time.map(Some).ok_or_else(|| invalid(format!("The claim {claim} is no time.")))
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::TokenInvalid, detail)
}
