//! The callback (RFC 6749 §4.1.2): hostile input until parsed. One pure function parses it for every redirect method.

mod error;

use grapnel_model::provider::{DEEP_LINK, ProviderConfig};
use grapnel_model::secret::SecretString;
use url::Url;

pub use error::CallbackError;

/// The most bytes that are read of a callback URL or of a `form_post` body.
pub const MAX_CALLBACK_BYTES: usize = 16 * 1024;

/// A callback URL split into its parameters. Which of them carry the code and the state depends on the app; see
/// [`UnparsedCallback::read`].
#[derive(Clone)]
pub struct UnparsedCallback {
    /// The URL without query and fragment.
    place: Url,
    /// The parameters of the URL.
    sent: Vec<(String, String)>,
    /// Those of a signed response, which count instead.
    signed: Option<Vec<(String, String)>>,
    /// Whether the signature was verified.
    is_verified: bool,
}

/// A well-formed callback. The caller matches it to a sign-in attempt.
#[derive(Debug)]
pub struct Callback {
    /// The `state`, if there is one.
    pub state: Option<SecretString>,
    /// The `iss` parameter (RFC 9207), if there is one.
    pub issuer: Option<String>,
    /// The authorization code or the error.
    pub answer: AuthorizationResponse,
}

/// The authorization response (RFC 6749 §4.1.2): a code or an error.
#[derive(Debug)]
pub enum AuthorizationResponse {
    /// An authorization code.
    Code(SecretString),
    /// An error (RFC 6749 §4.1.2.1).
    Error {
        /// The error code.
        error: String,
        /// The `error_description`.
        description: Option<String>,
    },
}

/// The parameter names that carry the code and the state in an app's callbacks.
#[derive(Debug, Clone)]
pub struct CallbackParameterNames {
    code: Vec<String>,
    state: Vec<String>,
}

impl Default for CallbackParameterNames {
    fn default() -> Self {
        Self { code: vec!["code".into()], state: vec!["state".into()] }
    }
}

impl CallbackParameterNames {
    /// The standard names `code` and `state`, and the provider's own names (`callback_names` of the profile).
    pub fn of(config: &ProviderConfig) -> Self {
        let (code, state) = config.callback_names.clone();
        let mut names = Self::default();
        names.code.extend(code.filter(|name| name != "code"));
        names.state.extend(state.filter(|name| name != "state"));
        names
    }

    /// Whether a parameter of this name carries the state.
    pub fn is_state(&self, name: &str) -> bool {
        self.state.iter().any(|own| own == name)
    }
}

/// Splits a callback URL into its place and its parameters.
///
/// # Errors
/// The text is too long, is no URL, or has a user or password.
pub fn parse(address: &str) -> Result<UnparsedCallback, CallbackError> {
    if address.len() > MAX_CALLBACK_BYTES {
        return Err(CallbackError::TooLong);
    }
    let mut url = Url::parse(address.trim()).map_err(|_| CallbackError::NotAnAddress)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CallbackError::NotOurs);
    }
    take_fragment(&mut url);
    let sent = url.query_pairs().into_owned().collect();
    url.set_query(None);
    url.set_fragment(None);
    Ok(UnparsedCallback { place: url, sent, signed: None, is_verified: false })
}

/// Moves the parameters of the fragment into an empty query. A provider may respond in the fragment: the loopback page
/// forwards it as such, and a person pastes the URL as the browser shows it.
fn take_fragment(url: &mut Url) {
    if url.query().is_none_or(str::is_empty)
        && let Some(fragment) = url.fragment()
    {
        let answer = fragment.split_once('?').map_or(fragment, |(_, answer)| answer).to_owned();
        url.set_query(Some(&answer));
    }
}

impl UnparsedCallback {
    /// All parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.signed.as_ref().unwrap_or(&self.sent);
        all.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The `response` parameter (JARM §2.3): a JWT that holds the others.
    ///
    /// # Errors
    /// It is repeated.
    pub fn signed_response(&self) -> Result<Option<&str>, CallbackError> {
        let mut found = self.sent.iter().filter(|(name, value)| name == "response" && !value.is_empty());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(CallbackError::Repeated("response".into())),
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
        }
    }

    /// The same callback with the parameters that a signed response claims, whose signature is not verified.
    #[must_use]
    pub fn with_parameters(self, parameters: Vec<(String, String)>) -> Self {
        Self { signed: Some(parameters), is_verified: false, ..self }
    }

    /// The same callback with the parameters of a signed response that was verified.
    #[must_use]
    pub fn with_verified(self, parameters: Vec<(String, String)>) -> Self {
        Self { signed: Some(parameters), is_verified: true, ..self }
    }

    /// Whether its parameters are those of a signed response that was verified.
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Reads the authorization response under the parameter names of an app.
    ///
    /// # Errors
    /// A parameter is repeated, or there is not exactly one of code and error.
    pub fn read(&self, names: &CallbackParameterNames) -> Result<Callback, CallbackError> {
        let standard = |name: &str| self.single(&[name.to_owned()]);
        let (error, description) = (standard("error")?, standard("error_description")?);
        let answer = match (self.single(&names.code)?, error) {
            (Some(code), None) => AuthorizationResponse::Code(code.into()),
            (None, Some(error)) => AuthorizationResponse::Error { error, description },
            (Some(_), Some(_)) => return Err(CallbackError::Both),
            (None, None) => return Err(CallbackError::Neither),
        };
        let state = self.single(&names.state)?.map(SecretString::from);
        Ok(Callback { state, issuer: standard("iss")?, answer })
    }

    /// The non-empty value of the one parameter that has any of these names.
    fn single(&self, names: &[String]) -> Result<Option<String>, CallbackError> {
        let mut values = self.parameters().filter(|(key, _)| names.iter().any(|name| name == key));
        let first = values.next();
        if let Some((key, _)) = values.next() {
            return Err(CallbackError::Repeated(key.to_owned()));
        }
        Ok(first.map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty()))
    }

    /// Whether the callback arrived at `redirect_uri`: scheme, host, port and path are equal, and the parameters of the
    /// redirect URI's own query are present. Some browsers and desktops turn the deep link's `:/` into `://`, so that
    /// the first path segment becomes a host; that spelling is accepted too.
    pub fn matches_redirect_uri(&self, redirect_uri: &str) -> bool {
        let spellings = [
            Some(redirect_uri.to_owned()),
            redirect_uri.starts_with(DEEP_LINK).then(|| redirect_uri.replacen(":/", "://", 1)),
        ];
        spellings.into_iter().flatten().filter_map(|text| Url::parse(&text).ok()).any(|mut expected| {
            let own: Vec<(String, String)> = expected.query_pairs().into_owned().collect();
            expected.set_query(None);
            expected == self.place && own.iter().all(|pair| self.sent.contains(pair))
        })
    }
}

impl Callback {
    /// The callback for a code that a person pasted without its URL.
    pub fn of_code(code: &str) -> Self {
        Self { state: None, issuer: None, answer: AuthorizationResponse::Code(code.into()) }
    }
}

#[cfg(test)]
mod tests {
    use grapnel_model::provider::{Overrides, Profile};
    use grapnel_model::secret::ExposeSecret;

    use super::*;
    use proptest::prelude::*;

    const LOOPBACK: &str = "http://127.0.0.1:4711/callback";

    fn names() -> CallbackParameterNames {
        CallbackParameterNames::of(&Profile::find("grovestreams").unwrap().config(&Overrides::new()).unwrap())
    }

    fn read(address: &str) -> Result<Callback, CallbackError> {
        parse(address)?.read(&names())
    }

    fn matches_redirect_uri(address: &str, redirect_uri: &str) -> bool {
        parse(address).unwrap().matches_redirect_uri(redirect_uri)
    }

    fn fault(query: &str) -> CallbackError {
        read(&format!("{DEEP_LINK}{query}")).unwrap_err()
    }

    #[test]
    fn a_code_is_read() {
        for (place, redirect_uri) in [
            (DEEP_LINK, DEEP_LINK),
            ("dev.grapnel.desktop://oauth/callback", DEEP_LINK),
            ("DEV.GRAPNEL.DESKTOP:/oauth/callback", DEEP_LINK),
            (LOOPBACK, LOOPBACK),
            ("https://app.example/cb", "https://app.example/cb"),
        ] {
            let address = format!("{place}?code=a%20b&state=s&session_state=x");
            assert!(matches_redirect_uri(&address, redirect_uri), "{place}");
            let callback = read(&address).unwrap();
            let AuthorizationResponse::Code(code) = callback.answer else { panic!("{place}") };
            assert_eq!(code.expose_secret(), "a b");
            assert_eq!(callback.state.unwrap().expose_secret(), "s");
        }
    }

    #[test]
    fn a_code_is_read_under_another_name() {
        let callback = read(&format!("{DEEP_LINK}?oauthCode=c&oauthState=s")).unwrap();
        assert_eq!(callback.state.unwrap().expose_secret(), "s");
        assert_eq!(fault("?code=a&oauthCode=b&state=s"), CallbackError::Repeated("oauthCode".into()));
    }

    #[test]
    fn a_denial_is_read_with_its_issuer() {
        let callback =
            read(&format!("{DEEP_LINK}?error=access_denied&state=s&iss=https://id.example")).unwrap();
        assert!(
            matches!(callback.answer, AuthorizationResponse::Error { error, .. } if error == "access_denied")
        );
        assert_eq!(callback.issuer.as_deref(), Some("https://id.example"));
    }

    #[test]
    fn each_app_has_a_redirect_uri_of_its_own() {
        let own = "dev.grapnel.desktop:/oauth/callback/k3mzq7wd";
        for place in [own, "dev.grapnel.desktop://oauth/callback/k3mzq7wd"] {
            let address = format!("{place}?code=c&state=s");
            assert!(matches_redirect_uri(&address, own), "{place}");
            assert!(
                !matches_redirect_uri(&address, DEEP_LINK)
                    && !matches_redirect_uri(&address, &own.replace('k', "j")),
                "{place}"
            );
        }
        assert!(!matches_redirect_uri("dev.grapnel.desktop:/oauth/callback?code=c", own));
    }

    #[test]
    fn the_query_of_a_redirect_uri_is_kept() {
        let redirect_uri = "https://app.example/cb?tenant=7";
        assert!(matches_redirect_uri("https://app.example/cb?tenant=7&code=c&state=s", redirect_uri));
        assert!(!matches_redirect_uri("https://app.example/cb?tenant=8&code=c&state=s", redirect_uri));
        assert!(!matches_redirect_uri("https://app.example/cb?code=c&state=s", redirect_uri));
    }

    #[test]
    fn another_redirect_uri_does_not_match() {
        for other in [
            "dev.grapnel.desktop:/oauth/callback/x?code=c",
            "dev.grapnel.desktop:/oauth?code=c",
            "dev.grapnel.desktop://evil/oauth/callback?code=c",
            "dev.grapnel.desktop://oauth:1/callback?code=c",
            "dev.grapnel.desktop:oauth/callback?code=c",
            "https://oauth/callback?code=c",
            "file:///oauth/callback?code=c",
            "http://127.0.0.1:4711/callback?code=c",
        ] {
            assert!(!matches_redirect_uri(other, DEEP_LINK), "{other}");
        }
        for other in
            ["http://127.0.0.1:4712/callback", "http://127.0.0.1:4711/", "http://localhost:4711/callback"]
        {
            assert!(!matches_redirect_uri(&format!("{other}?code=c"), LOOPBACK), "{other}");
        }
    }

    #[test]
    fn a_code_is_read_from_the_fragment() {
        for answer in
            ["#code=c&state=s", "?#code=c&state=s", "#signed-in/?code=c&state=s", "?code=c&state=s#_=_"]
        {
            let address = format!("{LOOPBACK}{answer}");
            assert!(matches_redirect_uri(&address, LOOPBACK), "{answer}");
            assert_eq!(read(&address).unwrap().state.unwrap().expose_secret(), "s", "{answer}");
        }
        assert_eq!(fault("?state=s#code=c"), CallbackError::Neither, "the query counts alone");
    }

    #[test]
    fn ambiguous_callbacks_are_refused() {
        assert_eq!(fault("?code=a&code=b&state=s"), CallbackError::Repeated("code".into()));
        assert_eq!(fault("?code=a&state=s&state=t"), CallbackError::Repeated("state".into()));
        assert_eq!(fault("?code=a&state=s&iss=x&iss=y"), CallbackError::Repeated("iss".into()));
        assert_eq!(fault("?code=a&error=access_denied&state=s"), CallbackError::Both);
        assert_eq!(fault("?code=&state=s"), CallbackError::Neither);
        assert_eq!(fault(""), CallbackError::Neither);
        assert_eq!(fault(&format!("?code={}", "a".repeat(MAX_CALLBACK_BYTES))), CallbackError::TooLong);
        assert_eq!(read("not an address").unwrap_err(), CallbackError::NotAnAddress);
        assert_eq!(
            read("dev.grapnel.desktop://u@oauth/callback?code=c").unwrap_err(),
            CallbackError::NotOurs
        );
    }

    /// Parameters of a callback, mixed with unrelated ones, in any order.
    fn parameters() -> impl Strategy<Value = (Vec<(String, String)>, String, String)> {
        let others = prop::collection::vec(("x[a-z]{0,8}", "\\PC{0,20}"), 0..5);
        (
            "\\PC{1,80}",
            "[A-Za-z0-9_-]{43}",
            others,
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
        )
            .prop_map(|(code, state, others, one, two)| {
                let mut all = others;
                all.insert(one.index(all.len() + 1), ("code".into(), code.clone()));
                all.insert(two.index(all.len() + 1), ("state".into(), state.clone()));
                (all, code, state)
            })
    }

    /// A URL that carries the parameters: in its query, in its fragment, or after a path in its fragment.
    fn address(place: &str, joint: &str, parameters: &[(String, String)]) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("{place}{joint}{query}")
    }

    fn places() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![DEEP_LINK, LOOPBACK, "https://app.example/cb"])
    }

    fn joints() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["?", "#", "?#", "#?", "#/done?"])
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text: String, joint in joints()) {
            let _ = read(&text);
            let _ = read(&format!("{DEEP_LINK}{joint}{text}"));
        }

        #[test]
        fn encoded_parameters_are_decoded(
            (all, code, state) in parameters(), place in places(), joint in joints(),
        ) {
            let address = address(place, joint, &all);
            prop_assert!(matches_redirect_uri(&address, place));
            let callback = read(&address).unwrap();
            let AuthorizationResponse::Code(read) = callback.answer else { panic!("a code") };
            prop_assert_eq!(read.expose_secret(), code);
            let echoed = callback.state.unwrap();
            prop_assert_eq!(echoed.expose_secret(), state);
        }

        /// Wherever the repetition is, under whichever name, and even with the same value.
        #[test]
        fn a_repeated_parameter_is_refused(
            (all, code, state) in parameters(), place in places(), joint in joints(),
            name in prop::sample::select(vec!["code", "oauthCode", "state", "oauthState"]),
            at: prop::sample::Index, is_same: bool,
        ) {
            let mut all = all;
            let value = if !is_same { "other".into() } else if name.ends_with("ode") { code } else { state };
            all.insert(at.index(all.len() + 1), (name.into(), value));
            let refused = read(&address(place, joint, &all));
            prop_assert!(matches!(refused, Err(CallbackError::Repeated(_))));
        }

        /// Scheme, host, port and path must be those of the attempt, whatever the parameters are.
        #[test]
        fn an_attempt_matches_only_its_redirect_uri(
            (all, ..) in parameters(), joint in joints(), place in places(), host in "[a-z]{1,8}", port in 1024u16..,
            path in "[a-z/]{0,12}",
        ) {
            let other = format!("http://{host}.example:{port}/{path}");
            prop_assert!(!matches_redirect_uri(&address(&other, joint, &all), place));
            let other = format!("{place}/{path}x");
            prop_assert!(!matches_redirect_uri(&address(&other, joint, &all), place));
        }
    }
}
