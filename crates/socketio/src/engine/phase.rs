//! What a session still does, once somebody wants it to end.

use tokio::{sync::oneshot, time::Instant};

use super::command::Command;
use crate::Reason;

/// What a session still does. It goes from one to the next, never back.
pub(super) enum Phase {
    /// It reads and sends.
    Open,
    /// It reads no more; whoever asked for that is told when no handler is at work.
    Quiet(Option<oneshot::Sender<()>>),
    /// It sends what waits, until a moment at the latest.
    Closing(Reason, Instant),
}

impl Phase {
    /// Does what a command says; a reason ends the session at once. `until` is how long what waits may take to
    /// be sent.
    pub(super) fn obey(&mut self, command: Command, until: Instant) -> Result<(), Reason> {
        match (command, &*self) {
            (Command::Abort(reason), _) => return Err(reason),
            (_, Self::Closing(..)) => {}
            (Command::Close(reason), _) => *self = Self::Closing(reason, until),
            (Command::Quiesce(sender), _) => *self = Self::Quiet(Some(sender)),
        }
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// No handler is at work: tells whoever waits for that.
    pub(super) fn idle(&mut self) {
        if let Self::Quiet(told) = self
            && let Some(told) = told.take()
        {
            let _ = told.send(());
        }
    }

    /// Why the session closes, and when at the latest.
    pub(super) fn closing(&self) -> Option<(Reason, Instant)> {
        match *self {
            Self::Closing(reason, until) => Some((reason, until)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let until = Instant::now();
        let mut phase = Phase::Open;
        let (sender, mut quiet) = oneshot::channel();
        assert_eq!(phase.obey(Command::Quiesce(sender), until), Ok(()));
        assert!(!phase.is_open() && quiet.try_recv().is_err());
        phase.idle();
        assert_eq!(quiet.try_recv(), Ok(()));
        assert_eq!(phase.obey(Command::Close(Reason::ServerClosing), until), Ok(()));
        assert_eq!(phase.obey(Command::Close(Reason::Application), until), Ok(()));
        assert_eq!(phase.obey(Command::Quiesce(oneshot::channel().0), until), Ok(()));
        assert_eq!(phase.closing(), Some((Reason::ServerClosing, until)));
        assert_eq!(phase.obey(Command::Abort(Reason::Aborted), until), Err(Reason::Aborted));
    }
}
