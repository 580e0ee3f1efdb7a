//! What a scenario does with what its connections receive.

/// A connection while the scenario handles what it received.
pub(crate) struct Turn<'a> {
    pub(crate) number: usize,
    /// When this was read, in nanoseconds since the start.
    pub(crate) now: u64,
    /// When the connection was begun.
    pub(crate) opened: u64,
    /// Frames appended here are sent.
    pub(crate) out: &'a mut Vec<u8>,
}

/// What a scenario does with what its connections receive.
pub(crate) trait Client {
    /// The connection may be used.
    fn ready(&mut self, _: Turn<'_>) -> Result<(), String> {
        Ok(())
    }

    /// A request was answered; with the number it had, if the server knows numbers.
    fn acknowledged(&mut self, _: Turn<'_>, _number: Option<u64>) -> Result<(), String> {
        Ok(())
    }

    /// A message came.
    fn message(&mut self, _: Turn<'_>, _message: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// The server ended the connection, or it was not made.
    fn closed(&mut self, _number: usize, reason: &str) -> Result<(), String> {
        Err(format!("a connection failed: {reason}"))
    }

    /// The server does not want the client, or refused a request of it.
    fn refused(&mut self, number: usize, reason: &str) -> Result<(), String> {
        self.closed(number, reason)
    }
}
