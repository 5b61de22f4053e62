//! A scripted OpenID provider: it signs any token, and returns any response.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Attempt;
use grapnel_model::error::Result;
use grapnel_model::secret::ExposeSecret;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::scripted_server::{Reply, Scripted, callback_of};
use crate::support::world::World;

/// A key pair, with the `alg` of its tokens.
pub(crate) struct Key {
    alg: &'static str,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn new(alg: &'static str) -> Self {
        let pair = match alg {
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(), "P-256"),
            "ES512" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap(), "P-521"),
            "RS256" => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            _ => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
        };
        Self { alg, pair }
    }

    /// Its public key as a JWK with additional members.
    #[expect(clippy::needless_pass_by_value, reason = "each caller makes it for this")]
    pub(crate) fn jwk(&self, besides: Value) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ec(pair, curve) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({ "kty": "EC", "crv": curve, "x": BASE64.encode(x), "y": BASE64.encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key().as_ref()) })
            }
            Pair::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                json!({
                    "kty": "RSA", "n": BASE64.encode(n.big_endian_without_leading_zero()),
                    "e": BASE64.encode(e.big_endian_without_leading_zero()),
                })
            }
        };
        jwk.as_object_mut().unwrap().extend(besides.as_object().unwrap().clone());
        jwk
    }

    /// A token with these claims, and these members in its header in addition to `alg`.
    #[expect(clippy::needless_pass_by_value, reason = "each caller makes it for this")]
    pub(crate) fn sign(&self, header: Value, claims: &Value) -> String {
        let mut all = json!({ "alg": self.alg });
        all.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
        let signed = format!("{}.{}", BASE64.encode(all.to_string()), BASE64.encode(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ec(pair, _) => pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

/// An unsigned token (`alg` none).
pub(crate) fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", BASE64.encode(json!({ "alg": "none" }).to_string()), BASE64.encode(claims.to_string()))
}

/// The provider: a world, a scripted server, and one app.
pub(crate) struct Issuer {
    pub(crate) world: World,
    pub(crate) server: Scripted,
    pub(crate) app: App,
}

impl Issuer {
    /// With an app that requests these scopes, and has these endpoints in addition to authorization and token.
    pub(crate) async fn new(scopes: &[&str], paths: &[(&str, &str)]) -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        let addresses: Vec<(&str, String)> =
            paths.iter().map(|(key, path)| (*key, format!("{}{path}", server.origin))).collect();
        let values: Vec<(&str, &str)> =
            addresses.iter().map(|(key, address)| (*key, address.as_str())).collect();
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let new = NewApp { scopes, ..server.new_app(&values) };
        let app = world.grapnel.add_app(new).await.unwrap();
        Self { world, server, app }
    }

    /// Sets the keys that it publishes.
    pub(crate) fn publishes(&self, keys: &[Value]) {
        self.server.on("/jwks", [Reply::json(200, json!({ "keys": keys }).to_string())]);
    }

    /// The claims of a valid ID token.
    pub(crate) fn claims(&self, sub: &str, nonce: &str) -> Value {
        let now = Timestamp::now().as_second();
        json!({ "iss": self.server.origin, "sub": sub, "aud": "c1", "iat": now, "exp": now + 300, "nonce": nonce })
    }

    /// Signs in; the token response has `members` in addition to the access token. They may depend on the nonce that
    /// was sent.
    pub(crate) async fn sign_in(
        &self,
        wanted: &SignInRequest,
        members: impl FnOnce(&str) -> Value,
    ) -> Result<Attempt> {
        let grapnel = &self.world.grapnel;
        let attempt = grapnel.start_attempt(&self.app.id, wanted).await?;
        let link = grapnel.attempt_link(&attempt.id).await?;
        let link = url::Url::parse(link.expose_secret()).unwrap();
        let nonce = link.query_pairs().find(|(name, _)| name == "nonce");
        let access_token = format!("at-{}", attempt.id);
        let mut grant = json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 3600 });
        let besides = members(&nonce.map(|(_, nonce)| nonce.into_owned()).unwrap_or_default());
        grant.as_object_mut().unwrap().extend(besides.as_object().unwrap().clone());
        self.server.on("/token", [Reply::json(200, grant.to_string())]);
        let callback = callback_of(grapnel, &attempt.id, "code=k").await;
        grapnel.receive_callback(&callback).await?;
        grapnel.attempt(&attempt.id)
    }
}
