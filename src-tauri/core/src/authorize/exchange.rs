//! Exchanges a callback's authorization code for a grant (RFC 6749 §4.1.3).

use std::sync::Arc;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::provider::GrantType;
use grapnel_model::provider_text::clean;
use grapnel_model::secret::SecretString;
use grapnel_oauth::http::token::{Grant, TokenRequestKind, request_token};
use grapnel_oauth::http::{Failure, Mask, TokenFailure, Unusable};
use grapnel_oauth::refusal::{ASSERTION_HINT, Refusal, said};
use grapnel_oauth::sign_in_messages;
use grapnel_store::app::AppRow;
use grapnel_store::attempt::{self, AttemptRow};

use super::attempts::verifier_associated_data;
use crate::content::{self, AskedIdToken, IdToken};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::{self, ExchangeLog};
use crate::grant::OAuthClient;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// The result of a code exchange.
pub(super) struct Exchanged {
    pub(super) client: OAuthClient,
    pub(super) grant: Grant,
    /// The validated ID token, if there is one.
    pub(super) id_token: Option<IdToken>,
}

/// Exchanges the code of an attempt.
pub(super) async fn exchange_code(
    ctx: &Arc<Context>,
    row: &mut AttemptRow,
    app: &ConfiguredApp,
    (code, state): (SecretString, SecretString),
    log: &ExchangeLog,
) -> Result<Exchanged> {
    // A code works only once: the vault must be able to encrypt the tokens before the code is sent.
    ctx.vault.check().await?;
    secret_parameters::seal_clear(ctx, &app.row).await?;
    let mut client = OAuthClient::of(ctx, app).await?;
    client.credentials.dpop = dpop_key::of_attempt(ctx, row).await?;
    let verifier = match &row.sealed_verifier {
        Some(sealed) => Some(ctx.vault.open(&verifier_associated_data(&row.id), sealed).await?),
        None => None,
    };
    let asked = TokenRequestKind::Code { code, state, verifier, redirect_uri: row.redirect_uri.clone() };
    let permit = ctx.http.permit(&client.config.token_url).await;
    if let Some(id) = &row.connection_id {
        log.mask(exchange_log::secrets_of(ctx, id).await.unwrap_or_default());
    }
    let answered = request_token(log.http(), &permit, &client.config, &client.credentials, asked).await;
    drop(permit);
    let checked = match answered {
        Ok(grant) => check_id_token(ctx, row, &client, &grant, log).await.map(|id_token| (grant, id_token)),
        Err(unanswered) => Err(explain(&client, &app.row, unanswered.failure, row.sealed_verifier.is_some())),
    };
    if let Some(exchange) = log.last_of(ExchangeKind::Token) {
        sign_in_messages::answered_with(&mut row.exchange, &exchange);
    }
    match checked {
        Ok((grant, id_token)) => Ok(Exchanged { client, grant, id_token }),
        Err(error) => {
            ctx.store.write(|tx| attempt::set_exchange(tx, &row.id, &row.exchange))?;
            Err(error)
        }
    }
}

/// Validates the ID token of a grant, if there is one, against what its sign-in asked for.
pub(super) async fn check_id_token(
    ctx: &Context,
    row: &AttemptRow,
    client: &OAuthClient,
    grant: &Grant,
    log: &ExchangeLog,
) -> Result<Option<IdToken>> {
    let mask = Mask::of(grant.secrets().chain(client.credentials.client_secret.clone()));
    // By the corrected clock, which may have been corrected since.
    let at = ctx.time.now() - row.started_at.duration_until(ctx.now());
    let asked = AskedIdToken { nonce_hash: row.nonce_hash.as_deref(), at, max_age: row.max_age };
    let checked = content::check_id_token(ctx, log.http(), client, grant, asked, &mask).await;
    checked.inspect_err(|error| log.reject(ExchangeKind::Token, error))
}

/// The error of a token request with the client's own credentials. Nothing was issued that could be lost.
pub(super) fn explain_refused_request(client: &OAuthClient, failure: TokenFailure) -> Error {
    const NOTHING_CHANGED: &str = "No token was issued, and nothing changed here.";
    let provider = &client.provider;
    let error = match failure {
        TokenFailure::Refused { status, error, description } => {
            let refusal =
                Refusal { status: Some(status), error: &error, description: description.as_deref() };
            refusal.explain(provider)
        }
        TokenFailure::Failed(failure) => {
            let error = failure.explain(provider).means("No token was kept, and nothing changed here.");
            return error.or_hint("Check the app’s token URL and your network connection, then try again.");
        }
    };
    let error = error.means(NOTHING_CHANGED);
    if error.code == Code::InvalidClient {
        return client.advise(error, "try again");
    }
    if client.config.grant_type() == GrantType::JwtBearer {
        return error.hint(ASSERTION_HINT);
    }
    error.or_hint(
        "Compare the app’s grant type, scopes and resource with your app’s page at the provider, then try again.",
    )
}

/// The error of an error response in the callback (RFC 6749 §4.1.2.1).
pub(super) fn denied(
    ctx: &Context,
    row: &mut AttemptRow,
    app: &ConfiguredApp,
    error: &str,
    description: Option<&str>,
) -> Result<Error> {
    let provider = &app.provider()?;
    let (error, description) = (clean(error, &[]), description.map(|text| clean(text, &[])));
    sign_in_messages::came_back_with(&mut row.exchange, &error, description.as_deref());
    ctx.store.write(|tx| attempt::set_exchange(tx, &row.id, &row.exchange))?;
    Ok(match error.as_str() {
        "access_denied" => Error::new(
            Code::AccessDenied,
            match &description {
                None => format!("You said no at {provider}."),
                // A policy or an administrator may have denied it, too.
                text => format!("{provider} denied access.{}", said(text.as_deref())),
            },
        )
        .means("No token was issued, and nothing changed here.")
        .hint("If that was not what you meant, try again."),
        "login_required" => without_asking(provider, "you to sign in", &error, description.as_deref()),
        "interaction_required" => {
            without_asking(provider, "you for something", &error, description.as_deref())
        }
        "consent_required" => without_asking(provider, "for your consent", &error, description.as_deref()),
        "account_selection_required" => {
            without_asking(provider, "which account to use", &error, description.as_deref())
        }
        "unmet_authentication_requirements" => Error::new(
            Code::ProviderError,
            format!(
                "{provider} could not authenticate you as the sign-in asked for ({error}).{}",
                said(description.as_deref())
            ),
        )
        .means("No token was issued, and nothing changed here.")
        .hint("Ask for another class of authentication (acr_values), or for none."),
        _ => compare_settings(
            Refusal { status: None, error: &error, description: description.as_deref() }.explain(provider),
        )
        .means("No token was issued, and nothing changed here."),
    })
}

/// Adds what to do to the error of an authorization request that was refused, unless that is known.
pub(super) fn compare_settings(error: Error) -> Error {
    if error.hint.is_some() {
        return error;
    }
    let hint = if error.field.as_deref() == Some("scopes") {
        "Compare the app’s scopes with those that the provider offers, then try again."
    } else {
        "Compare the app’s settings at the provider (redirect URI, scopes) with those here, then try again."
    };
    error.hint(hint).next_step(NextStep::EditApp)
}

/// The error of a provider that has to ask the person and must not (OpenID Connect Core §3.1.2.6).
fn without_asking(provider: &str, what: &str, error: &str, description: Option<&str>) -> Error {
    let said = said(description);
    Error::new(Code::ProviderError, format!("{provider} cannot go on without asking {what} ({error}).{said}"))
        .means("No token was issued, and nothing changed here.")
        .hint(
            "The request asked it not to (prompt=none). Connect without that: leave out --prompt none, or remove \
             prompt from the app’s authorization parameters.",
        )
}

/// The error of a failed exchange. A code works only once, so each of these needs a new sign-in. Without PKCE, someone
/// who saw the code could have used it first.
fn explain(client: &OAuthClient, app: &AppRow, failure: TokenFailure, has_verifier: bool) -> Error {
    let provider = &client.provider;
    match failure {
        TokenFailure::Refused { status, error, description } => {
            let refusal =
                Refusal { status: Some(status), error: &error, description: description.as_deref() }
                    .explain(provider)
                    .means("You agreed, but no token was issued. Nothing changed here.");
            if !has_verifier && (refusal.code == Code::InvalidGrant || error == "invalid_request") {
                return refusal.hint(format!(
                    "The code may have been too old. Or someone else used it first, which {provider} cannot prevent \
                     without PKCE: look in your account there for access that you do not know. Then try again."
                ));
            }
            match refusal.code {
                Code::InvalidGrant => refusal.hint(
                    "The code may have been too old, or the redirect URI is not the \
                    registered one. Try again.",
                ),
                Code::InvalidClient => client.advise(refusal, "try again"),
                _ => refusal.or_hint("Try again."),
            }
        }
        TokenFailure::Failed(failure @ Failure::Unusable(..)) => {
            let asked = match failure {
                Failure::Unusable(Unusable::OnlyIdToken, _) if app.scopes.is_empty() => {
                    " No scope was asked for.".into()
                }
                Failure::Unusable(Unusable::OnlyIdToken, _) => {
                    format!(" Scopes asked for: {}.", app.scopes.join(" "))
                }
                _ => String::new(),
            };
            let error = failure
                .explain(provider)
                .means(format!("No token was kept, and nothing changed here.{asked}"));
            let then = format!("{} Then try again.", error.hint.as_deref().unwrap_or_default());
            error.hint(then)
        }
        TokenFailure::Failed(failure) if failure.may_have_been_processed() => failure
            .explain(provider)
            .means(format!(
                "{provider} may have issued a token that Grapnel did not receive; it expires on its own. \
                Nothing changed here."
            ))
            .hint("Try again."),
        TokenFailure::Failed(failure) => {
            let hint = match failure {
                Failure::NotSent(_) => {
                    "Check your network connection and the provider’s URLs, then try again."
                }
                Failure::Strange(..) => "Check the app’s token URL, then try again.",
                _ => "Wait a little, then try again.",
            };
            failure
                .explain(provider)
                .means("You agreed, but no token was issued. Nothing changed here.")
                .or_hint(hint)
        }
    }
}
