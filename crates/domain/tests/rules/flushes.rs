//! Devices that are cut at random while people write. In the end each has exactly what the log says.

mod checks;
mod device;
mod traffic;

use device::{CatchUp, Device};
use traffic::{Draw, Traffic};

async fn devices_have_what_the_log_says(seed: u64) {
    let (mut traffic, mut draw) = (Traffic::new().await, Draw(seed));
    let mut devices = Vec::new();
    // Marks belong to a person, so each has at most one plain device.
    for (who, ways) in [
        (0, &[CatchUp::Cursor, CatchUp::Sync, CatchUp::Plain][..]),
        (1, &[CatchUp::Cursor, CatchUp::Cursor, CatchUp::Plain]),
        (2, &[CatchUp::Sync, CatchUp::Sync]),
        (3, &[CatchUp::Plain]),
    ] {
        for catch_up in ways {
            devices.push(Device::new(who, *catch_up, &traffic).await);
        }
    }
    for _ in 0..60 {
        for _ in 0..draw.below(25) {
            traffic.step(&mut draw).await;
        }
        let (index, most) = (draw.below(devices.len()), draw.below(120));
        devices[index].connect(&mut traffic, &mut draw, most).await;
    }
    for device in &mut devices {
        device.connect(&mut traffic, &mut draw, usize::MAX).await;
        device.has_everything(&traffic).await;
        // Connecting once more brings nothing: `take` fails if a message comes twice.
        let before = device.contents.messages.clone();
        device.in_doubt.clear();
        device.connect(&mut traffic, &mut draw, usize::MAX).await;
        assert!(before == device.contents.messages);
    }
    assert!(devices.iter().filter(|device| device.cuts > 0).count() > 4, "too few were cut");
}

macro_rules! seeds {
    ($($name:ident: $seed:literal,)+) => {$(
        #[tokio::test]
        async fn $name() {
            devices_have_what_the_log_says($seed).await;
        }
    )+};
}

seeds! {
    devices_have_what_the_log_says_1: 1,
    devices_have_what_the_log_says_2: 2,
    devices_have_what_the_log_says_3: 3,
    devices_have_what_the_log_says_4: 4,
    devices_have_what_the_log_says_5: 5,
    devices_have_what_the_log_says_6: 6,
}
