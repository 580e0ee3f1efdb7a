//! What others want from a session's task.

use tokio::sync::oneshot;

use crate::Reason;

/// What somebody wants from a session's task.
pub(super) enum Command {
    /// Read no more, and say so once no handler is at work.
    Quiesce(oneshot::Sender<()>),
    /// Send what waits, then close.
    Close(Reason),
    /// Close now: what waits is not sent.
    Abort(Reason),
}

impl Command {
    /// Whether nothing is queued any more once it is given.
    pub(super) fn closes(&self) -> bool {
        !matches!(self, Self::Quiesce(_))
    }

    /// Whether it takes the place of `before`, which the task has not seen yet. A command that allows less
    /// does. Of two that allow the same the first stays, because it says why the session closes.
    ///
    /// A second `Quiesce` replaces the first. The receiver of the first then ends, which `Engine::quiesce`
    /// counts as quiet. That misleads nobody, because the server asks again only in `Engine::close`, after it
    /// has given up on the first. A second `Abort` for [`Reason::Aborted`] says the same as the first.
    pub(super) fn replaces(&self, before: Option<&Self>) -> bool {
        match before {
            None | Some(Self::Quiesce(_)) => true,
            Some(Self::Close(_)) => matches!(self, Self::Abort(_)),
            Some(Self::Abort(_)) => matches!(self, Self::Abort(Reason::Aborted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_allows_less_comes_first_and_of_equals_the_first() {
        let rising: [fn() -> Command; 4] = [
            || Command::Quiesce(oneshot::channel().0),
            || Command::Close(Reason::ServerClosing),
            || Command::Abort(Reason::SlowReader),
            || Command::Abort(Reason::Aborted),
        ];
        for (at, before) in rising.iter().enumerate() {
            for (later, command) in rising.iter().enumerate() {
                // A second `Quiesce`, or a second `Abort` for `Aborted`: see `replaces`.
                let again = at == later && matches!(at, 0 | 3);
                assert_eq!(command().replaces(Some(&before())), later > at || again, "{at} {later}");
            }
        }
        assert!(rising.iter().all(|command| command().replaces(None)));
    }
}
