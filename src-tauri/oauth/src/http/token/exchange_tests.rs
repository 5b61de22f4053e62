//! The example of RFC 8693 §2.3, with a shorter token in the response.

use grapnel_model::provider::{Overrides, Profile};
use http::{HeaderMap, header};

use super::*;

/// Answers with the response of the example, and records the request.
#[derive(Default)]
struct Example(Mutex<String>);

impl Transport for Example {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<crate::http::Reply, Failure>> + Send {
        let (parts, body) = request.into_parts();
        let authorization = parts.headers[header::AUTHORIZATION].to_str().unwrap();
        let body = String::from_utf8(body).unwrap().replace('&', "\n &");
        *self.0.lock() = format!("{} {}\n{authorization}\n{body}", parts.method, parts.uri);
        let body = br#"{
            "access_token":"eyJhbGciOiJFUzI1NiIsImtpZCI6IjllciJ9.eyJhdWQiOiJodHRwczovL2JhY2tlbmQuZXhhbXBsZS5jb20ifQ.40",
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token",
            "token_type":"Bearer",
            "expires_in":60
        }"#;
        std::future::ready(Ok(crate::http::Reply {
            status: StatusCode::OK,
            content_type: "application/json".into(),
            retry_after: None,
            headers: HeaderMap::new(),
            body: body.to_vec(),
        }))
    }
}

#[tokio::test]
async fn the_example_of_rfc_8693_is_sent_and_read() {
    let own = [
        ("authorize_url", "https://as.example.com/as/authorization.oauth2"),
        ("token_url", "https://as.example.com/as/token.oauth2"),
    ];
    let own: Overrides = own.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
    let config = Profile::find("custom").unwrap().config(&own).unwrap();
    let credentials = Credentials {
        client_id: "rs08".into(),
        client_secret: Some("long-secure-random-secret".into()),
        private_key: None,
        dpop: None,
        certificate: None,
    };
    let resources = vec!["https://backend.example.com/api".to_owned()];
    let asked = TokenRequestKind::TokenExchange {
        subject_token: "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC".into(),
        target: TokenTarget { resources, ..TokenTarget::default() },
    };
    let server = Example::default();
    let read =
        request_token_over(&server, &config, &credentials, asked, Timestamp::UNIX_EPOCH).await.unwrap();
    insta::assert_snapshot!(server.0.lock(), @r"
    POST https://as.example.com/as/token.oauth2
    Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0
    grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange
     &resource=https%3A%2F%2Fbackend.example.com%2Fapi
     &subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC
     &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token
    ");
    assert_eq!(read.issued_token_type.as_deref(), Some(TokenType::AccessToken.identifier()));
    assert_eq!((read.expires, read.is_bearer), (Some(TokenEnd::In(Duration::from_secs(60))), true));
    assert!(read.deviations.is_empty());
}
