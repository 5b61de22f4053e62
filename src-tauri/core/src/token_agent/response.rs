//! The response: an access token for a program, and the log entry about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::activity::RequestingProcess;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::vault::Protection;
use grapnel_store::{connection, connection_status, vault_table};
use grapnel_token_client::AgentRequest;

use super::activity_log::{log_derived_token, log_hand_out};
use super::line_protocol::LineRequest;
use crate::context::Context;
use crate::grant::access_associated_data;
use crate::refresh;
use crate::token_exchange::{self, bearer};

/// Whether tokens may be handed out now. Clones share the state.
#[derive(Clone)]
pub(super) struct Gate {
    /// Whether the keyring is known to be unlocked.
    keyring_open: Arc<AtomicBool>,
    /// Whether the person entered the passphrase in this process in order to hand out tokens. In a window they enter it
    /// for the window only.
    serves_passphrase_vaults: bool,
}

impl Gate {
    /// A gate that is closed for vaults whose key is in the keyring.
    pub(super) fn new(serves_passphrase_vaults: bool) -> Self {
        Self { keyring_open: Arc::default(), serves_passphrase_vaults }
    }

    pub(super) fn set_keyring_open(&self, is_open: bool) {
        self.keyring_open.store(is_open, Ordering::Relaxed);
    }

    fn is_open(&self, protection: Protection) -> bool {
        match protection {
            Protection::Passphrase => self.serves_passphrase_vaults,
            Protection::Keyring | Protection::None => self.keyring_open.load(Ordering::Relaxed),
        }
    }

    fn check(&self, protection: Protection) -> Result<()> {
        if self.is_open(protection) {
            return Ok(());
        }
        Err(match protection {
            Protection::Passphrase => Error::new(
                Code::PassphraseNeeded,
                "The vault opens with a passphrase, and the running window does not pass its tokens on.",
            )
            .means("The tokens are kept as they are.")
            .hint("Run: grapnel token NAME --passphrase-stdin. Or close the window, and run: grapnel agent"),
            Protection::Keyring | Protection::None => {
                Error::new(Code::KeyringLocked, "Your keyring is not known to be unlocked.")
                    .means("Your tokens are sealed with a key that is kept there. None of them is lost.")
                    .hint("Unlock the keyring, then try again.")
            }
        })
    }
}

pub(super) struct HandOut {
    pub(super) token: AccessToken,
    /// Whether token exchange derived it from the connection's token.
    is_derived: bool,
    id: ConnectionId,
    app_id: AppId,
}

impl HandOut {
    /// For the binary protocol. `None` if reading the store is not enough: if a refresh, the keyring or a passphrase
    /// would be needed, or an error would have to be reported.
    pub(super) fn without_refresh(
        ctx: &Context,
        gate: &Gate,
        question: &AgentRequest,
    ) -> Result<Option<Self>> {
        // Both from one snapshot, so that the token decrypts with that vault's key.
        let read = ctx.store.read(|c| {
            let Some(named) = connection_status::named(c, question.name.trim())? else { return Ok(None) };
            Ok(vault_table::vault(c)?.zip(connection::get(c, &named.id)?))
        });
        let Some((vault, row)) = read? else { return Ok(None) };
        let Some(grant) = &row.grant else { return Ok(None) };
        // Standing alone, a token that is bound is of no use; the other program says so.
        if grant.metadata.token_type() != AccessTokenType::Bearer {
            return Ok(None);
        }
        if !refresh::is_valid_for(ctx, &row, &grant.metadata, question.min_valid) {
            return Ok(None);
        }
        let Some(value) = ctx.vault.open_if_unlocked(&vault, &access_associated_data(&row.id), &grant.access)
        else {
            return Ok(None);
        };
        let protection =
            if vault.kdf_params.is_some() { Protection::Passphrase } else { Protection::Keyring };
        let token =
            AccessToken { value, token_type: AccessTokenType::Bearer, expires_at: grant.metadata.expires_at };
        // Checked last, since the keyring may have been locked meanwhile.
        let hand_out = Self { token, is_derived: false, id: row.id, app_id: row.app_id };
        Ok(gate.is_open(protection).then_some(hand_out))
    }

    /// For the line protocol: refreshes a token that expires too soon.
    pub(super) async fn with_refresh(ctx: &Arc<Context>, gate: &Gate, request: &LineRequest) -> Result<Self> {
        gate.check(ctx.vault.protection()?)?;
        let name = request.connection();
        let named = ctx.store.read(|c| connection_status::named(c, name))?.ok_or_else(|| {
            Error::new(Code::NotFound, format!("No connection is called “{name}”."))
                .hint("List all connections: grapnel list")
        })?;
        let wanted = (request.min_valid(), request.is_rejected());
        let (token, is_derived) = match request.target() {
            Some(target) => {
                (bearer(Box::pin(token_exchange::derived(ctx, &named.id, target, wanted)).await?)?, true)
            }
            None if wanted.1 => (refresh::in_place_of_rejected(ctx, &named.id, wanted.0).await?.token, false),
            None => (refresh::access_token(ctx, &named.id, wanted.0).await?.token, false),
        };
        if token.token_type == AccessTokenType::CertificateBound {
            return Err(Error::new(
                Code::ProviderError,
                "The token is bound to the app’s TLS certificate (RFC 8705), which only Grapnel can present.",
            )
            .means("It was not handed out: without that certificate, an API refuses it.")
            .hint("Send the request through grapnel proxy or grapnel api."));
        }
        // The keyring may have been locked meanwhile.
        gate.check(ctx.vault.protection()?)?;
        Ok(Self { token, is_derived, id: named.id, app_id: named.app_id })
    }

    /// Logs which process was given the token.
    pub(super) fn log_hand_out(&self, ctx: &Context, process: &RequestingProcess) {
        let log = if self.is_derived { log_derived_token } else { log_hand_out };
        match log(ctx, (&self.id, &self.app_id), process) {
            Ok(()) => ctx.emit(Event::Activity),
            Err(error) => tracing::info!(%error, "the activity log entry could not be written"),
        }
    }
}
