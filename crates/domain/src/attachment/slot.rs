//! What a user has under way: a few uploads of files and avatars, and one picture among them that is read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::store::UserId;

/// The running uploads of all users.
#[derive(Clone, Default)]
pub(crate) struct UploadSlots(Arc<Mutex<HashMap<UserId, Running>>>);

/// The running uploads of a user.
struct Running {
    uploads: usize,
    /// Has one permit: for the picture that is read.
    picture: Arc<Semaphore>,
}

/// Counts a running upload of a user until it is dropped.
pub(crate) struct UploadSlot {
    slots: UploadSlots,
    owner: UserId,
    picture: Arc<Semaphore>,
    turn: Option<OwnedSemaphorePermit>,
}

impl UploadSlots {
    pub(crate) fn take(&self, owner: UserId) -> Result<UploadSlot, Error> {
        let mut running = self.0.lock();
        let new = || Running { uploads: 0, picture: Arc::new(Semaphore::new(1)) };
        let running = running.entry(owner).or_insert_with(new);
        if running.uploads >= limit::UPLOADS {
            return Err(Error::rate_limited(Duration::from_secs(1)));
        }
        running.uploads += 1;
        Ok(UploadSlot { slots: self.clone(), owner, picture: running.picture.clone(), turn: None })
    }
}

impl UploadSlot {
    /// Waits until no other picture of this user is read; none is then until this is dropped. So only the pictures of
    /// one user wait for each other. At most [`limit::UPLOADS`] do, because each has a slot.
    pub(crate) async fn wait_for_turn(&mut self) {
        self.turn = self.picture.clone().acquire_owned().await.ok();
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut running = self.slots.0.lock();
        if let Some(own) = running.get_mut(&self.owner) {
            own.uploads -= 1;
            if own.uploads == 0 {
                running.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;
    use protocol::Code;

    use super::*;

    #[tokio::test]
    async fn one_picture_of_a_user_is_read_at_a_time() {
        let slots = UploadSlots::default();
        let (ann, bob) = (UserId(1), UserId(2));
        let mut first = slots.take(ann).unwrap();
        first.wait_for_turn().await;
        let (mut second, mut third) = (slots.take(ann).unwrap(), slots.take(ann).unwrap());
        {
            let mut second = pin!(second.wait_for_turn());
            assert!(second.as_mut().now_or_never().is_none());
            // Somebody else does not wait for them.
            slots.take(bob).unwrap().wait_for_turn().await;
            let mut gone = slots.take(ann).unwrap();
            assert!(gone.wait_for_turn().now_or_never().is_none());
            // Past those that wait it is refused, and may be tried again.
            let refused = slots.take(ann).err().unwrap();
            assert!(refused.code == Code::RateLimited && refused.retry_after.is_some());
            drop((first, gone));
            second.await;
        }
        assert!(third.wait_for_turn().now_or_never().is_none());
        drop(second);
        third.wait_for_turn().await;
        drop(third);
        assert!(slots.0.lock().is_empty());
    }
}
