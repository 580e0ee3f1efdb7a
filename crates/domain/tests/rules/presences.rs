use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::AccountStore;
use domain::{Caller, Clock, Live, NodeId, SocketKey};
use protocol::{ChangeMe, Code, Presence, WatchPresence};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{World, to};

const PHONE: SocketKey = SocketKey { node: NodeId(0), number: 7 };
const TABLET: SocketKey = SocketKey { node: NodeId(0), number: 8 };
/// Longer than the grace for coming back.
const LONG: Duration = Duration::from_secs(3);

/// Runs the presences of a world until the sender is dropped.
pub(crate) fn run(world: &World) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let presences = Arc::clone(&world.domain.presences);
    let running = tokio::spawn(async move { presences.run(async { drop(stopped.await) }).await });
    (stop, running)
}

pub(crate) async fn watch(
    world: &World,
    caller: &Caller,
    socket: SocketKey,
    names: &[&str],
) -> Vec<Presence> {
    let request = WatchPresence { usernames: names.iter().map(|&name| name.into()).collect() };
    let (answer, answered) = oneshot::channel();
    let answer = |result| drop(answer.send(result));
    world.domain.presences.watch(caller, socket, request, answer).await;
    answered.await.unwrap().unwrap().0
}

pub(crate) fn leave(world: &World, person: &Caller) {
    world.told.away.lock().insert(person.person.id);
    world.domain.presences.left(person.person.id, SocketKey::default());
}

pub(crate) fn come(world: &World, person: &Caller) {
    world.told.away.lock().remove(&person.person.id);
    world.domain.presences.came(person.person.id);
}

/// Which sockets were told what, after all tasks have come to rest.
async fn told(world: &World) -> Vec<(Vec<SocketKey>, Presence)> {
    // In the time of the tests.
    tokio::time::sleep(LONG).await;
    let told = std::mem::take(&mut *world.told.sockets.lock());
    let presence = |(sockets, live)| match live {
        Live::Presence(presence) => (sockets, presence),
        other => panic!("{other:?}"),
    };
    told.into_iter().map(presence).collect()
}

pub(crate) fn is(username: &str, online: bool) -> Presence {
    Presence { username: username.into(), online, last_seen: None }
}

fn hide(hide_presence: bool) -> ChangeMe {
    ChangeMe { hide_presence: Some(hide_presence), ..ChangeMe::default() }
}

/// Two people who share a conversation, and a stranger to both.
async fn people(world: &World) -> [Caller; 3] {
    let people = [world.person("ann").await, world.person("bob").await, world.person("eve").await];
    world.send(&people[0], to("bob", "hi")).await.unwrap();
    for person in &people {
        come(world, person);
    }
    people
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_is_told_to_who_watches() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let _running = run(&world);
    let seen = watch(&world, &ann, PHONE, &["eve", "nobody", "BOB", "ann", "bob"]).await;
    assert_eq!(seen, [is("eve", false), is("bob", true), is("ann", true), is("bob", true)]);
    let left_at = world.clock.now();
    leave(&world, &bob);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(
        told(&world).await,
        [(vec![PHONE], Presence { last_seen: Some(left_at), ..is("bob", false) })]
    );
    let account = world.store.account_of(bob.person.id).await.unwrap().unwrap();
    assert_eq!(account.last_seen_at, Some(left_at));
    let seen = watch(&world, &ann, PHONE, &["bob"]).await;
    assert_eq!(seen, [Presence { last_seen: Some(left_at), ..is("bob", false) }]);
    come(&world, &bob);
    assert_eq!(told(&world).await, [(vec![PHONE], is("bob", true))]);
    // Another of their devices is nothing new.
    come(&world, &bob);
    assert_eq!(told(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn who_is_back_at_once_never_went() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let _running = run(&world);
    watch(&world, &ann, PHONE, &["bob"]).await;
    for _ in 0..5 {
        leave(&world, &bob);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(watch(&world, &ann, TABLET, &["bob"]).await, [is("bob", true)]);
        come(&world, &bob);
    }
    assert_eq!(told(&world).await, []);
    assert_eq!(world.store.account_of(bob.person.id).await.unwrap().unwrap().last_seen_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_socket_watches_what_it_asked_for_last() {
    let world = World::new();
    let [ann, bob, eve] = people(&world).await;
    world.send(&ann, to("eve", "hi")).await.unwrap();
    let _running = run(&world);
    watch(&world, &ann, PHONE, &["bob"]).await;
    watch(&world, &ann, TABLET, &["bob", "eve"]).await;
    watch(&world, &ann, PHONE, &["eve"]).await;
    leave(&world, &bob);
    let [(sockets, _)] = told(&world).await.try_into().unwrap();
    assert_eq!(sockets, [TABLET]);
    leave(&world, &eve);
    let [(sockets, _)] = told(&world).await.try_into().unwrap();
    assert_eq!(sockets, [PHONE, TABLET]);
    // A socket that is over watches nobody.
    world.domain.presences.left(ann.person.id, PHONE);
    watch(&world, &ann, TABLET, &[]).await;
    come(&world, &eve);
    assert_eq!(told(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn strangers_see_nothing() {
    let world = World::new();
    let [ann, bob, eve] = people(&world).await;
    let _running = run(&world);
    leave(&world, &bob);
    assert_eq!(told(&world).await, []);
    assert_eq!(watch(&world, &eve, PHONE, &["ann", "bob"]).await, [is("ann", false), is("bob", false)]);
    leave(&world, &ann);
    come(&world, &bob);
    assert_eq!(told(&world).await, []);
    // Once they have met, what comes next is told.
    world.send(&eve, to("bob", "hi")).await.unwrap();
    leave(&world, &bob);
    assert_eq!(told(&world).await, []);
    come(&world, &bob);
    assert_eq!(told(&world).await, [(vec![PHONE], is("bob", true))]);
}

#[tokio::test(start_paused = true)]
async fn who_hides_is_not_seen_and_does_not_see() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let _running = run(&world);
    watch(&world, &ann, PHONE, &["bob"]).await;
    watch(&world, &bob, TABLET, &["ann"]).await;
    let user = world.domain.users.change_me(&bob, hide(true)).await.unwrap();
    assert_eq!(user.hide_presence, Some(true));
    // To both, the other has gone.
    let mut both = told(&world).await;
    both.sort_by_key(|(sockets, _)| sockets.clone());
    assert_eq!(both, [(vec![PHONE], is("bob", false)), (vec![TABLET], is("ann", false))]);
    leave(&world, &bob);
    leave(&world, &ann);
    assert_eq!(told(&world).await, []);
    come(&world, &bob);
    come(&world, &ann);
    assert_eq!(told(&world).await, []);
    assert_eq!(watch(&world, &ann, PHONE, &["bob"]).await, [is("bob", false)]);
    assert_eq!(watch(&world, &bob, TABLET, &["ann"]).await, [is("ann", false)]);
    world.domain.users.change_me(&bob, hide(false)).await.unwrap();
    let mut both = told(&world).await;
    both.sort_by_key(|(sockets, _)| sockets.clone());
    assert_eq!(both, [(vec![PHONE], is("bob", true)), (vec![TABLET], is("ann", true))]);
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_does_not_see_who_blocked_them() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let _running = run(&world);
    watch(&world, &ann, PHONE, &["bob"]).await;
    watch(&world, &bob, TABLET, &["ann"]).await;
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    assert_eq!(told(&world).await, [(vec![PHONE], is("bob", false))]);
    leave(&world, &bob);
    assert_eq!(told(&world).await, []);
    assert_eq!(watch(&world, &ann, PHONE, &["bob"]).await, [is("bob", false)]);
    come(&world, &bob);
    assert_eq!(told(&world).await, []);
    // The other way round it stays.
    leave(&world, &ann);
    let [(sockets, presence)] = told(&world).await.try_into().unwrap();
    assert_eq!((sockets, presence.online, presence.last_seen.is_some()), (vec![TABLET], false, true));
    world.domain.blocks.unblock(&bob, "ann").await.unwrap();
    assert_eq!(told(&world).await, [(vec![PHONE], is("bob", true))]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_last_is_stored_at_the_end() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let (stop, running) = run(&world);
    leave(&world, &ann);
    leave(&world, &bob);
    drop(stop);
    running.await.unwrap();
    for person in [ann, bob] {
        let account = world.store.account_of(person.person.id).await.unwrap().unwrap();
        assert_eq!(account.last_seen_at, Some(world.clock.now()));
    }
    // Both at once.
    assert_eq!(world.faulty.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again() {
    let world = World::new();
    let [ann, bob, _] = people(&world).await;
    let _running = run(&world);
    watch(&world, &ann, PHONE, &["bob"]).await;
    world.faulty.failing.store(true, Ordering::SeqCst);
    leave(&world, &bob);
    assert_eq!(told(&world).await, []);
    assert!(world.faulty.asked.load(Ordering::SeqCst) > 0);
    world.faulty.failing.store(false, Ordering::SeqCst);
    let [(_, presence)] = told(&world).await.try_into().unwrap();
    assert!(!presence.online && presence.last_seen.is_some());
    assert!(world.store.account_of(bob.person.id).await.unwrap().unwrap().last_seen_at.is_some());
}

#[tokio::test]
async fn only_so_many_are_watched() {
    let world = World::new();
    let ann = world.person("ann").await;
    for (count, refused) in [(1000, false), (1001, true)] {
        let request = WatchPresence { usernames: vec!["ann".into(); count] };
        let (answer, answered) = oneshot::channel();
        world.domain.presences.watch(&ann, PHONE, request, |result| drop(answer.send(result))).await;
        let error = answered.await.unwrap().err();
        assert_eq!(error.map(|error| error.code), refused.then_some(Code::Invalid));
    }
}
