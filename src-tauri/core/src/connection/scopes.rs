//! Compares requested and granted scopes.

use grapnel_model::connection::Scopes;

/// Compares them. A provider that returns no scopes has granted the requested ones (RFC 6749 §5.1).
pub(super) fn compare(
    requested: Vec<String>,
    granted: Vec<String>,
    aliases: &[(String, String)],
    refreshes: bool,
) -> Scopes {
    if granted.is_empty() {
        return Scopes { granted: requested.clone(), requested, missing: Vec::new() };
    }
    let is_granted = |scope: &str| {
        // This scope requests a refresh token (OpenID Connect Core §11); some providers do not return it.
        (refreshes && scope == "offline_access")
            // Stands for all scopes that the app is registered for (Microsoft Entra).
            || scope.ends_with("/.default")
            || granted.iter().any(|one| is_same(scope, one, aliases))
    };
    let missing = requested.iter().filter(|scope| !is_granted(scope)).cloned().collect();
    Scopes { requested, granted, missing }
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

    fn missing(requested: &[&str], granted: &[&str], refreshes: bool) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let own =
            ["authorize_url", "token_url"].map(|key| (key.to_owned(), "https://id.example/x".to_owned()));
        let custom = Profile::find("custom").unwrap().config(&Overrides::from(own)).unwrap();
        compare(words(requested), words(granted), &custom.scope_aliases, refreshes).missing
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
