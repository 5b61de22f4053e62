//! The routes and middleware common to all providers.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::provider::Provider;
use crate::{control, middleware, page};

/// Adds the common routes and middleware to a provider's routes.
pub(crate) fn with_common_routes(provider: &Arc<Provider>, routes: Router<Arc<Provider>>) -> Router {
    let routes = routes.merge(page::router());
    let routes = if provider.shared.control {
        routes.nest("/_sandbox", control::router(Arc::clone(provider)))
    } else {
        routes
    };
    routes
        // Browsers request it on their own: no departure.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(middleware::unknown_path)
        .method_not_allowed_fallback(middleware::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(provider), middleware::check_host))
        .layer(from_fn_with_state(Arc::clone(provider), middleware::set_date))
        .with_state(Arc::clone(provider))
}
