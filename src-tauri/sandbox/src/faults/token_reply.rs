//! Faults that alter the members of a token reply (RFC 6749 §5.1) with status 200.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::faults::fault::Fault;
use crate::faults::reply_body::{take_body, with_body};

/// Changes the members of a successful token reply. An error reply is left as it is.
pub(super) async fn reshape(fault: &Fault, response: Response) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut response, bytes) = take_body(response).await;
    let Ok(mut members) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        return with_body(response, bytes);
    };
    change(fault, &mut members);
    if *fault == Fault::FormEncoded {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        response.headers_mut().insert(header::CONTENT_TYPE, form);
        return with_body(response, as_form(&members));
    }
    with_body(response, Value::Object(members).to_string())
}

fn change(fault: &Fault, members: &mut Map<String, Value>) {
    match fault {
        Fault::ExpiresInString => replace(members, "expires_in", |old| json!(old.to_string())),
        Fault::ExpiresInFloat => {
            replace(members, "expires_in", |old| json!(old.as_f64().unwrap_or_default() + 0.5));
        }
        Fault::TokenTypeLowercase => replace(members, "token_type", |_| json!("bearer")),
        Fault::TokenTypeMac => replace(members, "token_type", |_| json!("mac")),
        Fault::ScopeCommas => {
            replace(members, "scope", |old| json!(old.as_str().unwrap_or_default().replace(' ', ",")));
        }
        Fault::ExpiresInMissing => drop(members.remove("expires_in")),
        Fault::TokenTypeMissing => drop(members.remove("token_type")),
        Fault::NoAccessToken => drop(members.remove("access_token")),
        Fault::NoRefreshToken => drop(members.remove("refresh_token")),
        Fault::ExtraMembers => {
            members.insert("id_token".to_owned(), json!("not.a.token"));
            members.insert("x_region".to_owned(), json!({ "name": "eu-north", "zones": [1, 2, null] }));
        }
        _ => {}
    }
}

fn replace(members: &mut Map<String, Value>, name: &str, new: impl FnOnce(&Value) -> Value) {
    if let Some(value) = members.get_mut(name) {
        *value = new(value);
    }
}

fn as_form(members: &Map<String, Value>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::String(text) => form.append_pair(name, text),
            Value::Array(items) => {
                form.extend_pairs(items.iter().map(|item| (name, item.as_str().unwrap_or_default())))
            }
            other => form.append_pair(name, &other.to_string()),
        };
    }
    form.finish()
}
