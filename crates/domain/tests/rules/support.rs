use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::store::{
    AccountStore, CodeStore, CodeUse, Epoch, FirstCode, NewAccount, OneTimeCode, Position, Purpose,
    SessionStore, Store, UserId,
};
use domain::{
    Asker, Broker, Caller, Clock, Domain, Error, Keyring, Live, LocalBus, LocalLiveness, NodeId, Notice,
    NoticeContent, OtpChannel, Ports, Random, Rate, SendError, Sending, Sent, Settings, SigningKey,
    SocketKey, TrustedIssuer,
};
use parking_lot::Mutex;
use protocol::{Login, Register, Registration, SendMessage, SessionId, Timestamp};
use store::{MemoryBlobs, MemoryStore};

use crate::faulty::Faulty;

pub(crate) const PASSWORD: &str = "correct horse";
/// The user whose password hash all people of [`World::verified`] share.
const HASHED: &str = "somebody";

/// A domain with ports that the tests control.
pub(crate) struct World {
    pub(crate) domain: Domain,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) blobs: Arc<MemoryBlobs>,
    pub(crate) faulty: Arc<Faulty>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) told: Arc<Told>,
    pub(crate) codes: Arc<Channel>,
    pub(crate) bus: Arc<LocalBus>,
    liveness: Arc<LocalLiveness>,
    issuers: Vec<TrustedIssuer>,
}

/// A node, and what connects it with the other nodes of its store.
struct Node {
    id: NodeId,
    bus: LocalBus,
    liveness: LocalLiveness,
}

impl Node {
    fn alone() -> Self {
        let id = NodeId(1);
        Self { id, bus: LocalBus::new(id), liveness: LocalLiveness::new(id) }
    }
}

#[derive(Default)]
pub(crate) struct ManualClock {
    since: AtomicU64,
    /// How far the wall clock is ahead of `since`.
    ahead: AtomicU64,
    /// The wall clock of a machine whose clock nobody has set yet.
    unset: AtomicBool,
}

impl ManualClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.since.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Begins in 1970, or is right from now on.
    pub(crate) fn set(&self, is_set: bool) {
        self.unset.store(!is_set, Ordering::SeqCst);
    }

    /// Sets the wall clock ahead, but not the monotonic clock.
    pub(crate) fn jump(&self, span: Duration) {
        self.ahead.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        if self.unset.load(Ordering::SeqCst) {
            return Timestamp::from_millis(0).plus(self.monotonic());
        }
        let ahead = Duration::from_millis(self.ahead.load(Ordering::SeqCst));
        Timestamp::from_millis(1_800_000_000_000).plus(self.monotonic() + ahead)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.since.load(Ordering::SeqCst))
    }
}

/// Random bytes that differ with each call and are the same in each run.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A broker that records what live sockets would be told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) live: Mutex<Vec<(Vec<UserId>, Live)>>,
    pub(crate) sockets: Mutex<Vec<(Vec<SocketKey>, Live)>>,
    pub(crate) cut: Mutex<Vec<SessionId>>,
    pub(crate) interrupted: Mutex<Vec<Option<Vec<UserId>>>>,
    /// Whether [`Broker::tell`] panics.
    pub(crate) faulty: AtomicBool,
    /// Users without a live socket; all others have one.
    pub(crate) away: Mutex<HashSet<UserId>>,
}

impl Broker for Told {
    fn tell(&self, users: &mut dyn Iterator<Item = UserId>, live: Live) {
        assert!(!self.faulty.load(Ordering::SeqCst), "as told");
        self.live.lock().push((users.collect(), live));
    }

    fn tell_sockets(&self, sockets: &mut dyn Iterator<Item = (UserId, SocketKey)>, live: Live) {
        self.sockets.lock().push((sockets.map(|(_, key)| key).collect(), live));
    }

    fn close_to_resume(&self, users: Option<&[UserId]>) {
        self.interrupted.lock().push(users.map(<[_]>::to_vec));
    }

    fn is_live(&self, user: UserId) -> bool {
        !self.away.lock().contains(&user)
    }

    fn close_session(&self, _: UserId, session: SessionId) {
        self.cut.lock().push(session);
    }
}

/// A channel that records what is sent.
#[derive(Default)]
pub(crate) struct Channel {
    /// The codes, in order.
    pub(crate) codes: Mutex<Vec<String>>,
    /// To whom what was sent, in order: the e-mail address, the username and the kind.
    pub(crate) sent: Mutex<Vec<(String, String, &'static str)>>,
    /// Whether it is like e-mail: takes time and needs an address.
    pub(crate) mails: AtomicBool,
    /// Why sending fails, if it does.
    pub(crate) failing: Mutex<Option<SendError>>,
}

#[async_trait]
impl OtpChannel for Channel {
    fn name(&self) -> &'static str {
        "test"
    }

    fn takes_time(&self) -> bool {
        self.mails.load(Ordering::SeqCst)
    }

    fn needs_email(&self) -> bool {
        self.mails.load(Ordering::SeqCst)
    }

    async fn send(&self, notice: &Notice<'_>) -> Result<(), SendError> {
        if let Some(error) = self.failing.lock().clone() {
            return Err(error);
        }
        let kind = match notice.content {
            NoticeContent::Code { code, purpose, .. } => {
                self.codes.lock().push(code.to_owned());
                match purpose {
                    Purpose::Verify => "verify",
                    Purpose::Reset => "reset",
                    Purpose::Email => "email",
                }
            }
            NoticeContent::EmailChanging => "email-changing",
            NoticeContent::PasswordChanged => "password-changed",
        };
        let email = notice.email.unwrap_or_default().to_owned();
        self.sent.lock().push((email, notice.account.username.clone(), kind));
        Ok(())
    }
}

pub(crate) fn settings() -> Settings {
    let often = Rate::per(Duration::from_secs(1), 1_000_000);
    Settings {
        text_bytes: 100,
        messages: often,
        requests: often,
        registration: Registration::Open,
        public_url: "https://chat.example.org".into(),
        registrations: often,
        logins: often,
        logins_of_address: often,
        failed_logins: often,
        failed_logins_of_address: often,
        failed_logins_of_account: often,
        added: often,
        resends: often,
        resends_of_account: often,
        codes_of_address: often,
        notices_of_recipient: often,
        otp_tries: 5,
        otp_lifetime: Duration::from_mins(10),
        unverified_lifetime: Duration::from_hours(24),
        token_lifetime: Duration::from_hours(1),
        session_lifetime: Duration::from_hours(24),
        issuer: "aldis".into(),
        audience: "aldis".into(),
        hash_threads: 2,
        hash_queue: 100,
        attachment_bytes: 1_000_000,
        attachment_quota: 2_000_000,
        attachment_unused: Duration::from_hours(24),
        strip_metadata: true,
        receipt_delay: Duration::from_millis(50),
    }
}

impl Channel {
    /// The code that was sent last.
    pub(crate) fn last(&self) -> String {
        self.codes.lock().last().unwrap().clone()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&settings())
    }

    pub(crate) fn with(settings: &Settings) -> Self {
        Self::made(settings, Vec::new())
    }

    /// Accepts tokens of these host applications.
    pub(crate) fn trusting(issuers: Vec<TrustedIssuer>) -> Self {
        Self::made(&settings(), issuers)
    }

    fn made(settings: &Settings, issuers: Vec<TrustedIssuer>) -> Self {
        // Each world has its own randomness.
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        let random = Arc::new(Counting(AtomicU64::new(1000 * WORLDS.fetch_add(1, Ordering::SeqCst))));
        let store = Arc::new(MemoryStore::new(Epoch::draw(&*random)));
        let blobs = Arc::new(MemoryBlobs::new(10_000_000));
        Self::on(Node::alone(), store, blobs, Arc::default(), random, settings, issuers)
    }

    /// Another server on the same store, at the same time.
    pub(crate) fn restart(&self) -> Self {
        let random = Arc::new(Counting(AtomicU64::new(1 << 40)));
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        Self::on(Node::alone(), store, blobs, self.clock.clone(), random, &settings(), self.issuers.clone())
    }

    /// Another node on the same store.
    pub(crate) fn beside(&self) -> Self {
        let random = Arc::new(Counting(AtomicU64::new(1 << 41)));
        let (store, blobs, id) = (self.store.clone(), self.blobs.clone(), NodeId(2));
        let node = Node { id, bus: self.bus.beside(id), liveness: self.liveness.beside(id) };
        Self::on(node, store, blobs, self.clock.clone(), random, &settings(), self.issuers.clone())
    }

    fn on(
        node: Node,
        store: Arc<MemoryStore>,
        blobs: Arc<MemoryBlobs>,
        clock: Arc<ManualClock>,
        random: Arc<Counting>,
        settings: &Settings,
        issuers: Vec<TrustedIssuer>,
    ) -> Self {
        let faulty = Arc::new(Faulty::new(store.clone()));
        let (told, codes) = (Arc::<Told>::default(), Arc::<Channel>::default());
        let (bus, liveness) = (Arc::new(node.bus), Arc::new(node.liveness));
        let ports = Ports {
            node: node.id,
            store: faulty.clone() as Arc<dyn Store>,
            blobs: blobs.clone(),
            broker: told.clone(),
            bus: bus.clone(),
            liveness: liveness.clone(),
            otp: codes.clone(),
            clock: clock.clone(),
            random,
            keyring: Keyring::new(SigningKey::from_bytes(&[7; 32]), &[]),
            issuers: issuers.clone(),
        };
        let domain = Domain::new(ports, settings);
        let announcer = domain.announcer.clone();
        tokio::spawn(async move { announcer.run(std::future::pending()).await });
        let relay = domain.relay.clone();
        tokio::spawn(async move { relay.run(std::future::pending()).await });
        Self { domain, store, blobs, faulty, clock, told, codes, bus, liveness, issuers }
    }

    /// A world whose codes go by e-mail.
    pub(crate) fn mailing(settings: &Settings) -> Self {
        let world = Self::with(settings);
        world.codes.mails.store(true, Ordering::SeqCst);
        world
    }

    /// Sends what is due; gives to whom what was sent.
    pub(crate) async fn mailed(&self) -> Vec<(String, String, &'static str)> {
        self.domain.notices.send_due().await.unwrap();
        std::mem::take(&mut *self.codes.sent.lock())
    }

    pub(crate) async fn register(&self, username: &str) -> Result<String, Error> {
        self.register_from(username, None).await
    }

    pub(crate) async fn register_from(
        &self,
        username: &str,
        address: Option<IpAddr>,
    ) -> Result<String, Error> {
        let request = Register {
            username: username.into(),
            password: PASSWORD.into(),
            email: None,
            display_name: None,
            invite: None,
        };
        self.domain.accounts.register(request, asking(address)).await?;
        Ok(self.codes.last())
    }

    /// Registers, verifies and logs in.
    pub(crate) async fn person(&self, username: &str) -> Caller {
        let code = self.register(username).await.unwrap();
        self.domain.accounts.verify(username, &code, None).await.unwrap();
        self.caller(username).await
    }

    /// Makes a verified person in the store alone, because hashing a password takes long. Gives the username.
    pub(crate) async fn verified(&self, username: &str) -> String {
        let password_hash = self.store.account(HASHED).await.unwrap().map(|hashed| hashed.password_hash);
        let password_hash = match password_hash {
            Some(hash) => hash,
            None => {
                self.person(HASHED).await;
                self.store.account(HASHED).await.unwrap().unwrap().password_hash
            }
        };
        let (username, display_name) = (username.to_owned(), username.to_owned());
        let created_at = self.clock.now();
        let account = NewAccount {
            username: username.clone(),
            display_name,
            email: None,
            password_hash,
            created_at,
            invite: None,
        };
        let code = OneTimeCode {
            purpose: Purpose::Verify,
            hash: [0; 32],
            salt: [0; 16],
            expires_at: created_at,
            asker: None,
            email: None,
        };
        let user =
            self.store.create_account(account, FirstCode::Drawn(code.clone()), Timestamp::default()).await;
        let user = user.unwrap().unwrap();
        assert!(self.store.use_code(user, &code, CodeUse::Verify { email_proven: false }).await.unwrap());
        username
    }

    /// The ids of somebody's sessions.
    pub(crate) async fn store_sessions(&self, caller: &Caller) -> Vec<SessionId> {
        let sessions = self.store.sessions_of(caller.person.id).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    }

    /// Logs in.
    pub(crate) async fn caller(&self, username: &str) -> Caller {
        let token = self.domain.sessions.login(login(username), None).await.unwrap().token;
        self.domain.sessions.authenticate(&token).await.unwrap()
    }

    pub(crate) async fn send(&self, caller: &Caller, request: SendMessage) -> Result<Sent, Error> {
        self.sent(self.domain.messages.send(caller, request, None).await).await
    }

    /// Waits until a message is stored and announced.
    pub(crate) async fn sent(&self, sending: Result<Sending, Error>) -> Result<Sent, Error> {
        // Waits for the announcer to run: entries from before that are not announced.
        self.domain.announcer.wait_until_announced(Position(0)).await;
        let sent = sending?.stored().await?;
        self.settled().await;
        Ok(sent)
    }

    /// Waits until all stored entries have been announced.
    pub(crate) async fn settled(&self) {
        self.domain.syncs.wait_until_announced().await.unwrap();
    }
}

/// Somebody who asks from an address.
pub(crate) fn asking(address: Option<IpAddr>) -> Asker {
    Asker { address, ..Asker::default() }
}

pub(crate) fn login(username: &str) -> Login {
    Login { username: username.into(), password: PASSWORD.into(), device: None }
}

pub(crate) fn to(receiver: &str, text: &str) -> SendMessage {
    SendMessage { receiver: Some(receiver.into()), text: text.into(), ..SendMessage::default() }
}
