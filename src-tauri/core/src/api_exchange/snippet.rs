//! A request as code for other programs. Each gets its token from `grapnel token` when it runs; none has a token in it,
//! puts one into the arguments of a process, or sends it across a redirect.

use std::sync::Arc;

use grapnel_model::api_exchange::{ApiRequestDraft, SnippetFormat};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::ConnectionId;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::draft;
use crate::api_request::{ApiClient, ApiRequest};
use crate::context::Context;
use crate::signed_in::SignedIn;

/// Writes the request of a draft in a language.
///
/// # Errors
///
/// As for sending it; and if a shell cannot pass the body on.
pub(crate) fn snippet(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    draft: &ApiRequestDraft,
    format: SnippetFormat,
) -> Result<String> {
    let request = draft::request(&ApiClient::new(ctx, id, Vec::new()), draft)?;
    let name = SignedIn::load(ctx, id)?.connection.name;
    match format {
        SnippetFormat::Curl => curl(&name, &request, &draft.body),
        SnippetFormat::Fetch => Ok(fetch(&name, &request, &draft.body)),
        SnippetFormat::Python => Ok(python(&name, &request, &draft.body)),
    }
}

/// The header with the token is read from a here-document: other programs can see the arguments of curl.
fn curl(name: &str, request: &ApiRequest, body: &str) -> Result<String> {
    let method = match request.method {
        Method::HEAD => "--head".to_owned(),
        ref method => format!("--request {}", word(method.as_str())?),
    };
    // Brackets in a URL would stand for several URLs.
    let globoff = if request.url.as_str().contains(['[', ']', '{', '}']) { "--globoff " } else { "" };
    let mut lines =
        vec![format!("curl {globoff}{method} {}", word(request.url.as_str())?), "--header @-".into()];
    for (name, value) in &request.headers {
        let value = text(value);
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        lines.push(format!("--header {}", word(&header)?));
    }
    if !body.is_empty() {
        lines.push(format!("--data-raw {}", word(body)?));
    }
    let arguments = arguments(name).into_iter().map(word).collect::<Result<Vec<_>>>()?.join(" ");
    let command = lines.join(" \\\n  ");
    Ok(format!("{command} <<END\nAuthorization: Bearer $(grapnel {arguments})\nEND\n"))
}

/// For Node.js, as an ECMAScript module.
fn fetch(name: &str, request: &ApiRequest, body: &str) -> String {
    let list = Value::from(arguments(name)).to_string();
    let headers = lines(request, |name, value| format!("    [{name}, {value}],"));
    let body = if body.is_empty() { String::new() } else { format!("  body: {},\n", quoted(body)) };
    format!(
        "import {{ execFileSync }} from \"node:child_process\";

const token = execFileSync(\"grapnel\", {list}, {{ encoding: \"utf8\" }}).trim();
const response = await fetch({url}, {{
  method: {method},
  headers: [
    [\"authorization\", `Bearer ${{token}}`],
{headers}  ],
{body}  redirect: \"manual\",
}});
console.log(response.status, await response.text());
",
        url = quoted(request.url.as_str()),
        method = quoted(request.method.as_str()),
    )
}

/// For Python's standard library.
fn python(name: &str, request: &ApiRequest, body: &str) -> String {
    let list: Vec<&str> = std::iter::once("grapnel").chain(arguments(name)).collect();
    let list: Vec<String> = list.into_iter().map(quoted).collect();
    let headers = lines(request, |name, value| format!("request.add_unredirected_header({name}, {value})"));
    let body = if body.is_empty() { String::new() } else { format!("    data={}.encode(),\n", quoted(body)) };
    format!(
        "import subprocess
import urllib.error
import urllib.request

command = [{list}]
token = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
request = urllib.request.Request(
    {url},
    method={method},
{body})
request.add_unredirected_header(\"authorization\", f\"Bearer {{token}}\")
{headers}try:
    response = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    response = error
print(response.status, response.read().decode(errors=\"replace\"))
",
        list = list.join(", "),
        url = quoted(request.url.as_str()),
        method = quoted(request.method.as_str()),
    )
}

/// The arguments of `grapnel` that print the token of a connection.
fn arguments(name: &str) -> Vec<&str> {
    if name.starts_with('-') { vec!["token", "--", name] } else { vec!["token", name] }
}

/// A line of code for each header. `line` is given its name and value as strings of the language.
fn lines(request: &ApiRequest, line: impl Fn(String, String) -> String) -> String {
    let lines = request.headers.iter().map(|(name, value)| line(quoted(name.as_str()), quoted(&text(value))));
    lines.fold(String::new(), |lines, line| lines + &line + "\n")
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// A word of a POSIX shell.
fn word(text: &str) -> Result<String> {
    shlex::try_quote(text).map(String::from).map_err(|_| {
        Error::input("body", "The request has a NUL character, which a shell cannot pass on.")
            .hint("Copy it as fetch or Python, or remove the character.")
    })
}

/// A string of JavaScript or Python, which both read JSON's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
