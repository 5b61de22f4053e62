//! The callback: hostile input until parsed. One pure function reads it, for all ways back.

use url::Url;

use crate::error::{Code, Error};
use crate::provider::{Conventions, DEEP_LINK};
use crate::secret::SecretString;

/// No true callback is longer.
const LONGEST: usize = 16 * 1024;

/// A callback that is well-formed. Whether it belongs to an attempt is for the caller to find out.
#[derive(Debug)]
pub(crate) struct Callback {
    /// Where it came to: the address without its query.
    place: Url,
    /// The state, if it carried one.
    pub(crate) state: Option<SecretString>,
    /// The issuer, if it named one (RFC 9207).
    pub(crate) issuer: Option<String>,
    pub(crate) answer: Answer,
}

/// What the provider answered through the browser (RFC 6749 §4.1.2).
#[derive(Debug)]
pub(crate) enum Answer {
    Code(SecretString),
    Error { error: String, description: Option<String> },
}

/// The names by which callbacks carry code and state.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    code: Vec<String>,
    state: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self { code: vec!["code".into()], state: vec!["state".into()] }
    }
}

impl Names {
    /// Adds the names that a provider has besides.
    pub(crate) fn add(&mut self, conventions: &Conventions) {
        let (code, state) = &conventions.callback_names;
        self.code.extend(code.iter().filter(|name| !self.code.contains(name)).cloned().collect::<Vec<_>>());
        self.state
            .extend(state.iter().filter(|name| !self.state.contains(name)).cloned().collect::<Vec<_>>());
    }
}

/// Why a callback is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it is longer than any true one")]
    TooLong,
    #[error("it is not an address")]
    NotAnAddress,
    #[error("its address is not the redirect address of this sign-in")]
    NotOurs,
    #[error("it names another issuer ({named}) than this sign-in’s ({known})")]
    OtherIssuer { named: String, known: String },
    #[error("it does not name its issuer, which should be {0}")]
    NoIssuer(String),
    #[error("it carries “{0}” more than once")]
    Repeated(String),
    #[error("it carries both a code and an error")]
    Both,
    #[error("it carries neither a code nor an error")]
    Neither,
}

/// Reads a callback address.
pub(crate) fn parse(address: &str, names: &Names) -> Result<Callback, Fault> {
    if address.len() > LONGEST {
        return Err(Fault::TooLong);
    }
    let mut url = Url::parse(address.trim()).map_err(|_| Fault::NotAnAddress)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::NotOurs);
    }
    take_fragment(&mut url);
    let error = single(&url, &["error".into()])?;
    let description = single(&url, &["error_description".into()])?;
    let answer = match (single(&url, &names.code)?, error) {
        (Some(code), None) => Answer::Code(code.into()),
        (None, Some(error)) => Answer::Error { error, description },
        (Some(_), Some(_)) => return Err(Fault::Both),
        (None, None) => return Err(Fault::Neither),
    };
    let state = single(&url, &names.state)?.map(SecretString::from);
    let issuer = single(&url, &["iss".into()])?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(Callback { place: url, state, issuer, answer })
}

/// A provider may answer in the fragment. It counts where the query is empty: so the loopback page hands it on,
/// and so a person pastes it where no script did.
fn take_fragment(url: &mut Url) {
    if url.query().is_none_or(str::is_empty)
        && let Some(fragment) = url.fragment()
    {
        let answer = fragment.split_once('?').map_or(fragment, |(_, answer)| answer).to_owned();
        url.set_query(Some(&answer));
    }
}

/// The one value that an address carries under any of the names.
fn single(url: &Url, names: &[String]) -> Result<Option<String>, Fault> {
    let mut values = url.query_pairs().filter(|(key, _)| names.iter().any(|name| name == key));
    let first = values.next();
    if let Some((key, _)) = values.next() {
        return Err(Fault::Repeated(key.into_owned()));
    }
    Ok(first.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty()))
}

impl Callback {
    /// What a code alone amounts to, that a person pasted.
    pub(crate) fn of_code(redirect_uri: &str, code: &str) -> Result<Self, Fault> {
        let place = Url::parse(redirect_uri).map_err(|_| Fault::NotAnAddress)?;
        Ok(Self { place, state: None, issuer: None, answer: Answer::Code(code.into()) })
    }

    /// Whether it came to `redirect_uri`. Some browsers and desktops turn the deep link's `:/` into `://`, which
    /// makes the first part of its path a host.
    pub(crate) fn came_to(&self, redirect_uri: &str) -> bool {
        let is_other_spelling =
            redirect_uri == DEEP_LINK && self.place.as_str() == DEEP_LINK.replacen(":/", "://", 1);
        is_other_spelling || Url::parse(redirect_uri).is_ok_and(|url| url == self.place)
    }
}

impl Fault {
    /// What a person is told who waits for an answer.
    pub(crate) fn explain(&self) -> Error {
        let message = format!("An answer came back from the browser that Grapnel does not accept: {self}.");
        Error::new(Code::CallbackInvalid, message)
            .means("It changed nothing.")
            .hint("If you are signing in, go on in the browser, or start again from here.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Overrides, Profile};
    use crate::secret::ExposeSecret;
    use proptest::prelude::*;

    const LOOPBACK: &str = "http://127.0.0.1:4711/callback";

    fn names() -> Names {
        let mut names = Names::default();
        names.add(&Profile::find("grovestreams").unwrap().conventions(&Overrides::new()).unwrap());
        names
    }

    fn fault(query: &str) -> Fault {
        parse(&format!("{DEEP_LINK}{query}"), &names()).unwrap_err()
    }

    #[test]
    fn a_code_comes_home() {
        for (place, redirect_uri) in [
            (DEEP_LINK, DEEP_LINK),
            ("dev.grapnel.desktop://oauth/callback", DEEP_LINK),
            ("DEV.GRAPNEL.DESKTOP:/oauth/callback", DEEP_LINK),
            (LOOPBACK, LOOPBACK),
            ("https://app.example/cb", "https://app.example/cb"),
        ] {
            let callback = parse(&format!("{place}?code=a%20b&state=s&session_state=x"), &names()).unwrap();
            assert!(callback.came_to(redirect_uri), "{place}");
            let Answer::Code(code) = callback.answer else { panic!("{place}") };
            assert_eq!(code.expose_secret(), "a b");
            assert_eq!(callback.state.unwrap().expose_secret(), "s");
        }
    }

    #[test]
    fn a_code_comes_home_under_another_name() {
        let callback = parse(&format!("{DEEP_LINK}?oauthCode=c&oauthState=s"), &names()).unwrap();
        assert_eq!(callback.state.unwrap().expose_secret(), "s");
        assert_eq!(fault("?code=a&oauthCode=b&state=s"), Fault::Repeated("oauthCode".into()));
    }

    #[test]
    fn a_denial_comes_home_with_its_issuer() {
        let callback =
            parse(&format!("{DEEP_LINK}?error=access_denied&state=s&iss=https://id.example"), &names())
                .unwrap();
        assert!(matches!(callback.answer, Answer::Error { error, .. } if error == "access_denied"));
        assert_eq!(callback.issuer.as_deref(), Some("https://id.example"));
    }

    #[test]
    fn an_address_that_is_another_is_not_ours() {
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
            assert!(!parse(other, &names()).unwrap().came_to(DEEP_LINK), "{other}");
        }
        for other in
            ["http://127.0.0.1:4712/callback", "http://127.0.0.1:4711/", "http://localhost:4711/callback"]
        {
            assert!(!parse(&format!("{other}?code=c"), &names()).unwrap().came_to(LOOPBACK), "{other}");
        }
    }

    #[test]
    fn a_code_comes_home_in_the_fragment() {
        for answer in
            ["#code=c&state=s", "?#code=c&state=s", "#signed-in/?code=c&state=s", "?code=c&state=s#_=_"]
        {
            let callback = parse(&format!("{LOOPBACK}{answer}"), &names()).unwrap();
            assert!(callback.came_to(LOOPBACK), "{answer}");
            assert_eq!(callback.state.unwrap().expose_secret(), "s", "{answer}");
        }
        assert_eq!(fault("?state=s#code=c"), Fault::Neither, "the query counts alone");
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        assert_eq!(fault("?code=a&code=b&state=s"), Fault::Repeated("code".into()));
        assert_eq!(fault("?code=a&state=s&state=t"), Fault::Repeated("state".into()));
        assert_eq!(fault("?code=a&state=s&iss=x&iss=y"), Fault::Repeated("iss".into()));
        assert_eq!(fault("?code=a&error=access_denied&state=s"), Fault::Both);
        assert_eq!(fault("?code=&state=s"), Fault::Neither);
        assert_eq!(fault(""), Fault::Neither);
        assert_eq!(fault(&format!("?code={}", "a".repeat(LONGEST))), Fault::TooLong);
        assert_eq!(parse("not an address", &names()).unwrap_err(), Fault::NotAnAddress);
        assert_eq!(
            parse("dev.grapnel.desktop://u@oauth/callback?code=c", &names()).unwrap_err(),
            Fault::NotOurs
        );
    }

    /// Parameters of a callback, with others among them that no one asked for, in any order.
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

    /// An address that carries them: in its query, in its fragment, or behind a path in its fragment.
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
        fn anything_may_come(text: String, joint in joints()) {
            let _ = parse(&text, &names());
            let _ = parse(&format!("{DEEP_LINK}{joint}{text}"), &names());
        }

        #[test]
        fn whatever_the_provider_encodes_is_read_back(
            (all, code, state) in parameters(), place in places(), joint in joints(),
        ) {
            let callback = parse(&address(place, joint, &all), &names()).unwrap();
            prop_assert!(callback.came_to(place));
            let Answer::Code(read) = callback.answer else { panic!("a code") };
            prop_assert_eq!(read.expose_secret(), code);
            let echoed = callback.state.unwrap();
            prop_assert_eq!(echoed.expose_secret(), state);
        }

        /// Wherever the second one stands, under whichever of its names, and even if it says the same.
        #[test]
        fn what_comes_twice_is_refused(
            (all, code, state) in parameters(), place in places(), joint in joints(),
            name in prop::sample::select(vec!["code", "oauthCode", "state", "oauthState"]),
            at: prop::sample::Index, is_same: bool,
        ) {
            let mut all = all;
            let value = if !is_same { "other".into() } else if name.ends_with("ode") { code } else { state };
            all.insert(at.index(all.len() + 1), (name.into(), value));
            let refused = parse(&address(place, joint, &all), &names());
            prop_assert!(matches!(refused, Err(Fault::Repeated(_))));
        }

        /// Scheme, host, port and path are the attempt's own, whatever the parameters say.
        #[test]
        fn only_its_own_address_is_an_attempts(
            (all, ..) in parameters(), joint in joints(), place in places(), host in "[a-z]{1,8}", port in 1024u16..,
            path in "[a-z/]{0,12}",
        ) {
            let other = format!("http://{host}.example:{port}/{path}");
            prop_assert!(!parse(&address(&other, joint, &all), &names()).unwrap().came_to(place));
            let other = format!("{place}/{path}x");
            prop_assert!(!parse(&address(&other, joint, &all), &names()).unwrap().came_to(place));
        }
    }
}
