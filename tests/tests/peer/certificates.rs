//! Clients that authenticate with a TLS certificate, and access tokens that are bound to one (mTLS, RFC 8705).

use std::path::Path;
use std::time::Duration;

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::access_token::AccessTokenType;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_tests::{Context, Result};
use http::{StatusCode, header};
use jiff::SignedDuration;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser;
use crate::client_authentication::register;
use crate::dpop::call;
use crate::server::Client;
use crate::world::{RESOURCE, SCOPES, STAY, World};

const SELF_SIGNED: (&str, &str) = ("client_auth", "self_signed_tls_client_auth");
const BOUND: (&str, &str) = ("certificate_bound", "true");

/// A server with an authority of its own, which issues the certificates of the server and of clients.
struct Mtls {
    world: World,
    authority: Issuer<'static, KeyPair>,
    _files: TempDir,
}

impl Mtls {
    /// A Grapnel that trusts the authority.
    async fn new(arguments: &[&str]) -> Result<Self> {
        let files = tempfile::tempdir()?;
        let (mut authority, key) = (CertificateParams::new(Vec::new())?, KeyPair::generate()?);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Harbour Test CA");
        let write = |name: &str, text: String| std::fs::write(files.path().join(name), text);
        write("ca.pem", authority.self_signed(&key)?.pem())?;
        let authority = Issuer::new(authority, key);
        let server_key = KeyPair::generate()?;
        let server = CertificateParams::new(vec!["127.0.0.1".into()])?.signed_by(&server_key, &authority)?;
        write("server.pem", server.pem())?;
        write("server-key.pem", server_key.serialize_pem())?;
        let directory = format!("mtls={}", files.path().display());
        let world = World::with(&[&[directory.as_str()], arguments].concat()).await?;
        trust(&world, &files.path().join("ca.pem"))?;
        Ok(Self { world, authority, _files: files })
    }

    /// A certificate with its key, as the authority issues it to a client.
    fn issue(&self, organization: &str) -> Result<String> {
        let (mut client, key) = (CertificateParams::new(Vec::new())?, KeyPair::generate()?);
        client.distinguished_name = DistinguishedName::new();
        client.distinguished_name.push(DnType::OrganizationName, organization);
        client.distinguished_name.push(DnType::CommonName, "notes client");
        Ok(format!("{}{}", client.signed_by(&key, &self.authority)?.pem(), key.serialize_pem()))
    }

    /// An app whose certificate is registered as a person does it.
    async fn app(
        &self,
        own: &[(&str, &str)],
        certificate: Option<String>,
        registered: &Value,
    ) -> Result<App> {
        let world = &self.world;
        let unknown = Client { id: "not-registered-yet".into(), secret: None };
        let mut new = world.new_app(&unknown, SCOPES, &[&[STAY], own].concat()).await?;
        new.secrets
            .extend(certificate.map(|text| ("client_certificate".into(), Some(SecretInput(text.into())))));
        let app = world.grapnel.add_app(new).await?;
        let view = world.grapnel.certificate(&app.id).await?;
        let mut members = match app.overrides.get("client_auth").map(String::as_str) {
            Some("tls_client_auth") => json!({
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_subject_dn": view.subject,
            }),
            Some("self_signed_tls_client_auth") => json!({
                "token_endpoint_auth_method": "self_signed_tls_client_auth",
                "jwks": serde_json::from_str::<Value>(&view.jwks)?,
            }),
            _ => json!({ "token_endpoint_auth_method": "none" }),
        };
        members
            .as_object_mut()
            .context("members")?
            .extend(registered.as_object().context("members")?.clone());
        let client = register(world, &members).await?;
        let id = client["client_id"].as_str().with_context(|| format!("not registered: {client}"))?;
        let (app_id, client_id) = (app.id.clone(), id.to_owned());
        Ok(world.grapnel.change_app(&app_id, NewApp { client_id, ..app.into() }).await?)
    }
}

fn trust(world: &World, authority: &Path) -> Result<()> {
    let mut settings = world.grapnel.settings()?;
    settings.certificates = authority.display().to_string();
    world.grapnel.change_settings(settings)?;
    Ok(())
}

fn must_bind() -> Value {
    json!({ "tls_client_certificate_bound_access_tokens": true })
}

/// Sign-in, introspection, API, refresh and revocation; every request of the client is accepted.
async fn lives(mtls: Mtls, app: &App) -> Result<()> {
    let world = mtls.world;
    let id = world.connect(app).await?;
    let details = world.grapnel.connection(&id)?;
    assert_eq!(details.summary.state, State::Active);
    assert_eq!(details.account.context("no account")?.id, browser::ACCOUNT);
    assert_eq!(call(&world.grapnel, &id, &userinfo(&world)).await?, StatusCode::OK);
    let before = world.grapnel.token(&id, Duration::ZERO).await?.value;
    world.grapnel.refresh(&id).await?;
    let after = world.grapnel.token(&id, Duration::ZERO).await?.value;
    assert!(before.expose_secret() != after.expose_secret(), "not refreshed");
    assert_eq!(call(&world.grapnel, &id, &userinfo(&world)).await?, StatusCode::OK);
    assert_eq!(world.grapnel.disconnect(&id).await?.revocation, Revocation::Done);
    assert_eq!(world.server.refusals().await?, [""; 0]);
    Ok(())
}

/// The address for clients with a certificate.
fn userinfo(world: &World) -> String {
    world.server.secure.clone().unwrap_or_default()
}

/// The thumbprint of the certificate that a connection's access token is bound to.
fn bound_to(world: &World, id: &ConnectionId) -> Result<Option<String>> {
    Ok(world.grapnel.connection(id)?.tokens.context("no tokens")?.certificate)
}

#[tokio::test]
async fn a_client_with_a_certificate_that_it_signed_itself_lives() -> Result<()> {
    for alg in ["ES256", "RS256"] {
        let mtls = Mtls::new(&[]).await?;
        let own = [SELF_SIGNED, ("client_key_alg", alg), BOUND, ("par", "true")];
        let app = mtls.app(&own, None, &must_bind()).await?;
        lives(mtls, &app).await.with_context(|| alg.to_owned())?;
    }
    Ok(())
}

/// The server refuses every TLS connection without a certificate that its authority issued.
#[tokio::test]
async fn a_client_with_an_issued_certificate_lives() -> Result<()> {
    let mtls = Mtls::new(&["strict"]).await?;
    let own = [("client_auth", "tls_client_auth"), BOUND];
    let certificate = mtls.issue("Greenhouse, Ltd")?;
    let app = mtls.app(&own, Some(certificate), &must_bind()).await?;
    lives(mtls, &app).await
}

/// RFC 8705 §4: the certificate of a public client binds its tokens, and is no client authentication.
#[tokio::test]
async fn a_public_client_gets_bound_tokens() -> Result<()> {
    let mtls = Mtls::new(&[]).await?;
    let app = mtls.app(&[("client_auth", "body"), BOUND], None, &must_bind()).await?;
    let id = mtls.world.connect(&app).await?;
    let view = mtls.world.grapnel.certificate(&app.id).await?;
    assert_eq!(bound_to(&mtls.world, &id)?, Some(view.thumbprint));
    let token = mtls.world.grapnel.token(&id, Duration::ZERO).await?;
    assert_eq!(token.token_type, AccessTokenType::CertificateBound);
    // Whoever steals the token alone gets nothing for it.
    let asking = reqwest::Client::builder().no_proxy().build()?;
    let request = asking.get(format!("{}/me", mtls.world.server.issuer));
    let header = format!("Bearer {}", token.value.expose_secret());
    assert_eq!(
        request.header(header::AUTHORIZATION, header).send().await?.status(),
        StatusCode::UNAUTHORIZED
    );
    let mtls = Mtls::new(&[]).await?;
    let app = mtls.app(&[("client_auth", "body"), BOUND], None, &must_bind()).await?;
    lives(mtls, &app).await
}

/// The certificate is presented at the endpoints of the client, and nowhere else: not at those for tokens and keys,
/// although the same server asks for it there.
#[tokio::test]
async fn only_the_clients_endpoints_see_the_certificate() -> Result<()> {
    let mtls = Mtls::new(&[]).await?;
    let secure = mtls.world.server.secure.clone().context("no TLS")?;
    let (me, jwks) = (format!("{secure}/me"), format!("{secure}/jwks"));
    let own = [SELF_SIGNED, ("par", "true"), ("userinfo_url", me.as_str()), ("jwks_url", jwks.as_str())];
    let app = mtls.app(&own, None, &json!({})).await?;
    let id = mtls.world.connect(&app).await?;
    assert_eq!(bound_to(&mtls.world, &id)?, None);
    mtls.world.grapnel.refresh(&id).await?;
    mtls.world.grapnel.rediscover(&app.id).await?;
    mtls.world.grapnel.disconnect(&id).await?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for one in mtls.world.server.asked().await? {
        let path = one["path"].as_str().context("a path")?.to_owned();
        if one["certificate"].is_string() {
            with.push(path);
        } else if one["secure"] == true {
            without.push(path);
        }
    }
    with.sort();
    with.dedup();
    assert_eq!(with, ["/request", "/token", "/token/introspection", "/token/revocation"]);
    for path in ["/me", "/jwks"] {
        assert!(without.iter().any(|asked| asked == path), "{path}: {without:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_told_with_what_to_do() -> Result<()> {
    let mtls = Mtls::new(&[]).await?;
    let app = mtls.app(&[SELF_SIGNED, ("par", "true")], None, &json!({})).await?;
    // The certificate is replaced here, and not at the server.
    let removed = [("client_certificate".to_owned(), None)].into();
    let grapnel = &mtls.world.grapnel;
    grapnel.change_app(&app.id, NewApp { secrets: removed, ..app.clone().into() }).await?;
    let error = grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidClient, "{error:?}");
    assert!(error.hint.is_some_and(|hint| hint.contains("grapnel app certificate")));
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_presented() -> Result<()> {
    let mtls = Mtls::new(&[]).await?;
    let app = mtls.app(&[SELF_SIGNED, BOUND], None, &must_bind()).await?;
    let id = mtls.world.connect(&app).await?;
    mtls.world.clock.advance(SignedDuration::from_hours(24 * 366 * 5));
    let error = mtls.world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("client certificate expired on"), "{error:?}");
    let asked = mtls.world.server.asked().await?;
    assert_eq!(asked.iter().filter(|one| one["path"] == "/token").count(), 1, "only that of the sign-in");
    let details = mtls.world.grapnel.connection(&id)?;
    assert!(
        details.tokens.context("no tokens")?.refresh.is_some()
            && details.summary.state != State::ReconnectNeeded
    );
    let view = mtls.world.grapnel.certificate(&app.id).await?;
    assert!(view.note.is_some_and(|note| note.contains("expired on")));
    Ok(())
}

/// The server gets the certificate's key as Grapnel registers it.
#[tokio::test]
async fn a_client_is_registered_with_its_certificate() -> Result<()> {
    let mtls = Mtls::new(&[]).await?;
    let unknown = Client { id: "pending".into(), secret: None };
    let app = mtls.world.new_app(&unknown, SCOPES, &[SELF_SIGNED, BOUND, STAY]).await?;
    let request =
        grapnel_core::app::RegistrationRequest { app, auth_method: None, initial_access_token: None };
    let registered = mtls.world.grapnel.register_app(request).await?;
    let method = registered.app.registration.as_ref().context("not registered")?.auth_method.clone();
    assert_eq!(method, SELF_SIGNED.1);
    lives(mtls, &registered.app).await
}

/// The tokens of this resource are JWTs, which name the certificate.
#[tokio::test]
async fn a_token_names_the_certificate_that_it_is_bound_to() -> Result<()> {
    for is_bound in [true, false] {
        let mtls = Mtls::new(&[]).await?;
        let registered = json!({ "tls_client_certificate_bound_access_tokens": is_bound });
        let app = mtls.app(&[SELF_SIGNED, BOUND, RESOURCE], None, &registered).await?;
        let id = mtls.world.connect(&app).await?;
        let details = mtls.world.grapnel.connection(&id)?;
        assert_eq!(bound_to(&mtls.world, &id)?.is_some(), is_bound);
        let told = details.deviations.iter().any(|one| one.found.contains("not bound to it (RFC 8705)"));
        assert_eq!(told, !is_bound, "{:?}", details.deviations);
    }
    Ok(())
}
