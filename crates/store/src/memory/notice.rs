use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::store::{NoticeRequest, NoticeStore, StoreError, WaitingNotice};
use protocol::Timestamp;

use super::MemoryStore;

/// Notices that wait, by their number, each with when it is due.
#[derive(Default)]
pub(super) struct Notices {
    waiting: BTreeMap<i64, (Timestamp, WaitingNotice)>,
    last: i64,
}

impl Notices {
    pub(super) fn add(&mut self, request: NoticeRequest) {
        self.last += 1;
        let (number, due_at) = (self.last, request.at);
        self.waiting.insert(number, (due_at, WaitingNotice { number, request, failures: 0 }));
    }
}

#[async_trait]
impl NoticeStore for MemoryStore {
    async fn request_notice(&self, request: NoticeRequest) -> Result<(), StoreError> {
        self.notices.lock().add(request);
        Ok(())
    }

    async fn due_notices(&self, now: Timestamp, limit: usize) -> Result<Vec<WaitingNotice>, StoreError> {
        let notices = self.notices.lock();
        let mut due: Vec<_> = notices.waiting.values().filter(|(due_at, _)| *due_at <= now).collect();
        due.sort_by_key(|(due_at, notice)| (*due_at, notice.number));
        Ok(due.into_iter().take(limit).map(|(_, notice)| notice.clone()).collect())
    }

    async fn remove_notice(&self, number: i64) -> Result<(), StoreError> {
        self.notices.lock().waiting.remove(&number);
        Ok(())
    }

    async fn put_notice_off(&self, number: i64, due_at: Timestamp) -> Result<(), StoreError> {
        if let Some((due, notice)) = self.notices.lock().waiting.get_mut(&number) {
            *due = due_at;
            notice.failures += 1;
        }
        Ok(())
    }
}
