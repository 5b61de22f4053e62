//! Signing out at the provider (OpenID Connect RP-Initiated Logout 1.0).

use grapnel_model::account::Account;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretString;

use crate::context::Context;
use crate::signed_in::SignedIn;

/// The page at which the person signs out of the provider, with the client and the account as hints. It does not get
/// the ID token (`id_token_hint`): a URL ends up in the browser's history, in argument lists and in logs. Without it,
/// the provider has to ask the person (§2), which is wanted here.
pub(crate) fn url(ctx: &Context, id: &ConnectionId) -> Result<SecretString> {
    let signed_in = SignedIn::load(ctx, id)?;
    let Some(page) = &signed_in.app.config()?.end_session_url else {
        let provider = signed_in.app.provider()?;
        return Err(Error::new(
            Code::NotFound,
            format!("{provider} announces no page to sign out (end_session_endpoint)."),
        )
        .means("Nothing was changed.")
        .hint(
            "Sign out on the provider’s own pages. If it documents such a page, set the app’s Sign-out URL.",
        )
        .next_step(NextStep::EditApp));
    };
    let mut page = page.clone();
    let account = signed_in.connection.identity.account.as_ref();
    {
        let mut parameters = page.query_pairs_mut();
        parameters.append_pair("client_id", &signed_in.app.row.client_id);
        if let Some(hint) = account.and_then(Account::login_hint) {
            parameters.append_pair("logout_hint", hint);
        }
    }
    Ok(String::from(page).into())
}
