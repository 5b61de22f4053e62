//! What a request page starts with: the API base, the known endpoints, and the saved requests.

use grapnel_model::api_exchange::{ApiEndpointView, ApiRequestPage};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{ApiEndpoint, Profile};
use serde_json::Value;

use super::saved;
use crate::context::Context;
use crate::signed_in::SignedIn;

/// Reads what the page of a connection starts with.
pub(crate) async fn page(ctx: &Context, id: &ConnectionId) -> Result<ApiRequestPage> {
    let app = SignedIn::load(ctx, id)?.app;
    let base_url = app.config()?.api_base.as_ref().map(ToString::to_string);
    let endpoints = Profile::find(&app.row.provider)?.endpoints.iter().map(view).collect();
    Ok(ApiRequestPage { base_url, endpoints, saved: saved::all(ctx, id).await? })
}

fn view(endpoint: &ApiEndpoint) -> ApiEndpointView {
    let body = serde_json::from_str::<Value>(&endpoint.body).map(|body| format!("{body:#}"));
    ApiEndpointView {
        method: endpoint.method.clone(),
        path: endpoint.path.clone(),
        name: endpoint.name.clone(),
        summary: endpoint.summary.clone(),
        body: body.unwrap_or_else(|_| endpoint.body.clone()),
    }
}
