//! The interface between connections and scenarios: how a scenario handles what its connections receive.

/// A connection while the scenario handles what it received.
pub(crate) struct Turn<'a> {
    pub(crate) number: usize,
    /// When the data was read, in nanoseconds since the start of the run.
    pub(crate) now: u64,
    /// When connecting began, in nanoseconds since the start of the run.
    pub(crate) opened: u64,
    /// Frames appended here are sent.
    pub(crate) out: &'a mut Vec<u8>,
}

/// Handles the events of a scenario's connections.
pub(crate) trait Client {
    /// The connection is ready to send.
    fn ready(&mut self, _: Turn<'_>) -> Result<(), String> {
        Ok(())
    }

    /// A request was acknowledged. `None` for its number if the server's protocol has no numbers.
    fn acknowledged(&mut self, _: Turn<'_>, _number: Option<u64>) -> Result<(), String> {
        Ok(())
    }

    /// A request was refused in its acknowledgement.
    fn declined(&mut self, _: Turn<'_>, reason: &str) -> Result<(), String> {
        Err(format!("the server refused a message: {reason}"))
    }

    /// A message arrived.
    fn message(&mut self, _: Turn<'_>, _message: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// The server ended the connection, or connecting failed.
    fn closed(&mut self, _number: usize, reason: &str) -> Result<(), String> {
        Err(format!("a connection failed: {reason}"))
    }

    /// The server refused the client or one of its requests.
    fn refused(&mut self, number: usize, reason: &str) -> Result<(), String> {
        self.closed(number, reason)
    }
}
