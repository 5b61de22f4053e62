//! The callback: hostile input until parsed. One pure function reads it, for all ways back.

use url::Url;

use crate::error::{Code, Error};
use crate::secret::SecretString;

/// No true callback is longer.
const LONGEST: usize = 16 * 1024;

/// A callback that is well-formed. Whether it belongs to an attempt is for the caller to find out.
#[derive(Debug)]
pub(crate) struct Callback {
    /// The state, if it carried one.
    pub(crate) state: Option<SecretString>,
    pub(crate) answer: Answer,
}

/// What the provider answered through the browser (RFC 6749 §4.1.2).
#[derive(Debug)]
pub(crate) enum Answer {
    Code(SecretString),
    Error { error: String, description: Option<String> },
}

/// Why a callback is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it is longer than any true one")]
    TooLong,
    #[error("it is not an address")]
    NotAnAddress,
    #[error("its address is not Grapnel’s redirect address")]
    NotOurs,
    #[error("it carries “{0}” more than once")]
    Repeated(&'static str),
    #[error("it carries both a code and an error")]
    Both,
    #[error("it carries neither a code nor an error")]
    Neither,
}

/// Reads a callback address.
pub(crate) fn parse(address: &str) -> Result<Callback, Fault> {
    if address.len() > LONGEST {
        return Err(Fault::TooLong);
    }
    let url = Url::parse(address).map_err(|_| Fault::NotAnAddress)?;
    if !is_ours(&url) {
        return Err(Fault::NotOurs);
    }
    let single = |name: &'static str| {
        let mut values =
            url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let value = values.next();
        if values.next().is_some() {
            Err(Fault::Repeated(name))
        } else {
            Ok(value.filter(|value| !value.is_empty()))
        }
    };
    let state = single("state")?.map(SecretString::from);
    let description = single("error_description")?;
    let answer = match (single("code")?, single("error")?) {
        (Some(code), None) => Answer::Code(code.into()),
        (None, Some(error)) => Answer::Error { error, description },
        (Some(_), Some(_)) => return Err(Fault::Both),
        (None, None) => return Err(Fault::Neither),
    };
    Ok(Callback { state, answer })
}

/// Whether this is the redirect URI that is registered. Some browsers and desktops turn `:/` into `://`,
/// which makes the first part of the path a host.
fn is_ours(url: &Url) -> bool {
    let scheme = url.scheme() == "dev.grapnel.desktop";
    let place = match url.host_str() {
        None => url.path() == "/oauth/callback",
        Some(host) => host == "oauth" && url.path() == "/callback",
    };
    scheme && place && url.username().is_empty() && url.password().is_none() && url.port().is_none()
}

impl Fault {
    /// What a person is told who waits for an answer.
    pub(crate) fn explain(&self) -> Error {
        Error::new(
            Code::CallbackInvalid,
            format!("An answer came back from the browser that Grapnel does not accept: {self}."),
        )
        .means("It changed nothing.")
        .hint("If you are signing in, go on in the browser, or start again from here.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret;
    use proptest::prelude::*;

    const OURS: &str = "dev.grapnel.desktop:/oauth/callback";

    fn fault(query: &str) -> Fault {
        parse(&format!("{OURS}{query}")).unwrap_err()
    }

    #[test]
    fn a_code_comes_home() {
        for place in [OURS, "dev.grapnel.desktop://oauth/callback", "DEV.GRAPNEL.DESKTOP:/oauth/callback"] {
            let callback = parse(&format!("{place}?code=a%20b&state=s&session_state=x")).unwrap();
            let Answer::Code(code) = callback.answer else { panic!("{place}") };
            assert_eq!(code.expose_secret(), "a b");
            assert_eq!(callback.state.unwrap().expose_secret(), "s");
        }
    }

    #[test]
    fn a_denial_comes_home() {
        let callback = parse(&format!("{OURS}?error=access_denied&state=s")).unwrap();
        assert!(matches!(callback.answer, Answer::Error { error, .. } if error == "access_denied"));
    }

    #[test]
    fn an_address_that_is_not_ours_is_refused() {
        for other in [
            "dev.grapnel.desktop:/oauth/callback/x?code=c",
            "dev.grapnel.desktop:/oauth?code=c",
            "dev.grapnel.desktop://evil/oauth/callback?code=c",
            "dev.grapnel.desktop://oauth:1/callback?code=c",
            "dev.grapnel.desktop://u@oauth/callback?code=c",
            "dev.grapnel.desktop:oauth/callback?code=c",
            "https://oauth/callback?code=c",
            "file:///oauth/callback?code=c",
        ] {
            assert_eq!(parse(other).unwrap_err(), Fault::NotOurs, "{other}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        assert_eq!(fault("?code=a&code=b&state=s"), Fault::Repeated("code"));
        assert_eq!(fault("?code=a&state=s&state=t"), Fault::Repeated("state"));
        assert_eq!(fault("?code=a&error=access_denied&state=s"), Fault::Both);
        assert_eq!(fault("?code=&state=s"), Fault::Neither);
        assert_eq!(fault(""), Fault::Neither);
        assert_eq!(fault(&format!("?code={}", "a".repeat(LONGEST))), Fault::TooLong);
        assert_eq!(parse("not an address").unwrap_err(), Fault::NotAnAddress);
    }

    proptest! {
        #[test]
        fn anything_may_come(text: String) {
            let _ = parse(&text);
            let _ = parse(&format!("{OURS}?{text}"));
        }

        #[test]
        fn whatever_the_provider_encodes_is_read_back(code in "\\PC{1,80}", state in "[A-Za-z0-9_-]{43}") {
            let mut url = Url::parse(OURS).unwrap();
            url.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
            let callback = parse(url.as_str()).unwrap();
            let Answer::Code(read) = callback.answer else { panic!("a code") };
            prop_assert_eq!(read.expose_secret(), code);
            let echoed = callback.state.unwrap();
            prop_assert_eq!(echoed.expose_secret(), state);
        }
    }
}
