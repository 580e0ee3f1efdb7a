//! Events are handled in the order they came, and emits arrive in the order they were made.

mod support;

use std::time::Duration;

use serde_json::json;
use support::{
    Fixture, Happened,
    client::{Client, frame, get, open_polling, post},
    config,
};

/// Expects `count` events numbered from 0, and returns when all have come.
async fn expect_in_order(fixture: &mut Fixture, count: u64) {
    for number in 0..count {
        let (_, args) = fixture.event().await;
        assert_eq!(args, json!([number]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_pipelined_events() {
    const COUNT: u64 = 200_000;
    let mut fixture = Fixture::start(config()).await;
    let client = Client::connect(fixture.address).await;
    fixture.socket().await;
    let (mut reader, mut writer) = client.stream.into_split();
    let writing = tokio::spawn(async move {
        let mut chunk = Vec::new();
        for number in 0..COUNT {
            // Every other handler is not done at once; every third is answered.
            let (name, ack) = (
                if number.is_multiple_of(2) { "yield" } else { "x" },
                if number % 3 == 0 { "1" } else { "" },
            );
            chunk.extend(frame(0x81, format!("42{ack}[\"{name}\",{number}]").as_bytes()));
            if chunk.len() > 50_000 || number == COUNT - 1 {
                tokio::io::AsyncWriteExt::write_all(&mut writer, &chunk).await.unwrap();
                chunk.clear();
            }
        }
        writer
    });
    let reading = tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
    expect_in_order(&mut fixture, COUNT).await;
    drop(writing.await.unwrap());
    reading.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_emits_with_acknowledgements() {
    const COUNT: u64 = 20_000;
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    fixture.socket().await;
    for start in (0..COUNT).step_by(500) {
        let packets: Vec<u8> = (start..start + 500)
            .flat_map(|number| frame(0x81, format!("42{number}[\"yield\",{number}]").as_bytes()))
            .collect();
        // In pieces that have nothing to do with where packets end.
        for piece in packets.chunks(701) {
            client.raw(piece).await;
        }
        for number in start..start + 500 {
            assert_eq!(client.text().await, format!("43{number}[{number}]"));
        }
    }
    expect_in_order(&mut fixture, COUNT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_polling_and_across_the_upgrade() {
    const COUNT: u64 = 3000;
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    post(address, &sid, "40").await;
    assert!(get(address, &sid).await.body.starts_with("40"));
    fixture.socket().await;
    let packet = |number: u64| {
        let name = if number.is_multiple_of(2) { "yield" } else { "echo" };
        format!("42{number}[\"{name}\",{number}]")
    };
    // Polling, a thousand at once; the answers are fetched at the same time.
    let mut answers = Vec::new();
    for start in (0..COUNT / 3).step_by(100) {
        let body: Vec<_> = (start..start + 100).map(packet).collect();
        let body = body.join("\u{1e}");
        let (posted, fetched) = tokio::join!(post(address, &sid, &body), get(address, &sid));
        assert_eq!(posted.body, "ok");
        answers.extend(fetched.body.split('\u{1e}').map(str::to_owned));
    }
    // The upgrade, with more posted between the probe and the end of polling.
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    let mut client = Client::open(address, &path).await.unwrap();
    let fetching = tokio::spawn({
        let sid = sid.clone();
        async move { get(address, &sid).await.body }
    });
    client.send("2probe").await;
    assert_eq!(client.next().await.text(), "3probe");
    let body: Vec<_> = (COUNT / 3..COUNT / 3 + 500).map(packet).collect();
    let posting = tokio::spawn({
        let (sid, body) = (sid.clone(), body.join("\u{1e}"));
        async move { post(address, &sid, &body).await.body }
    });
    let fetched = fetching.await.unwrap();
    answers.extend(fetched.split('\u{1e}').filter(|packet| *packet != "6").map(str::to_owned));
    assert_eq!(posting.await.unwrap(), "ok");
    client.send("5").await;
    for number in COUNT / 3 + 500..COUNT {
        client.send(&packet(number)).await;
    }
    expect_in_order(&mut fixture, COUNT).await;
    // Each answer came once, in order, over one transport or the other.
    let expected = (0..COUNT).flat_map(|number| {
        let echo = (number % 2 == 1).then(|| format!("42[\"echo\",{number}]"));
        echo.into_iter().chain([format!("43{number}[{number}]")])
    });
    let mut answers = answers.into_iter();
    for expected in expected {
        let answer = match answers.next() {
            Some(answer) => answer,
            None => client.text().await,
        };
        assert_eq!(answer, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_to_be_connected_loses_nothing() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::session(fixture.address).await;
    client.send("40{\"wait\":true}").await;
    client.send("42[\"x\",0]").await;
    client.send("42[\"x\",1]").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(fixture.server.metrics().sockets, 0);
    fixture.gate.add_permits(1);
    assert!(matches!(fixture.next().await, Happened::Connected(_)));
    expect_in_order(&mut fixture, 2).await;
}
