//! A pasted curl command: a token request with the client's credentials, or a request for an authorization URL. Files
//! and shell variables that it names are not read.

use grapnel_model::error::{Error, Result};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::authorization_url;
use super::client::{Client, Contents, ID, Request, SECRET, plain, shown_key};

/// Options whose value is irrelevant to the client.
const WITH_VALUE: &[&str] = &[
    "-A",
    "-b",
    "-c",
    "-C",
    "-D",
    "-e",
    "-E",
    "-K",
    "-m",
    "-o",
    "-r",
    "-T",
    "-w",
    "-x",
    "-y",
    "-Y",
    "-z",
    "--cacert",
    "--cert",
    "--config",
    "--connect-timeout",
    "--cookie",
    "--cookie-jar",
    "--key",
    "--max-time",
    "--output",
    "--proxy",
    "--referer",
    "--resolve",
    "--retry",
    "--user-agent",
    "--write-out",
    "-X",
    "--request",
];
const DATA: &[&str] = &["-d", "--data", "--data-raw", "--data-ascii", "--data-binary"];

/// The options of a command.
#[derive(Default)]
struct Command {
    url: Option<String>,
    data: Vec<String>,
    forms: Vec<String>,
    user: Option<String>,
    headers: Vec<String>,
    is_json: bool,
    /// Options whose value is a file or a shell variable.
    elsewhere: Vec<&'static str>,
}

pub(super) fn read(text: &str) -> Result<Contents> {
    let refuse =
        |message: &str| Error::input("file", message).hint("Paste one whole curl command, with its quotes.");
    let text = text.trim_start_matches(['$', '>', ' ', '\n']);
    let words = shlex::split(text).ok_or_else(|| refuse("The curl command ends inside quotes."))?;
    let command = command(&words);
    let address = command.url.as_deref().ok_or_else(|| refuse("The curl command has no URL."))?;
    let with_scheme = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let client = match authorization_url::client(&with_scheme) {
        Some(client) if command.data.is_empty() && command.user.is_none() => client,
        _ => token_request(&with_scheme, &command).ok_or_else(|| {
            refuse("This is neither a token request nor an authorization URL: it has no grant_type and no client_id.")
        })?,
    };
    Ok(Contents { clients: vec![client], ..Contents::default() })
}

fn command(words: &[String]) -> Command {
    let mut command = Command::default();
    let mut words = words.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        // A shell operator ends the command.
        if ["|", "||", "&&", ";", ">"].contains(&word) {
            break;
        }
        let (option, mut value) = match word.char_indices().nth(2) {
            // `-uid:secret`: a short option with its value.
            Some((at, _)) if word.starts_with('-') && !word.starts_with("--") => {
                let (option, value) = word.split_at(at);
                (option, "duHFXAbeox".contains(&option[1..]).then_some(value))
            }
            _ => (word, None),
        };
        let mut next = || value.take().or_else(|| words.next()).unwrap_or_default().to_owned();
        match option {
            _ if DATA.contains(&option) => {
                let data = next();
                if data.starts_with('@') && option != "--data-raw" {
                    command.elsewhere.push("--data");
                } else {
                    command.data.push(data);
                }
            }
            "--data-urlencode" => {
                let data = next();
                match data.split_once('=') {
                    Some((name, value)) => command.data.push(encoded(name, value)),
                    None => command.elsewhere.push("--data-urlencode"),
                }
            }
            "--json" => {
                command.is_json = true;
                command.data.push(next());
            }
            "-F" | "--form" | "--form-string" => command.forms.push(next()),
            "-u" | "--user" => command.user = Some(next()),
            "-H" | "--header" => command.headers.push(next()),
            "--url" => command.url = Some(next()),
            _ if WITH_VALUE.contains(&option) => drop(next()),
            _ if word.starts_with('-') => {}
            _ => command.url = command.url.or_else(|| Some(word.to_owned())),
        }
    }
    command
}

fn encoded(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// The client of a token request; `None` for a request of another kind.
fn token_request(address: &str, command: &Command) -> Option<Client> {
    let url = Url::parse(address).ok()?;
    let mut client = Client::named(url.host_str()?);
    let (page, query) = authorization_url::split(&url);
    client.say("token_url", &page, "URL");
    let mut parameters: Vec<(String, String)> = query;
    let joined = command.data.join("&");
    let json = serde_json::from_str::<Value>(command.data.first().map_or("", String::as_str)).ok();
    if let Some(members) = json.as_ref().and_then(Value::as_object) {
        parameters.extend(members.iter().map(|(name, value)| (name.clone(), plain(value))));
        client.say("token_body", "json", "body");
    } else if !command.is_json {
        parameters.extend(form_urlencoded::parse(joined.as_bytes()).into_owned());
    }
    let forms = command.forms.iter().filter_map(|form| form.split_once('='));
    parameters.extend(forms.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())));
    let has = |name: &str| parameters.iter().any(|(own, _)| own == name);
    if !has("grant_type") && !has("client_id") {
        return None;
    }
    let in_body = has("client_secret");
    for (name, value) in parameters.iter().filter(|(_, value)| !is_of_shell(value)) {
        client.parameter(Request::Token, name, value, &format!("body: {name}"));
    }
    for (name, _) in parameters.iter().filter(|(_, value)| is_of_shell(value)) {
        client.leave(name, "body", OF_SHELL);
    }
    if in_body {
        client.say("client_auth", "body", "body: client_secret");
    }
    credentials(&mut client, command);
    for option in &command.elsewhere {
        client.leave(option, "command", "Its value is in a file, which is not read.");
    }
    Some(client)
}

const OF_SHELL: &str = "A variable of a shell stands in its place.";

/// Whether the value is `$NAME` or `$(command)`, which only a shell replaces.
fn is_of_shell(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('$') else { return false };
    let name = rest.trim_start_matches('{').trim_end_matches('}');
    rest.starts_with('(')
        || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// The credentials of HTTP Basic from `-u` or a header; other headers are extra headers of the token request.
fn credentials(client: &mut Client, command: &Command) {
    if let Some((id, secret)) = command.user.as_deref().map(|user| user.split_once(':').unwrap_or((user, "")))
    {
        for (key, value) in [(ID, id), (SECRET, secret)] {
            if is_of_shell(value) {
                client.leave(shown_key(key), "-u", OF_SHELL);
            } else {
                client.say(key, value, "-u");
            }
        }
        client.say("client_auth", "basic", "-u");
    }
    for (name, value) in command.headers.iter().filter_map(|header| header.split_once(':')) {
        let (name, value) = (name.trim(), value.trim());
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization(client, value),
            "content-type" | "accept" | "user-agent" | "content-length" | "host" | "cache-control"
            | "origin" | "referer" | "cookie" | "postman-token" => {}
            _ => client.say(&format!("token.header.{name}"), value, "-H"),
        }
    }
}

fn authorization(client: &mut Client, value: &str) {
    use base64::Engine as _;
    let source = "-H Authorization";
    let encoded = value.strip_prefix("Basic ").or_else(|| value.strip_prefix("basic "));
    let decoded = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok());
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return client.leave("Authorization", source, "Tokens and other credentials are not imported.");
    };
    // RFC 6749 §2.3.1: each half is form-encoded.
    let plain = |text: &str| percent_decoded(text).unwrap_or_else(|| text.to_owned());
    client.say(ID, &plain(id), source);
    client.say(SECRET, &plain(secret), source);
    client.say("client_auth", "basic", source);
}

fn percent_decoded(text: &str) -> Option<String> {
    let pair = format!("x={text}");
    let pairs: Vec<_> = form_urlencoded::parse(pair.as_bytes()).collect();
    match &pairs[..] {
        [(_, value)] if text.contains('%') => Some(value.clone().into_owned()),
        _ => None,
    }
}
