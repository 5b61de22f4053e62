//! The answer: a token that is held, good for as long as was asked, and sealed under a key that is in memory.

use grapnel_model::access_token::AccessToken;
use grapnel_model::activity::RequestingProcess;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_store::{connection, connection_status, vault_table};

use super::activity_log::note;
use super::wire::AgentRequest;
use crate::context::Context;
use crate::grant::access_associated_data;
use crate::refresh;

pub(super) struct HandOut {
    pub(super) token: AccessToken,
    id: ConnectionId,
    app_id: AppId,
}

impl HandOut {
    /// Nothing where it takes more than reading the store: a renewal, a question to the keyring, a passphrase, or words
    /// for what is wrong. A passphrase opens the vault for the process that it was given to, and for no other.
    pub(super) fn to(ctx: &Context, question: &AgentRequest) -> Result<Option<Self>> {
        // Both at one moment, so that what is read opens with that vault's key.
        let read = ctx.store.read(|c| {
            let Some(named) = connection_status::named(c, question.name.trim())? else { return Ok(None) };
            Ok(vault_table::vault(c)?.zip(connection::get(c, &named.id)?))
        });
        let Some((vault, row)) = read? else { return Ok(None) };
        let Some(grant) = &row.grant else { return Ok(None) };
        if vault.kdf_params.is_some() || !refresh::is_valid_for(ctx, &row, &grant.held, question.min_valid) {
            return Ok(None);
        }
        let Some(value) = ctx.vault.open_if_unlocked(&vault, &access_associated_data(&row.id), &grant.access)
        else {
            return Ok(None);
        };
        let token = AccessToken { value, expires_at: grant.held.expires_at };
        Ok(Some(Self { token, id: row.id, app_id: row.app_id }))
    }

    /// Writes down who was given it.
    pub(super) fn note(&self, ctx: &Context, process: &RequestingProcess) {
        match note(ctx, (&self.id, &self.app_id), process) {
            Ok(()) => ctx.tell(Event::Activity),
            Err(error) => tracing::info!(%error, "not noted"),
        }
    }
}
