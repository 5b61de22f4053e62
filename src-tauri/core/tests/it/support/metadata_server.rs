//! A server with metadata documents (RFC 8414, OpenID Connect Discovery) that a test writes.

use grapnel_core::Grapnel;
use grapnel_core::discovery::{Discovery, NoteKind};
use grapnel_model::error::Error;
use serde_json::{Value, json};

use super::scripted_server::{Reply, Scripted};
use super::world::World;

pub(crate) const OAUTH: &str = "/.well-known/oauth-authorization-server";
pub(crate) const OPENID: &str = "/.well-known/openid-configuration";

/// A scripted server with metadata documents, and a world without an app of it.
pub(crate) struct MetadataServer {
    pub(crate) scripted: Scripted,
    pub(crate) world: World,
}

impl MetadataServer {
    pub(crate) async fn start() -> Self {
        Self { scripted: Scripted::start().await, world: World::new() }
    }

    pub(crate) fn grapnel(&self) -> &Grapnel {
        &self.world.grapnel
    }

    pub(crate) fn origin(&self) -> &str {
        &self.scripted.origin
    }

    /// A complete document with the server's origin as issuer, and the members `more`.
    pub(crate) fn document(&self, more: Value) -> Value {
        let at = |path: &str| format!("{}{path}", self.origin());
        let mut document = json!({
            "issuer": self.origin(),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "code_challenge_methods_supported": ["S256"],
        });
        let Value::Object(more) = more else { panic!("members") };
        document.as_object_mut().unwrap().extend(more);
        document
    }

    pub(crate) fn serve(&self, path: &str, document: &Value) {
        self.scripted.on(path, [Reply::json(200, document.to_string())]);
    }

    pub(crate) async fn discover(&self) -> Discovery {
        self.grapnel().discover(self.origin()).await.unwrap()
    }

    pub(crate) fn told(&self, error: &Error) -> String {
        let told = format!("{:?} [{}] {}", error.code, error.field.as_deref().unwrap(), error.message);
        let told = format!("{told}\n  hint: {}", error.hint.as_deref().unwrap());
        let told = match &error.suggestion {
            Some(suggestion) => format!("{told}\n  suggestion: {suggestion}"),
            None => told,
        };
        told.replace(self.origin(), "ORIGIN")
    }

    pub(crate) fn notes(&self, found: &Discovery) -> String {
        let notes = found.notes.iter().map(|note| {
            let kind = if note.kind == NoteKind::Unsupported { "unsupported" } else { "notice" };
            format!("  {kind}: {}\n", note.text)
        });
        notes.collect::<String>().replace(self.origin(), "ORIGIN")
    }
}
