//! A request with its response.

use grapnel_model::api_exchange::{ApiExchangeView, ResponseLayout};

use super::response_body::ResponseBody;

/// A request with its response. Whoever shows it keeps the body, and reads lines of it.
pub struct Exchange {
    /// What is shown at once.
    pub view: ApiExchangeView,
    /// The response's body.
    pub body: ResponseBody,
}

impl Exchange {
    /// Adds what `body` is to a view.
    pub(super) fn of(mut view: ApiExchangeView, body: ResponseBody) -> Self {
        view.kind = body.kind();
        view.pretty_lines = body.line_count(ResponseLayout::Pretty);
        view.raw_lines = body.line_count(ResponseLayout::Raw);
        Self { view, body }
    }
}
