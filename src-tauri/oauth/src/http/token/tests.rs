//! The requests of each template, for a person to read.

use grapnel_model::provider::{Overrides, Profile};
use http::{HeaderMap, header};

use super::*;
use crate::authorization_request::{Authentication, RequestParameters, prepare};

/// Answers every request with a grant, and records it.
#[derive(Default)]
struct Recorder(Mutex<String>);

impl Transport for Recorder {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<crate::http::Reply, Failure>> + Send {
        let (parts, body) = request.into_parts();
        let mut lines = vec![format!("{} {}", parts.method, parts.uri)];
        for name in [header::ACCEPT, header::CONTENT_TYPE, header::AUTHORIZATION] {
            lines.extend(
                parts.headers.get(&name).map(|value| format!("  {name}: {}", value.to_str().unwrap())),
            );
        }
        lines.push(format!("  {}", String::from_utf8(body).unwrap().replace('&', "\n    &")));
        *self.0.lock() = lines.join("\n");
        std::future::ready(Ok(crate::http::Reply {
            status: StatusCode::OK,
            content_type: "application/json".into(),
            retry_after: None,
            headers: HeaderMap::new(),
            body: br#"{"access_token":"t","token_type":"Bearer"}"#.to_vec(),
        }))
    }
}

/// A tenant's own endpoints, as discovery finds them.
fn discovered(template: &Profile) -> Overrides {
    let is_known = template.values(&Overrides::new()).get("authorize_url").is_some_and(|url| !url.is_empty());
    let own = [
        ("authorize_url", "https://tenant.example/authorize"),
        ("token_url", "https://tenant.example/token"),
    ];
    if is_known {
        return Overrides::new();
    }
    own.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

async fn sent(config: &ProviderConfig, kind: TokenRequestKind) -> String {
    let recorder = Recorder::default();
    let credentials = Credentials {
        client_id: "CLIENT".into(),
        client_secret: (config.client_secret != grapnel_model::provider::Need::Absent)
            .then(|| "SECRET".into()),
        private_key: None,
        dpop: None,
        certificate: None,
    };
    request_token_over(&recorder, config, &credentials, kind, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    recorder.0.into_inner()
}

#[tokio::test]
async fn each_template_sends_these_requests() {
    for template in Profile::templates() {
        let config = template.check(&discovered(template)).unwrap();
        let scopes: Vec<String> =
            template.scopes.iter().filter(|scope| scope.selected).map(|scope| scope.name.clone()).collect();
        let request = prepare(
            &config,
            &RequestParameters {
                client_id: "CLIENT",
                redirect_uri: "http://127.0.0.1:4000/callback/x",
                scopes: &scopes,
                projects: &[],
                login_hint: Some("ann@id.example"),
                another_account: false,
                authentication: &Authentication::default(),
                dpop_jkt: None,
            },
        )
        .unwrap();
        let random = ["state", "code_challenge", "nonce"];
        let parameters = request.parameters.iter().map(|(name, value)| {
            let value = if random.contains(&name.as_str()) { "RANDOM" } else { value };
            format!("  {name}={value}")
        });
        let url = config.authorize_url().unwrap();
        let authorization = format!("GET {url}\n{}", parameters.collect::<Vec<_>>().join("\n"));
        let verifier =
            request.verifier.is_some().then(|| "VERIFIER-OF-AT-LEAST-FORTY-THREE-CHARACTERS".into());
        let code = TokenRequestKind::Code {
            code: "CODE".into(),
            state: "STATE".into(),
            verifier,
            redirect_uri: "http://127.0.0.1:4000/callback/x".into(),
        };
        let exchange = sent(&config, code).await;
        let refresh = sent(&config, TokenRequestKind::Refresh("REFRESH-TOKEN".into())).await;
        insta::assert_snapshot!(template.id.as_str(), [authorization, exchange, refresh].join("\n\n"));
    }
}
