//! A minimal browser for the server's own pages: it follows redirects, keeps cookies, and submits the form.

use std::collections::BTreeMap;

use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_tests::{Context, Result, bail};
use http::header;
use reqwest::{Method, Response, redirect};
use url::Url;

/// What the person does on the pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    SignsInAndAgrees,
    GoesBack,
}

/// The account that the person signs in with; any name and password are accepted.
pub(crate) const ACCOUNT: &str = "ada";

/// More pages than any sign-in has.
const ENDLESS: usize = 20;

/// Opens a link, acts as the person on its pages, and returns the last redirect of the server.
pub(crate) async fn visit(issuer: &str, link: &SecretString, person: Person) -> Result<SecretString> {
    let mut browser = Browser::new()?;
    let mut response = browser.send(Method::GET, link.expose_secret(), None).await?;
    for _ in 0..ENDLESS {
        if let Some(location) = response.headers().get(header::LOCATION) {
            let address = response.url().join(location.to_str()?)?;
            if !address.as_str().starts_with(issuer) {
                return Ok(String::from(address).into());
            }
            response = browser.send(Method::GET, address.as_str(), None).await?;
            continue;
        }
        let (status, base) = (response.status(), response.url().clone());
        let page = response.text().await?;
        let Some(action) = between(&page, "<form autocomplete=\"off\" action=\"", "\"") else {
            bail!("{status}, and a page without a form: {page}")
        };
        let form = if page.contains("name=\"login\"") {
            format!("prompt=login&login={ACCOUNT}&password=any")
        } else {
            "prompt=consent".to_owned()
        };
        response = if person == Person::GoesBack {
            let away = page.match_indices("href=\"").find_map(|(at, _)| {
                between(&page[at..], "href=\"", "\"").filter(|address| address.ends_with("/abort"))
            });
            browser.send(Method::GET, away.context("no way back")?, None).await?
        } else {
            browser.send(Method::POST, base.join(action)?.as_str(), Some(form)).await?
        };
    }
    bail!("the server sends the browser round and round")
}

/// Opens the page for a device code (RFC 8628 §3.3), and approves or aborts there.
pub(crate) async fn approve(link: &str, person: Person) -> Result<()> {
    let mut browser = Browser::new()?;
    let mut response = browser.send(Method::GET, link, None).await?;
    for _ in 0..ENDLESS {
        if let Some(location) = response.headers().get(header::LOCATION) {
            let address = response.url().join(location.to_str()?)?;
            response = browser.send(Method::GET, address.as_str(), None).await?;
            continue;
        }
        let (base, page) = (response.url().clone(), response.text().await?);
        let Some(action) = page.split_once("<form").and_then(|(_, form)| between(form, "action=\"", "\""))
        else {
            return Ok(());
        };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for input in
            page.split("<input").skip(1).filter_map(|rest| rest.split_once('>')).map(|(input, _)| input)
        {
            if let (Some(name), Some(value)) =
                (between(input, "name=\"", "\""), between(input, "value=\"", "\""))
            {
                form.append_pair(name, value);
            }
        }
        let is_confirmation = page.contains("op.deviceConfirmForm");
        if is_confirmation && person == Person::GoesBack {
            form.append_pair("abort", "yes");
        }
        if page.contains("name=\"login\"") {
            form.append_pair("login", ACCOUNT).append_pair("password", "any");
        }
        let address = base.join(&action.replace("&amp;", "&"))?;
        response = browser.send(Method::POST, address.as_str(), Some(form.finish())).await?;
        if is_confirmation && person == Person::GoesBack {
            return Ok(());
        }
    }
    bail!("the server sends the browser round and round")
}

/// Opens the loopback callback URL, and returns the page, whose status tells whether the callback was accepted.
pub(crate) async fn come_home(address: &SecretString) -> Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client.get(address.expose_secret()).send().await?.text().await?)
}

/// A browser with its cookies, which follows no redirect by itself.
pub(crate) struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new() -> Result<Self> {
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
        Ok(Self { client, cookies: BTreeMap::new() })
    }

    /// Sends a request, with a form if there is one.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        address: &str,
        form: Option<String>,
    ) -> Result<Response> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request =
            self.client.request(method, Url::parse(address)?).header(header::COOKIE, cookies.join("; "));
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await?;
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            // A cookie that is deleted has an empty value.
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(response)
    }
}

/// The text between two others.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
}
