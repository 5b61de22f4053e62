//! What a connection opens at its provider: who it belongs to, what it may do, projects, and posts.

mod grigora;
mod view;

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

pub use view::*;

use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::http::api::{self, ApiFailure};
use crate::http::{Limits, clean};
use crate::id::ConnectionId;
use crate::provider::{Conventions, Profile};
use crate::refresh;
use crate::store::{app, connection};

/// Asks who the connection belongs to and what it may do, and keeps the answers.
pub(crate) async fn identify(env: &Arc<Env>, id: &ConnectionId) -> Result<()> {
    let api = Api::of(env, id)?;
    let account = api
        .get("token/authorized_by", Limits::IDENTITY)
        .await
        .and_then(|reply| api.understand(grigora::account(reply)))?;
    env.store.write(|tx| connection::set_account(tx, id, &account))?;
    let reply = api.get("token/introspect", Limits::IDENTITY).await?;
    let (application, authorization) = api.understand(grigora::introspection(reply))?;
    let now = env.now();
    env.store.write(|tx| connection::set_introspection(tx, id, application.as_ref(), &authorization, now))?;
    env.tell(Event::Connection(id.clone()));
    Ok(())
}

/// The projects that the connection opens.
pub(crate) async fn projects(env: &Arc<Env>, id: &ConnectionId) -> Result<Projects> {
    let api = Api::of(env, id)?;
    let reply = api.get("project/list", Limits::LIST).await?;
    Ok(Projects { as_of: env.now(), projects: api.understand(grigora::projects(reply))? })
}

/// Everything about one project.
pub(crate) async fn project(env: &Arc<Env>, id: &ConnectionId, project_id: &str) -> Result<Project> {
    let api = Api::of(env, id)?;
    let reply = api.post("project/details", json!({ "project_id": project_id })).await?;
    api.understand(grigora::project(reply))
}

/// The posts that a query finds.
pub(crate) async fn posts(env: &Arc<Env>, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
    let api = Api::of(env, id)?;
    let reply = api.post("cms/post/list", grigora::post_query(query)).await?;
    Ok(Posts { as_of: env.now(), posts: api.understand(grigora::posts(reply))? })
}

const KEPT: &str = "Your tokens are kept as they are.";

fn no_api(provider: &str) -> Error {
    Error::new(Code::NotFound, format!("Grapnel knows no API of {provider}."))
        .means(KEPT)
        .hint("Enter the API base among the app’s addresses, if there is one.")
}

/// A connection's API, which renews the token where it has to.
struct Api<'a> {
    env: &'a Arc<Env>,
    id: &'a ConnectionId,
    provider: String,
    conventions: Conventions,
}

impl<'a> Api<'a> {
    fn of(env: &'a Arc<Env>, id: &'a ConnectionId) -> Result<Self> {
        let gone = || Error::new(Code::NotFound, "This connection is not here any more.");
        let row = env.store.read(|c| connection::get(c, id))?.ok_or_else(gone)?;
        let app = env.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(gone)?;
        let profile = Profile::find(&app.provider)?;
        let conventions = profile.conventions(&app.overrides)?;
        Ok(Self { env, id, provider: profile.name.clone(), conventions })
    }

    async fn get(&self, path: &str, limits: Limits) -> Result<Value> {
        self.call(path, None, limits).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(path, Some(body), Limits::LIST).await
    }

    /// Calls with a fresh token; if the API does not accept it, once more with a newer one.
    async fn call(&self, path: &str, body: Option<Value>, limits: Limits) -> Result<Value> {
        let client = &self.env.http;
        let base = self.conventions.api_base.as_ref().ok_or_else(|| no_api(&self.provider))?;
        let fresh = refresh::fresh(self.env, self.id).await?;
        let called = match api::call(client, base, path, &fresh.token, body.as_ref(), limits).await {
            Err(ApiFailure::Refused { status: StatusCode::UNAUTHORIZED, .. }) => {
                let newer = refresh::fresh_instead_of(self.env, self.id, fresh.version).await?;
                let called = api::call(client, base, path, &newer.token, body.as_ref(), limits).await;
                if let Err(ApiFailure::Refused { status: StatusCode::UNAUTHORIZED, .. }) = called {
                    let trouble = self.not_accepted();
                    refresh::refused_by_api(self.env, self.id, &trouble)?;
                    return Err(trouble);
                }
                called
            }
            called => called,
        };
        let reply = called.map_err(|failure| self.explain(failure))?;
        if reply.get("success") == Some(&Value::Bool(false)) {
            let said =
                reply.get("message").and_then(Value::as_str).map(|text| clean(text, &[])).unwrap_or_default();
            return Err(Error::new(
                Code::ProviderError,
                format!("{}’s API answered that it failed. {said}", self.provider),
            )
            .means(KEPT)
            .hint("Try again."));
        }
        Ok(reply)
    }

    fn not_accepted(&self) -> Error {
        Error::new(
            Code::ReconnectNeeded,
            format!("{}’s API does not accept the token, not even a new one.", self.provider),
        )
        .means(KEPT)
        .hint("Connect again in the browser.")
    }

    fn understand<T>(&self, read: Option<T>) -> Result<T> {
        read.ok_or_else(|| {
            Error::new(
                Code::ReplyInvalid,
                format!("{}’s reply was JSON, but not what its page describes.", self.provider),
            )
            .means("Your tokens are not touched by this.")
            .hint("Try again. If it stays so, the provider has changed its API.")
        })
    }

    fn explain(&self, failure: ApiFailure) -> Error {
        let provider = &self.provider;
        let error = match failure {
            ApiFailure::Refused { status: StatusCode::FORBIDDEN, code }
                if code == "project_not_authorized" =>
            {
                Error::new(Code::ProjectNotAuthorized, "This connection does not open that project.")
                    .hint("Connect again in the browser, and choose the project there.")
            }
            ApiFailure::Refused { status, code } => {
                let code =
                    if code.is_empty() { String::new() } else { format!(", with the error “{code}”") };
                Error::new(
                    Code::ProviderError,
                    format!("{provider}’s API refused with status {}{code}.", status.as_u16()),
                )
                .hint("Try again. If it stays so, look whether the connection has the scope for this.")
            }
            ApiFailure::Failed(failure) => failure.explain(provider).hint("Try again."),
        };
        if error.meaning.is_some() { error } else { error.means(KEPT) }
    }
}
