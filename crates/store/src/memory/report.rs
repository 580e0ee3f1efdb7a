use async_trait::async_trait;
use domain::store::{Deed, ReportRecord, ReportStore, StoreError};
use protocol::{AuditAction, ReportId, Timestamp};

use super::MemoryStore;

/// Reports, ascending by number.
#[derive(Default)]
pub(super) struct Reports {
    all: Vec<ReportRecord>,
    last: u64,
}

impl Reports {
    fn get_mut(&mut self, id: ReportId) -> Option<&mut ReportRecord> {
        self.all.iter_mut().find(|report| report.id == id)
    }

    /// Removes what somebody reported, what was reported of them, and what they said around something else.
    pub(super) fn forget(&mut self, username: &str) {
        self.all.retain(|report| report.by != username && report.username != username);
        for report in &mut self.all {
            // JSON, in which a username is as it is.
            let named = format!("\"{username}\"");
            report.context.take_if(|context| context.contains(&named));
        }
    }
}

impl MemoryStore {
    /// Notes that the message of a report was removed.
    pub(super) fn note_removed(&self, id: ReportId, deed: &Deed) {
        let mut reports = self.reports.lock();
        let report = reports.get_mut(id);
        let username = report.map(|report| {
            report.removed_at = Some(deed.at);
            report.username.clone()
        });
        let details = Some(id.to_string());
        self.audit.lock().put(deed, AuditAction::MessageRemoved, username.as_deref(), details);
    }
}

#[async_trait]
impl ReportStore for MemoryStore {
    async fn add_report(&self, report: ReportRecord, most: usize) -> Result<bool, StoreError> {
        let mut reports = self.reports.lock();
        let is_open = |other: &&ReportRecord| other.by == report.by && other.resolved_at.is_none();
        if reports.all.iter().filter(is_open).count() >= most {
            return Ok(false);
        }
        reports.last += 1;
        let number = reports.last;
        reports.all.push(ReportRecord { number, ..report });
        Ok(true)
    }

    async fn report(&self, id: ReportId) -> Result<Option<ReportRecord>, StoreError> {
        Ok(self.reports.lock().get_mut(id).cloned())
    }

    async fn reports(&self, below: Option<u64>, limit: usize) -> Result<Vec<ReportRecord>, StoreError> {
        let reports = self.reports.lock();
        let below = reports.all.iter().rev().filter(|report| below.is_none_or(|below| report.number < below));
        Ok(below.take(limit).cloned().collect())
    }

    async fn resolve_report(
        &self,
        id: ReportId,
        resolved: bool,
        deed: Deed,
    ) -> Result<Option<ReportRecord>, StoreError> {
        let mut reports = self.reports.lock();
        let Some(report) = reports.get_mut(id) else { return Ok(None) };
        if report.resolved_at.is_some() != resolved {
            report.resolved_at = resolved.then_some(deed.at);
            report.resolved_by = deed.by.clone().filter(|_| resolved);
            let action = if resolved { AuditAction::ReportResolved } else { AuditAction::ReportReopened };
            self.audit.lock().put(&deed, action, Some(&report.username), Some(id.to_string()));
        }
        Ok(Some(report.clone()))
    }

    async fn forget_reports(&self, until: Timestamp) -> Result<(), StoreError> {
        self.reports.lock().all.retain(|report| report.resolved_at.is_none_or(|at| at > until));
        Ok(())
    }
}
