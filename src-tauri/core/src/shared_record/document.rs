//! What the record of a shared connection says: its definition, which only members and owners write, and the tokens,
//! which each refresh writes, also that of a worker.

use grapnel_model::account::Account;
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::Origins;
use grapnel_model::secret::ExposeSecret;
use grapnel_model::team::TeamRefresh;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::definition::{Definition, ManageDocument, SharingState};
use super::failure::SharedFailure;
use super::form::{FORM, parse, unreadable};
use crate::archive_document::{self, Archive, ArchivedApp, ArchivedConnection, ArchivedTokens};

/// The highest number that is accepted: nobody gets there by counting.
const MAX_NUMBER: i64 = 1 << 53;

/// What a record says.
#[derive(Debug, Clone)]
pub(crate) struct SharedDocument {
    definition: Definition,
    part: TokensPart,
}

/// The part that a refresh writes. Nothing in it says where the tokens may be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensPart {
    form: u32,
    grant: Option<SharedGrant>,
    /// Counts the grants: sign-ins and refreshes by any machine.
    grant_number: i64,
    /// Counts the sign-ins.
    sign_in_number: i64,
    /// Who got the last grant.
    by: TeamRefresh,
    /// The failed refreshes since.
    failure: Option<SharedFailure>,
}

/// The tokens, and what the provider says of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedGrant {
    tokens: ArchivedTokens,
    scopes: Vec<String>,
    project_ids: Vec<String>,
    account: Option<Account>,
}

impl SharedGrant {
    fn of(connection: ArchivedConnection) -> Option<Self> {
        let ArchivedConnection { tokens, scopes, project_ids, account, .. } = connection;
        Some(Self { tokens: tokens?, scopes, project_ids, account })
    }
}

impl SharedDocument {
    /// What a new record says of an app with the connection that is to be shared, and the app's other secrets.
    pub(crate) fn split(
        app: ArchivedApp,
        connection: ArchivedConnection,
        by: TeamRefresh,
    ) -> Result<(Self, ManageDocument)> {
        let (definition, manage) = Definition::split(app, &connection, by.at)?;
        let grant = SharedGrant::of(connection);
        let part = TokensPart { form: FORM, grant, grant_number: 1, sign_in_number: 1, by, failure: None };
        Ok((Self { definition, part }, manage))
    }

    /// The app and the connection as an archive; without the manage part, only what using the tokens needs.
    pub(crate) fn archive(&self, manage: Option<ManageDocument>) -> Archive {
        self.definition.archive(self.connection(), manage)
    }

    pub(crate) fn app(&self) -> &ArchivedApp {
        self.definition.app()
    }

    /// The name that the connection has in the team.
    pub(crate) fn name(&self) -> &str {
        &self.definition.connection().name
    }

    pub(crate) fn connection_id(&self) -> ConnectionId {
        ConnectionId(self.definition.connection().id.clone())
    }

    /// The connection with its grant. Where that may be sent is from the definition.
    pub(crate) fn connection(&self) -> ArchivedConnection {
        let mut connection = self.definition.connection().clone();
        if let Some(grant) = self.part.grant.clone().filter(|_| self.is_shared()) {
            connection.tokens = Some(grant.tokens);
            (connection.scopes, connection.project_ids) = (grant.scopes, grant.project_ids);
            connection.account = grant.account;
        }
        connection
    }

    /// The tokens, while it is shared and not disconnected.
    pub(crate) fn tokens(&self) -> Option<&ArchivedTokens> {
        self.part.grant.as_ref().filter(|_| self.is_shared()).map(|grant| &grant.tokens)
    }

    pub(crate) fn state(&self) -> &SharingState {
        &self.definition.state
    }

    fn is_shared(&self) -> bool {
        self.definition.state == SharingState::Shared
    }

    pub(crate) fn is_unshared(&self) -> bool {
        matches!(self.definition.state, SharingState::Unshared { .. })
    }

    pub(crate) fn grant_number(&self) -> i64 {
        self.part.grant_number
    }

    pub(crate) fn sign_in_number(&self) -> i64 {
        self.part.sign_in_number
    }

    pub(crate) fn failure(&self) -> Option<&SharedFailure> {
        self.part.failure.as_ref()
    }

    /// Who got the grant, or ended it.
    pub(crate) fn by(&self) -> &TeamRefresh {
        match &self.definition.state {
            SharingState::Shared => &self.part.by,
            SharingState::Ended { by, .. } | SharingState::Unshared { by, .. } => by,
        }
    }

    /// The document with another grant of the connection, or without one: then it is disconnected for the team. What
    /// says where the tokens may be sent changes only with a sign-in.
    pub(crate) fn with_grant(
        &self,
        connection: ArchivedConnection,
        by: TeamRefresh,
        is_new_sign_in: bool,
    ) -> Self {
        let mut new = self.clone();
        let grant_number = self.part.grant_number + 1;
        if connection.tokens.is_none() {
            new.definition.state = SharingState::Ended { grant_number, by: by.clone() };
        } else if is_new_sign_in {
            new.definition.state = SharingState::Shared;
            new.definition.connection_mut().allowed_origins.clone_from(&connection.allowed_origins);
        }
        let sign_in_number = self.part.sign_in_number + i64::from(is_new_sign_in);
        let grant = SharedGrant::of(connection);
        new.part = TokensPart { form: FORM, grant, grant_number, sign_in_number, by, failure: None };
        new
    }

    /// The document after a change of the app, and the app's other secrets. `allowed_origins` are those that the tokens
    /// may be sent to.
    pub(crate) fn with_app(
        &self,
        app: ArchivedApp,
        allowed_origins: Option<Origins>,
    ) -> Result<(Self, ManageDocument)> {
        let connection = ArchivedConnection { allowed_origins, ..self.connection() };
        let (definition, manage) = self.definition.with_app(app, &connection)?;
        // The app may have been why it failed.
        let part = TokensPart { failure: None, ..self.part.clone() };
        Ok((Self { definition, part }, manage))
    }

    /// The document after a failed refresh.
    pub(crate) fn with_failure(&self, failure: SharedFailure) -> Self {
        let part = TokensPart { failure: Some(failure), ..self.part.clone() };
        Self { part, ..self.clone() }
    }

    /// The document that tells the others that it is no longer shared.
    pub(crate) fn unshared(&self, by: TeamRefresh, attempt: String) -> Self {
        let mut new = self.clone();
        new.definition.state = SharingState::Unshared { by, attempt };
        (new.part.grant, new.part.failure) = (None, None);
        new
    }

    /// Whether both say the same but for the tokens.
    pub(crate) fn has_definition_of(&self, other: &Self) -> Result<bool> {
        Ok(self.write_definition()? == other.write_definition()?)
    }

    pub(crate) fn write_definition(&self) -> Result<Zeroizing<Vec<u8>>> {
        self.definition.write()
    }

    pub(crate) fn write_tokens(&self) -> Result<Zeroizing<Vec<u8>>> {
        archive_document::write(&self.part)
    }

    pub(crate) fn parse(definition: &[u8], tokens: &[u8]) -> Result<Self> {
        let definition = Definition::parse(definition)?;
        let part: TokensPart = parse(tokens)?;
        let is_number = |number: i64| (1..MAX_NUMBER).contains(&number);
        if !is_number(part.grant_number) || !is_number(part.sign_in_number) {
            return Err(unreadable());
        }
        if let Some(grant) = &part.grant {
            archive_document::check_tokens(&grant.tokens).map_err(|_| unreadable())?;
        }
        Ok(Self { definition, part })
    }
}

/// Whether two tokens are the same.
pub(crate) fn is_same_token(one: &ArchivedTokens, other: &ArchivedTokens) -> bool {
    one.access.0.expose_secret() == other.access.0.expose_secret()
}

#[cfg(test)]
mod tests;
