//! One-time codes and other notices by e-mail.

mod text;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Clock, Notice, NoticeContent, OtpChannel, SendError};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use std::sync::Arc;

pub(crate) use text::kind;

use crate::config::SmtpServer;

/// How long a mail may take, with connecting to the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends mails through an SMTP server.
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What mails call the server of Aldis.
    server: String,
    clock: Arc<dyn Clock>,
}

impl Email {
    /// Fails if the server cannot be one, without connecting to it.
    pub(crate) fn new(
        smtp: &SmtpServer,
        password: Option<String>,
        from: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let from: Mailbox = from.parse().map_err(|_| {
            format!("smtp-from: {from:?} is not an address, like \"Club <chat@club.example>\"")
        })?;
        let parameters =
            || TlsParameters::new(smtp.host.clone()).map_err(|error| format!("smtp-url: {error}"));
        let tls = match smtp.security {
            crate::config::SmtpSecurity::None => Tls::None,
            crate::config::SmtpSecurity::StartTls => Tls::Required(parameters()?),
            crate::config::SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some(user) = &smtp.user {
            let password =
                password.ok_or("smtp-url names a user: give the password by --smtp-password-file")?;
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        let server = from.name.clone().unwrap_or_else(|| from.email.domain().to_owned());
        Ok(Self { transport: builder.build(), from, server, clock })
    }

    fn write(&self, notice: &Notice<'_>) -> Result<Message, SendError> {
        let refused = |error: &dyn std::fmt::Display| SendError::Refused(error.to_string());
        let to = notice.email.ok_or_else(|| SendError::Refused("there is no e-mail address".into()))?;
        let to = to.parse().map_err(|error| refused(&error))?;
        let minutes = match notice.content {
            NoticeContent::Code { expires_at, .. } => {
                let left = expires_at.as_millis().saturating_sub(self.clock.now().as_millis());
                // Rounded, because a moment has passed since it was drawn.
                ((left + 30_000) / 60_000).max(1).to_string()
            }
            NoticeContent::EmailChanging | NoticeContent::PasswordChanged => String::new(),
        };
        let code = match notice.content {
            NoticeContent::Code { code, .. } => code,
            NoticeContent::EmailChanging | NoticeContent::PasswordChanged => "",
        };
        let values = [
            ("server", self.server.as_str()),
            ("name", &notice.account.display_name),
            ("username", &notice.account.username),
            ("code", code),
            ("minutes", &minutes),
        ];
        let letter = text::write(kind(notice.content), notice.language, &values);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            // No answers of machines, such as of somebody who is away (RFC 3834).
            .raw_header(lettre::message::header::HeaderValue::new(
                lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ))
            .multipart(MultiPart::alternative_plain_html(letter.plain, letter.html))
            .map_err(|error| refused(&error))
    }
}

#[async_trait]
impl OtpChannel for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn takes_time(&self) -> bool {
        true
    }

    fn needs_email(&self) -> bool {
        true
    }

    async fn send(&self, notice: &Notice<'_>) -> Result<(), SendError> {
        let message = self.write(notice)?;
        let sent = tokio::time::timeout(PATIENCE, self.transport.send(message)).await;
        let late = |_| SendError::Unavailable("the mail server did not answer in time".into());
        match sent.map_err(late)? {
            Ok(_) => Ok(()),
            // For good (RFC 5321, 4.2.1), except for a refused log-in, which is for the operator to mend.
            Err(error) if error.is_permanent() && !is_about_us(&error) => {
                Err(SendError::Refused(error.to_string()))
            }
            Err(error) => Err(SendError::Unavailable(error.to_string())),
        }
    }
}

/// Whether the server refuses this server rather than the mail: 530, 534, 535 and 538 are about authentication.
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| [530, 534, 535, 538].contains(&u16::from(code)))
}
