//! The profiles that are compiled in: the providers that Grapnel is made for, and templates for widely used ones.

use std::sync::LazyLock;

use super::profile::Profile;
use crate::error::{Code, Error, Result};

/// The profiles of the providers that Grapnel is made for, and of any other one.
const BUILT_IN: &[&str] = &[
    include_str!("profiles/grigora.toml"),
    include_str!("profiles/grindery.toml"),
    include_str!("profiles/thegrid.toml"),
    include_str!("profiles/grovestreams.toml"),
    include_str!("profiles/custom.toml"),
];

/// The profiles of widely used providers, by name. Each value has its documentation's page, or is an assumption.
const TEMPLATES: &[&str] = &[
    include_str!("templates/atlassian.toml"),
    include_str!("templates/auth0.toml"),
    include_str!("templates/discord.toml"),
    include_str!("templates/github.toml"),
    include_str!("templates/gitlab.toml"),
    include_str!("templates/google.toml"),
    include_str!("templates/keycloak.toml"),
    include_str!("templates/entra.toml"),
    include_str!("templates/notion.toml"),
    include_str!("templates/okta.toml"),
    include_str!("templates/slack.toml"),
    include_str!("templates/spotify.toml"),
];

fn parsed(files: &[&str]) -> Vec<Profile> {
    #[expect(clippy::expect_used, reason = "the files are compiled in and read by a test")]
    files.iter().map(|text| toml::from_str(text).expect("a compiled-in profile is valid")).collect()
}

impl Profile {
    /// All built-in profiles, in the order to offer them.
    pub fn built_in() -> &'static [Self] {
        static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| parsed(BUILT_IN));
        &PROFILES
    }

    /// The templates for widely used providers, by name.
    pub fn templates() -> &'static [Self] {
        static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| parsed(TEMPLATES));
        &PROFILES
    }

    /// All built-in profiles, then all templates.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Self::built_in().iter().chain(Self::templates())
    }

    /// Whether it is a template.
    pub fn is_template(&self) -> bool {
        Self::templates().iter().any(|template| template.id == self.id)
    }

    /// The profile with this ID, built in or a template.
    pub fn find(id: &str) -> Result<&'static Self> {
        Self::all().find(|profile| profile.id == id).ok_or_else(|| {
            Error::new(Code::NotFound, format!("There is no provider “{id}”."))
                .hint("Choose one of the providers that Grapnel lists.")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use url::Url;

    use super::*;
    use crate::provider::{Overrides, Source};

    #[test]
    fn every_profile_has_its_own_id_and_name() {
        let ids: BTreeSet<&str> = Profile::all().map(|profile| profile.id.as_str()).collect();
        let names: BTreeSet<&str> = Profile::all().map(|profile| profile.name.as_str()).collect();
        assert_eq!((ids.len(), names.len()), (Profile::all().count(), Profile::all().count()));
        assert_eq!((Profile::built_in().len(), Profile::templates().len()), (5, 12));
    }

    #[test]
    fn every_documented_value_of_a_template_names_its_page_and_no_assumption_does() {
        for template in Profile::templates() {
            for (key, value) in &template.values {
                let page = value.page.as_deref().map(|page| template.pages.get(page));
                match (value.source, page) {
                    (Source::Documented, Some(Some(_))) | (Source::Assumed, None) => {}
                    _ => {
                        panic!("{}: {key} is {:?} with the page {:?}", template.id, value.source, value.page)
                    }
                }
            }
            let used: BTreeSet<&String> =
                template.values.values().filter_map(|it| it.page.as_ref()).collect();
            assert_eq!(used, template.pages.keys().collect(), "{}: unused pages", template.id);
            for page in template.pages.values() {
                assert_eq!(Url::parse(page).unwrap().scheme(), "https", "{}", template.id);
            }
        }
    }

    /// Those of a tenant have an example of its issuer instead.
    #[test]
    fn every_template_is_complete_or_is_discovered_by_an_issuer() {
        for template in Profile::templates() {
            let has = |key: &str| template.values.get(key).is_some_and(|value| !value.value.is_empty());
            let mut own = Overrides::new();
            if !has("authorize_url") {
                assert!(has("issuer_example") && template.values.contains_key("issuer"), "{}", template.id);
                for key in ["authorize_url", "token_url"] {
                    own.insert(key.into(), "https://id.example/x".into());
                }
            }
            template.check(&own).unwrap();
            assert!(
                !template.register.is_empty() && template.scopes.iter().all(|it| !it.description.is_empty())
            );
            let method = template.values.get("redirect_method").map(|value| value.value.as_str());
            assert!(matches!(method, None | Some("deep_link" | "loopback" | "paste")), "{}", template.id);
        }
    }
}
