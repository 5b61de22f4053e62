//! Matches a callback to the attempt that it belongs to and claims it. A callback that does not match changes nothing.

use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AttemptId;
use grapnel_model::provider::ProviderConfig;
use grapnel_model::secret::{ExposeSecret, SecretString, sha256};
use grapnel_oauth::callback::{
    self, AuthorizationResponse, Callback, CallbackError, CallbackParameterNames, UnparsedCallback,
};
use grapnel_store::attempt::AttemptRow;
use grapnel_store::{self as store, app};

use super::attempts::{emit_attempt, no_attempt, time_out};
use crate::context::Context;
use crate::signed_in::ConfiguredApp;

/// A callback and the attempt that it belongs to.
pub(super) struct MatchedCallback {
    pub(super) attempt: AttemptRow,
    pub(super) app: ConfiguredApp,
    pub(super) callback: Callback,
}

/// A refused callback, and why.
pub(super) struct RejectedCallback {
    pub(super) error: Box<Error>,
    /// The reason's name for counting repetitions; contains nothing of the callback.
    pub(super) name: &'static str,
    /// The waiting attempts that it was meant for.
    pub(super) of: Vec<AttemptId>,
}

impl From<Error> for RejectedCallback {
    fn from(error: Error) -> Self {
        Self { error: Box::new(error), name: "failed", of: Vec::new() }
    }
}

/// Parses a callback URL and claims the attempt that it belongs to. `signed` is the callback with a signed response
/// that was verified, if it has one.
///
/// # Errors
/// The callback is malformed, belongs to no attempt, came to another redirect URI or from another issuer, or is late.
pub(super) fn match_sign_in(
    ctx: &Context,
    address: &SecretString,
    signed: Option<UnparsedCallback>,
) -> Result<MatchedCallback, RejectedCallback> {
    let arrived = match signed {
        Some(signed) => signed,
        None => callback::parse(address.expose_secret()).map_err(|fault| malformed(&fault, Vec::new()))?,
    };
    let apps = Apps::load(ctx)?;
    let matched = match by_state(ctx, &apps, &arrived) {
        Ok(Some((row, app))) => {
            let of = || vec![row.id.clone()];
            let config = app.config()?;
            let callback =
                arrived.read(&CallbackParameterNames::of(config)).map_err(|fault| malformed(&fault, of()))?;
            if let Some(fault) = mismatch_reason(&row, config, &arrived, &callback) {
                return Err(malformed(&fault, of()));
            }
            MatchedCallback { attempt: row, app: app.clone(), callback }
        }
        Ok(None) => {
            without_state(ctx, &apps, &arrived)?.map_or_else(|| Err(unknown(ctx, &apps, &arrived)), Ok)?
        }
        Err(NoMatchingAttempt::CallbackError(fault)) => return Err(malformed(&fault, Vec::new())),
        Err(NoMatchingAttempt::Failed(error)) => return Err(error.into()),
    };
    claim(ctx, matched).map_err(|error| RejectedCallback {
        error: Box::new(error),
        name: "late",
        of: Vec::new(),
    })
}

pub(super) fn malformed(fault: &CallbackError, of: Vec<AttemptId>) -> RejectedCallback {
    RejectedCallback { error: Box::new(fault.explain()), name: fault.name(), of }
}

/// The refusal of a callback without a matching attempt.
pub(super) fn unknown(ctx: &Context, apps: &Apps, arrived: &UnparsedCallback) -> RejectedCallback {
    let waiting = ctx.store.read(store::attempt::open).unwrap_or_default().into_iter();
    let expecting: Vec<AttemptRow> = waiting
        .filter(|row| row.phase == Phase::Waiting && arrived.matches_redirect_uri(&row.redirect_uri))
        .collect();
    let names = match expecting.as_slice() {
        [row] => apps.config(row).map(CallbackParameterNames::of).unwrap_or_default(),
        _ => CallbackParameterNames::default(),
    };
    let of = expecting.into_iter().map(|row| row.id).collect();
    let callback = match arrived.read(&names) {
        Ok(callback) => callback,
        Err(fault) => return malformed(&fault, of),
    };
    let (code, name, message) = if callback.state.is_some() {
        (Code::CallbackUnknown, "unknown", "A callback arrived that belongs to none of Grapnel’s sign-ins.")
    } else {
        (
            Code::CallbackInvalid,
            "no_state",
            "A callback arrived without a state, so Grapnel cannot tell who sent it.",
        )
    };
    let error = refused(code, format!("{message}{}", quoted_error(&callback.answer))).hint(
        "If you did not just sign in, someone may have made you open a forged link; you need not do anything. If you \
         did, continue in the browser, or cancel the sign-in and start again.",
    );
    RejectedCallback { error: Box::new(error), name, of }
}

/// The error in an authorization response, quoted.
fn quoted_error(answer: &AuthorizationResponse) -> String {
    let AuthorizationResponse::Error { error, description } = answer else { return String::new() };
    let clean = |text: &str| grapnel_model::provider_text::clean(text, &[]);
    let description = description.as_deref().map(|text| format!(": {}", clean(text))).unwrap_or_default();
    format!(" It says “{}{description}”.", clean(error))
}

/// Claims `id` with what a person pasted: the complete callback URL, or only the code if the provider's callbacks have
/// nothing else to verify.
pub(super) fn match_pasted(
    ctx: &Context,
    id: &AttemptId,
    pasted: &SecretString,
    signed: Option<UnparsedCallback>,
) -> Result<MatchedCallback> {
    let text = pasted.expose_secret().trim();
    let row = ctx.store.read(|c| store::attempt::get(c, id))?.ok_or_else(no_attempt)?;
    if text.is_empty() {
        return Err(wrong_paste("Nothing was pasted."));
    }
    if !text.contains(':') && !text.contains('/') {
        if is_query(text) {
            return Err(wrong_paste("That is only a part of the address."));
        }
        return match_code(ctx, row, text);
    }
    let not_it = |fault: CallbackError| {
        wrong_paste(&match fault {
            CallbackError::Neither => {
                "That address carries neither a code nor an error. It may be the address of the sign-in page. If that \
                 page is empty, click into the browser’s address bar and press Enter."
                    .into()
            }
            fault => format!("{WRONG_CALLBACK_URL}: {fault}."),
        })
    };
    let arrived = signed.map_or_else(|| callback::parse(text), Ok).map_err(not_it)?;
    let apps = Apps::load(ctx)?;
    let app = apps.of(&row)?;
    let config = app.config()?;
    let callback = match by_state(ctx, &apps, &arrived) {
        Ok(Some((other, _))) if other.id != *id => {
            return Err(wrong_paste("That address answers another sign-in.")
                .hint("Paste it where that sign-in waits. Here goes the address that this one came to."));
        }
        Ok(Some(_)) => arrived.read(&CallbackParameterNames::of(config)).map_err(not_it)?,
        Ok(None) => {
            let callback = arrived.read(&CallbackParameterNames::of(config)).map_err(not_it)?;
            if callback.state.is_some() {
                return Err(wrong_paste("That address answers no sign-in of this Grapnel."));
            }
            match without_state(ctx, &apps, &arrived)? {
                Some(matched) if matched.attempt.id == *id => matched.callback,
                _ => {
                    return Err(wrong_paste(
                        "That address carries no state, so Grapnel cannot tell which sign-in it belongs to.",
                    ));
                }
            }
        }
        Err(NoMatchingAttempt::CallbackError(fault)) => return Err(not_it(fault)),
        Err(NoMatchingAttempt::Failed(error)) => return Err(error),
    };
    if let Some(fault) = mismatch_reason(&row, config, &arrived, &callback) {
        let told = not_it(fault.clone());
        return Err(match fault.explain() {
            Error { hint: Some(hint), .. }
                if matches!(fault, CallbackError::NoIssuer(_) | CallbackError::ForeignIssuer { .. }) =>
            {
                told.hint(hint)
            }
            _ => told,
        });
    }
    claim(ctx, MatchedCallback { attempt: row, app: app.clone(), callback })
}

/// Whether a text is the parameters of a callback, without the address that they were sent to.
fn is_query(text: &str) -> bool {
    url::form_urlencoded::parse(text.trim_start_matches(['?', '#']).as_bytes())
        .any(|(name, value)| !value.is_empty() && ["code", "state", "error"].contains(&&*name))
}

const WRONG_CALLBACK_URL: &str = "That is not the address that the provider sent you to";

fn match_code(ctx: &Context, row: AttemptRow, code: &str) -> Result<MatchedCallback> {
    if code.contains(char::is_whitespace) {
        return Err(wrong_paste("That is neither an address nor a code."));
    }
    let app = ConfiguredApp::load(ctx, &row.app_id)?;
    if app.config()?.response_mode.is_signed() {
        return Err(wrong_paste(
            "That is not an address. A code alone is not enough: this app asks for signed responses (JARM).",
        ));
    }
    if app.config()?.require_state {
        return Err(wrong_paste(
            "That is not an address. A code alone is not enough: without the state, Grapnel cannot tell which sign-in \
             it belongs to.",
        ));
    }
    claim(ctx, MatchedCallback { attempt: row, app, callback: Callback::of_code(code) })
}

/// The only attempt that a callback without `state` can belong to: its provider sends none, and no other such attempt
/// waits.
fn without_state(ctx: &Context, apps: &Apps, arrived: &UnparsedCallback) -> Result<Option<MatchedCallback>> {
    let waiting = ctx.store.read(store::attempt::open)?.into_iter();
    let waiting =
        waiting.filter(|row| row.phase == Phase::Waiting && arrived.matches_redirect_uri(&row.redirect_uri));
    let lenient = waiting.filter_map(|row| {
        let app = apps.of(&row).ok()?;
        let config = app.config().ok().filter(|config| !config.require_state)?;
        let callback = arrived.read(&CallbackParameterNames::of(config)).ok()?;
        let fits = callback.state.is_none() && mismatch_reason(&row, config, arrived, &callback).is_none();
        fits.then(|| MatchedCallback { attempt: row, app: app.clone(), callback })
    });
    Ok(<[_; 1]>::try_from(lenient.collect::<Vec<_>>()).ok().map(|[one]| one))
}

/// Why a callback does not match an attempt: it came to another redirect URI, or from another issuer (RFC 9207). If the
/// app has no issuer, a named one must have the origin of the authorization URL.
fn mismatch_reason(
    row: &AttemptRow,
    config: &ProviderConfig,
    arrived: &UnparsedCallback,
    callback: &Callback,
) -> Option<CallbackError> {
    if !arrived.matches_redirect_uri(&row.redirect_uri) {
        return Some(CallbackError::NotOurs);
    }
    if config.response_mode.is_signed() && !arrived.is_verified() {
        return Some(CallbackError::NotSigned);
    }
    match (&callback.issuer, &config.issuer) {
        (Some(named), Some(known)) if named != known => Some(CallbackError::OtherIssuer {
            named: grapnel_model::provider_text::clean(named, &[]),
            known: known.clone(),
        }),
        (Some(named), None) => {
            let origin = config.authorize_url().unwrap_or(&config.token_url).origin();
            let is_same = url::Url::parse(named).is_ok_and(|named| named.origin() == origin);
            (!is_same).then(|| CallbackError::ForeignIssuer {
                named: grapnel_model::provider_text::clean(named, &[]),
                origin: origin.ascii_serialization(),
            })
        }
        // An error response ends the sign-in without exposing a code, and servers that announce `iss` leave it out of
        // errors.
        (None, Some(known))
            if config.require_iss && matches!(callback.answer, AuthorizationResponse::Code(_)) =>
        {
            Some(CallbackError::NoIssuer(known.clone()))
        }
        _ => None,
    }
}

/// Claims the attempt: of two concurrent callbacks, one succeeds.
fn claim(ctx: &Context, matched: MatchedCallback) -> Result<MatchedCallback> {
    let row = &matched.attempt;
    if row.phase == Phase::Waiting && row.expires_at <= ctx.now() {
        time_out(ctx, &row.id)?;
        return Err(late(Phase::TimedOut));
    }
    if ctx.store.write(|tx| store::attempt::advance(tx, &row.id, Phase::Waiting, Phase::Exchanging))? {
        emit_attempt(ctx, &row.id)?;
        return Ok(matched);
    }
    Err(late(row.phase))
}

/// The refusal of a callback for an attempt that does not wait any more.
pub(super) fn late(phase: Phase) -> Error {
    let why = match phase {
        Phase::Cancelled => "was cancelled here",
        Phase::TimedOut => "had waited too long",
        _ => "was already answered",
    };
    refused(Code::CallbackLate, format!("A callback arrived for a sign-in that {why}."))
}

/// Why no attempt is found for a callback.
pub(super) enum NoMatchingAttempt {
    CallbackError(CallbackError),
    Failed(Error),
}

/// The attempt with the callback's `state`, and its app. The parameter must have a name that the app's provider uses.
pub(super) fn by_state<'a>(
    ctx: &Context,
    apps: &'a Apps,
    arrived: &UnparsedCallback,
) -> Result<Option<(AttemptRow, &'a ConfiguredApp)>, NoMatchingAttempt> {
    let failed = |error: Error| NoMatchingAttempt::Failed(error);
    let known = apps.state_names();
    let mut found: Option<(AttemptRow, &ConfiguredApp)> = None;
    for (name, value) in arrived.parameters().filter(|(name, _)| known.iter().any(|known| known == name)) {
        let hash = sha256(value.as_bytes());
        let row = ctx.store.read(|c| store::attempt::by_state(c, &hash)).map_err(failed)?;
        let Some(row) = row else { continue };
        let app = apps.of(&row).map_err(failed)?;
        if !CallbackParameterNames::of(app.config().map_err(failed)?).is_state(name) {
            continue;
        }
        if found.as_ref().is_some_and(|(other, _)| other.id != row.id) {
            return Err(NoMatchingAttempt::CallbackError(CallbackError::Repeated(name.to_owned())));
        }
        found = Some((row, app));
    }
    Ok(found)
}

/// All apps, loaded once per callback, since they determine which parameter carries the state.
pub(super) struct Apps(Vec<ConfiguredApp>);

impl Apps {
    pub(super) fn load(ctx: &Context) -> Result<Self> {
        Ok(Self(ctx.store.read(app::all)?.into_iter().map(ConfiguredApp::of).collect()))
    }

    /// The app of an attempt.
    fn of(&self, row: &AttemptRow) -> Result<&ConfiguredApp> {
        self.0.iter().find(|app| app.row.id == row.app_id).ok_or_else(Error::no_app)
    }

    fn config(&self, row: &AttemptRow) -> Result<&ProviderConfig> {
        self.of(row)?.config()
    }

    /// Whether any app asks for signed responses.
    pub(super) fn any_signed(&self) -> bool {
        self.0.iter().any(|app| app.config().is_ok_and(|config| config.response_mode.is_signed()))
    }

    /// All parameter names for the state, of all apps. An app whose settings are invalid in this version is skipped.
    fn state_names(&self) -> Vec<String> {
        let own = self.0.iter().filter_map(|app| app.config().ok()?.callback_names.1.clone());
        std::iter::once("state".to_owned()).chain(own).collect()
    }
}

fn refused(code: Code, message: impl Into<String>) -> Error {
    Error::new(code, message)
        .means("It changed nothing. Your tokens are as they were.")
        .hint("If you did not just sign in, someone may have made you open a forged link; you need not do anything. \
            If you did, start again.")
}

fn wrong_paste(message: &str) -> Error {
    Error::input("pasted", message)
        .means("The sign-in still waits.")
        .hint("Copy the whole address from the browser’s address bar, after you agreed there.")
}
