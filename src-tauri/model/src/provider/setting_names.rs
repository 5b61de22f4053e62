//! The keys of a profile's settings.

/// All keys, in the order to show them.
pub(super) const KEYS: &[&str] = &[
    "issuer",
    "authorize_url",
    "authorize_params",
    "response_mode",
    "identity_provider",
    "email",
    "login_hint",
    "token_url",
    "token_body",
    "token_redirect_uri",
    "token_state",
    "token_path",
    "client_id",
    "client_secret",
    "client_auth",
    "revocation_auth",
    "introspection_auth",
    "pkce",
    "send_scope",
    "scope_separator",
    "scope_aliases",
    "require_state",
    "require_iss",
    "callback_code",
    "callback_state",
    "envelope",
    "refresh",
    "refresh_url",
    "refresh_method",
    "refresh_body",
    "refresh_params",
    "refresh_redirect_uri",
    "refresh_scope",
    "resource",
    "revocation_url",
    "introspection_url",
    "userinfo_url",
    "jwks_url",
    "end_session_url",
    "login_url",
    "api_base",
    "pagination",
    "projects_param",
    "org",
    "user_uid",
    "token_prefix",
    "refresh_token_prefix",
    "content",
];

/// Keys that only a profile may set: what they permit is not for an app to decide.
///
/// `redirect_method` is the method that the provider accepts for native apps, `issuer_example` an issuer with
/// placeholders, for a provider with one per tenant.
pub(super) const KEYS_OF_PROFILES: &[&str] = &["state_may_be_waived", "redirect_method", "issuer_example"];
