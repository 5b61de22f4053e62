//! Rich authorization requests (RFC 9396): what is asked for, and what is granted beside the scopes.

use grapnel_core::app::NewApp;
use grapnel_core::archive::{Export, Import};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::authorization_details::{AuthorizationDetails, DetailsComparison};
use grapnel_model::connection::Details;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use serde_json::{Value, json};

use crate::support::scripted_server::{Reply, Scripted, callback_of};
use crate::support::world::{World, again, end_of};

/// RFC 9396 §2, figure 2, with a second one.
const ASKED: &str = r#"[{"type":"payment_initiation","actions":["initiate","status","cancel"],
    "locations":["https://example.com/payments"],"instructedAmount":{"currency":"EUR","amount":"123.50"},
    "creditorName":"Merchant A","creditorAccount":{"iban":"DE02100100109307118603"},
    "remittanceInformationUnstructured":"Ref Number Merchant"},{"type":"account_information"}]"#;

fn asked() -> Value {
    serde_json::from_str(ASKED).unwrap()
}

/// A token response with these authorization details.
fn token(details: Option<Value>) -> Reply {
    let mut grant = json!({
        "access_token": "at-0123456789abcdef", "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "rt-0123456789abcdef",
    });
    if let Some(details) = details {
        grant["authorization_details"] = details;
    }
    Reply::json(200, grant.to_string())
}

struct Bank {
    world: World,
    server: Scripted,
    app: grapnel_core::app::App,
}

impl Bank {
    async fn new(own: &[(&str, &str)]) -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        let app = world.grapnel.add_app(server.new_app(own)).await.unwrap();
        Self { world, server, app }
    }

    async fn sign_in(&self, wanted: &SignInRequest) -> Attempt {
        let grapnel = &self.world.grapnel;
        let attempt = grapnel.start_attempt(&self.app.id, wanted).await.unwrap();
        let callback = callback_of(grapnel, &attempt.id, "code=k").await;
        grapnel.receive_callback(&callback).await.unwrap();
        grapnel.attempt(&attempt.id).unwrap()
    }

    async fn connect(&self) -> ConnectionId {
        self.sign_in(&SignInRequest::default()).await.connection_id.unwrap()
    }

    fn details(&self, id: &ConnectionId) -> Details {
        self.world.grapnel.connection(id).unwrap()
    }

    /// What the activity says of the last sign-in or refresh.
    fn told(&self, id: &ConnectionId, kind: Kind) -> String {
        let all = self.world.grapnel.activity(Some(id), None).unwrap();
        all.into_iter().find(|entry| entry.kind == kind).unwrap().text
    }
}

/// The parameter of a link.
async fn asked_by(bank: &Bank, wanted: &SignInRequest) -> Option<Value> {
    let attempt = bank.world.grapnel.start_attempt(&bank.app.id, wanted).await.unwrap();
    let link = bank.world.grapnel.attempt_link(&attempt.id).await.unwrap();
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let parameter = link.query_pairs().find(|(name, _)| name == "authorization_details");
    parameter.map(|(_, text)| serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn what_was_granted_is_kept_and_shown_and_survives_a_refresh() {
    let bank = Bank::new(&[("authorization_details", ASKED)]).await;
    assert_eq!(asked_by(&bank, &SignInRequest::default()).await, Some(asked()));
    bank.server.on("/token", [token(Some(asked()))]);
    let id = bank.connect().await;
    assert!(!bank.server.received("/token")[0].body.contains("authorization_details"), "asked for once");
    let details = bank.details(&id);
    let view = details.authorization_details.clone().unwrap();
    assert_eq!(view.comparison, DetailsComparison::Granted);
    insta::assert_json_snapshot!(view);
    assert_eq!(bank.told(&id, Kind::SignedIn), "Signed in.");
    assert_eq!(details.deviations, []);

    // A refresh that does not say leaves them; one that does replaces them. It asks for none.
    bank.server.on("/token", [token(None), token(Some(json!([{ "type": "account_information" }])))]);
    bank.world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(bank.details(&id).authorization_details, Some(view));
    bank.world.grapnel.refresh(&id).await.unwrap();
    let less = bank.details(&id).authorization_details.unwrap();
    assert_eq!((less.details.len(), less.comparison), (1, DetailsComparison::Different));
    let told = bank.told(&id, Kind::Refreshed);
    assert_eq!(told, "Refreshed because you asked. The granted authorization details changed.");
    let sent = bank.server.received("/token");
    assert!(!sent.iter().any(|request| request.body.contains("authorization_details")));
    bank.world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(bank.details(&id).authorization_details, None);
}

#[tokio::test]
async fn other_details_than_were_requested_are_told() {
    let bank = Bank::new(&[("authorization_details", ASKED)]).await;
    let mut richer = asked();
    richer[0]["debtorAccount"] = json!({ "iban": "DE40100100103307118608" });
    for (granted, comparison, told) in [
        (
            Some(richer),
            DetailsComparison::Different,
            "Signed in. The provider granted other authorization details than were requested.",
        ),
        (None, DetailsComparison::NotReported, "Signed in."),
        (Some(json!("not details")), DetailsComparison::NotReported, "Signed in."),
    ] {
        bank.server.on("/token", [token(granted.clone())]);
        let id = bank.connect().await;
        let details = bank.details(&id);
        assert_eq!(details.authorization_details.unwrap().comparison, comparison);
        assert_eq!(bank.told(&id, Kind::SignedIn), told);
        let noted = details.deviations.iter().any(|one| one.member == "authorization_details");
        assert_eq!(noted, comparison == DetailsComparison::NotReported, "{:?}", details.deviations);
    }
}

#[tokio::test]
async fn one_sign_in_can_ask_for_others() {
    let bank = Bank::new(&[("authorization_details", ASKED)]).await;
    bank.server.on("/token", [token(Some(json!([{ "type": "own" }])))]);
    let own = AuthorizationDetails::parse(r#"[{"type":"own"}]"#).unwrap();
    let wanted = SignInRequest { authorization_details: Some(own), ..SignInRequest::default() };
    assert_eq!(asked_by(&bank, &wanted).await, Some(json!([{ "type": "own" }])));
    let id = bank.sign_in(&wanted).await.connection_id.unwrap();
    assert_eq!(bank.details(&id).authorization_details.unwrap().comparison, DetailsComparison::Granted);
    // The next one asks for those of the app again.
    assert_eq!(asked_by(&bank, &again(&id)).await, Some(asked()));
}

#[tokio::test]
async fn each_malformed_value_of_an_app_is_refused() {
    let (world, server) = (World::new(), Scripted::start().await);
    for wrong in ["payment", r#"{"type":"a"}"#, "[]", r#"[{"kind":"a"}]"#] {
        let error =
            world.grapnel.add_app(server.new_app(&[("authorization_details", wrong)])).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some("authorization_details"), "{wrong}");
    }
}

#[tokio::test]
async fn a_client_of_its_own_asks_with_each_token_request() {
    let bank = Bank::new(&[]).await;
    let own = [("grant_type", "client_credentials"), ("authorize_url", ""), ("authorization_details", ASKED)];
    let secret = SecretInput("the-secret-of-the-app".into());
    let new = NewApp { name: "Own".into(), client_secret: Some(secret), ..bank.server.new_app(&own) };
    let app = bank.world.grapnel.add_app(new).await.unwrap();
    bank.server.on("/token", [token(Some(asked()))]);
    let connect = async |wanted: &SignInRequest| {
        let mut events = bank.world.grapnel.events();
        let attempt = bank.world.grapnel.start_attempt(&app.id, wanted).await?;
        Ok::<_, grapnel_model::error::Error>(end_of(&mut events, &attempt.id).await)
    };
    let attempt = connect(&SignInRequest::default()).await.unwrap();
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    let id = attempt.connection_id.unwrap();
    bank.world.grapnel.refresh(&id).await.unwrap();
    let sent: Vec<Value> = bank
        .server
        .received("/token")
        .iter()
        .map(|request| {
            let form = request.form();
            let (_, text) = form.iter().find(|(name, _)| name == "authorization_details").unwrap();
            serde_json::from_str(text).unwrap()
        })
        .collect();
    assert_eq!(sent, [asked(), asked()]);
    assert_eq!(bank.details(&id).authorization_details.unwrap().comparison, DetailsComparison::Granted);
    let own = AuthorizationDetails::parse(r#"[{"type":"own"}]"#).unwrap();
    let wanted = SignInRequest { authorization_details: Some(own), ..SignInRequest::default() };
    assert_eq!(connect(&wanted).await.unwrap_err().field.as_deref(), Some("authorization_details"));
}

#[tokio::test]
async fn a_device_code_is_asked_for_with_them() {
    let bank = Bank::new(&[]).await;
    let url = format!("{}/device", bank.server.origin);
    let own = [
        ("grant_type", "device_code"),
        ("authorize_url", ""),
        ("device_authorization_url", url.as_str()),
        ("authorization_details", ASKED),
    ];
    let new = NewApp { name: "Device".into(), ..bank.server.new_app(&own) };
    let app = bank.world.grapnel.add_app(new).await.unwrap();
    let codes = json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg", "user_code": "WDJB-MJHT", "expires_in": 1800,
        "verification_uri": "https://example.com/device", "interval": 5,
    });
    bank.server.on("/device", [Reply::json(200, codes.to_string())]);
    let attempt = bank.world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let form = bank.server.received("/device")[0].form();
    let (_, text) = form.iter().find(|(name, _)| name == "authorization_details").unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), asked());
    bank.world.grapnel.cancel_attempt(&attempt.id).unwrap();
}

/// RFC 9396 §10. The metadata may be incomplete, so that the sign-in goes on.
#[tokio::test]
async fn a_type_that_is_not_announced_is_told_before_the_browser_opens() {
    let types = ("authorization_details_types", "account_information customer_information");
    let bank = Bank::new(&[("authorization_details", ASKED), types]).await;
    let attempt = bank.world.grapnel.start_attempt(&bank.app.id, &SignInRequest::default()).await.unwrap();
    assert_eq!(attempt.phase, Phase::Waiting);
    let [note] = &attempt.notes[..] else { panic!("{:?}", attempt.notes) };
    assert!(note.contains("and not payment_initiation. It may refuse the sign-in."), "{note}");
    let known = AuthorizationDetails::parse(r#"[{"type":"customer_information"}]"#).unwrap();
    let wanted = SignInRequest { authorization_details: Some(known), ..SignInRequest::default() };
    assert!(bank.world.grapnel.start_attempt(&bank.app.id, &wanted).await.unwrap().notes.is_empty());
}

#[tokio::test]
async fn a_refusal_of_them_is_explained() {
    let bank = Bank::new(&[("authorization_details", ASKED)]).await;
    let attempt = bank.world.grapnel.start_attempt(&bank.app.id, &SignInRequest::default()).await.unwrap();
    let refused = "error=invalid_authorization_details&error_description=unknown%20type";
    let callback = callback_of(&bank.world.grapnel, &attempt.id, refused).await;
    let error = bank.world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderError);
    let host = bank.server.origin.trim_start_matches("http://");
    let said = [error.message, error.meaning.unwrap(), error.hint.unwrap()].join("\n");
    insta::assert_snapshot!(said.replace(host, "HOST"));
}

#[tokio::test]
async fn they_move_along_with_an_export() {
    let bank = Bank::new(&[("authorization_details", ASKED)]).await;
    bank.server.on("/token", [token(Some(json!([{ "type": "account_information" }])))]);
    let id = bank.connect().await;
    let before = bank.details(&id).authorization_details;
    let (file, passphrase) = (bank.world.home.path().join("moved.age"), "harbour lamp eleven moss");
    let asked = Export {
        file: file.clone(),
        passphrase: passphrase.into(),
        with_tokens: true,
        moves: false,
        force: false,
    };
    bank.world.grapnel.export(asked).await.unwrap();
    let other = World::new();
    let archive = other.grapnel.open_archive(&file, &passphrase.into()).await.unwrap();
    other.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    assert_eq!(other.grapnel.connection(&id).unwrap().authorization_details, before);
}
