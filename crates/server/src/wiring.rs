//! Connects the parts. The only file that names concrete stores, buses and other implementations of ports.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::store::{BlobStore, Epoch, Store};
use domain::{Broker, Clock, Domain, LocalBus, LocalLiveness, NodeId, OtpChannel, Ports, Rate, Settings};
use socketio::Origins;
use store::{FileBlobs, MemoryBlobs, MemoryStore, SqliteOptions, SqliteStore};
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::{AttachmentMetadata, Config, Origin, OtpChannelName, secret};
use crate::http::SOCKET;
use crate::hub::Hub;
use crate::issuer;
use crate::keys;
use crate::mail::Email;
use crate::metrics::Metrics;
use crate::otp;
use crate::socket::Sockets;
use crate::system::{SystemClock, SystemRandom};
use crate::webhook::Webhook;

/// Bytes of packets that a client may send in one body of HTTP long-polling.
const POLLING_BODY: usize = 1 << 20;
/// Bytes of all files, if they are kept in memory.
const IN_MEMORY: usize = 256 << 20;

/// Makes the parts of a server that will listen at an address.
pub(crate) fn wire(
    config: Config,
    address: SocketAddr,
) -> Result<(Arc<App>, socketio::Server<Sockets>), String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let random = Arc::new(SystemRandom);
    let epoch = Epoch::draw(&*random);
    let (store, blobs, keyring): (Arc<dyn Store>, Arc<dyn BlobStore>, _) = if config.memory {
        let blobs = Arc::new(MemoryBlobs::new(IN_MEMORY));
        (Arc::new(MemoryStore::new(epoch)), blobs, keys::ephemeral(&*random))
    } else {
        let cache_mib = u32::try_from(config.cache.bytes() >> 20).unwrap_or(u32::MAX);
        let accept_older = config.accept_older_database;
        let options = SqliteOptions { cache_mib, accept_older, ..SqliteOptions::default() };
        let store = SqliteStore::open(&config.data, epoch, &options).map_err(|error| error.to_string())?;
        let keyring = keys::load(&config.data, &*random, clock.now()).map_err(|error| error.to_string())?;
        // After the store, because the store's lock protects the whole folder.
        let blobs = FileBlobs::open(&config.data);
        let blobs = blobs.map_err(|error| format!("the attachments cannot be used: {error}"))?;
        (Arc::new(store), Arc::new(blobs), keyring)
    };
    let otp: Arc<dyn OtpChannel> = match config.otp_channel {
        OtpChannelName::Fixed => Arc::new(otp::Fixed),
        OtpChannelName::Log => Arc::new(otp::Log),
        OtpChannelName::Email => {
            let smtp = config.smtp_url.as_ref().ok_or("smtp-url is not set")?;
            let password = secret("smtp-password", &config.smtp_password_file)?;
            Arc::new(Email::new(smtp, password, &config.smtp_from, clock.clone())?)
        }
        OtpChannelName::Webhook => {
            let secret = secret("otp-webhook-secret", &config.otp_webhook_secret_file)?
                .ok_or("otp-channel = \"webhook\" needs a secret: set --otp-webhook-secret-file")?;
            let url = config.otp_webhook_url.clone();
            Arc::new(Webhook::new(url, &secret, clock.clone(), random.clone())?)
        }
    };
    let issuers = issuer::trusted(&config.trusted_issuer)?;
    let hub = Arc::new(Hub::new(clock.clone()));
    let broker: Arc<dyn Broker> = hub.clone();
    // The store belongs to this server alone, so any node id will do.
    let node = NodeId::default();
    let ports = Ports {
        node,
        store: store.clone(),
        blobs,
        broker,
        bus: Arc::new(LocalBus::new(node)),
        liveness: Arc::new(LocalLiveness::new(node)),
        otp,
        clock: clock.clone(),
        random,
        keyring,
        issuers,
    };
    let listed = config.allow_origin.iter().map(Origin::as_str);
    let origins = Origins::new(listed, address.ip().is_loopback())
        .behind_proxy(!config.trusted_proxy.is_empty())
        .listed_by("--allow-origin");
    let app = Arc::new(App {
        domain: Domain::new(ports, &settings(&config)),
        store,
        clock,
        hub,
        origins,
        metrics: Arc::new(Metrics::default()),
        stopping: false.into(),
        storing: TaskTracker::new(),
        tasks: TaskTracker::new(),
        config,
    });
    let sockets = socketio::Server::new(socket_config(&app), Sockets(app.clone()));
    Ok((app, sockets))
}

fn settings(config: &Config) -> Settings {
    let an_hour = |count| Rate::per(Duration::from_hours(1), count);
    let per_second = Duration::from_secs(1) / config.messages_per_second.max(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Settings {
        text_bytes: config.text_limit.bytes(),
        messages: Rate { burst: config.message_burst, interval: per_second },
        requests: Rate {
            burst: config.event_burst,
            interval: Duration::from_secs(1) / config.events_per_second.max(1),
        },
        registration: config.registration,
        public_url: public_url(config),
        registrations: an_hour(config.registrations_per_hour),
        logins: Rate { burst: config.login_burst, ..an_hour(config.logins_per_hour) },
        logins_of_address: an_hour(config.logins_per_address_per_hour),
        failed_logins: an_hour(config.failed_logins_per_hour),
        failed_logins_of_address: an_hour(config.failed_logins_per_address_per_hour),
        failed_logins_of_account: an_hour(config.failed_logins_per_account_per_hour),
        added: an_hour(config.added_to_groups_per_hour),
        resends: an_hour(config.resends_per_hour),
        resends_of_account: an_hour(config.resends_per_account_per_hour),
        codes_of_address: an_hour(config.codes_per_address_per_hour),
        notices_of_recipient: an_hour(config.notices_per_recipient_per_hour),
        otp_tries: config.otp_tries,
        otp_lifetime: config.otp_lifetime.0,
        unverified_lifetime: config.unverified_lifetime.0,
        token_lifetime: config.token_lifetime.0,
        session_lifetime: config.session_lifetime.0,
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        hash_threads: if config.hash_threads == 0 { (cores / 2).max(1) } else { config.hash_threads },
        hash_queue: config.hash_queue,
        attachment_bytes: config.attachment_limit.bytes() as u64,
        attachment_quota: config.attachment_quota.bytes() as u64,
        attachment_unused: config.attachment_unused.0,
        strip_metadata: config.attachment_metadata == AttachmentMetadata::Strip,
        receipt_delay: config.receipt_delay.0,
    }
}

/// What links to the server begin with: its URL with its path. Nothing without the setting: such a link is below the path
/// of the server, like every `url` in an answer.
fn public_url(config: &Config) -> String {
    match config.public_url.trim_end_matches('/') {
        "" => String::new(),
        origin => format!("{origin}{}", config.base_path.as_str()),
    }
}

fn socket_config(app: &App) -> socketio::Config {
    let config = &app.config;
    socketio::Config {
        path: SOCKET.to_owned(),
        ping_interval: config.ping_interval.0,
        ping_timeout: config.ping_timeout.0,
        max_payload: config.packet_limit.bytes(),
        // Binary data is a third longer in a body, as base64.
        max_body: POLLING_BODY.max(2 * config.packet_limit.bytes()),
        max_pending_bytes: config.pending_limit.bytes(),
        // Our events have no binary parts. One that has some is read whole, so that it can be answered as malformed.
        max_attachments: 64,
        max_attachment_bytes: config.packet_limit.bytes(),
        max_sockets: 1,
        rate: socketio::Rate { per_second: config.events_per_second, burst: config.event_burst },
        max_sessions: config.connections,
        // Sockets are limited at the handshake, with an answer. This bounds sessions that never get that far.
        max_sessions_per_address: config.sockets_per_address as usize * 2,
        origins: app.origins.clone(),
        ..socketio::Config::default()
    }
}
