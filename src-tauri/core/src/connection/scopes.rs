//! Compares requested and granted scopes.

use grapnel_model::connection::Scopes;

/// The tokens beside the access token that the provider issued. They prove scopes that it does not report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Issued {
    pub(super) refresh_token: bool,
    pub(super) id_token: bool,
}

impl Issued {
    /// Whether a scope requests a token that was issued: OpenID Connect Core §3.1.2.1 and §11.
    fn proves(self, scope: &str) -> bool {
        (self.id_token && scope == "openid") || (self.refresh_token && scope == "offline_access")
    }
}

/// Compares them. A provider that returns no scopes has granted the requested ones (RFC 6749 §5.1).
pub(super) fn compare(
    requested: Vec<String>,
    granted: Vec<String>,
    aliases: &[(String, String)],
    issued: Issued,
) -> Scopes {
    if granted.is_empty() {
        return Scopes { granted: requested.clone(), requested, ..Scopes::default() };
    }
    let is_granted = |scope: &&String| {
        // Stands for all scopes that the app is registered for (Microsoft Entra).
        scope.ends_with("/.default") || granted.iter().any(|one| is_same(scope, one, aliases))
    };
    let unreported = requested.iter().filter(|scope| !is_granted(scope)).cloned();
    let (proven, missing) = unreported.partition(|scope| issued.proves(scope));
    Scopes { requested, granted, missing, proven }
}

/// Whether two names mean the same scope: with or without the resource as prefix, ignoring case, or by an alias.
fn is_same(asked: &str, granted: &str, aliases: &[(String, String)]) -> bool {
    let is_alias = |(one, other): &(String, String)| {
        (one == asked && other == granted) || (one == granted && other == asked)
    };
    asked.eq_ignore_ascii_case(granted)
        || aliases.iter().any(is_alias)
        || is_within_resource(asked, granted)
        || is_within_resource(granted, asked)
}

/// Whether `long` is `short` with the URL of its resource as prefix, as in `https://graph.microsoft.com/User.Read`.
fn is_within_resource(long: &str, short: &str) -> bool {
    let rest = long.split_once("://").and_then(|(_, rest)| Some(rest.rsplit_once('/')?.1));
    !short.contains('/') && rest.is_some_and(|rest| rest.eq_ignore_ascii_case(short))
}

#[cfg(test)]
mod tests {
    use grapnel_model::provider::{Overrides, Profile};

    use super::*;

    fn missing(requested: &[&str], granted: &[&str], refresh_token: bool) -> Vec<String> {
        scopes(requested, granted, Issued { refresh_token, id_token: false }).missing
    }

    fn scopes(requested: &[&str], granted: &[&str], issued: Issued) -> Scopes {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let own =
            ["authorize_url", "token_url"].map(|key| (key.to_owned(), "https://id.example/x".to_owned()));
        let custom = Profile::find("custom").unwrap().config(&Overrides::from(own)).unwrap();
        compare(words(requested), words(granted), &custom.scope_aliases, issued)
    }

    #[test]
    fn a_token_proves_the_scope_that_requests_it() {
        let requested = ["openid", "offline_access", "a"];
        let all = Issued { refresh_token: true, id_token: true };
        let found = scopes(&requested, &["a"], all);
        assert_eq!(
            (found.missing, found.proven),
            (vec![], vec!["openid".to_owned(), "offline_access".into()])
        );
        let found = scopes(&requested, &["a"], Issued::default());
        assert_eq!(
            (found.missing, found.proven),
            (vec!["openid".to_owned(), "offline_access".into()], vec![])
        );
        let reported = scopes(&requested, &requested, all);
        assert_eq!((reported.missing, reported.proven), (vec![], vec![]), "a reported scope needs no proof");
    }

    #[test]
    fn a_scope_granted_under_another_name_is_not_missing() {
        let none: [&str; 0] = [];
        let google = [
            "openid",
            "https://www.googleapis.com/auth/userinfo.email",
            "https://www.googleapis.com/auth/userinfo.profile",
        ];
        assert_eq!(missing(&["email", "profile"], &google, false), none);
        assert_eq!(missing(&["b", "a", "a"], &["a", "b", "c"], false), none);
        assert_eq!(missing(&["Read"], &["read"], false), none);
        assert_eq!(missing(&["https://graph.microsoft.com/User.Read"], &["User.Read"], false), none);
        assert_eq!(missing(&["User.Read"], &["https://graph.microsoft.com/user.read"], false), none);
        assert_eq!(missing(&["api://x/.default"], &["api://x/orders"], false), none);
        assert_eq!(missing(&["a"], &[], false), none);
        assert_eq!(missing(&["a", "offline_access"], &["a"], true), none);
        assert_eq!(missing(&["a", "offline_access"], &["a"], false), ["offline_access"]);
        assert_eq!(missing(&["email", "write"], &google, false), ["write"]);
        assert_eq!(
            missing(&["https://x.example/write"], &["https://y.example/write"], false),
            ["https://x.example/write"]
        );
    }
}
