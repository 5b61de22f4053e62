//! The arguments of `grapnel token`, and fetching the token.

use clap::Args;
use grapnel_core::api_request::{AllowedHost, ProvenToken, parse_method};
use grapnel_core::id_token::IdToken;
use grapnel_core::token_agent::AgentRequest;
use grapnel_core::token_exchange::{DerivedToken, bearer};
use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::connection::Summary;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::text::clean_line;
use jiff::{SignedDuration, Timestamp};

use super::format::Format;
use super::target::Target;
use crate::format::{duration, parse_duration};
use crate::lookup::to_reconnect;
use crate::print::Output;
use crate::retry::retry;
use crate::session::Session;
use crate::{requesting_process, variable, vault};

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The connection's name
    pub(crate) connection: String,
    /// What git or Docker ask for, such as `get`; they add it themselves
    pub(super) operation: Option<String>,
    /// Minimum remaining validity, such as 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    pub(super) min_valid: SignedDuration,
    /// The last token was rejected by the API: refresh it, unless a newer one is stored
    #[arg(long)]
    pub(super) rejected: bool,
    /// Print the ID token (OpenID Connect) instead of the access token
    #[arg(long = "id-token", conflicts_with_all = ["rejected", "variable", "allowed",
        "operation", "audiences", "resources", "scopes", "token_type"])]
    pub(super) of_identity: bool,
    #[command(flatten)]
    pub(super) target: Target,
    /// Print the headers of one request: the access token with a DPoP proof (RFC 9449)
    #[arg(
        long,
        num_args = 2,
        value_names = ["METHOD", "URL"],
        conflicts_with_all = ["rejected", "of_identity", "variable", "operation"]
    )]
    pub(super) dpop: Option<Vec<String>>,
    /// The nonce that the API demands in the proof, from its response header `DPoP-Nonce`
    #[arg(long, value_name = "NONCE", requires = "dpop")]
    pub(super) dpop_nonce: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    pub(super) format: Format,
    /// The variable of `--format env`; by default the connection's name in capitals, such as `ACME_TOKEN`
    #[arg(long, value_name = "NAME", value_parser = variable::parse)]
    pub(super) variable: Option<String>,
    /// Give git or Docker the token for another host than those of the app's API
    #[arg(long = "allow", value_name = "HOST[:PORT]")]
    pub(super) allowed: Vec<AllowedHost>,
}

impl Token {
    /// The request to the token agent. `None` after a rejection, for a proof, for an ID token and for a derived token,
    /// which only the data can answer.
    pub(super) fn of_agent(&self) -> Option<AgentRequest> {
        let request =
            || AgentRequest { name: self.connection.clone(), min_valid: self.min_valid.unsigned_abs() };
        let of_data =
            self.rejected || self.of_identity || self.dpop.is_some() || self.target.target().is_some();
        (!of_data).then(request)
    }

    /// Whether the output says nothing about how the token is used.
    fn takes_any_token(&self) -> bool {
        matches!(self.format, Format::Plain | Format::Json | Format::Env)
    }

    /// Refuses a token that is bound to a key to a program whose protocol has no place for a proof.
    fn check_bound(&self, token: &AccessToken) -> Result<()> {
        let has_place = self.takes_any_token() || self.format == Format::Header;
        if has_place || token.token_type != AccessTokenType::Dpop {
            return Ok(());
        }
        let message = "The token is bound to a key (DPoP), and is of no use without a proof.";
        Err(Error::new(Code::ProviderError, message)
            .means("It was not handed to a program that would send it as a bearer token.")
            .hint("Let the program go through grapnel proxy, which adds the proofs."))
    }

    /// Whether git or Docker calls with its own protocol.
    pub(super) fn is_helper(&self) -> bool {
        matches!(self.format, Format::Git | Format::Docker)
    }

    pub(super) fn check(&self, json: bool) -> Result<()> {
        let wrong = |field: &str, message: &str, hint: &str| Err(Error::input(field, message).hint(hint));
        if json && !matches!(self.format, Format::Plain | Format::Json) {
            return wrong("format", "With --json, the output is JSON.", "Omit --json or --format.");
        }
        if self.of_identity && !matches!(self.format, Format::Plain | Format::Json) {
            return wrong(
                "format",
                "An ID token tells who signed in, and is no credential for an API.",
                "Use --format plain or json, or omit --id-token for the access token.",
            );
        }
        if self.dpop.is_some() && !matches!(self.format, Format::Plain | Format::Json | Format::Header) {
            return wrong(
                "format",
                "A proof is printed as header lines, or in a JSON document.",
                "Use --format header or json, or omit --dpop.",
            );
        }
        match (&self.operation, self.is_helper()) {
            (None, true) => {
                wrong("operation", "A credential helper is asked for something.", "Add get, store or erase.")
            }
            (Some(_), false) => {
                wrong("operation", "Only --format git and --format docker have operations.", "Omit it.")
            }
            _ => Ok(()),
        }
    }
}

/// Fetches the token, refreshed if necessary, and logs who got it. The token agent is asked first, and writes that log
/// entry itself: for its tokens the vault need not be opened.
pub(super) async fn fetch(
    session: &mut Session<'_>,
    asked: &Token,
    connection: &Summary,
) -> Result<AccessToken> {
    if let Some(target) = asked.target.target() {
        let derived = fetch_derived(session, asked, connection, target).await?;
        return if asked.takes_any_token() { Ok(derived.token) } else { bearer(derived) };
    }
    if let Some(token) = asked.of_agent().and_then(|request| (session.ask)(&request)) {
        return Ok(token);
    }
    vault::unlock_in_command(session).await?;
    let Session { grapnel, output, timeouts, .. } = session;
    let min_valid = asked.min_valid.unsigned_abs();
    let token = retry(*timeouts, &output.messages, || async {
        if asked.rejected {
            grapnel.token_instead_of_rejected(&connection.id, min_valid).await
        } else {
            grapnel.token(&connection.id, min_valid).await
        }
    })
    .await
    .map_err(to_reconnect(&connection.name))?;
    asked.check_bound(&token)?;
    requesting_process::log_hand_out(grapnel, connection);
    Ok(token)
}

/// Fetches a token that token exchange derives from the connection's, and logs who got it.
pub(super) async fn fetch_derived(
    session: &mut Session<'_>,
    asked: &Token,
    connection: &Summary,
    target: TokenTarget,
) -> Result<DerivedToken> {
    vault::unlock_in_command(session).await?;
    let Session { grapnel, output, timeouts, .. } = session;
    let wanted = (asked.min_valid.unsigned_abs(), asked.rejected);
    let derived =
        retry(*timeouts, &output.messages, || grapnel.derived_token(&connection.id, target.clone(), wanted));
    let derived = derived.await.map_err(to_reconnect(&connection.name))?;
    asked.check_bound(&derived.token)?;
    requesting_process::log_derived_token(grapnel, connection);
    warn_of_more_scopes(output, &target, &derived);
    Ok(derived)
}

/// Fetches the token with a proof for one request, and logs who got it.
pub(super) async fn fetch_proof(
    session: &mut Session<'_>,
    asked: &Token,
    (connection, request): (&Summary, &[String]),
) -> Result<ProvenToken> {
    let [method, url] = request else {
        return Err(Error::input("dpop", "A proof is for one method and one URL."));
    };
    let method = parse_method(method)?;
    vault::unlock_in_command(session).await?;
    let Session { grapnel, output, timeouts, .. } = session;
    let api = grapnel.api(&connection.id, asked.allowed.clone());
    let url = api.resolve(url)?;
    let how = (asked.dpop_nonce.as_deref(), asked.min_valid.unsigned_abs());
    let proven = retry(*timeouts, &output.messages, || api.prove(&method, &url, asked.target.target(), how));
    let proven = proven.await.map_err(to_reconnect(&connection.name))?;
    if asked.target.target().is_some() {
        requesting_process::log_derived_token(grapnel, connection);
    } else {
        requesting_process::log_hand_out(grapnel, connection);
    }
    Ok(proven)
}

/// Fetches the ID token, and logs who got it.
pub(super) async fn fetch_id_token(
    session: &mut Session<'_>,
    asked: &Token,
    connection: &Summary,
) -> Result<IdToken> {
    vault::unlock_in_command(session).await?;
    let Session { grapnel, output, timeouts, .. } = session;
    let min_valid = asked.min_valid.unsigned_abs();
    let token = retry(*timeouts, &output.messages, || grapnel.id_token(&connection.id, min_valid));
    let token = token.await.map_err(to_reconnect(&connection.name))?;
    requesting_process::log_id_token(grapnel, connection);
    Ok(token)
}

/// Says that a token which is bound to a key or a certificate is of no use alone.
pub(crate) fn warn_if_bound(output: &Output, token: &AccessToken) {
    let warning = match token.token_type {
        AccessTokenType::Bearer => return,
        AccessTokenType::Dpop => {
            "warning: The token is bound to a key (DPoP): an API accepts it only with a proof of each request. Use \
             grapnel api or grapnel proxy, or get token and proof by grapnel token --dpop METHOD URL."
        }
        AccessTokenType::CertificateBound => {
            "warning: The token is bound to the app’s certificate (mTLS): an API accepts it only over a connection \
             with that certificate. Use grapnel api or grapnel proxy, which present it."
        }
    };
    output.messages.note(warning);
}

/// Says which scopes a token has that were not asked for.
pub(crate) fn warn_of_more_scopes(output: &Output, target: &TokenTarget, derived: &DerivedToken) {
    let more = target.not_requested(&derived.issued.scopes);
    if !more.is_empty() {
        let more = clean_line(&more.join(" "));
        output.messages.note(&format!("warning: The token has scopes that were not asked for: {more}."));
    }
}

/// Warns if a token expires sooner than requested.
pub(crate) fn warn_if_short(output: &Output, token: &AccessToken, min_valid: SignedDuration) {
    warn_if_ends(output, token.expires_at, min_valid);
}

/// Warns if a token with this expiry expires sooner than requested.
pub(super) fn warn_if_ends(output: &Output, expires_at: Option<Timestamp>, min_valid: SignedDuration) {
    let left = expires_at.map(|end| output.now().duration_until(end));
    if let Some(left) = left.filter(|left| *left < min_valid) {
        let left = duration(left);
        output.messages.note(&format!("warning: The token is valid for only {left}, less than requested."));
    }
}
