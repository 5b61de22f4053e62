//! What standards name: userinfo (OpenID Connect) and introspection (RFC 7662), where a provider announces them.

use serde_json::Value;

use super::api::Api;
use super::claims::claim;
use super::read::{Members, id_of, object, scopes, text};
use super::{Account, Authorization, Claims};
use crate::error::Result;

/// The account, from userinfo or else from the token itself.
pub(super) async fn who(api: &Api<'_>, claims: Option<&Claims>) -> Result<Option<Account>> {
    if let Some(url) = &api.conventions.userinfo_url {
        let reply = api.get_at(url).await?;
        return api.understand(object(reply).and_then(userinfo)).map(Some);
    }
    Ok(claims.and_then(|claims| claim(claims, "sub")).map(|sub| Account {
        id: sub.to_owned(),
        name: String::new(),
        email: None,
    }))
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

/// What the provider says of the access token now; nothing where it announces no introspection.
pub(super) async fn introspect(api: &Api<'_>) -> Result<Option<Authorization>> {
    let Some(url) = &api.conventions.introspection_url else { return Ok(None) };
    let reply = api.introspect_at(url).await?;
    let Some(members) = object(reply).filter(|members| members.get("active") == Some(&Value::Bool(true)))
    else {
        return Ok(None);
    };
    Ok(Some(introspection(members)))
}

fn introspection(mut members: Members) -> Authorization {
    Authorization {
        id: text(&mut members, "jti").or_else(|| text(&mut members, "sub")).unwrap_or_default(),
        created_on: None,
        grant_type: None,
        scopes: scopes(members.get("scope")),
        project_ids: Vec::new(),
    }
}
