//! A person's request as the history keeps it: the connection's secrets are masked, and so are credentials that a
//! header, a parameter or a JSON member is named after.

use grapnel_model::api_exchange::{ApiRequestDraft, RequestHeader};
use grapnel_oauth::http::Mask;
use grapnel_oauth::http::masked_text::{MAX_BYTES, body, header, parameters, target};

/// A request. A body that is too large or cannot be masked is left out.
pub(super) fn draft(draft: &ApiRequestDraft, mask: &Mask) -> ApiRequestDraft {
    let headers = draft
        .headers
        .iter()
        .map(|sent| RequestHeader { name: sent.name.clone(), value: header(&sent.name, &sent.value, mask) });
    let is_form = draft.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("content-type") && header.value.contains("x-www-form-urlencoded")
    });
    ApiRequestDraft {
        method: draft.method.clone(),
        target: target(&draft.target, mask),
        headers: headers.collect(),
        body: match &draft.body {
            form if is_form && form.len() <= MAX_BYTES => parameters(&mask.text(form)),
            _ if is_form => String::new(),
            other => body(other, mask).unwrap_or_default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        Mask::of(["the-access-token-1234".into()])
    }

    #[test]
    fn credentials_are_masked_wherever_a_request_has_them() {
        let header = |name: &str, value: &str| RequestHeader { name: name.into(), value: value.into() };
        let sent = ApiRequestDraft {
            method: "POST".into(),
            target:
                "https://api.example/a?page=2&api_key=live-1&x=the-access-token-1234&client%5Fsecret=live-2\
                #code=live-3"
                    .into(),
            headers: vec![
                header("Cookie", "session=live-4"),
                header("X-Api-Key", "live-5"),
                header("X-Trace", "for the-access-token-1234"),
                header("Accept", "text/html"),
            ],
            body: r#"{"id":1.50,"auth":{"password":"live-6"},"note":"the-access-token-1234"}"#.into(),
        };
        let stored = draft(&sent, &mask());
        insta::assert_debug_snapshot!(stored);
        assert!(!format!("{stored:?}").contains("live-"));
    }

    #[test]
    fn a_form_is_masked_by_the_names_of_its_fields() {
        let sent = ApiRequestDraft {
            method: "POST".into(),
            target: "form".into(),
            headers: vec![RequestHeader {
                name: "content-type".into(),
                value: "application/x-www-form-urlencoded".into(),
            }],
            body: "user=ann&password=live-1&note=a%26b".into(),
        };
        assert_eq!(draft(&sent, &mask()).body, "user=ann&password=[secret]&note=a%26b");
    }
}
