//! The API below `/general/api/v1`: five calls, each with the access token in the `Authorization` header.

mod account;
mod caller;
mod posts;
mod projects;
mod selection;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};

use crate::faults::{Endpoint, apply_fault};
use crate::grigora::state::Grigora;
use crate::provider::Provider;

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new()
        .route("/token/authorized_by", get(account::authorized_by))
        .route("/token/introspect", get(account::introspect))
        .route("/project/list", get(projects::list))
        .route("/project/details", post(projects::details))
        .route("/cms/post/list", post(posts::list))
        .layer(from_fn_with_state(Arc::clone(&grigora), inject_api_fault))
        .with_state(grigora)
}

async fn inject_api_fault(State(grigora): State<Arc<Grigora>>, request: Request, next: Next) -> Response {
    let provider = &grigora.provider;
    apply_fault(provider.next_fault(Endpoint::Api), provider, next.run(request)).await
}
