//! The one error type of the domain. The server turns it into an HTTP answer or a socket's answer.

use std::borrow::Cow;
use std::time::Duration;

use protocol::{Code, Problem};

use crate::store::StoreError;

/// Why a request failed. It may be sent again: with the same `clientId` a message is not stored twice.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Error {
    /// The code, which clients may rely on.
    pub code: Code,
    /// What went wrong and what to do about it, in words that may be shown to users.
    pub detail: Cow<'static, str>,
    /// The field of the request that is wrong.
    pub field: Option<Cow<'static, str>>,
    /// How long to wait before trying again.
    pub retry_after: Option<Duration>,
    /// The failure of the store behind it, for the log alone.
    #[source]
    pub cause: Option<StoreError>,
}

impl Error {
    /// An error with this code and explanation.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after: None, cause: None }
    }

    /// The value of a field is not valid.
    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Invalid, detail).about(field)
    }

    /// Names the field of the request that is wrong.
    #[must_use]
    pub fn about(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// Too many requests; the next is allowed after `wait`.
    pub fn rate_limited(wait: Duration) -> Self {
        let detail = "Too many requests; wait as long as retryAfter says.";
        Self { retry_after: Some(wait), ..Self::new(Code::RateLimited, detail) }
    }

    /// It does not exist, or the caller may not see it.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// The error as clients see it.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code, self.detail.as_ref());
        problem.field = self.field.as_deref().map(str::to_owned);
        // Rounded up, so that a client that waits so long is let in.
        problem.retry_after =
            self.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        problem
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (code, detail) = match error {
            StoreError::TooMany => return Self::rate_limited(Duration::from_secs(1)),
            StoreError::Unavailable(_) | StoreError::Closed => (
                Code::StoreUnavailable,
                "Nothing is promised; try again in a moment, with the same clientId.",
            ),
            StoreError::Damaged(_) => {
                (Code::StoreDamaged, "What the server has stored is damaged; its operator has to mend it.")
            }
        };
        Self { cause: Some(error), ..Self::new(code, detail) }
    }
}
