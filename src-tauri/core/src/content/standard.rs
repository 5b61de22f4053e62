//! Standard endpoints: userinfo (OpenID Connect) and introspection (RFC 7662), if a provider has them.

use grapnel_model::account::{Account, Authorization, Claims};
use grapnel_model::provider_text::clean;
use grapnel_oauth::http::api::Userinfo;
use serde_json::Value;
use url::Url;

use super::account;
use super::api::Api;
use super::identity::Identity;
use super::jwt::Jwt;
use super::lenient_json::{Members, moment, object, scopes, text};

/// The account, from the ID token, userinfo, introspection, or else the access token itself. A failing endpoint is no
/// error, since these are optional, but the reason for an unknown account is kept.
pub(super) async fn fetch_identity(
    api: &Api<'_>,
    id_account: Option<Account>,
    introspected: Option<&Introspected>,
    claims: Option<&Claims>,
) -> Identity {
    let mut notes = Vec::new();
    let mut account = id_account;
    match &api.config.userinfo_url {
        None => notes.push("The app has no userinfo URL.".to_owned()),
        Some(url) => match userinfo(api, url).await {
            Err(why) => notes.push(format!("Userinfo: {why}.")),
            Ok(told) => match account {
                // Claims of another account must not be used (OpenID Connect Core §5.3.2).
                Some(known) if told.id != known.id => {
                    let note =
                        "Userinfo names another subject than the ID token, and was ignored.".to_owned();
                    return Identity { account: Some(known), note: Some(note) };
                }
                Some(known) => account = Some(known.filled_from(told)),
                None => account = Some(told),
            },
        },
    }
    if account.is_none() {
        account = introspected.and_then(|told| told.account.clone());
    }
    if account.is_none() {
        account = claims.and_then(account::of_claims);
    }
    let note = account.is_none().then(|| notes.join(" "));
    Identity { account, note }
}

async fn userinfo(api: &Api<'_>, url: &Url) -> Result<Account, String> {
    let members = match api.userinfo_at(url).await? {
        Userinfo::Claims(value) => Ok(object(value)),
        Userinfo::Signed(token) => signed(api, &token).await.map(Some),
    };
    let account = members.and_then(|members| {
        members.as_ref().and_then(account::of_userinfo).ok_or_else(|| "it names no account".into())
    });
    account.inspect_err(|why| api.reject_userinfo(why))
}

/// The claims of a signed userinfo response, if its signature is valid.
async fn signed(api: &Api<'_>, token: &str) -> Result<Members, String> {
    let jwt = Jwt::parse(token).ok_or("its JWT cannot be read, and may be encrypted")?;
    jwt.verify(&api.keys().await).map_err(|why| format!("its JWT is not verified: {why}"))?;
    let mut claims = Value::Object(jwt.claims);
    api.mask().value(&mut claims);
    let members = object(claims).unwrap_or_default();
    let is_for_us = match members.get("aud") {
        None => true,
        Some(Value::Array(all)) => all.iter().any(|one| one == api.client_id()),
        Some(one) => one == api.client_id(),
    };
    let is_from_issuer = match (members.get("iss"), &api.config.issuer) {
        (Some(named), Some(known)) => named == known,
        _ => true,
    };
    if is_for_us && is_from_issuer {
        Ok(members)
    } else {
        Err("its JWT is for another client, or from another issuer".into())
    }
}

/// The result of introspection.
pub(super) struct Introspected {
    pub(super) authorization: Authorization,
    pub(super) account: Option<Account>,
}

/// Introspects the access token; `None` if the provider has no such endpoint.
pub(super) async fn introspect(api: &Api<'_>) -> Option<Introspected> {
    let url = api.config.introspection_url.as_ref()?;
    let members = object(api.introspect_at(url).await.ok()?)?;
    let is_active = members.get("active")?.as_bool()?;
    let account = account::of_introspection(&members).filter(|_| is_active);
    Some(Introspected { account, authorization: introspection(members, is_active) })
}

fn introspection(mut members: Members, is_active: bool) -> Authorization {
    let mut plain = |name: &str| text(&mut members, name).map(|text| clean(&text, &[]));
    let (client_id, username, sub) = (plain("client_id"), plain("username"), plain("sub"));
    Authorization {
        id: text(&mut members, "jti").unwrap_or_default(),
        is_active,
        client_id,
        username,
        sub,
        created_on: members.get("iat").and_then(moment).map(|moment| moment.to_string()),
        expires_at: members.get("exp").and_then(moment),
        grant_type: None,
        scopes: scopes(members.get("scope")),
        project_ids: Vec::new(),
    }
}
