use std::time::Duration;

use bytes::Bytes;
use domain::store::{BlobHash, BlobStore};
use domain::{Caller, Error, Settings};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, RgbImage};
use protocol::{Attachment, AttachmentId, Code, DeleteMessage, NewApiToken, SendMessage};

use crate::support::{World, settings, to};

async fn upload(
    world: &World,
    caller: &Caller,
    kind: Option<&str>,
    pieces: &[&'static [u8]],
) -> Result<Attachment, Error> {
    let mut upload = world.domain.attachments.upload(caller, "a file", kind, None).await?;
    for piece in pieces {
        upload.write(Bytes::from_static(piece)).await?;
    }
    upload.finish().await
}

async fn plain(world: &World, caller: &Caller) -> AttachmentId {
    upload(world, caller, None, &[b"bytes"]).await.unwrap().id
}

fn carrying(receiver: &str, text: &str, attachments: Vec<AttachmentId>) -> SendMessage {
    SendMessage { attachments, ..to(receiver, text) }
}

async fn bytes(world: &World, caller: &Caller, id: AttachmentId) -> Option<Vec<u8>> {
    let opened = world.domain.attachments.open(caller, id).await.ok()?;
    Some(opened.blob.read(0, usize::MAX).await.unwrap().to_vec())
}

#[tokio::test]
async fn a_message_carries_files_instead_of_a_text() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (one, two) = (plain(&world, &ann).await, plain(&world, &ann).await);
    let sent = world.send(&ann, carrying("bob", " ", vec![two, one])).await.unwrap().message;
    let ids: Vec<_> = sent.attachments.iter().map(|attachment| attachment.id).collect();
    assert_eq!((ids, &*sent.text), (vec![two, one], " "));
    assert_eq!(sent.attachments[0].url, format!("/api/attachments/{two}"));
    assert_eq!(bytes(&world, &bob, one).await.unwrap(), b"bytes");
    let empty = world.send(&ann, to("bob", " ")).await.unwrap_err();
    assert_eq!(empty.code, Code::TextEmpty);
    let long = world.send(&ann, carrying("bob", &"x".repeat(101), vec![one])).await.unwrap_err();
    assert_eq!(long.code, Code::TextTooLong);
}

/// What somebody gets who follows a link.
async fn follow(world: &World, url: &str, id: AttachmentId) -> Result<Vec<u8>, Code> {
    let (path, key) = url.split_once("?key=").unwrap();
    assert_eq!(path, format!("/api/attachments/{id}"));
    let caller = world.domain.sessions.authenticate_link(key, id).await.map_err(|error| error.code)?;
    bytes(world, &caller, id).await.ok_or(Code::NotFound)
}

#[tokio::test]
async fn a_link_opens_one_file_for_an_hour_while_its_session_lives_and_its_user_may_see_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (one, other) = (plain(&world, &ann).await, plain(&world, &ann).await);
    let sent = world.send(&ann, carrying("bob", "", vec![one])).await.unwrap().message;
    let link = world.domain.sessions.link(&bob, one).unwrap();
    assert_eq!(follow(&world, &link.url, one).await.unwrap(), b"bytes");
    let (_, key) = link.url.split_once('=').unwrap();
    // No other file, and no token.
    for refused in [
        world.domain.sessions.authenticate_link(key, other).await,
        world.domain.sessions.authenticate(key).await,
    ] {
        assert_eq!(refused.unwrap_err().code, Code::TokenInvalid);
    }
    // Nobody is given a link to what they may not see.
    assert_eq!(world.domain.attachments.check(&bob, other).await.unwrap_err().code, Code::NotFound);
    let stray = world.domain.sessions.link(&bob, other).unwrap();
    assert_eq!(follow(&world, &stray.url, other).await, Err(Code::NotFound));
    // While it is good, what it opens may go.
    let delete = DeleteMessage { conversation_id: sent.conversation_id, id: sent.id };
    world.sent(world.domain.messages.delete(&ann, delete, None).await).await.unwrap();
    assert_eq!(follow(&world, &link.url, one).await, Err(Code::NotFound));
    let own = world.domain.sessions.link(&ann, one).unwrap();
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(follow(&world, &own.url, one).await, Err(Code::TokenExpired));
    let own = world.domain.sessions.link(&ann, one).unwrap();
    world.domain.sessions.end(&ann, ann.session).await.unwrap();
    assert_eq!(follow(&world, &own.url, one).await, Err(Code::SessionRevoked));
}

#[tokio::test]
async fn a_program_makes_no_links() {
    let world = World::new();
    let ann = world.person("ann").await;
    let file = plain(&world, &ann).await;
    let request = NewApiToken { name: "program".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&ann, request).await.unwrap().token.unwrap();
    let program = world.domain.sessions.authenticate(&token).await.unwrap();
    assert_eq!(world.domain.sessions.link(&program, file).unwrap_err().code, Code::Forbidden);
}

#[tokio::test]
async fn ten_files_of_ones_own_each_once() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut own = Vec::new();
    for _ in 0..11 {
        own.push(plain(&world, &ann).await);
    }
    let theirs = plain(&world, &bob).await;
    for wrong in [own.clone(), vec![own[0], own[0]], vec![own[0], theirs]] {
        let refused = world.send(&ann, carrying("bob", "x", wrong)).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("attachments")));
    }
    assert!(world.send(&ann, carrying("bob", "x", own[..10].to_vec())).await.is_ok());
}

#[tokio::test]
async fn a_file_is_shown_only_if_it_is_what_it_says() {
    let world = World::new();
    let ann = world.person("ann").await;
    let long: &'static [u8] = &[b'a'; 200];
    for (kind, pieces, found) in [
        (None, &[&b"%PD"[..], b"F-1.7"][..], "application/pdf"),
        (Some("application/pdf"), &[b"%PDF-", long], "application/pdf"),
        (Some("image/png"), &[b"no picture", long], "application/octet-stream"),
        (Some("image/png"), &[b""], "application/octet-stream"),
        (Some("image/gif"), &[b"GIF89a and nothing more"], "image/gif"),
        // Nobody knows what is in it, so nobody is shown it.
        (Some("image/png"), &[b"\x89PNG\r\n\x1a\n and nothing more"], "application/octet-stream"),
        (None, &[b"\xff\xd8\xff", long], "application/octet-stream"),
        (Some("image/vnd.microsoft.icon"), &[b"\x89PNG\r\n\x1a\n and more"], "image/vnd.microsoft.icon"),
        (Some("text/plain; charset=utf-8"), &[b"caf\xc3", b"\xa9"], "text/plain"),
        (Some("text/plain"), &[b"caf\xc3"], "application/octet-stream"),
        (Some("text/plain"), &[long, b"\xff"], "application/octet-stream"),
        (Some("text/csv"), &[long, b"\xff"], "text/csv"),
        (Some("image/svg+xml"), &[b"<svg/>"], "image/svg+xml"),
        (Some("not a type"), &[b"x"], "application/octet-stream"),
    ] {
        let taken = upload(&world, &ann, kind, pieces).await.unwrap();
        assert_eq!(taken.kind, found, "{kind:?}");
        let shown = world.domain.attachments.open(&ann, taken.id).await.unwrap().shown;
        assert_eq!(shown, found == "image/gif");
    }
}

/// Stands for what nobody is to be told.
const PLACE: &[u8] = b"48.2082 N 16.3738 E";

/// A photo of 60 × 20 pixels that was taken with the camera upright, and tells where.
fn photo() -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend(PLACE.repeat(1000));
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    RgbImage::new(60, 20).write_with_encoder(encoder).unwrap();
    bytes
}

async fn upload_bytes(world: &World, caller: &Caller, name: &str, bytes: &[u8]) -> Attachment {
    let mut upload = world.domain.attachments.upload(caller, name, None, None).await.unwrap();
    for piece in bytes.chunks(700) {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    upload.finish().await.unwrap()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn where_a_photo_was_taken_is_not_stored() {
    let world = World::new();
    let ann = world.person("ann").await;
    let photo = photo();
    assert!(holds(&photo, PLACE));
    let taken = upload_bytes(&world, &ann, "photo.jpg", &photo).await;
    let stored = bytes(&world, &ann, taken.id).await.unwrap();
    assert!(!holds(&stored, PLACE));
    // It is as upright as it was, and its size is that of what is stored.
    assert_eq!((taken.width, taken.height), (Some(20), Some(60)));
    assert_eq!(taken.size, stored.len() as u64);
    let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap();
    assert!(pixels(&stored) == pixels(&photo));
    // Nothing else is left of it: the file and its thumbnail.
    assert_eq!(all(&world).await.len(), 2);
    // The same photo without its place is the same file. Under the name of another type it is a download, and tells as
    // little.
    let same = upload_bytes(&world, &ann, "again.jpg", &stored).await;
    let other = upload_bytes(&world, &ann, "photo.png", &photo).await;
    assert_eq!((&*other.kind, other.width), ("application/octet-stream", None));
    for id in [same.id, other.id] {
        assert_eq!(bytes(&world, &ann, id).await.unwrap(), stored);
    }
    assert_eq!(all(&world).await.len(), 2);
}

#[tokio::test]
async fn a_photo_that_is_not_shown_tells_as_little() {
    let world = World::new();
    let ann = world.person("ann").await;
    for (name, photo) in [
        ("photo.heic", &include_bytes!("../../src/metadata/tests/photo.heic")[..]),
        ("photo.avif", include_bytes!("../../src/metadata/tests/photo.avif")),
    ] {
        assert!(holds(photo, PLACE));
        let taken = upload_bytes(&world, &ann, name, photo).await;
        let stored = bytes(&world, &ann, taken.id).await.unwrap();
        assert!(!holds(&stored, PLACE) && stored.len() == photo.len(), "{name}");
    }
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_is_stored_as_it_is() {
    let world = World::new();
    let ann = world.person("ann").await;
    let mut broken = photo();
    // The length of its first segment.
    broken[4..6].copy_from_slice(&[0, 1]);
    for broken in [&broken[..], &broken[..10], &photo()[..100]] {
        let taken = upload_bytes(&world, &ann, "photo.jpg", broken).await;
        assert_eq!((&*taken.kind, taken.width), ("application/octet-stream", None));
        assert_eq!(bytes(&world, &ann, taken.id).await.unwrap(), broken);
    }
}

#[tokio::test]
async fn a_server_may_keep_files_as_they_come() {
    let world = World::with(&Settings { strip_metadata: false, ..settings() });
    let ann = world.person("ann").await;
    let taken = upload_bytes(&world, &ann, "photo.jpg", &photo()).await;
    assert_eq!((&*taken.kind, taken.width), ("image/jpeg", Some(20)));
    assert_eq!(bytes(&world, &ann, taken.id).await.unwrap(), photo());
}

#[tokio::test]
async fn limits_hold_before_and_while_bytes_come() {
    let world = World::with(&Settings { attachment_bytes: 10_000, attachment_quota: 15_000, ..settings() });
    let ann = world.person("ann").await;
    let attachments = &world.domain.attachments;
    let early = |size| attachments.upload(&ann, "x", None, Some(size));
    assert_eq!(early(10_001).await.err().unwrap().code, Code::TooLarge);
    let large: &'static [u8] = &[7; 6000];
    assert_eq!(upload(&world, &ann, None, &[large, large]).await.unwrap_err().code, Code::TooLarge);
    assert!(upload(&world, &ann, None, &[large, b"1"]).await.is_ok());
    let second = upload(&world, &ann, None, &[large, b"1"]).await.unwrap();
    assert_eq!(second.size, 6001);
    // 2,998 are left, less than what the smallest counts for.
    assert_eq!(upload(&world, &ann, None, &[b"x"]).await.unwrap_err().code, Code::QuotaExceeded);
    assert_eq!(upload(&world, &ann, None, &[large]).await.unwrap_err().code, Code::QuotaExceeded);
    assert_eq!(early(2999).await.err().unwrap().code, Code::QuotaExceeded);
    // What was refused is not kept, and what is unused makes room once it has been so for a day.
    attachments.sweep().await.unwrap();
    world.clock.advance(Duration::from_hours(25));
    attachments.sweep().await.unwrap();
    attachments.sweep().await.unwrap();
    assert!(upload(&world, &ann, None, &[large]).await.is_ok());
}

#[tokio::test]
async fn four_uploads_at_once() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let attachments = &world.domain.attachments;
    let mut uploads = Vec::new();
    for _ in 0..4 {
        uploads.push(attachments.upload(&ann, "x", None, None).await.unwrap());
    }
    let refused = attachments.upload(&ann, "x", None, None).await.err().unwrap();
    assert!(refused.code == Code::RateLimited && refused.retry_after.is_some());
    assert!(attachments.upload(&bob, "x", None, None).await.is_ok());
    uploads.pop();
    assert!(attachments.upload(&ann, "x", None, None).await.is_ok());
}

#[tokio::test]
async fn an_unused_upload_is_removed_with_its_bytes() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let attachments = &world.domain.attachments;
    let carried = upload(&world, &ann, None, &[b"carried"]).await.unwrap().id;
    let sent = world.send(&ann, carrying("bob", "", vec![carried])).await.unwrap().message;
    let same = upload(&world, &bob, None, &[b"carried"]).await.unwrap().id;
    let unused = upload(&world, &ann, None, &[b"unused"]).await.unwrap().id;
    // The first look takes note, however long the server has been there.
    world.clock.advance(Duration::from_hours(100));
    attachments.sweep().await.unwrap();
    world.clock.advance(Duration::from_hours(23));
    attachments.sweep().await.unwrap();
    assert!(bytes(&world, &ann, unused).await.is_some());
    world.clock.advance(Duration::from_hours(2));
    attachments.sweep().await.unwrap();
    // It is said before it is done.
    assert!(bytes(&world, &ann, unused).await.is_some());
    attachments.sweep().await.unwrap();
    assert!(bytes(&world, &ann, unused).await.is_none() && bytes(&world, &bob, same).await.is_none());
    // Though another with the same bytes went.
    assert_eq!(bytes(&world, &bob, carried).await.unwrap(), b"carried");
    let delete = protocol::DeleteMessage { conversation_id: sent.conversation_id, id: sent.id };
    let deleted = world.sent(world.domain.messages.delete(&ann, delete, None).await).await.unwrap();
    assert!(deleted.message.attachments.is_empty());
    assert!(bytes(&world, &bob, carried).await.is_none());
    attachments.sweep().await.unwrap();
    assert!(bytes(&world, &ann, carried).await.is_some());
    world.clock.advance(Duration::from_hours(24));
    attachments.sweep().await.unwrap();
    attachments.sweep().await.unwrap();
    assert!(bytes(&world, &ann, carried).await.is_none());
}

/// Sweeps as often as a server does, for so many hours.
async fn sweep_for(world: &World, hours: u32) {
    for _ in 0..hours {
        world.clock.advance(Duration::from_hours(1));
        world.domain.attachments.sweep().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_unused_stays_for_a_week_where_the_store_may_be_the_wrong_one() {
    let world = World::new();
    let ann = world.person("ann").await;
    sweep_for(&world, 10).await;
    // Its messages are in the right one.
    let unused = plain(&world, &ann).await;
    *world.faulty.doubted.lock() = Some(Duration::from_hours(9));
    sweep_for(&world, 7 * 24).await;
    assert!(bytes(&world, &ann, unused).await.is_some());
    sweep_for(&world, 1).await;
    assert!(bytes(&world, &ann, unused).await.is_none());
}

#[tokio::test]
async fn what_the_store_does_not_know_stays_for_a_week_that_servers_ran_on_it() {
    const HASH: BlobHash = BlobHash([7; 32]);
    let world = World::new();
    let mut new = world.blobs.begin().await.unwrap();
    new.write(Bytes::from_static(b"of another store")).await.unwrap();
    assert!(new.keep(HASH).await.unwrap());
    let there = async || world.blobs.open(HASH).await.unwrap().is_some();
    world.domain.attachments.sweep().await.unwrap();
    // A clock that jumps makes nothing older.
    world.clock.jump(Duration::from_hours(24 * 365));
    sweep_for(&world, 7 * 24 - 1).await;
    assert!(there().await);
    // Nor does a new start remove anything, even after the week.
    let restarted = world.restart();
    restarted.domain.attachments.sweep().await.unwrap();
    sweep_for(&restarted, 5).await;
    assert!(there().await);
    sweep_for(&restarted, 2).await;
    assert!(!there().await);
}

#[tokio::test]
async fn what_is_refused_at_the_last_moment_is_not_kept_unless_it_was_there() {
    let world = World::with(&Settings { attachment_quota: 10_000, ..settings() });
    let ann = world.person("ann").await;
    let begin = |piece: &'static [u8]| {
        let (world, ann) = (&world, &ann);
        async move {
            let mut upload = world.domain.attachments.upload(ann, "x", None, None).await.unwrap();
            upload.write(Bytes::from_static(piece)).await.unwrap();
            upload
        }
    };
    // Three at once, of which two have room.
    let (one, two, three) = (begin(b"one").await, begin(b"two").await, begin(b"three").await);
    assert!(one.finish().await.is_ok() && two.finish().await.is_ok());
    assert_eq!(three.finish().await.unwrap_err().code, Code::QuotaExceeded);
    assert_eq!(all(&world).await.len(), 2);
    // The bytes of the third, from another store.
    let bob = world.person("bob").await;
    let other = World::new();
    let eve = other.person("eve").await;
    plain(&other, &eve).await;
    let hash = all(&other).await.remove(0);
    let mut new = world.blobs.begin().await.unwrap();
    new.write(Bytes::from_static(b"bytes")).await.unwrap();
    new.keep(hash).await.unwrap();
    let mut uploads = Vec::new();
    for piece in [&b"four"[..], b"five", b"bytes"] {
        let mut upload = world.domain.attachments.upload(&bob, "x", None, None).await.unwrap();
        upload.write(Bytes::from_static(piece)).await.unwrap();
        uploads.push(upload);
    }
    let refused = uploads.pop().unwrap();
    for upload in uploads {
        upload.finish().await.unwrap();
    }
    assert_eq!(refused.finish().await.unwrap_err().code, Code::QuotaExceeded);
    assert!(world.blobs.open(hash).await.unwrap().is_some());
}

/// The hashes of all stored bytes.
async fn all(world: &World) -> Vec<BlobHash> {
    let mut all = Vec::new();
    for first in 0..=u8::MAX {
        all.extend(world.blobs.list(first).await.unwrap());
    }
    all
}
