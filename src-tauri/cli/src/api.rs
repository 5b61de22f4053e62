//! `grapnel api`: a request to a connection's API, with its access token attached.

mod body;
mod endpoints;
mod fields;
mod pages;
mod print;
mod select;
mod send;
mod status;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use grapnel_core::api_request::{self, AllowedHost, ApiClient, ApiRequest, RequestBody, parse_method};
use grapnel_core::token_agent::AgentRequest;
use grapnel_model::error::{Error, Result};
use grapnel_model::provider::ApiEndpoint;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::SignedDuration;

use crate::format::parse_duration;
use crate::lookup::{self, to_reconnect};
use crate::session::Session;
use crate::vault;
use fields::Field;
use print::Printing;
use select::Filter;
use send::Sender;
use status::check_status;
pub(crate) use status::scope_hint;

#[derive(Debug, Args)]
pub(crate) struct Api {
    /// The connection's name
    pub(crate) connection: String,
    /// The method, and a path below the API base or a URL; without both, the known endpoints are listed
    #[arg(value_name = "[METHOD] URL", num_args = 0..=2)]
    target: Vec<String>,
    /// Add a field to the body, or to the query of a GET; JSON values are sent as such, anything else as a string
    #[arg(long = "field", short = 'f', value_name = "KEY=VALUE", value_parser = fields::parse)]
    fields: Vec<Field>,
    /// The same, where @FILE stands for the content of a file and @- for standard input
    #[arg(long = "file-field", short = 'F', value_name = "KEY=VALUE", value_parser = fields::parse_with_files)]
    file_fields: Vec<Field>,
    /// Add a header
    #[arg(long = "header", short = 'H', value_name = "NAME:VALUE", value_parser = parse_header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Send a file as the body; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fields", "file_fields"])]
    input: Option<PathBuf>,
    /// Print the status and the headers of the response before its body
    #[arg(long, short)]
    include: bool,
    /// Request the next pages as well, where the provider profile says how
    #[arg(long)]
    paginate: bool,
    /// Request at most so many pages
    #[arg(long, value_name = "NUMBER", default_value_t = pages::MAX_PAGES, requires = "paginate",
        value_parser = clap::value_parser!(u32).range(1..))]
    max_pages: u32,
    /// Print what a jq filter selects from the response
    #[arg(long, short = 'q', value_name = "FILTER", value_parser = select::check, conflicts_with = "json")]
    jq: Option<String>,
    /// Allow the access token at another host than those of the app's API
    #[arg(long = "allow", value_name = "HOST[:PORT]")]
    allowed: Vec<AllowedHost>,
    /// Wait so long for the response to begin
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    timeout: SignedDuration,
    /// Wait so long in all for an API that asks to wait (status 429 or 503 with Retry-After)
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    max_wait: SignedDuration,
}

pub(crate) async fn run(session: &mut Session<'_>, asked: Api) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    let api = session.grapnel.api(&connection.id, asked.allowed.clone());
    if asked.target.is_empty() {
        return endpoints::list(session.output, &connection.name, api.profile()?);
    }
    let asked_of_agent = AgentRequest { name: connection.name.clone(), min_valid: Duration::ZERO };
    let mut is_given = false;
    let api = api.with_token_of(|| (session.ask)(&asked_of_agent).inspect(|_| is_given = true))?;
    if !is_given {
        vault::unlock_in_command(session).await?;
    }
    let reconnect = to_reconnect(&connection.name);
    send(session, asked, &api).await.map_err(reconnect)
}

async fn send(session: &mut Session<'_>, asked: Api, api: &ApiClient) -> Result<()> {
    let (method, target) = match &asked.target[..] {
        [method, target] => (Some(method.as_str()), target.as_str()),
        [target, ..] => (None, target.as_str()),
        [] => (None, ""),
    };
    let known = api.profile()?.endpoint(target);
    let url =
        api.resolve(known.filter(|known| !known.name.is_empty()).map_or(target, |known| &known.path))?;
    let mut fields = asked.fields;
    fields.extend(asked.file_fields);
    for field in &mut fields {
        field.read(&mut session.input)?;
    }
    let method = match method {
        Some(text) => parse_method(text)?,
        None => default_method(known, !fields.is_empty() || asked.input.is_some()),
    };
    let (url, body) = match asked.input {
        Some(path) if path.as_os_str() == "-" => (url, body::of_input(&mut session.input).await?),
        Some(path) => (url, body::of_file(path).await?),
        None if matches!(method, Method::GET | Method::HEAD) => {
            (fields::with_query(url, &fields), RequestBody::Bytes("".into()))
        }
        None => (url, RequestBody::Bytes(json_body(known, &fields)?.into())),
    };
    let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]);
    let is_json = matches!(&body, RequestBody::Bytes(bytes) if !bytes.is_empty());
    if is_json {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, _) in &asked.headers {
        headers.remove(name);
    }
    for (name, value) in asked.headers {
        headers.append(name, value);
    }
    let request = ApiRequest { method, url, headers, body };
    let filter = asked.jq.as_deref().map(Filter::parse).transpose();
    let filter = filter.map_err(|message| Error::input("jq", message))?;
    let printing = Printing { include: asked.include, filter: filter.as_ref() };
    let sender = Sender {
        connection: asked.connection,
        api,
        messages: session.output.messages.clone(),
        timeout: asked.timeout.unsigned_abs(),
        max_wait: asked.max_wait.unsigned_abs(),
    };
    if asked.paginate {
        return pages::follow(session.output, &sender, request, &printing, asked.max_pages).await;
    }
    let url = request.url.clone();
    let mut response = sender.send(request).await?;
    print::response(session.output, &mut response, &printing).await?;
    check_status(&response, &url, &sender.connection)
}

fn default_method(known: Option<&ApiEndpoint>, has_body: bool) -> Method {
    let known = known.and_then(|known| known.method.parse().ok());
    known.unwrap_or(if has_body { Method::POST } else { Method::GET })
}

/// The body from the fields; without fields, the known endpoint's default body, if it has no placeholders.
fn json_body(known: Option<&ApiEndpoint>, fields: &[Field]) -> Result<String> {
    match known {
        Some(known) if fields.is_empty() && !known.body.is_empty() => {
            if known.is_complete() {
                return Ok(known.body.clone());
            }
            Err(Error::input("field", format!("“{}” needs a body.", known.label()))
                .means("Nothing was sent.")
                .hint(format!("Add its fields with -f KEY=VALUE. An example: {}", known.body)))
        }
        _ if fields.is_empty() => Ok(String::new()),
        _ => Ok(fields::to_json(fields)?.to_string()),
    }
}

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write a header as NAME:VALUE")?;
    api_request::parse_header(name, value)
}
