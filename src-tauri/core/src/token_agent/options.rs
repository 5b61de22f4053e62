//! The options of a token agent.

/// The options of a token agent. The default is for the window.
#[derive(Default)]
pub struct AgentOptions {
    /// Sockets that a service manager has bound and passed on. They are served at once, even if another process serves
    /// the socket in the data directory.
    #[cfg(unix)]
    pub activated: Vec<std::os::unix::net::UnixListener>,
    /// Whether tokens of a vault with a passphrase are handed out while this process has its key.
    pub serves_passphrase_vaults: bool,
    /// Called when this process begins to serve the socket in the data directory, or has to wait for another process.
    pub on_change: Option<Box<dyn Fn(AgentState) + Send + Sync>>,
}

/// Which process serves the socket in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentState {
    /// Another process. This one takes over when it ends.
    Waiting,
    /// This process.
    Serving,
}

impl AgentOptions {
    pub(super) fn report(&self, state: AgentState) {
        if let Some(on_change) = &self.on_change {
            on_change(state);
        }
    }
}
