//! What a provider's error response means, explained to a person.

use grapnel_model::error::{Code, Error, NextStep};
use grapnel_model::provider::{AssertionAudience, ClientAuth, ProviderConfig};
use grapnel_model::secret::ExposeSecret;

use crate::http::ENVELOPE_FAILURE;
use crate::http::credentials::Credentials;

/// A provider's error response, cleaned for display.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The HTTP status; `None` for an error in a callback.
    pub status: Option<http::StatusCode>,
    /// The error code; empty if there is none.
    pub error: &'a str,
    /// The provider's description.
    pub description: Option<&'a str>,
}

impl Refusal<'_> {
    /// The message for the person, with the provider's own text.
    pub fn explain(&self, provider: &str) -> Error {
        let http_status = self.status.map(|status| status.as_u16());
        Error { http_status, ..self.explain_code(provider) }
    }

    fn explain_code(&self, provider: &str) -> Error {
        let said = said(self.description);
        let status = self.status.map(|status| format!("status {}", status.as_u16()));
        match self.error {
            "invalid_client" | "unauthorized_client" => Error::new(
                Code::InvalidClient,
                format!(
                    "{provider} does not accept the client ID or the client secret{}.{said}",
                    self.in_brackets()
                ),
            ),
            "invalid_grant" => Error::new(
                Code::InvalidGrant,
                format!(
                    "{provider} answered that what it was given is no longer valid{}.{said}",
                    self.in_brackets()
                ),
            ),
            "temporarily_unavailable" | "server_error" | "slow_down" => Error::new(
                Code::ProviderUnavailable,
                format!("{provider} cannot answer now{}.{said}", self.in_brackets()),
            )
            .hint("Try again in a few minutes."),
            "use_dpop_nonce" => Error::new(
                Code::ProviderError,
                format!("{provider} demanded another nonce for each DPoP proof{}.{said}", self.in_brackets()),
            )
            .hint("Try again. If it stays so, report it to the provider: a nonce is valid at least once."),
            "invalid_dpop_proof" => Error::new(
                Code::ProviderError,
                format!("{provider} refused the DPoP proof{}.{said}", self.in_brackets()),
            )
            .hint(
                "If the app is registered for DPoP-bound tokens, set “Bind tokens to a key (DPoP)” to yes (dpop=true). \
                 Otherwise compare the clock of this computer with the time. Then try again.",
            ),
            "invalid_scope" => Error {
                field: Some("scopes".to_owned()),
                next_step: Some(NextStep::EditApp),
                ..Error::new(
                    Code::ProviderError,
                    format!("{provider} refused the scopes that the app asks for{}.{said}", self.in_brackets()),
                )
            },
            "invalid_authorization_details" => Error::new(
                Code::ProviderError,
                format!(
                    "{provider} does not accept the authorization details that were asked for{}.{said}",
                    self.in_brackets()
                ),
            )
            .hint(
                "Compare their types and members with the provider’s documentation, and correct the app’s \
                 authorization_details or those of this sign-in. The provider may also not permit them to this client.",
            ),
            ENVELOPE_FAILURE => Error::new(Code::ProviderError, format!("{provider} refused.{said}")),
            "" => {
                let with = status.map(|status| format!(" with {status}")).unwrap_or_default();
                Error::new(Code::ProviderError, format!("{provider} refused{with}.{said}"))
            }
            error => {
                let with = status.map(|status| format!("{status} and ")).unwrap_or_default();
                Error::new(
                    Code::ProviderError,
                    format!("{provider} refused, with {with}the error “{error}”.{said}"),
                )
            }
        }
    }

    /// Status and code for looking them up: ` (status 400, invalid_grant)`.
    pub fn in_brackets(&self) -> String {
        let status = self.status.map(|status| format!("status {}", status.as_u16()));
        let code = Some(self.error.to_owned()).filter(|code| !code.is_empty() && code != ENVELOPE_FAILURE);
        let parts: Vec<String> = status.into_iter().chain(code).collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    }
}

/// A provider's text as a quoted sentence with one final mark.
pub fn said(text: Option<&str>) -> String {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return String::new() };
    let stop = if text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!(" It says: “{text}”{stop}")
}

/// The hint for rejected client credentials, by the client authentication in use.
pub fn client_hint(config: &ProviderConfig, credentials: &Credentials, then: &str) -> String {
    let secret = credentials.client_secret.as_ref().map(ExposeSecret::expose_secret);
    if config.client_auth.is_assertion() {
        return assertion_hint(config, then);
    }
    if config.client_auth.is_certificate() {
        return format!("{CERTIFICATE_HINT} Then {then}.");
    }
    let method = match (config.client_auth, secret) {
        (_, None) => " If the provider gave you a client secret, enter it as well.",
        (ClientAuth::Basic, Some(secret)) if is_encoded(secret) || is_encoded(&credentials.client_id) => {
            " The client ID or the secret has characters that HTTP Basic carries encoded (RFC 6749 §2.3.1), and not \
             every provider decodes them: if both are right, set “Client authentication” to client_secret_basic, not \
             URL-encoded, or to client_secret_post (client_auth=basic_raw or body)."
        }
        (ClientAuth::Basic | ClientAuth::BasicRaw, Some(_)) => {
            " If both are right, the provider may want them in the request body: set “Client authentication” to \
             client_secret_post (client_auth=body)."
        }
        (ClientAuth::Body, Some(_)) => {
            " If both are right, the provider may want them by HTTP Basic: set “Client authentication” to \
             client_secret_basic (client_auth=basic)."
        }
        (ClientAuth::None, Some(_)) => {
            " The app sends no secret: set “Client authentication” to client_secret_basic or client_secret_post \
             (client_auth=basic or body)."
        }
        (
            ClientAuth::SecretJwt
            | ClientAuth::PrivateKeyJwt
            | ClientAuth::TlsClientAuth
            | ClientAuth::SelfSignedTlsClientAuth,
            Some(_),
        ) => "",
    };
    format!(
        "Compare client ID and client secret with your app’s page at the provider, and correct the app (Edit app, or \
         grapnel app set).{method} Then {then}."
    )
}

/// The hint for a client that authenticates with a TLS certificate.
const CERTIFICATE_HINT: &str = "Compare the client ID with your app’s page at the provider, and look whether the app’s \
    certificate is registered there (grapnel app certificate): its subject for tls_client_auth, its public key for \
    self_signed_tls_client_auth.";

/// The hint for a client that authenticates with a JWT.
fn assertion_hint(config: &ProviderConfig, then: &str) -> String {
    let registered = match config.client_auth {
        ClientAuth::SecretJwt => "Compare client ID and client secret with your app’s page at the provider",
        _ => {
            "Compare the client ID with your app’s page at the provider, and look whether the app’s public key is \
             registered there (grapnel app key)"
        }
    };
    let names_issuer = config.assertion_audience != AssertionAudience::TokenUrl && config.issuer.is_some();
    let (named, other) = if names_issuer { ("issuer", "token_url") } else { ("token URL", "issuer") };
    format!(
        "{registered}. If both are right, the provider may expect another audience in the client’s JWT, which names \
         the {named}: set “Audience of the client’s JWT” \
         (assertion_audience) to {other}. Then {then}."
    )
}

/// The hint for a refused assertion of the JWT bearer grant (RFC 7523 §3.1).
pub const ASSERTION_HINT: &str = "Look at the provider whether the account has this public key (grapnel app key) and \
    may have these scopes, and, if the app acts for someone (assertion_subject), whether that is permitted there. The \
    provider may expect another audience: set “Audience of the client’s JWT” \
    (assertion_audience).";

/// Whether the form encoding of HTTP Basic changes the text.
fn is_encoded(text: &str) -> bool {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>() != text
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_quoted_sentence_has_one_final_mark() {
        assert_eq!(said(Some("no such code")), " It says: “no such code”.");
        for ended in ["Client authentication failed.", "Why?", "Gone!", "cut off…"] {
            assert_eq!(said(Some(ended)), format!(" It says: “{ended}”"));
        }
        assert_eq!(said(Some("  ")), "");
        assert_eq!(said(None), "");
    }
}
