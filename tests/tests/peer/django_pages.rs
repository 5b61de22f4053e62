//! A person at the pages of Django and Django OAuth Toolkit: signs in, and agrees or cancels.

use grapnel_model::secret::SecretString;
use grapnel_tests::{Context, Result, bail};
use http::{StatusCode, header};
use reqwest::Method;
use url::form_urlencoded::Serializer;

use crate::browser::{Browser, Person, between};

/// More pages than any sign-in has.
const MAX_PAGES: usize = 20;

/// Opens a page, and submits its forms as the person. Returns the redirect that leaves the server, or nothing if the
/// last page has no form.
pub(crate) async fn visit(issuer: &str, link: &str, person: Person) -> Result<Option<SecretString>> {
    let mut browser = Browser::new()?;
    let mut response = browser.send(Method::GET, link, None).await?;
    for _ in 0..MAX_PAGES {
        if let Some(location) = response.headers().get(header::LOCATION) {
            let address = response.url().join(location.to_str()?)?;
            if !address.as_str().starts_with(issuer) {
                return Ok(Some(String::from(address).into()));
            }
            response = browser.send(Method::GET, address.as_str(), None).await?;
            continue;
        }
        let (status, address) = (response.status(), response.url().clone());
        let page = response.text().await?;
        if status != StatusCode::OK {
            bail!("{status} at {address}: {page}");
        }
        let Some(form) = between(&page, "<form", "</form>") else { return Ok(None) };
        let action = between(form.split_once('>').context("a tag that does not end")?.0, "action=\"", "\"");
        let target = address.join(&action.unwrap_or_default().replace("&amp;", "&"))?;
        response = browser.send(Method::POST, target.as_str(), Some(filled(form, person))).await?;
    }
    bail!("the server sends the browser round and round")
}

/// The form's own values, and what the person enters and presses.
fn filled(form: &str, person: Person) -> String {
    let mut values = Serializer::new(String::new());
    for (input, _) in form.split("<input").skip(1).filter_map(|rest| rest.split_once('>')) {
        let is_button = input.contains("type=\"submit\"");
        if let (false, Some(name), Some(value)) =
            (is_button, between(input, "name=\"", "\""), between(input, "value=\"", "\""))
        {
            values.append_pair(name, &value.replace("&amp;", "&"));
        }
    }
    let agrees = person == Person::SignsInAndAgrees;
    if form.contains("name=\"username\"") {
        values.append_pair("username", "ada").append_pair("password", "any");
    } else if form.contains("name=\"allow\"") && agrees {
        values.append_pair("allow", "Authorize");
    } else if form.contains("value=\"deny\"") {
        values.append_pair("action", if agrees { "accept" } else { "deny" });
    }
    values.finish()
}
