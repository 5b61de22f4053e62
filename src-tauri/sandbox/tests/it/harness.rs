//! A sandbox, an HTTP client that does not follow redirects, and the common steps of the tests.

use grapnel_sandbox::grigora::{API_BASE, AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};
use grapnel_sandbox::{DepartureKind, Options, Sandbox};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) const REDIRECT: &str = "dev.grapnel.desktop:/oauth/callback";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Harness {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

/// A reply with its whole body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The parameters in the query of `Location`.
    pub(crate) fn sent_back(&self) -> Vec<(String, String)> {
        let (_, query) = self.header("location").split_once('?').unwrap();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.sent_back().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(error)), "{}", self.text);
    }
}

pub(crate) fn harness() -> Harness {
    harness_with(Options::default())
}

pub(crate) fn harness_with(options: Options) -> Harness {
    let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Harness { sandbox: Sandbox::start(options).unwrap(), http }
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `base` with `pairs` replacing those of the same name; an empty value removes one.
pub(crate) fn with<'a>(base: &[(&'a str, &'a str)], pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = base.iter().filter(|(name, _)| !pairs.iter().any(|(n, _)| n == name));
    kept.chain(pairs).copied().filter(|(_, value)| !value.is_empty()).collect()
}

impl Harness {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.grigora())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    /// The documented authorization request, changed by `pairs`.
    pub(crate) async fn authorize(&self, pairs: &[(&str, &str)]) -> Reply {
        let usual = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("state", "s1"),
        ];
        self.get(&format!("{AUTHORIZE_PATH}?{}", query(&with(&usual, pairs)))).await
    }

    pub(crate) async fn answer(&self, fields: &[(&str, &str)]) -> Reply {
        let request = self.http.post(self.url("/oauth/consent")).form(fields);
        Reply::of(request.send().await.unwrap()).await
    }

    /// Submits the consent page with its default choices and Authorize.
    pub(crate) async fn agree(&self, pairs: &[(&str, &str)]) -> Reply {
        let page = self.authorize(pairs).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let (ticket, user, projects) =
            (ticket(&page.text), checked(&page.text, "user"), checked(&page.text, "project"));
        let mut fields =
            vec![("ticket", ticket.as_str()), ("user", user[0].as_str()), ("decision", "authorize")];
        fields.extend(projects.iter().map(|project| ("project", project.as_str())));
        self.answer(&fields).await
    }

    pub(crate) async fn code(&self) -> String {
        self.agree(&[]).await.param("code").unwrap()
    }

    /// Posts a form to the token endpoint.
    pub(crate) async fn token(&self, pairs: &[(&str, &str)]) -> Reply {
        Reply::of(self.token_request().form(pairs).send().await.unwrap()).await
    }

    pub(crate) fn token_request(&self) -> RequestBuilder {
        self.http.post(self.url(TOKEN_PATH))
    }

    /// The documented exchange, changed by `pairs`.
    pub(crate) async fn exchange(&self, code: &str, pairs: &[(&str, &str)]) -> Reply {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", REDIRECT),
        ];
        self.token(&with(&usual, pairs)).await
    }

    /// The documented refresh, changed by `pairs`.
    pub(crate) async fn refresh(&self, token: &str, pairs: &[(&str, &str)]) -> Reply {
        let usual = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
        ];
        self.token(&with(&usual, pairs)).await
    }

    /// An access token and a refresh token, for all projects.
    pub(crate) async fn tokens(&self) -> (String, String) {
        let reply = self.exchange(&self.code().await, &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        pair(&reply)
    }

    pub(crate) async fn api_get(&self, path: &str, token: &str) -> Reply {
        let request = self.http.get(self.url(&format!("{API_BASE}{path}"))).bearer_auth(token);
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn api_post(&self, path: &str, token: &str, body: Value) -> Reply {
        let request = self.http.post(self.url(&format!("{API_BASE}{path}"))).bearer_auth(token).json(&body);
        Reply::of(request.send().await.unwrap()).await
    }

    /// Posts a change to the control endpoint.
    pub(crate) async fn turn(&self, path: &str, body: Value) -> Reply {
        let request = self.http.post(self.url(&format!("/_sandbox{path}"))).json(&body);
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) fn departed(&self) -> Vec<(DepartureKind, String)> {
        self.sandbox.departures().all().into_iter().map(|d| (d.kind, d.detail)).collect()
    }

    /// Asserts that this is the only departure so far.
    #[track_caller]
    pub(crate) fn departed_once(&self, kind: DepartureKind, detail: &str) {
        assert_eq!(self.departed(), [(kind, detail.to_owned())]);
    }

    pub(crate) async fn is_live(&self, access: &str) -> bool {
        self.api_get("/token/authorized_by", access).await.status == 200
    }
}

pub(crate) fn pair(reply: &Reply) -> (String, String) {
    let text = |name: &str| reply.json()[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(crate) fn ticket(page: &str) -> String {
    between(page, "name=\"ticket\" value=\"", "\"").unwrap().to_owned()
}

/// The values of the ticked boxes named `name`.
pub(crate) fn checked(page: &str, name: &str) -> Vec<String> {
    let inputs = page.split("<input").filter(|input| input.contains(&format!("name=\"{name}\"")));
    let ticked = inputs.filter(|input| input.split('>').next().unwrap().ends_with("checked"));
    ticked.map(|input| between(input, "value=\"", "\"").unwrap().to_owned()).collect()
}

pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

pub(crate) fn content_type(reply: &Reply) -> String {
    reply.headers.get(CONTENT_TYPE).unwrap().to_str().unwrap().to_owned()
}

pub(crate) fn project_ids(reply: &Reply) -> Value {
    let projects = reply.json()["projects"].as_array().unwrap().clone();
    json!(projects.iter().map(|project| project["id"].clone()).collect::<Vec<_>>())
}
