//! The routes that stand around every provider's own.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::provider::Provider;
use crate::{control, guard, page};

/// A provider's routes together with what stands around every provider's.
pub(crate) fn housed(provider: &Arc<Provider>, routes: Router<Arc<Provider>>) -> Router {
    let routes = routes.merge(page::router());
    let routes = if provider.common.control {
        routes.nest("/_sandbox", control::router(Arc::clone(provider)))
    } else {
        routes
    };
    routes
        // Browsers ask for it by themselves: no departure.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(guard::unknown_path)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(from_fn_with_state(Arc::clone(provider), guard::host))
        .layer(from_fn_with_state(Arc::clone(provider), guard::date))
        .with_state(Arc::clone(provider))
}
