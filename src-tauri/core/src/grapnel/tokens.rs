//! Tokens: refreshing, handing out, automatic refresh.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::activity::{Kind, RequestingProcess};
use grapnel_model::connection::Summary;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Result;
use grapnel_model::id::{ConnectionId, DerivedTokenId};
use grapnel_model::secret::SecretString;
use grapnel_store::{activity, derived_token};

use super::Grapnel;
use crate::id_token::IdToken;
use crate::token_agent::AgentOptions;
use crate::token_exchange::DerivedToken;
use crate::{content, hooks, id_token, refresh, token_agent, token_exchange};

impl Grapnel {
    /// Refreshes a connection's tokens now.
    pub async fn refresh(&self, id: &ConnectionId) -> Result<()> {
        refresh::now(&self.0, id).await?;
        // The authorization may have changed with the tokens. A failure here loses nothing, so nothing waits for it.
        let (ctx, id) = (Arc::clone(&self.0), id.clone());
        tokio::spawn(async move {
            if let Err(error) = content::identify(&ctx, &id, None).await {
                tracing::info!(%error, "the account could not be fetched after a refresh");
            }
        });
        Ok(())
    }

    /// The access token, refreshed first if it expires within `min_valid` or in a moment. If the provider's tokens
    /// never last for `min_valid`, half of their lifetime is sufficient.
    pub async fn token(&self, id: &ConnectionId, min_valid: Duration) -> Result<AccessToken> {
        refresh::access_token(&self.0, id, min_valid).await.map(|current| current.token)
    }

    /// The access token after an API has rejected one that was handed out: refreshed, unless the stored one is newer
    /// than all that were handed out.
    pub async fn token_instead_of_rejected(
        &self,
        id: &ConnectionId,
        min_valid: Duration,
    ) -> Result<AccessToken> {
        refresh::in_place_of_rejected(&self.0, id, min_valid).await.map(|current| current.token)
    }

    /// The ID token, if the provider issued one. If it expires within `min_valid`, the connection is refreshed first,
    /// provided that the provider returns ID tokens then.
    pub async fn id_token(&self, id: &ConnectionId, min_valid: Duration) -> Result<IdToken> {
        id_token::id_token(&self.0, id, min_valid).await
    }

    /// The token for another service or with fewer scopes that token exchange (RFC 8693) derives from a connection's
    /// access token: the stored one if it is valid for `min_valid`, otherwise a new one. With `is_rejected`, an API has
    /// rejected the stored one.
    pub async fn derived_token(
        &self,
        id: &ConnectionId,
        target: TokenTarget,
        (min_valid, is_rejected): (Duration, bool),
    ) -> Result<DerivedToken> {
        token_exchange::derived(&self.0, id, target, (min_valid, is_rejected)).await
    }

    /// The same from a running token agent, which may have opened a vault that only the person's passphrase opens here.
    /// The agent logs who got it. `None` if no agent can tell.
    pub async fn derived_token_of_agent(
        &self,
        connection: &Summary,
        target: TokenTarget,
        wanted: (Duration, bool),
    ) -> Option<Result<DerivedToken>> {
        let target = target.checked().ok()?;
        let (home, name, asked) = (self.0.store.home().to_owned(), connection.name.clone(), target.clone());
        let answer =
            tokio::task::spawn_blocking(move || token_agent::ask_derived(&home, &name, &asked, wanted));
        match answer.await.ok()?? {
            Ok(token) => {
                // The agent has stored it, with what the provider says about it.
                let stored = self.0.store.read(|c| derived_token::get(c, &connection.id, &target)).ok()??;
                Some(Ok(token_exchange::derived_of(token.value, stored.issued?.1, None)))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Deletes a derived token, and revokes it if the provider supports that.
    pub async fn remove_derived_token(&self, id: &ConnectionId, derived: &DerivedTokenId) -> Result<()> {
        token_exchange::remove(&self.0, id, derived).await
    }

    /// Logs that a program was given a derived token. Repeated requests of a program share one entry an hour.
    pub fn derived_token_handed_out(&self, connection: &Summary, process: &RequestingProcess) -> Result<()> {
        token_agent::log_derived_token(&self.0, (&connection.id, &connection.app_id), process)
    }

    /// Logs that a person copied a derived token.
    pub fn derived_token_copied(&self, id: &ConnectionId) -> Result<()> {
        let text = "Derived token copied to the clipboard.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::TokenCopied, text, (Some(id), None)))
    }

    /// Logs that a person copied the ID token.
    pub fn id_token_copied(&self, id: &ConnectionId) -> Result<()> {
        let text = "ID token copied to the clipboard.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::TokenCopied, text, (Some(id), None)))
    }

    /// Logs that a program was given the ID token. Repeated requests of a program share one entry an hour.
    pub fn id_token_handed_out(&self, connection: &Summary, process: &RequestingProcess) -> Result<()> {
        token_agent::log_id_token(&self.0, (&connection.id, &connection.app_id), process)
    }

    /// Whether a process answers token requests.
    pub fn token_agent_runs(&self) -> bool {
        token_agent::runs(self.0.store.home())
    }

    /// Refreshes a connection if an API has rejected `token`, it is the stored one, and it is at least a minute old.
    pub async fn token_rejected(&self, id: &ConnectionId, token: &SecretString) -> Result<()> {
        refresh::replace_rejected(&self.0, id, token).await
    }

    /// Logs that a person copied the access token.
    pub fn token_copied(&self, id: &ConnectionId) -> Result<()> {
        let text = "Access token copied to the clipboard.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::TokenCopied, text, (Some(id), None)))
    }

    /// Logs that a person had the access token shown.
    pub fn token_revealed(&self, id: &ConnectionId) -> Result<()> {
        let text = "Access token shown on the screen.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::TokenCopied, text, (Some(id), None)))
    }

    /// Logs that a program was given the access token. Repeated requests of a program share one entry an hour.
    pub fn token_handed_out(&self, connection: &Summary, process: &RequestingProcess) -> Result<()> {
        token_agent::log_hand_out(&self.0, (&connection.id, &connection.app_id), process)
    }

    /// Answers token requests until the future is dropped. Ends with an error if it cannot listen in the data
    /// directory.
    pub async fn serve_tokens(&self, options: AgentOptions) -> Result<()> {
        token_agent::serve(Arc::clone(&self.0), options).await
    }

    /// Refreshes every connection before its token expires, retries failures, and runs the hooks, until the future is
    /// dropped. It sleeps between jobs without polling, and never completes.
    pub async fn keep_alive(&self) {
        tokio::join!(refresh::keep_alive(Arc::clone(&self.0)), hooks::follow(Arc::clone(&self.0)));
    }
}
