//! `--paginate`: requests the pages of a list one after the other.

use std::collections::HashSet;

use grapnel_core::api_request::{ApiRequest, RequestBody};
use grapnel_model::error::{Code, Error, Result};
use http::header;
use serde_json::Value;
use url::Url;

use super::print::{self, Document, Printing};
use super::send::Sender;
use super::status::check_status;
use crate::print::Output;

/// After so many pages, a list is taken for one without an end: an API may ignore the parameter that selects the page.
pub(super) const MAX_PAGES: u32 = 10_000;

/// Prints every page as received, or the filter's selection from it; with `--json`, one document with an array of the
/// bodies.
pub(super) async fn follow(
    output: &mut Output,
    sender: &Sender<'_>,
    request: ApiRequest,
    printing: &Printing<'_>,
    max_pages: u32,
) -> Result<()> {
    let Some(pagination) = sender.api.pagination()? else {
        return Err(Error::input(
            "paginate",
            "The provider profile does not say how this API splits a list into pages.",
        )
        .means("Nothing was sent.")
        .hint("Leave out --paginate, or set it: grapnel app set APP --set pagination=link"));
    };
    let ApiRequest { method, url, headers, body: RequestBody::Bytes(body) } = request else {
        return Err(Error::input("paginate", "--paginate cannot be combined with --input.")
            .means("Nothing was sent."));
    };
    let mut url = pagination.first(url);
    let (mut bodies, mut total, mut requested) = (Vec::new(), 0, HashSet::new());
    loop {
        requested.insert(url.clone());
        let (method, headers, body) = (method.clone(), headers.clone(), RequestBody::Bytes(body.clone()));
        let mut response = sender.send(ApiRequest { method, url: url.clone(), headers, body }).await?;
        if !response.status().is_success() {
            print::response(output, &mut response, printing).await?;
            return check_status(&response, &url, &sender.connection);
        }
        let page = response.body(print::MAX_WHOLE_BYTES).await?;
        let parsed = print::parse(&page)?;
        let links = response.headers().get_all(header::LINK);
        let next = pagination.next(&url, links.iter().filter_map(|link| link.to_str().ok()), &parsed);
        if output.json {
            total += page.len();
            if total > print::MAX_WHOLE_BYTES {
                return Err(too_large());
            }
            bodies.push(parsed);
        } else {
            if printing.include {
                print::head(output, &response)?;
            }
            let is_read = match printing.filter {
                Some(filter) => print::selected(output, filter, &page)?,
                None => print::whole(output, &page, &parsed)?,
            };
            if !is_read {
                return Ok(());
            }
        }
        // A page that links to one already requested would loop forever.
        match next.filter(|next| !requested.contains(next)) {
            Some(_) if requested.len() >= max_pages as usize => return Err(too_many(max_pages)),
            Some(next) => url = sender.api.resolve(next.as_str()).map_err(|_| elsewhere(&next))?,
            None if output.json => {
                return output.show(&Document::of(&response, (Value::Array(bodies), None)));
            }
            None => return Ok(()),
        }
    }
}

fn elsewhere(next: &Url) -> Error {
    let host = next.origin().ascii_serialization();
    Error::new(
        Code::ProviderError,
        format!("The API names its next page at {host}, which must not get the access token."),
    )
    .means("The pages until there were read. The token was not sent to that host.")
    .hint(format!("If you trust that host with the token, allow it: --allow {host}"))
}

fn too_many(max_pages: u32) -> Error {
    let message = format!("The list has more than {max_pages} pages, and was not read further.");
    Error::new(Code::ReplyTooLarge, message)
        .means("Your tokens are kept as they are.")
        .hint("If the API does not repeat its pages, read more of them: --max-pages NUMBER")
}

fn too_large() -> Error {
    let message =
        format!("The pages are larger than {} MiB, and were not read further.", print::MAX_WHOLE_BYTES >> 20);
    Error::new(Code::ReplyTooLarge, message)
        .means("Your tokens are kept as they are.")
        .hint("Leave out --json: pages are then printed as they arrive.")
}
