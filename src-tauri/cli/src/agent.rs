//! `grapnel agent`: refreshes tokens and answers token requests without a window, in the foreground or as a systemd
//! user service.

#[cfg(target_os = "linux")]
mod systemd;
#[cfg(not(target_os = "linux"))]
#[path = "agent/unsupported.rs"]
mod systemd;

use std::time::Duration;

use clap::Args;
use grapnel_core::Grapnel;
use grapnel_core::clock::{Clock, SystemClock};
use grapnel_core::token_agent::{AgentOptions, AgentState};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::vault::Protection;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::format::{duration, parse_duration};
use crate::print::{CommandResult, Messages};
use crate::session::Session;
use crate::stop_signal::stop_signal;

/// How long shutdown waits for token requests in flight.
const MAX_SHUTDOWN_WAIT: Duration = Duration::from_secs(40);

#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Run as a systemd service: take its socket, and report when ready
    #[arg(long, conflicts_with_all = ["install", "uninstall"])]
    systemd: bool,
    /// Install and start a systemd user service that runs the agent
    #[arg(long, conflicts_with = "uninstall")]
    install: bool,
    /// Stop and remove the systemd user service
    #[arg(long)]
    uninstall: bool,
    /// Forget the key of a vault with a passphrase after this time, such as 8h
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["install", "uninstall"])]
    unlock_for: Option<SignedDuration>,
}

impl Agent {
    /// Whether the command needs an open vault.
    pub(crate) fn needs_vault(&self) -> bool {
        !self.install && !self.uninstall
    }
}

pub(crate) async fn run(session: &mut Session<'_>, asked: &Agent) -> Result<()> {
    if asked.install {
        let installed = systemd::install()?;
        return session.output.show(&installed);
    }
    if asked.uninstall {
        let removed = systemd::uninstall()?;
        return session.output.show(&removed);
    }
    let protection = session.grapnel.protection()?;
    if asked.unlock_for.is_some() && protection != Protection::Passphrase {
        return Err(Error::input(
            "unlock-for",
            "The vault has no passphrase, so no time limit applies to its key.",
        )
        .means("Nothing was started.")
        .hint("Omit --unlock-for. A keyring that is locked locks the token agent as well."));
    }
    // Before the agent reports that it is ready, so that a signal then ends it cleanly.
    let ended = stop_signal()?;
    serve(session, asked, ended).await
}

async fn serve(session: &mut Session<'_>, asked: &Agent, ended: impl Future<Output = ()>) -> Result<()> {
    let (grapnel, messages) = (session.grapnel.clone(), session.output.messages.clone());
    if let Err(error) = grapnel.follow_others() {
        messages.note(&format!(
            "warning: {} Changes by other Grapnel processes are noticed late.",
            error.message
        ));
    }
    let vault = tokio::spawn(report_vault(grapnel.clone(), messages.clone()));
    let (changes, mut state) = watch::channel(None);
    let options = AgentOptions {
        #[cfg(unix)]
        activated: systemd::activated_sockets()?,
        serves_passphrase_vaults: true,
        on_change: Some(Box::new(move |state| {
            changes.send_replace(Some(state));
        })),
    };
    let tasks = [tokio::spawn(lock_after(grapnel.clone(), asked.unlock_for, messages.clone())), vault];
    let served = async {
        open_vault(&grapnel, asked.systemd).await;
        let mut refreshing = JoinSet::new();
        let refreshed = grapnel.clone();
        refreshing.spawn(async move { refreshed.keep_alive().await });
        let followed = grapnel.clone();
        refreshing.spawn(async move { followed.follow_teams().await });
        tokio::select! {
            served = grapnel.serve_tokens(options) => served?,
            failed = watch_state(session, asked, &mut state) => failed?,
        }
        // Without a socket, tokens are still refreshed.
        std::future::pending::<Result<()>>().await
    };
    let done = tokio::select! {
        biased;
        () = ended => Ok(()),
        failed = served => failed,
    };
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    systemd::notify_stopping();
    // A token request whose response is lost can cost the connection.
    let _ = tokio::time::timeout(MAX_SHUTDOWN_WAIT, grapnel.idle()).await;
    grapnel.checkpoint();
    done
}

/// Opens the vault once before the agent is ready, so that a keyring prompts the person once. A service has nobody who
/// could answer a prompt.
async fn open_vault(grapnel: &Grapnel, is_service: bool) {
    #[cfg(target_os = "linux")]
    if is_service {
        grapnel.check_vault_unasked().await;
        return;
    }
    let _ = is_service;
    grapnel.check_vault().await;
}

/// Reports which process answers token requests, now and at each change. The first report also tells systemd that the
/// service is ready.
async fn watch_state(
    session: &mut Session<'_>,
    asked: &Agent,
    state: &mut watch::Receiver<Option<AgentState>>,
) -> Result<()> {
    let mut was_ready = false;
    while state.changed().await.is_ok() {
        let Some(state) = *state.borrow_and_update() else { continue };
        if was_ready {
            session.output.messages.note(sentence(state));
            continue;
        }
        was_ready = true;
        if session.output.json {
            session.output.show_at_once(&Ready { answering: state == AgentState::Serving })?;
        }
        session.output.messages.note(&format!("Ready. {}", sentence(state)));
        if asked.systemd {
            systemd::notify_ready()?;
        }
    }
    std::future::pending().await
}

/// The message that the agent is ready.
#[derive(Serialize)]
struct Ready {
    /// Whether this process answers token requests, or another one on the same data.
    answering: bool,
}

impl CommandResult for Ready {
    fn text(&self, _: Timestamp) -> String {
        "Ready.".to_owned()
    }
}

fn sentence(state: AgentState) -> &'static str {
    match state {
        AgentState::Serving => "Refreshing tokens and answering token requests.",
        AgentState::Waiting => {
            "Refreshing tokens. Another Grapnel process answers token requests; this one takes over when it ends."
        }
    }
}

/// Reports when the vault can no longer be opened, and when it can again.
async fn report_vault(grapnel: Grapnel, messages: Messages) {
    let mut events = grapnel.events();
    loop {
        match events.recv().await {
            Ok(Event::Vault(Some(error))) if error.code != Code::PassphraseNeeded => {
                messages.note(&format!("warning: {} {}", error.message, error.hint.unwrap_or_default()));
            }
            Ok(Event::Vault(None)) => messages.note("The vault is open."),
            Err(RecvError::Closed) => return,
            _ => {}
        }
    }
}

/// Locks the vault after the time limit.
async fn lock_after(grapnel: Grapnel, limit: Option<SignedDuration>, messages: Messages) {
    let Some(limit) = limit else { return };
    let clock = SystemClock::default();
    let end = clock.now().saturating_add(limit).unwrap_or(Timestamp::MAX);
    // By the wall clock, so that time while the computer sleeps counts.
    while clock.now() < end {
        clock.wait_until(end).await;
    }
    grapnel.lock().await;
    messages.note(&format!(
        "The vault was locked after {}. No token is refreshed or handed out until the agent is started again.",
        duration(limit)
    ));
}
