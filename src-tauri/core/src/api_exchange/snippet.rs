//! A request as code for other programs. Each gets its token from `grapnel token` when it runs; none has a token in it,
//! puts one into the arguments of a process, or sends it across a redirect.

use std::sync::Arc;

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::api_exchange::{ApiExchangeView, ApiRequestDraft, ExchangeKind, SnippetFormat};
use grapnel_model::connection::TokenMetadata;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_store::connection::ConnectionRow;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::body::Bytes;
use serde_json::Value;

use super::{draft, history};
use crate::api_request::{ApiClient, ApiRequest, RequestBody};
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
    let connection = SignedIn::load(ctx, id)?.connection;
    let (name, token_type) = (&connection.name, token_type(&connection));
    match format {
        SnippetFormat::Curl => curl((name, token_type), &request, &draft.body),
        SnippetFormat::Fetch | SnippetFormat::Python if token_type == AccessTokenType::Dpop => {
            Err(needs_proof())
        }
        SnippetFormat::Fetch | SnippetFormat::Python if token_type == AccessTokenType::CertificateBound => {
            Err(needs_certificate())
        }
        SnippetFormat::Fetch => Ok(fetch(name, &request, &draft.body)),
        SnippetFormat::Python => Ok(python(name, &request, &draft.body)),
    }
}

/// Writes an exchange of the history as a curl command. What is masked in it stays masked, and is for the person to
/// fill in, except for the access token.
pub(crate) async fn exchange_snippet(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    exchange: &ExchangeId,
) -> Result<String> {
    let exchange = history::open(ctx, id, exchange).await?;
    let ApiExchangeView { summary, draft, .. } = exchange.view;
    if summary.kind == ExchangeKind::Request {
        return snippet(ctx, id, &draft, SnippetFormat::Curl);
    }
    let invalid = || Error::new(Code::DataDamaged, "A stored request cannot be read.");
    let mut headers = HeaderMap::new();
    for header in &draft.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| invalid())?;
        headers.append(name, HeaderValue::from_str(&header.value).map_err(|_| invalid())?);
    }
    let has_token = headers.get(AUTHORIZATION).is_some_and(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.starts_with(b"bearer ") || value.starts_with(b"dpop ")
    });
    if has_token {
        headers.remove(AUTHORIZATION);
        headers.remove("dpop");
    }
    let request = ApiRequest {
        method: draft.method.parse().map_err(|_| invalid())?,
        url: draft.target.parse().map_err(|_| invalid())?,
        headers,
        body: RequestBody::Bytes(Bytes::new()),
    };
    if has_token {
        let connection = SignedIn::load(ctx, id)?.connection;
        return curl((&connection.name, token_type(&connection)), &request, &draft.body);
    }
    Ok(format!("{}\n", command(&request, &draft.body, false)?))
}

/// The header with the token is read from a here-document: other programs can see the arguments of curl.
fn curl((name, token_type): (&str, AccessTokenType), request: &ApiRequest, body: &str) -> Result<String> {
    let arguments = arguments(name).into_iter().map(word).collect::<Result<Vec<_>>>()?.join(" ");
    if token_type == AccessTokenType::CertificateBound {
        return Err(needs_certificate());
    }
    let command = command(request, body, true)?;
    if token_type == AccessTokenType::Dpop {
        let (method, url) = (word(request.method.as_str())?, word(request.url.as_str())?);
        return Ok(format!(
            "{BOUND_NOTE}{command} <<END\n$(grapnel token --dpop {method} {url} {})\nEND\n",
            arguments.trim_start_matches("token ")
        ));
    }
    Ok(format!("{command} <<END\nAuthorization: Bearer $(grapnel {arguments})\nEND\n"))
}

/// A curl command; `reads_header` if it reads one more header from standard input.
fn command(request: &ApiRequest, body: &str, reads_header: bool) -> Result<String> {
    let method = match request.method {
        Method::HEAD => "--head".to_owned(),
        ref method => format!("--request {}", word(method.as_str())?),
    };
    // Brackets in a URL would stand for several URLs.
    let globoff = if request.url.as_str().contains(['[', ']', '{', '}']) { "--globoff " } else { "" };
    let mut lines = vec![format!("curl {globoff}{method} {}", word(request.url.as_str())?)];
    lines.extend(reads_header.then(|| "--header @-".to_owned()));
    for (name, value) in &request.headers {
        let value = text(value);
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        lines.push(format!("--header {}", word(&header)?));
    }
    if !body.is_empty() {
        lines.push(format!("--data-raw {}", word(body)?));
    }
    Ok(lines.join(" \\\n  "))
}

/// For Node.js, as an ECMAScript module.
fn fetch(name: &str, request: &ApiRequest, body: &str) -> String {
    let list = list(arguments(name));
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
    let list = list(std::iter::once("grapnel").chain(arguments(name)));
    let headers = lines(request, |name, value| format!("request.add_unredirected_header({name}, {value})"));
    let body = if body.is_empty() { String::new() } else { format!("    data={}.encode(),\n", quoted(body)) };
    format!(
        "import subprocess
import urllib.error
import urllib.request

command = {list}
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
        url = quoted(request.url.as_str()),
        method = quoted(request.method.as_str()),
    )
}

/// What a command with a proof cannot do.
const BOUND_NOTE: &str = "# The token is bound to a key (DPoP): its proof is for this request, and has no nonce. If \
    the API demands one,\n# use grapnel api or grapnel proxy, which send it.\n";

/// How a connection's token is sent.
fn token_type(connection: &ConnectionRow) -> AccessTokenType {
    connection.token_metadata().map(TokenMetadata::token_type).unwrap_or_default()
}

/// The private key of the certificate stays in the vault, where no other program can use it.
fn needs_certificate() -> Error {
    Error::input(
        "format",
        "The token is bound to the app’s certificate (mTLS), and other programs do not have its private key.",
    )
    .means("Nothing was copied.")
    .hint("Send the request by grapnel api or grapnel proxy, which present the certificate.")
}

fn needs_proof() -> Error {
    Error::input("format", "The token is bound to a key (DPoP), and this code would send it without a proof.")
        .means("Nothing was copied.")
        .hint("Copy it as curl, or send requests by grapnel api or grapnel proxy.")
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

/// A list of JavaScript or Python.
fn list<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    format!("[{}]", words.join(", "))
}

/// A string of JavaScript or Python, which both read JSON's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = r#"Ann's "shop" $(date) `x`"#;
    const NOTE: &str = r#"it's "quoted" $HOME \ `date` !"#;
    const BODY: &str = "{\"text\": \"it's $HOME \\\"x\\\" `date` é \u{2028}\"}\n%s";

    fn request() -> ApiRequest {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("*/*"));
        headers.insert("x-note", HeaderValue::from_static(NOTE));
        headers.insert("x-empty", HeaderValue::from_static(""));
        ApiRequest {
            method: Method::POST,
            url: "https://api.example/it's?filter[a]=$HOME&b={c}".parse().unwrap(),
            headers,
            body: RequestBody::Bytes(BODY.into()),
        }
    }

    fn plain(method: Method) -> ApiRequest {
        let url = "https://api.example/projects".parse().unwrap();
        ApiRequest { method, url, headers: HeaderMap::new(), body: RequestBody::Bytes("".into()) }
    }

    #[test]
    fn the_code_asks_for_a_token_and_has_none() {
        let of = |name: &str, request: &ApiRequest, body: &str| {
            let curl = curl((name, AccessTokenType::Bearer), request, body).unwrap();
            [curl, fetch(name, request, body), python(name, request, body)].join("----\n")
        };
        insta::assert_snapshot!(of(NAME, &request(), BODY));
        insta::assert_snapshot!("plain", of("-acme", &plain(Method::HEAD), ""));
    }

    #[test]
    fn a_bound_token_comes_with_its_proof() {
        let code = curl(("acme", AccessTokenType::Dpop), &plain(Method::GET), "").unwrap();
        let asks = "$(grapnel token --dpop GET https://api.example/projects acme)\n";
        assert!(code.contains(asks) && code.contains("has no nonce"), "{code}");
    }

    #[test]
    fn a_body_that_no_shell_passes_on_is_refused() {
        let error = curl(("acme", AccessTokenType::Bearer), &request(), "a\0b").unwrap_err();
        assert_eq!(error.field.as_deref(), Some("body"));
        assert!(fetch("acme", &request(), "a\0b").contains(r"a\u0000b"));
    }

    /// A directory with programs that print their arguments, each in its own line; `curl` also what it reads.
    #[cfg(unix)]
    fn programs(names: &[&str]) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            let rest = if *name == "curl" { "cat" } else { "" };
            std::fs::write(&path, format!("#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n{rest}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        folder
    }

    /// What a program prints that runs with `programs`; `None` if it is not installed.
    #[cfg(unix)]
    fn run(program: &str, arguments: &[&str], code: &str) -> Option<String> {
        let programs = programs(&["grapnel", "curl"]);
        let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
        let run = std::process::Command::new(program).args(arguments).arg(code).env("PATH", path).output();
        let Ok(run) = run else {
            eprintln!("{program} is not installed: its code was not run");
            return None;
        };
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        Some(String::from_utf8(run.stdout).unwrap())
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_passes_every_character_of_the_curl_command_on() {
        let printed =
            run("sh", &["-c"], &curl((NAME, AccessTokenType::Bearer), &request(), BODY).unwrap()).unwrap();
        let (url, note) = (request().url, format!("x-note: {NOTE}"));
        let arguments = [
            "--globoff",
            "--request",
            "POST",
            url.as_str(),
            "--header",
            "@-",
            "--header",
            "accept: */*",
            "--header",
            &note,
            "--header",
            "x-empty;",
            "--data-raw",
            BODY,
        ];
        let arguments: String = arguments.iter().map(|argument| ["<", argument, ">\n"].concat()).collect();
        assert_eq!(printed, format!("{arguments}Authorization: Bearer <token>\n<{NAME}>\n"));
    }

    #[cfg(unix)]
    #[test]
    fn node_sends_what_the_request_has() {
        let code = fetch(NAME, &request(), BODY);
        let fake = "globalThis.fetch = async (url, request) => {
            console.log(JSON.stringify([url, request])); return { status: 200, text: async () => '' }; };\n";
        let Some(printed) = run("node", &["--input-type=module", "--eval"], &format!("{fake}{code}")) else {
            return;
        };
        let sent: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
        let token = format!("Bearer <token>\n<{NAME}>");
        let headers = serde_json::json!([
            ["authorization", token],
            ["accept", "*/*"],
            ["x-note", NOTE],
            ["x-empty", ""]
        ]);
        assert_eq!(
            sent,
            serde_json::json!([request().url, {
                "method": "POST", "headers": headers, "body": BODY, "redirect": "manual"
            }])
        );
    }

    #[cfg(unix)]
    #[test]
    fn python_sends_what_the_request_has() {
        let fake = "import json, urllib.request
class Response:
    status = 200
    def read(self): return b''
def urlopen(request):
    print(json.dumps([request.full_url, request.get_method(), request.unredirected_hdrs, request.headers,
        request.data.decode()]))
    return Response()
urllib.request.urlopen = urlopen\n";
        let code = python(NAME, &request(), BODY);
        let Some(printed) = run("python3", &["-c"], &format!("{fake}{code}")) else { return };
        let sent: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
        let headers = serde_json::json!({ "Authorization": format!("Bearer <token>\n<{NAME}>"), "Accept": "*/*",
            "X-note": NOTE, "X-empty": "" });
        assert_eq!(sent, serde_json::json!([request().url, "POST", headers, {}, BODY]));
    }
}
