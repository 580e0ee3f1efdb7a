//! One event to many sockets: encoded once, queued at each, and taken from each as a connection would.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use divan::{Bencher, counter::ItemsCount};
use socketio::{Config, Connect, Event, Handler, Payload, Refusal, Server, Socket, bench::Wire};
use tokio::runtime::{Builder, Runtime};

const ROOM: &str = "everyone";

fn main() {
    divan::main();
}

struct Everyone;

impl Handler for Everyone {
    type Session = ();

    async fn connect(&self, _: Connect) -> Result<(), Refusal> {
        Ok(())
    }

    fn connected(&self, socket: &Socket<()>) {
        socket.join(ROOM);
    }

    async fn event(&self, _: &Socket<()>, _: Event) {}
}

fn server() -> Server<Everyone> {
    let an_hour = Duration::from_hours(1);
    Server::new(Config { ping_interval: an_hour, ..Config::default() }, Everyone)
}

/// Lets clients in.
fn connect<'a>(runtime: &Runtime, server: &'a Server<Everyone>, count: usize) -> Vec<Wire<'a, Everyone>> {
    let connect = || {
        let mut wire = Wire::open(server, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("there is room");
        // "40" as a masked frame whose key is 0.
        let mut frame = [0x81, 0x82, 0, 0, 0, 0, b'4', b'0'];
        runtime.block_on(wire.turn(&mut frame, &mut Vec::new())).expect("the client is let in");
        wire
    };
    std::iter::repeat_with(connect).take(count).collect()
}

fn take(runtime: &Runtime, wires: &mut [Wire<'_, Everyone>], output: &mut Vec<u8>) {
    runtime.block_on(async {
        for wire in wires {
            output.clear();
            wire.turn(&mut [], output).await.expect("the session lives");
        }
    });
}

fn event() -> Payload {
    let text = "x".repeat(120);
    Payload::event("message", &(text,)).expect("a text is JSON")
}

/// Encoding the event and queueing it.
#[divan::bench(args = [1, 100, 1000])]
fn queue(bencher: Bencher<'_, '_>, sockets: usize) {
    let (runtime, server) = (Builder::new_current_thread().build().expect("a runtime"), server());
    let mut wires = connect(&runtime, &server, sockets);
    let mut output = Vec::new();
    bencher
        .counter(ItemsCount::new(sockets))
        // Not timed; an input is made for each iteration.
        .with_inputs(|| take(&runtime, &mut wires, &mut output))
        .bench_local_values(|()| assert_eq!(server.to("/", ROOM).emit(&event()), sockets));
}

/// Encoding, queueing, and writing the frames.
#[divan::bench(args = [1, 100, 1000])]
fn queue_and_take(bencher: Bencher<'_, '_>, sockets: usize) {
    let (runtime, server) = (Builder::new_current_thread().build().expect("a runtime"), server());
    let mut wires = connect(&runtime, &server, sockets);
    let mut output = Vec::new();
    bencher.counter(ItemsCount::new(sockets)).bench_local(|| {
        server.to("/", ROOM).emit(&event());
        take(&runtime, &mut wires, &mut output);
    });
}
