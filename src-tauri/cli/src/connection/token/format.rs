//! The output formats of a token.

use clap::ValueEnum;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The token alone
    Plain,
    /// An HTTP header: `Authorization: Bearer …`
    Header,
    /// JSON: token, type, expiry and granted scopes
    Json,
    /// A line for a shell or a .env file: `ACME_TOKEN=…`
    Env,
    /// The protocol of git's credential helpers
    Git,
    /// The protocol of Docker's credential helpers
    Docker,
    /// An `ExecCredential` for kubectl and other Kubernetes clients
    ExecCredential,
}
