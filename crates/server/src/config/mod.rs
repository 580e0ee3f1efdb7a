//! Settings: from flags, the environment and one file, over the defaults of `default.toml`.
//!
//! That file is the one list of settings: flags, variables and keys are derived from it.

mod layers;
mod secret;
mod smtp;
mod trusted_issuer;
mod value;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use protocol::Registration;
use serde::Deserialize;

pub(crate) use layers::{Layers, arguments};
pub(crate) use secret::secret;
pub(crate) use smtp::{SmtpSecurity, SmtpServer};
pub(crate) use trusted_issuer::{KeyPlace, TrustedIssuer};
pub(crate) use value::{BasePath, Network, Origin, Size, Span};

/// The defaults, with what each setting means.
pub(crate) const DEFAULTS: &str = include_str!("default.toml");

/// The settings in force. `default.toml` says what each means.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: String,
    pub(crate) base_path: BasePath,
    pub(crate) public_url: String,
    pub(crate) data: PathBuf,
    pub(crate) accept_older_database: bool,
    pub(crate) memory: bool,
    pub(crate) metrics_listen: String,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) allow_origin: Vec<Origin>,
    pub(crate) trusted_proxy: Vec<Network>,
    pub(crate) proxy_header: ProxyHeader,
    pub(crate) registration: Registration,
    pub(crate) otp_channel: OtpChannelName,
    pub(crate) allow_fixed_otp: bool,
    #[serde(deserialize_with = "smtp::optional")]
    pub(crate) smtp_url: Option<SmtpServer>,
    pub(crate) smtp_from: String,
    pub(crate) smtp_password_file: PathBuf,
    pub(crate) otp_webhook_url: String,
    pub(crate) otp_webhook_secret_file: PathBuf,
    pub(crate) otp_lifetime: Span,
    pub(crate) otp_tries: u32,
    pub(crate) unverified_lifetime: Span,
    pub(crate) token_lifetime: Span,
    pub(crate) session_lifetime: Span,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) trusted_issuer: Vec<TrustedIssuer>,
    pub(crate) hash_threads: usize,
    pub(crate) hash_queue: usize,
    pub(crate) registrations_per_hour: u32,
    pub(crate) login_burst: u32,
    pub(crate) logins_per_hour: u32,
    pub(crate) logins_per_address_per_hour: u32,
    pub(crate) failed_logins_per_hour: u32,
    pub(crate) failed_logins_per_address_per_hour: u32,
    pub(crate) failed_logins_per_account_per_hour: u32,
    pub(crate) resends_per_hour: u32,
    pub(crate) resends_per_account_per_hour: u32,
    pub(crate) codes_per_address_per_hour: u32,
    pub(crate) notices_per_recipient_per_hour: u32,
    pub(crate) added_to_groups_per_hour: u32,
    pub(crate) message_burst: u32,
    pub(crate) messages_per_second: u32,
    pub(crate) text_limit: Size,
    pub(crate) packet_limit: Size,
    pub(crate) body_limit: Size,
    pub(crate) attachment_limit: Size,
    pub(crate) attachment_quota: Size,
    pub(crate) attachment_unused: Span,
    pub(crate) attachment_metadata: AttachmentMetadata,
    pub(crate) upload_pause: Span,
    pub(crate) event_burst: u32,
    pub(crate) events_per_second: u32,
    pub(crate) sockets_per_address: u32,
    pub(crate) connections: usize,
    pub(crate) pending_limit: Size,
    pub(crate) ping_interval: Span,
    pub(crate) ping_timeout: Span,
    pub(crate) receipt_delay: Span,
    pub(crate) cache: Size,
    pub(crate) drain_timeout: Span,
}

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// The header in which a proxy names its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProxyHeader {
    XForwardedFor,
    Forwarded,
    XRealIp,
}

impl ProxyHeader {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
            Self::XRealIp => "x-real-ip",
        }
    }
}

/// How one-time codes reach people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OtpChannelName {
    Fixed,
    Log,
    Email,
    Webhook,
}

/// What becomes of the metadata of uploaded pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AttachmentMetadata {
    Strip,
    Keep,
}

impl Config {
    /// Refuses settings that would be unsafe or cannot work at the address where the server listens.
    pub(crate) fn check(&self, address: SocketAddr) -> Result<(), String> {
        // Through a proxy other machines reach the server, even on a loopback address.
        let is_reached = !address.ip().is_loopback() || !self.trusted_proxy.is_empty();
        if self.otp_channel == OtpChannelName::Fixed && is_reached && !self.allow_fixed_otp {
            let by = if self.trusted_proxy.is_empty() { "" } else { " through a trusted proxy" };
            return Err(format!(
                "{address} can be reached by others{by}, and with otp-channel = \"fixed\" anybody verifies any \
                 account; set --otp-channel log, or --allow-fixed-otp if that is what you want"
            ));
        }
        self.check_channel()?;
        let is_origin = self.public_url.starts_with("http") && self.public_url.parse::<Origin>().is_ok();
        if !self.public_url.is_empty() && !is_origin {
            let url = &self.public_url;
            return Err(format!(
                "public-url: {url:?} is not a scheme and a host, like https://chat.example.org"
            ));
        }
        // A packet is larger than its text, because of escapes and the rest of the event.
        if self.text_limit.bytes() > self.packet_limit.bytes() / 2 {
            return Err("text-limit must be at most half of packet-limit: a text grows on the wire".into());
        }
        if self.pending_limit.bytes() < 2 * self.packet_limit.bytes() {
            return Err("pending-limit must be at least twice packet-limit".into());
        }
        if self.unverified_lifetime.0 < self.otp_lifetime.0 {
            return Err(
                "unverified-lifetime must be at least otp-lifetime: a code is of no use afterwards".into()
            );
        }
        trusted_issuer::check(&self.trusted_issuer, &self.issuer)?;
        let positive = [
            ("text-limit", u32::try_from(self.text_limit.bytes()).unwrap_or(u32::MAX)),
            ("otp-tries", self.otp_tries),
            ("login-burst", self.login_burst),
            ("logins-per-hour", self.logins_per_hour),
            ("logins-per-address-per-hour", self.logins_per_address_per_hour),
            ("added-to-groups-per-hour", self.added_to_groups_per_hour),
            ("message-burst", self.message_burst),
            ("messages-per-second", self.messages_per_second),
            ("event-burst", self.event_burst),
            ("events-per-second", self.events_per_second),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("{name} must be at least 1")),
            None => Ok(()),
        }
    }

    /// Refuses a channel for codes that lacks something.
    fn check_channel(&self) -> Result<(), String> {
        match self.otp_channel {
            OtpChannelName::Email if self.smtp_url.is_none() => {
                Err("otp-channel = \"email\" needs a mail server: set --smtp-url smtp://user@host:587".into())
            }
            OtpChannelName::Email if self.smtp_from.is_empty() => {
                Err("otp-channel = \"email\" needs a sender: set --smtp-from \"Club <chat@club.example>\""
                    .into())
            }
            OtpChannelName::Fixed | OtpChannelName::Log | OtpChannelName::Email => Ok(()),
            OtpChannelName::Webhook => {
                let url = url::Url::parse(&self.otp_webhook_url).map_err(|_| {
                    "otp-channel = \"webhook\" needs an address: set --otp-webhook-url https://…".to_owned()
                })?;
                let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
                let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
                match url.scheme() {
                    "https" => Ok(()),
                    "http" if is_here => Ok(()),
                    _ => Err(
                        "otp-webhook-url must be https://, as codes are sent to it; http:// is for loopback"
                            .into(),
                    ),
                }
            }
        }
    }
}
