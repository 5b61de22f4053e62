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
pub(crate) fn first(ctx: &Context, many: usize) -> Result<(Vec<Summary>, bool)> {
    let apps = app::all(ctx)?;
    let providers: HashMap<_, _> = apps.iter().map(|app| (&app.id, app.provider_name.as_str())).collect();
    let (first, all) = ctx.store.read(|connection| {
        let all = connection_status::listed(connection)?;
        let mut taken: HashMap<&str, usize> = HashMap::new();
        let is_first = |(_, app): &&_| {
            let Some(provider) = providers.get(app) else { return false };
            let taken = taken.entry(provider).or_default();
            *taken += 1;
            *taken <= many
        };
        let first = all.iter().filter(is_first).map(|(id, _)| connection_status::one(connection, id));
        let first = first.filter_map(Result::transpose).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((first, all.len()))
    })?;
    let has_more = first.len() < all;
    Ok((StatusContext::of(ctx, apps).summaries(first), has_more))
}
