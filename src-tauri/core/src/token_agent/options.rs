//! How a process serves as the token agent.

/// How a process serves as the token agent. The default is the window's way.
#[derive(Default)]
pub struct AgentOptions {
    /// Sockets that a service manager has bound and passes on. They are answered at once, whichever process has the
    /// socket of the data directory.
    #[cfg(unix)]
    pub activated: Vec<std::os::unix::net::UnixListener>,
    /// Whether tokens of a vault with a passphrase are handed out while this process has its key.
    pub serves_passphrase_vaults: bool,
    /// Called when this process begins to answer at the socket of the data directory, or has to wait for another one.
    pub on_change: Option<Box<dyn Fn(AgentState) + Send + Sync>>,
}

/// Which process answers at the socket of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentState {
    /// Another process does. This one takes over when it ends.
    Waiting,
    /// This process does.
    Serving,
    /// No process does: this operating system has no such socket.
    Unsupported,
}

impl AgentOptions {
    pub(super) fn report(&self, state: AgentState) {
        if let Some(on_change) = &self.on_change {
            on_change(state);
        }
    }
}
