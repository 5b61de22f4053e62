//! `--paginate`: the pages of a list, one request after the other.

use std::collections::HashSet;

use grapnel_core::api_request::{ApiRequest, RequestBody};
use grapnel_model::error::{Error, Result};
use http::header;
use serde_json::Value;

use super::print::{self, Document, Printing};
use super::send::Sender;
use super::status::check_status;
use crate::print::Output;

/// Prints every page: each as it came, or what the filter selects from it; with `--json`, one document with an array of
/// the bodies.
pub(super) async fn follow(
    output: &mut Output,
    sender: &Sender<'_>,
    request: ApiRequest,
    printing: &Printing<'_>,
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
    let (mut bodies, mut requested) = (Vec::new(), HashSet::new());
    loop {
        requested.insert(url.clone());
        let (method, headers, body) = (method.clone(), headers.clone(), RequestBody::Bytes(body.clone()));
        let mut response = sender.send(ApiRequest { method, url: url.clone(), headers, body }).await?;
        if !response.status().is_success() {
            print::response(output, &mut response, printing).await?;
            return check_status(&response, &url);
        }
        let page = response.body(print::MAX_WHOLE_BYTES).await?;
        let parsed = print::parse(&page)?;
        let links = response.headers().get_all(header::LINK);
        let next = pagination.next(&url, links.iter().filter_map(|link| link.to_str().ok()), &parsed);
        if output.json {
            bodies.push(parsed);
        } else {
            if printing.include {
                print::head(output, &response)?;
            }
            match printing.filter {
                Some(filter) => print::selected(output, filter, &page)?,
                None => print::whole(output, &page, &parsed)?,
            }
        }
        // A page that names one that was requested before would go on for ever.
        match next.filter(|next| !requested.contains(next)) {
            Some(next) => url = sender.api.resolve(next.as_str())?,
            None if output.json => {
                return output.show(&Document::of(&response, (Value::Array(bodies), None)));
            }
            None => return Ok(()),
        }
    }
}
