//! The connections that a window shows first. Reading, transferring and sorting ten thousand takes a moment; those at
//! the top of each provider's list do not.

use std::collections::HashMap;

use grapnel_model::connection::Summary;
use grapnel_model::error::Result;
use grapnel_store::connection_status;

use super::state::StatusContext;
use crate::app;
use crate::context::Context;

/// The first connections of each provider in the order of the window's list, at most `many` of each; and whether there
/// are more.
pub(crate) fn first(ctx: &Context, many: u32) -> Result<(Vec<Summary>, bool)> {
    let apps = app::all(ctx)?;
    let (first, all) = ctx.store.read(|connection| {
        let mut by_provider: HashMap<&str, Vec<_>> = HashMap::new();
        for app in &apps {
            let of_app = connection_status::first_of_app(connection, &app.id, many)?;
            by_provider.entry(&app.provider_name).or_default().extend(of_app);
        }
        let mut first = Vec::new();
        for mut of_provider in by_provider.into_values() {
            of_provider.sort();
            of_provider.truncate(many as usize);
            first.extend(of_provider);
        }
        first.sort();
        let first = first.iter().map(|(_, id)| connection_status::one(connection, id));
        let first = first.filter_map(Result::transpose).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((first, connection_status::counts(connection)?.0))
    })?;
    let has_more = first.len() < all;
    Ok((StatusContext::of(ctx, apps).summaries(first), has_more))
}
