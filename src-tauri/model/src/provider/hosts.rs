//! The hosts of an app: endpoints that move together, and hosts that do not belong to the provider.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use url::{Origin, Url};

use super::config::certificate_endpoints;
use super::endpoint::is_loopback;
use super::extras::family;
use super::profile::{Overrides, Profile};
use crate::error::Error;

/// Endpoints by the sensitivity of what is sent to them: the client secret, codes and tokens first, then a password,
/// and so on.
const BY_SENSITIVITY: &[&str] = &[
    certificate_endpoints::KEY,
    "token_url",
    "login_url",
    "refresh_url",
    "device_authorization_url",
    "authorize_url",
    "api_base",
];

/// The endpoint that a custom provider is named by: the first that its grant has.
const GRANT_ENDPOINTS: &[&str] = &["authorize_url", "device_authorization_url", "token_url"];

/// A host that an app sends requests to and that does not belong to its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct OtherHost {
    /// The host, with its port unless that is the scheme's default.
    pub host: String,
    /// The keys of the endpoints on it, such as `token_url`.
    pub endpoints: Vec<String>,
}

/// Endpoints that an app does not set and that move with one that it sets.
#[derive(Default)]
pub(super) struct DependentEndpoints {
    /// Their new values, by key.
    pub(super) values: BTreeMap<String, String>,
    /// The endpoints for which the app's own endpoints have several origins.
    pub(super) undecided: BTreeMap<String, BTreeSet<String>>,
}

impl DependentEndpoints {
    /// Fails if an endpoint must be set by the app.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Some((key, origins)) = self.undecided.iter().next() else { return Ok(()) };
        let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
        Err(Error::input(
            key,
            format!(
                "“{key}” is not set, and the addresses that it belongs to are at different hosts: {}.",
                origins.join(", ")
            ),
        )
        .hint(format!("Set {key} as well.")))
    }
}

fn is_endpoint(key: &str) -> bool {
    // An extra parameter may have such a name, but no request is sent to its value.
    family(key).is_none() && (key.ends_with("_url") || key == "api_base")
}

/// The URLs of a setting that requests go to: that of an endpoint, or those of the endpoints for clients with a
/// certificate.
fn urls<'v>(key: &str, value: &'v str) -> Vec<Url> {
    let is_aliases = key == certificate_endpoints::KEY;
    let texts: Vec<&'v str> = match (is_aliases, is_endpoint(key)) {
        (true, _) => certificate_endpoints::pairs(value).filter_map(|(_, url)| url).collect(),
        (false, true) => vec![value],
        (false, false) => Vec::new(),
    };
    texts.into_iter().filter_map(|text| Url::parse(text).ok()).collect()
}

fn origin(address: &str) -> Option<String> {
    match Url::parse(address).ok()?.origin() {
        origin @ Origin::Tuple(..) => Some(origin.ascii_serialization()),
        Origin::Opaque(_) => None,
    }
}

/// The name of a host for a person. Loopback ports are left out, since they change with each start.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) if !is_loopback(url) => format!("{host}:{port}"),
        _ => host.to_owned(),
    })
}

impl Profile {
    /// The endpoints of the profile, each with its origin.
    fn own_endpoints(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.values.iter().filter(|(key, _)| is_endpoint(key)).filter_map(|(key, value)| {
            origin(&value.value).map(|origin| (key.as_str(), value.value.as_str(), origin))
        })
    }

    /// The endpoints that follow those of the app. A self-hosted installation or a custom domain serves all endpoints
    /// of an origin, so an endpoint that the app sets moves the profile's other endpoints at the same origin that the
    /// app does not set.
    pub(super) fn following(&self, overrides: &Overrides) -> DependentEndpoints {
        let mut set: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, _, own) in self.own_endpoints() {
            if let Some(moved) = overrides.get(key).and_then(|address| origin(address)) {
                set.entry(own).or_default().insert(moved);
            }
        }
        let mut following = DependentEndpoints::default();
        for (key, address, own) in self.own_endpoints().filter(|(key, ..)| !overrides.contains_key(*key)) {
            let Some(origins) = set.get(&own) else { continue };
            match (origins.first(), origins.len()) {
                (Some(moved), 1) => {
                    if let Some(rest) = address.strip_prefix(&own).filter(|_| *moved != own) {
                        following.values.insert(key.to_owned(), format!("{moved}{rest}"));
                    }
                }
                _ => drop(following.undecided.insert(key.to_owned(), origins.clone())),
            }
        }
        following
    }

    /// The profile at whose own origins all of these endpoints are, if there is one.
    pub fn serving<'e>(endpoints: impl IntoIterator<Item = &'e str>) -> Option<&'static Self> {
        let asked: Option<BTreeSet<String>> = endpoints.into_iter().map(origin).collect();
        let asked = asked.filter(|asked| !asked.is_empty())?;
        Self::all().find(|profile| {
            let own: BTreeSet<String> = profile.own_endpoints().map(|(.., origin)| origin).collect();
            asked.is_subset(&own)
        })
    }

    /// The hosts that do not belong to the provider, those that receive the most sensitive requests first. For a custom
    /// provider, these are all hosts.
    pub fn other_hosts(&self, overrides: &Overrides) -> Vec<OtherHost> {
        let own: BTreeSet<String> = self.own_endpoints().map(|(.., origin)| origin).collect();
        let values = self.values(overrides);
        let rest = values.keys().map(String::as_str).filter(|key| !BY_SENSITIVITY.contains(key));
        let mut others: Vec<OtherHost> = Vec::new();
        for key in BY_SENSITIVITY.iter().copied().chain(rest) {
            for url in values.get(key).map(|value| urls(key, value)).unwrap_or_default() {
                let is_other = !own.contains(&url.origin().ascii_serialization());
                let Some(host) = host(&url).filter(|_| is_other) else { continue };
                match others.iter_mut().find(|other| other.host == host) {
                    Some(other) if other.endpoints.iter().any(|named| named == key) => {}
                    Some(other) => other.endpoints.push(key.to_owned()),
                    None => others.push(OtherHost { host, endpoints: vec![key.to_owned()] }),
                }
            }
        }
        others
    }

    /// Whether every endpoint is on loopback, as with the sandbox.
    fn is_here(&self, overrides: &Overrides) -> bool {
        let values = self.values(overrides);
        let mut filled = values.iter().filter(|(key, value)| is_endpoint(key) && !value.is_empty());
        filled.all(|(_, address)| Url::parse(address).is_ok_and(|url| is_loopback(&url)))
            && urls(
                certificate_endpoints::KEY,
                values.get(certificate_endpoints::KEY).map_or("", String::as_str),
            )
            .iter()
            .all(is_loopback)
    }

    /// The page at which a person manages apps and revokes access. A server on this computer, such as the sandbox, has
    /// none: that of the real provider knows nothing of it.
    pub fn portal_of(&self, overrides: &Overrides) -> &str {
        if self.is_here(overrides) { "" } else { &self.portal }
    }

    /// The provider's name in a sentence, with the host if that does not belong to the provider. For a custom provider,
    /// the host alone.
    pub fn name_in_sentence(&self, overrides: &Overrides) -> String {
        let is_known = self.values.get("authorize_url").is_some_and(|value| !value.value.is_empty());
        if is_known {
            return match self.other_hosts(overrides).first() {
                Some(_) if self.is_here(overrides) => {
                    format!("{} (this computer)", self.name)
                }
                Some(other) => format!("{}, as {}", other.host, self.name),
                None => self.name.clone(),
            };
        }
        // The port distinguishes servers on one host, also on loopback.
        let page = GRANT_ENDPOINTS.iter().find_map(|key| Url::parse(overrides.get(*key)?).ok());
        let called = page.as_ref().and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        called.unwrap_or_else(|| self.name.clone())
    }

    /// The host that receives the person's password, if the app signs in without a browser.
    pub fn login_host(&self, overrides: &Overrides) -> Option<String> {
        host(&Url::parse(self.values(overrides).get("login_url")?).ok()?)
    }

    /// Refuses loopback endpoints of a remote provider in settings written by someone else: any program that listens on
    /// the port would receive codes and tokens in the clear.
    pub fn check_loopback(&self, overrides: &Overrides) -> Result<(), Error> {
        let values = self.values(overrides);
        let at = |key: &str| values.get(key).map(|value| urls(key, value)).unwrap_or_default();
        let issuer = values.get("issuer").and_then(|issuer| Url::parse(issuer).ok());
        let is_remote = ["authorize_url", "device_authorization_url"]
            .iter()
            .flat_map(|key| at(key))
            .chain(issuer)
            .any(|url| !is_loopback(&url));
        // Names the endpoint that was set, before one that follows it.
        let mut keys = overrides.keys().chain(values.keys());
        let local = keys.find(|key| at(key).iter().any(|url| url.scheme() == "http" && is_loopback(url)));
        match local.filter(|_| is_remote) {
            Some(key) => Err(Error::input(
                key,
                "The address is on this computer, and the provider’s sign-in page is not: other programs here could \
                 take its codes and tokens.",
            )
            .hint("Enter the provider’s own https address.")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(values: &[(&str, &str)]) -> Overrides {
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn profile(id: &str) -> &'static Profile {
        Profile::find(id).unwrap()
    }

    /// Moves every endpoint of every profile alone; it is named, and those that follow it are on the same host.
    #[test]
    fn a_provider_is_named_with_its_foreign_host() {
        let mut told = Vec::new();
        for profile in Profile::built_in().iter().filter(|profile| profile.id != "custom") {
            assert_eq!(profile.name_in_sentence(&Overrides::new()), profile.name);
            let keys = super::super::setting_names::KEYS.iter().filter(|key| is_endpoint(key));
            for key in keys {
                let moved = own(&[(key, "https://evil.example/x")]);
                assert_eq!(
                    profile.name_in_sentence(&moved),
                    format!("evil.example, as {}", profile.name),
                    "{key}"
                );
                let [other] = &profile.other_hosts(&moved)[..] else { panic!("{key}") };
                assert!(other.endpoints.contains(&(*key).to_owned()), "{key}");
                told.push(format!("{} {key}: {}", profile.id, other.endpoints.join(" ")));
            }
        }
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn of_several_hosts_the_most_sensitive_is_named() {
        let moved = own(&[
            ("authorize_url", "https://page.example"),
            ("token_url", "https://evil.example:8443/t"),
            ("userinfo_url", "https://who.example"),
        ]);
        let grigora = profile("grigora");
        assert_eq!(grigora.name_in_sentence(&moved), "evil.example:8443, as Grigora");
        let hosts: Vec<String> = grigora.other_hosts(&moved).into_iter().map(|other| other.host).collect();
        assert_eq!(hosts, ["evil.example:8443", "page.example", "who.example"]);
    }

    /// Only if no request goes to another host.
    #[test]
    fn a_provider_entirely_on_loopback_is_named_so() {
        let addresses = |profile: &Profile, address: &str| -> Overrides {
            profile.own_endpoints().map(|(key, ..)| (key.to_owned(), format!("{address}/{key}"))).collect()
        };
        for (id, at, called) in [
            ("grigora", "http://127.0.0.1:4780", "Grigora (this computer)"),
            ("thegrid", "http://localhost:4782", "The Grid (this computer)"),
            ("grovestreams", "https://[::1]", "GroveStreams (this computer)"),
            ("grigora", "http://127.0.0.1.evil.example", "127.0.0.1.evil.example, as Grigora"),
        ] {
            let profile = profile(id);
            let mut here = addresses(profile, at);
            assert_eq!(profile.name_in_sentence(&here), called);
            assert_eq!(profile.portal_of(&here).is_empty(), called.ends_with("(this computer)"), "{id}");
            here.insert("userinfo_url".into(), "https://evil.example/who".into());
            assert!(profile.name_in_sentence(&here).ends_with(&format!(", as {}", profile.name)), "{id}");
        }
        let mut elsewhere = addresses(profile("grigora"), "http://127.0.0.1:4780");
        elsewhere.insert("token_url".into(), "https://evil.example/t".into());
        assert_eq!(profile("grigora").name_in_sentence(&elsewhere), "evil.example, as Grigora");
    }

    /// They replace the usual endpoints of a client with a certificate, so they are as sensitive.
    #[test]
    fn endpoints_for_clients_with_a_certificate_are_named() {
        let grigora = profile("grigora");
        let aliases = |pairs: &str| own(&[("certificate_bound", "true"), ("mtls_endpoint_aliases", pairs)]);
        let evil = aliases(
            "token_endpoint=https://evil.example/t revocation_endpoint=https://evil.example/r \
             userinfo_endpoint=https://build.grigora.co/u",
        );
        assert_eq!(grigora.name_in_sentence(&evil), "evil.example, as Grigora");
        let [other] = &grigora.other_hosts(&evil)[..] else { panic!("one host") };
        assert_eq!(other.endpoints, ["mtls_endpoint_aliases"]);
        let error = grigora.check_loopback(&aliases("token_endpoint=http://127.0.0.1:631/t")).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("mtls_endpoint_aliases"));
        let mut here: Overrides = grigora
            .own_endpoints()
            .map(|(key, ..)| (key.to_owned(), format!("http://127.0.0.1:4780/{key}")))
            .collect();
        here.extend(aliases("token_endpoint=https://evil.example/t"));
        assert_eq!(grigora.name_in_sentence(&here), "evil.example, as Grigora");
    }

    #[test]
    fn another_host_of_the_provider_is_not_foreign() {
        let moved = own(&[("revocation_url", "https://build.grigora.co/revoke")]);
        assert_eq!(profile("grigora").name_in_sentence(&moved), "Grigora");
    }

    #[test]
    fn a_built_in_profile_is_found_by_its_endpoints() {
        let serving =
            |endpoints: &[&str]| Profile::serving(endpoints.iter().copied()).map(|one| one.id.as_str());
        assert_eq!(serving(&["https://build.grigora.co/x", "https://api.grigora.co/y"]), Some("grigora"));
        for other in [
            &["https://build.grigora.co/x", "https://evil.example/y"][..],
            &["http://build.grigora.co/x"],
            &["https://build.grigora.co:8443/x"],
            &["https://build.grigora.co.evil.example/x"],
            &["https://api.grigora.co/x", "not an address"],
            &[],
        ] {
            assert_eq!(serving(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_custom_provider_is_named_by_its_host() {
        let custom =
            own(&[("authorize_url", "https://id.example/a"), ("token_url", "https://tokens.example/t")]);
        assert_eq!(profile("custom").name_in_sentence(&custom), "id.example");
        for host in ["id.example:8443", "127.0.0.1:9001", "[::1]:9002"] {
            let scheme = if host.starts_with("id") { "https" } else { "http" };
            let custom = own(&[("authorize_url", &format!("{scheme}://{host}/a"))]);
            assert_eq!(profile("custom").name_in_sentence(&custom), host);
        }
        assert_eq!(profile("custom").name_in_sentence(&Overrides::new()), "Another provider");
    }

    #[test]
    fn a_branded_installation_gets_every_endpoint_and_the_password() {
        let set = own(&[
            ("authorize_url", "https://iot.acme.example/Modern/#signinoauth/"),
            ("token_url", "https://iot.acme.example/api/oauth_access_token"),
            ("api_base", "https://iot.acme.example/api"),
        ]);
        let grove = profile("grovestreams");
        let config = grove.check(&set).unwrap();
        assert_eq!(config.login_url.unwrap().as_str(), "https://iot.acme.example/api/oauth_login");
        assert_eq!(grove.login_host(&set).as_deref(), Some("iot.acme.example"));
        let one = own(&[("token_url", "http://127.0.0.1:4783/api/oauth_access_token")]);
        let config = grove.check(&one).unwrap();
        assert_eq!(config.origins().into_iter().collect::<Vec<_>>(), ["http://127.0.0.1:4783"]);
        assert_eq!(config.authorize_url().unwrap().as_str(), "http://127.0.0.1:4783/Modern/#signinoauth/");
    }

    #[test]
    fn only_unset_endpoints_of_the_same_origin_follow() {
        let kept = "https://grovestreams.com/api/oauth_login";
        let set = own(&[("token_url", "https://iot.acme.example/t"), ("login_url", kept)]);
        let error = profile("grovestreams").check(&set).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("api_base"), "{error:?}");
        let moved = own(&[("token_url", "https://acme.example/t")]);
        let config = profile("grigora").check(&moved).unwrap();
        assert_eq!(config.authorize_url().unwrap().host_str(), Some("build.grigora.co"));
        assert_eq!(config.api_base.unwrap().host_str(), Some("acme.example"));
    }

    /// A new app must set where its password goes; a stored one continues without that sign-in.
    #[test]
    fn a_password_is_not_sent_if_the_hosts_differ() {
        let set = own(&[
            ("authorize_url", "https://brand.example/Modern/#signinoauth/"),
            ("token_url", "https://iot.acme.example/t"),
            ("api_base", "https://iot.acme.example/api"),
        ]);
        let grove = profile("grovestreams");
        let error = grove.check(&set).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("login_url"));
        insta::assert_snapshot!(format!("{} {}", error.message, error.hint.unwrap()), @"“login_url” is not set, and \
            the addresses that it belongs to are at different hosts: https://brand.example, https://iot.acme.example. \
            Set login_url as well.");
        assert_eq!(grove.config(&set).unwrap().login_url, None);
        assert_eq!(grove.login_host(&set), None);
    }

    #[test]
    fn a_file_names_no_loopback_endpoint_for_a_remote_provider() {
        for (id, key) in [("grigora", "token_url"), ("grigora", "userinfo_url"), ("thegrid", "api_base")] {
            let error = profile(id).check_loopback(&own(&[(key, "http://127.0.0.1:631/x")])).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(key));
        }
        let local = [
            ("authorize_url", "http://localhost:1/a"),
            ("token_url", "http://127.0.0.1:2/t"),
            ("issuer", "http://localhost:1"),
        ];
        profile("custom").check_loopback(&own(&local)).unwrap();
        let mixed = [local[0], local[1], ("issuer", "https://id.example")];
        assert!(profile("custom").check_loopback(&own(&mixed)).is_err());
    }
}
