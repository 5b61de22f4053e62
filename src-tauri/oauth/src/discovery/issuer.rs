//! The issuer as typed by a person, and the URLs where its metadata may be.

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::endpoint;
use url::Url;

/// The well-known path of RFC 8414 §3.
const OAUTH: &str = "/.well-known/oauth-authorization-server";
/// The well-known path of OpenID Connect Discovery §4.
const OPENID: &str = "/.well-known/openid-configuration";

/// An issuer as it was typed.
#[derive(Debug)]
pub(super) struct TypedIssuer {
    /// The typed text, or the issuer that a pasted metadata URL belongs to.
    pub(super) text: String,
    url: Url,
    /// Whether the issuer itself was typed. A metadata URL does not tell whether its issuer ends in a slash.
    is_exact: bool,
}

impl TypedIssuer {
    /// Reads an issuer, or the URL of its metadata document.
    pub(super) fn read(typed: &str) -> Result<Self> {
        let typed = typed.trim();
        let url = endpoint("issuer", typed)?;
        if url.query().is_some() {
            return Err(Error::input("issuer", "An issuer has no ? in its address.")
                .hint("Remove the ? and what follows it."));
        }
        Ok(match of_metadata_url(&url) {
            Some(url) => Self { text: without_slash(&url), url, is_exact: false },
            None => Self { text: typed.to_owned(), url, is_exact: true },
        })
    }

    /// The URLs of RFC 8414's document: the well-known path before the issuer's path, as specified, then after it.
    pub(super) fn oauth_addresses(&self) -> Vec<Url> {
        self.addresses(|path| [format!("{OAUTH}{path}"), format!("{path}{OAUTH}")])
    }

    /// The URLs of OpenID's document: the well-known path after the issuer's path, as specified, then before it.
    pub(super) fn openid_addresses(&self) -> Vec<Url> {
        self.addresses(|path| [format!("{path}{OPENID}"), format!("{OPENID}{path}")])
    }

    fn addresses(&self, paths: impl Fn(&str) -> [String; 2]) -> Vec<Url> {
        let [first, second] = paths(self.url.path().trim_end_matches('/')).map(|path| {
            let mut url = self.url.clone();
            url.set_path(&path);
            url
        });
        if first == second { vec![first] } else { vec![first, second] }
    }

    /// Whether a document that names `announced` belongs to this issuer: the strings must be equal (RFC 8414 §3.3).
    pub(super) fn is(&self, announced: &str) -> bool {
        if self.is_exact { announced == self.text } else { self.differs_in_spelling_only(announced) }
    }

    /// Whether `announced` is the same URL in another spelling, such as with a trailing slash.
    pub(super) fn differs_in_spelling_only(&self, announced: &str) -> bool {
        Url::parse(announced).is_ok_and(|url| without_slash(&url) == without_slash(&self.url))
    }
}

/// The issuer whose metadata document is at `url`, in any of the four forms.
pub(super) fn of_metadata_url(url: &Url) -> Option<Url> {
    let (before, after) = [OAUTH, OPENID].iter().find_map(|suffix| url.path().split_once(suffix))?;
    if !(after.is_empty() || after.starts_with('/')) {
        return None;
    }
    let mut issuer = url.clone();
    issuer.set_path(&format!("{before}{}", after.trim_end_matches('/')));
    issuer.set_query(None);
    Some(issuer)
}

fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> TypedIssuer {
        TypedIssuer::read(typed).unwrap()
    }

    #[test]
    fn metadata_urls_follow_the_standards_and_common_practice() {
        let all = |typed: &str| {
            let issuer = read(typed);
            let addresses = issuer.oauth_addresses().into_iter().chain(issuer.openid_addresses());
            addresses.map(|url| url.path().to_owned()).collect::<Vec<_>>()
        };
        let with_path = [
            "/.well-known/oauth-authorization-server/tenant/7",
            "/tenant/7/.well-known/oauth-authorization-server",
            "/tenant/7/.well-known/openid-configuration",
            "/.well-known/openid-configuration/tenant/7",
        ];
        assert_eq!(all("https://id.example/tenant/7"), with_path);
        assert_eq!(all("https://id.example/tenant/7/"), with_path);
        let without = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
        assert_eq!(all("https://id.example"), without);
        assert_eq!(all("https://id.example/"), without);
    }

    #[test]
    fn a_metadata_url_is_understood_as_its_issuer() {
        for suffix in [OAUTH, OPENID] {
            for slash in ["", "/"] {
                assert_eq!(read(&format!(" https://id.example{suffix}{slash} ")).text, "https://id.example");
                for pasted in [
                    format!("https://id.example/tenant/7{suffix}{slash}"),
                    format!("https://id.example{suffix}/tenant/7{slash}"),
                ] {
                    let issuer = read(&pasted);
                    assert_eq!(issuer.text, "https://id.example/tenant/7", "{pasted}");
                    assert!(issuer.is("https://id.example/tenant/7/") && issuer.is(&issuer.text));
                    assert!(!issuer.is("https://id.example/tenant") && !issuer.is("https://other.example"));
                }
            }
        }
        assert_eq!(read("https://id.example/.well-known/other").text, "https://id.example/.well-known/other");
    }

    #[test]
    fn issuers_are_compared_exactly() {
        for (typed, announced) in [
            ("https://id.example", "https://id.example/"),
            ("https://id.example/a/", "https://id.example/a"),
            ("https://ID.example:443", "https://id.example"),
        ] {
            let issuer = read(typed);
            assert!(!issuer.is(announced) && issuer.differs_in_spelling_only(announced), "{typed}");
        }
        for (typed, announced) in [
            ("https://id.example", "https://id.example/a"),
            ("https://id.example", "http://id.example"),
            ("https://id.example", "https://id.example:8443"),
            ("https://id.example", "7"),
        ] {
            assert!(!read(typed).differs_in_spelling_only(announced), "{announced}");
        }
    }
}
