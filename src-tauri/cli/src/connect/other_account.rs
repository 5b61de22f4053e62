//! Choosing the account to sign in with, and resolving a sign-in as another account than the connection's.

use clap::Args;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, OtherAccount};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;

use crate::input::Lines;
use crate::lookup::quoted;
use crate::session::Session;

#[derive(Debug, Args)]
pub(super) struct AccountChoice {
    /// Prefill this account on the sign-in page, if the provider supports it
    #[arg(long, value_name = "EMAIL")]
    login_hint: Option<String>,
    /// Ask the provider to show its account chooser
    #[arg(long, conflicts_with_all = ["login_hint", "password"])]
    another_account: bool,
    /// Replace the connection's account if another one signs in
    #[arg(long)]
    replace_account: bool,
}

impl AccountChoice {
    pub(super) fn apply_to(&self, wanted: &mut SignInRequest) {
        wanted.login_hint.clone_from(&self.login_hint);
        wanted.another_account = self.another_account;
        wanted.replaces_account = self.replace_account;
    }
}

/// Asks at a terminal what to do, and returns the resulting connection. Without a terminal, or with `--json`, nothing
/// is replaced. `lines` continues the input of the sign-in.
pub(super) async fn resolve(
    session: &mut Session<'_>,
    attempt: &Attempt,
    other: &OtherAccount,
    mut lines: Option<Lines>,
) -> Result<ConnectionId> {
    let Session { grapnel, input, output, .. } = session;
    let beside = attempt.connection_id.clone().ok_or_else(|| unanswered(other))?;
    if !input.is_attended() || output.json {
        return Err(unanswered(other));
    }
    output.messages.note(&described(other));
    loop {
        output.messages.ask(&format!(
            "Replace the account of “{}”, keep both, or discard the new sign-in? [replace/keep/discard]",
            other.connection
        ));
        let answer = match &mut lines {
            Some(lines) => lines.recv().await.map(|line| line.expose_secret().to_owned()),
            None => input.line()?,
        };
        let Some(answer) = answer else { return Err(unanswered(other)) };
        match answer.trim().to_lowercase().as_str() {
            "r" | "replace" => return grapnel.replace_account(&attempt.id).await,
            "k" | "keep" => return Ok(beside),
            "d" | "discard" => {
                grapnel.disconnect(&beside).await?;
                grapnel.forget(&beside).await?;
                return Err(Error::new(Code::OtherAccount, "The new sign-in was discarded.")
                    .means(format!("“{}” is unchanged.", other.connection)));
            }
            _ => {}
        }
    }
}

fn described(other: &OtherAccount) -> String {
    let OtherAccount { connection, account, signed_in, kept_as, .. } = other;
    format!(
        "You signed in as {signed_in}, but “{connection}” belongs to {account}. “{connection}” is unchanged; the new \
         sign-in is “{kept_as}”."
    )
}

fn unanswered(other: &OtherAccount) -> Error {
    let (there, new) = (quoted(&other.connection), quoted(&other.kept_as));
    Error::new(
        Code::OtherAccount,
        format!("{} signed in, but “{}” belongs to {}.", other.signed_in, other.connection, other.account),
    )
    .means(format!("“{}” is unchanged. The new tokens are stored as “{}”.", other.connection, other.kept_as))
    .hint(format!(
        "Discard them: grapnel disconnect {new} --forget. Or replace the account: \
         grapnel connect {there} --replace-account"
    ))
}
