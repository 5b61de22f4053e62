//! What standards name: userinfo (OpenID Connect) and introspection (RFC 7662), where a provider announces them.

use serde_json::Value;

use super::api::Api;
use super::claims::claim;
use super::read::{Members, id_of, moment, object, scopes, text};
use super::{Account, Authorization, Claims};

/// The account, from userinfo or else from the token itself. Userinfo is for tokens that were granted `openid`,
/// and one that does not answer is no trouble: nobody promised it.
pub(super) async fn who(api: &Api<'_>, claims: Option<&Claims>) -> Option<Account> {
    if let Some(url) = api.conventions.userinfo_url.as_ref().filter(|_| api.may_be_granted("openid"))
        && let Ok(reply) = api.get_at(url).await
        && let Some(account) = object(reply).and_then(userinfo)
    {
        return Some(account);
    }
    let sub = claims.and_then(|claims| claim(claims, "sub"))?;
    Some(Account { id: sub.to_owned(), name: String::new(), email: None })
}

fn userinfo(mut members: Members) -> Option<Account> {
    Some(Account {
        id: id_of(&mut members, "sub")?,
        name: text(&mut members, "name")
            .or_else(|| text(&mut members, "preferred_username"))
            .unwrap_or_default(),
        email: text(&mut members, "email"),
    })
}

/// What the provider says of the access token now; nothing where it does not introspect, or not such tokens.
pub(super) async fn introspect(api: &Api<'_>) -> Option<Authorization> {
    let url = api.conventions.introspection_url.as_ref()?;
    let members = object(api.introspect_at(url).await.ok()?)?;
    (members.get("active") == Some(&Value::Bool(true))).then(|| introspection(members))
}

fn introspection(mut members: Members) -> Authorization {
    Authorization {
        id: text(&mut members, "jti").unwrap_or_default(),
        created_on: members.get("iat").and_then(moment).map(|moment| moment.to_string()),
        expires_at: members.get("exp").and_then(moment),
        grant_type: None,
        scopes: scopes(members.get("scope")),
        project_ids: Vec::new(),
    }
}
