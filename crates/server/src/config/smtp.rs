//! The mail server, as it is written in the settings.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// An SMTP server: `smtp://user@host:587` or `smtps://user@host:465`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmtpServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) security: SmtpSecurity,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpSecurity {
    /// Not at all: only on this machine.
    None,
    /// After `STARTTLS`.
    StartTls,
    /// From the beginning.
    Tls,
}

/// Reads a mail server; empty is none.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmtpServer>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(de::Error::custom)
}

impl FromStr for SmtpServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a mail server is written as smtp://user@host:587 or smtps://user@host:465".to_owned();
        let uri: url::Url = text.parse().map_err(|_| wrong())?;
        if uri.password().is_some() {
            // Settings are printed.
            return Err(
                "the password of the mail server belongs into the file of --smtp-password-file".into()
            );
        }
        let host = uri.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let starttls = match uri.query() {
            None => !is_here,
            Some("starttls") => true,
            Some(_) => return Err(wrong()),
        };
        let (security, usual) = match uri.scheme() {
            "smtps" => (SmtpSecurity::Tls, 465),
            "smtp" if starttls => (SmtpSecurity::StartTls, 587),
            "smtp" => (SmtpSecurity::None, 25),
            _ => return Err(wrong()),
        };
        if !matches!(uri.path(), "" | "/") || uri.fragment().is_some() {
            return Err(wrong());
        }
        let user = Some(uri.username()).filter(|user| !user.is_empty());
        let decode = |user: &str| percent_encoding::percent_decode_str(user).decode_utf8_lossy().into_owned();
        Ok(Self { host, port: uri.port().unwrap_or(usual), user: user.map(decode), security })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SmtpServer, String> {
        text.parse()
    }

    #[test]
    fn only_this_machine_is_reached_in_the_clear() {
        for (text, port, security) in [
            ("smtp://localhost:2525", 2525, SmtpSecurity::None),
            ("smtp://127.0.0.1", 25, SmtpSecurity::None),
            ("smtp://[::1]:2525", 2525, SmtpSecurity::None),
            ("smtp://localhost?starttls", 587, SmtpSecurity::StartTls),
            ("smtp://mail.example.org", 587, SmtpSecurity::StartTls),
            ("smtps://mail.example.org", 465, SmtpSecurity::Tls),
        ] {
            let server = read(text).unwrap();
            assert_eq!((server.port, server.security), (port, security), "{text}");
        }
        assert_eq!(
            read("smtps://ann%40club.example@mail.example.org").unwrap().user.unwrap(),
            "ann@club.example"
        );
    }

    #[test]
    fn what_is_no_mail_server_says_how_one_is_written() {
        for text in
            ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://a/b", "smtp://a?tls"]
        {
            assert!(read(text).unwrap_err().contains("smtp://user@host:587"), "{text}");
        }
        let error = read("smtp://ann:secret@mail.example.org").unwrap_err();
        assert!(error.contains("--smtp-password-file") && !error.contains("secret"), "{error}");
    }
}
