//! The ID token of a connection (OpenID Connect Core §2), handed out to programs and persons.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::connection::{IdTokenMetadata, TokenMetadata};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretString;
use jiff::{SignedDuration, Timestamp};

use crate::context::Context;
use crate::grant;
use crate::refresh;
use crate::signed_in::SignedIn;

/// A validated ID token.
pub struct IdToken {
    /// The token.
    pub value: SecretString,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The ID token of a connection. If it expires within `min_valid`, or half of its lifetime if that is less, the
/// connection is refreshed first, provided that the last refresh or the sign-in brought one.
pub(crate) async fn id_token(ctx: &Arc<Context>, id: &ConnectionId, min_valid: Duration) -> Result<IdToken> {
    let signed_in = SignedIn::load(ctx, id)?;
    let (held, known) = held(&signed_in)?;
    let remaining = ctx.time.now().duration_until(known.expires_at);
    let wanted = wanted(known, min_valid);
    let is_renewable = known.received_at == held.issued_at && signed_in.connection.sealed_refresh().is_some();
    if remaining > wanted || (remaining > SignedDuration::ZERO && !is_renewable) {
        return open(ctx, &signed_in).await;
    }
    if !is_renewable {
        return Err(expired(&signed_in, known.expires_at)?);
    }
    let refreshed = refresh::for_id_token(ctx, signed_in).await;
    let signed_in = SignedIn::load(ctx, id)?;
    let (_, known) = self::held(&signed_in)?;
    if ctx.time.now() < known.expires_at {
        return open(ctx, &signed_in).await;
    }
    refreshed?;
    Err(expired(&signed_in, known.expires_at)?)
}

/// The metadata of the tokens and of the ID token.
fn held(signed_in: &SignedIn) -> Result<(&TokenMetadata, &IdTokenMetadata)> {
    let row = &signed_in.connection;
    let held = row.token_metadata().ok_or_else(|| grant::disconnected(&row.name))?;
    if let Some(error) = row.refresh_status.error.clone().filter(|_| row.holds_another_account()) {
        return Err(error);
    }
    let Some(known) = &held.id_token else { return Err(none(signed_in)?) };
    Ok((held, known))
}

fn wanted(known: &IdTokenMetadata, min_valid: Duration) -> SignedDuration {
    let min_valid = SignedDuration::try_from(min_valid).unwrap_or(SignedDuration::MAX);
    min_valid.min(known.received_at.duration_until(known.expires_at) / 2)
}

async fn open(ctx: &Context, signed_in: &SignedIn) -> Result<IdToken> {
    let (_, known) = held(signed_in)?;
    match grant::id_token(ctx, &signed_in.connection).await? {
        Some(value) => Ok(IdToken { value, expires_at: known.expires_at }),
        None => Err(none(signed_in)?),
    }
}

fn none(signed_in: &SignedIn) -> Result<Error> {
    let (name, provider) = (&signed_in.connection.name, signed_in.app.provider()?);
    let message = format!("“{name}” has no ID token.");
    if signed_in.app.row.scopes.iter().any(|scope| scope == "openid") {
        return Ok(Error::new(Code::ReconnectNeeded, message)
            .means(format!("{provider} issued none at the sign-in, or Grapnel did not keep ID tokens then."))
            .hint("Reconnect in the browser."));
    }
    Ok(Error::new(Code::NotFound, message)
        .means("The app does not request the scope openid, with which a provider issues one.")
        .hint("Add the scope openid to the app, then reconnect."))
}

fn expired(signed_in: &SignedIn, end: Timestamp) -> Result<Error> {
    let (name, provider) = (&signed_in.connection.name, signed_in.app.provider()?);
    Ok(Error::new(Code::ReconnectNeeded, format!("The ID token of “{name}” expired at {end:.0}."))
        .means(format!(
            "{provider} issues a new one at a sign-in only, not with a refresh. The access token is not affected."
        ))
        .hint("Reconnect in the browser."))
}
