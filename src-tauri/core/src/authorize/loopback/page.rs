//! The pages that the browser shows after the callback: the result of the sign-in.

use grapnel_model::error::{Code, Error};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;

use grapnel_model::provider_text::clean;

pub(super) type Page = Response<Full<Bytes>>;

/// For providers that respond in the fragment, which only a script can read.
const FORWARD_FRAGMENT: &str = "<script>let f = location.hash.slice(1); f = f.slice(f.indexOf('?') + 1); if (f) \
    location.replace(location.pathname + '?' + f);</script>";
/// Removes code and state from the address bar and from the browser's history entry.
const CLEAR_ADDRESS: &str =
    "<script>if (location.search) history.replaceState(null, '', location.pathname);</script>";

/// The query is empty: a script forwards the fragment.
pub(super) fn forward_fragment() -> Page {
    page(
        StatusCode::OK,
        "Returning to Grapnel",
        &["If this page stays, copy its whole address from the address bar and paste it into Grapnel."],
        FORWARD_FRAGMENT,
    )
}

/// The sign-in has succeeded.
pub(super) fn signed_in(provider: &str, owner: Option<&str>) -> Page {
    let provider = clean(provider, &[]);
    let who = owner.map(|owner| format!(" as {}", clean(owner, &[]))).unwrap_or_default();
    let text = format!("Signed in to {provider}{who}. You can close this page.");
    page(StatusCode::OK, "Signed in", &[&text], CLEAR_ADDRESS)
}

/// The result is not known yet, or the person must decide in Grapnel.
pub(super) fn continue_in_grapnel() -> Page {
    let text =
        "Grapnel has received the answer and is still working on it. Go back to Grapnel to see the result.";
    page(StatusCode::ACCEPTED, "Go back to Grapnel", &[text], CLEAR_ADDRESS)
}

/// The sign-in has failed, or the callback was refused.
pub(super) fn failed(error: &Error) -> Page {
    let (status, title) = match error.code {
        Code::CallbackInvalid | Code::CallbackUnknown => (StatusCode::BAD_REQUEST, "Callback not accepted"),
        Code::CallbackLate => (StatusCode::GONE, "Callback not accepted"),
        Code::AccessDenied => (StatusCode::FORBIDDEN, "Sign-in denied"),
        Code::Internal | Code::DataUnwritable => (StatusCode::INTERNAL_SERVER_ERROR, "Sign-in failed"),
        _ => (StatusCode::BAD_GATEWAY, "Sign-in failed"),
    };
    let told = [Some(error.message.as_str()), error.meaning.as_deref(), error.hint.as_deref()];
    page(status, title, &told.into_iter().flatten().collect::<Vec<_>>(), CLEAR_ADDRESS)
}

/// The response to a request that is no callback.
pub(super) fn refused(status: StatusCode, text: &str) -> Page {
    page(status, "Unexpected request", &[text], "")
}

/// Redirects the browser to a path without code and state.
pub(super) fn see(path: &str) -> Page {
    let mut response = page(StatusCode::SEE_OTHER, "Signed in", &["You can close this page."], "");
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn page(status: StatusCode, title: &str, paragraphs: &[&str], script: &str) -> Page {
    let paragraphs: Vec<String> = paragraphs.iter().map(|text| escape(text)).collect();
    let text = format!("<p>{}</p>", paragraphs.join("</p><p>"));
    // Foreign text is inserted last, so that nothing in it is taken for a placeholder.
    let html = include_str!("page.html")
        .replace("{script}", script)
        .replace("{title}", title)
        .replace("{text}", &text);
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn text(page: Page) -> String {
        String::from_utf8(page.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn foreign_text_is_escaped() {
        let hostile = "<script>alert(1)</script> {script} {title} \u{1b}[2J \u{202e} ' \" &";
        let error = Error::new(Code::InvalidGrant, hostile).means(hostile).hint(hostile);
        for page in [signed_in(hostile, Some(hostile)), failed(&error)] {
            let html = text(page).await;
            assert!(
                !html.contains("<script>alert")
                    && !html.contains("&lt;script&gt;alert(1)&lt;/script&gt;\u{1b}")
            );
            assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; {script} {title}"), "{html}");
            assert_eq!(html.matches("<script>").count(), 1);
        }
    }

    #[test]
    fn each_outcome_has_its_status() {
        let status = |code| failed(&Error::new(code, "x")).status().as_u16();
        assert_eq!(
            [
                Code::CallbackInvalid,
                Code::CallbackUnknown,
                Code::CallbackLate,
                Code::AccessDenied,
                Code::InvalidGrant
            ]
            .map(status),
            [400, 400, 410, 403, 502]
        );
        assert_eq!(
            (signed_in("x", None).status(), continue_in_grapnel().status()),
            (StatusCode::OK, StatusCode::ACCEPTED)
        );
    }
}
