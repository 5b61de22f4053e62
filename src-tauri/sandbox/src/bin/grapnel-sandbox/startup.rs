//! The startup message: the configuration that a client needs for each provider.

use std::io::{self, Write};

use grapnel_sandbox::{ProviderId, Registration, Sandbox, custom, grigora, grovestreams, the_grid};
use serde_json::{Map, Value, json};

/// One line, for scripts.
pub(crate) fn print_json(sandbox: &Sandbox) -> io::Result<()> {
    let all: Map<String, Value> = sandbox
        .providers()
        .map(|id| {
            let fields = fields(sandbox, id).into_iter().map(|(name, value)| (name.to_owned(), value));
            (id.name().to_owned(), Value::Object(fields.collect()))
        })
        .collect();
    let mut out = io::stdout();
    writeln!(out, "{}", Value::Object(all))?;
    out.flush()
}

/// Text for a person.
pub(crate) fn print_text(sandbox: &Sandbox) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "Sandbox providers on this computer, with made-up accounts and content.")?;
    let all: Vec<(ProviderId, Fields)> = sandbox.providers().map(|id| (id, fields(sandbox, id))).collect();
    let width =
        all.iter().flat_map(|(_, fields)| fields).map(|(name, _)| name.len()).max().unwrap_or_default();
    for (id, fields) in all {
        writeln!(out, "\n{}", id.title())?;
        for (name, value) in fields {
            writeln!(out, "  {name:<width$}  {}", as_text(&value, width + 4))?;
        }
    }
    writeln!(
        out,
        "\nA redirect URI on 127.0.0.1 can have any port. Requests that depart from a provider’s documentation appear \
         below. Press Ctrl-C to stop."
    )?;
    out.flush()
}

/// A value after `indent` columns; several are below each other.
fn as_text(value: &Value, indent: usize) -> String {
    match value {
        Value::Array(items) => {
            let lines: Vec<String> = items.iter().map(|item| as_text(item, indent)).collect();
            lines.join(&format!("\n{:indent$}", ""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

type Fields = Vec<(&'static str, Value)>;

fn fields(sandbox: &Sandbox, id: ProviderId) -> Fields {
    let url = sandbox.url(id).unwrap_or_default();
    let Registration { client_id, client_secret, addresses } = sandbox.registration(id);
    let mut fields = vec![("url", json!(url))];
    fields.extend(addresses.into_iter().map(|(name, address)| (name, json!(address))));
    if !client_id.is_empty() {
        fields.push(("client_id", json!(client_id)));
    }
    fields.extend(client_secret.map(|secret| ("client_secret", json!(secret))));
    fields.extend(match id {
        ProviderId::Grigora => {
            vec![("redirect_uris", json!(grigora::REDIRECT_URIS)), ("scopes", json!(grigora::SCOPES))]
        }
        ProviderId::Grindery => Vec::new(),
        ProviderId::TheGrid => vec![
            ("redirect_uris", json!(the_grid::REDIRECT_URIS)),
            ("identity_providers", json!(the_grid::IDENTITY_PROVIDERS.map(|(name, _)| name))),
            ("scopes", json!(the_grid::SCOPES.map(|(name, _)| name))),
        ],
        ProviderId::GroveStreams => vec![
            ("brand_url", json!(url.replacen("127.0.0.1", grovestreams::BRAND_HOST, 1))),
            ("email", json!(grovestreams::EMAIL)),
            ("password", json!(grovestreams::PASSWORD)),
            ("user_uid", json!(grovestreams::USER_UID)),
        ],
        ProviderId::Custom => vec![
            ("redirect_uris", json!(custom::REDIRECT_URIS)),
            ("scopes", json!(custom::SCOPES.map(|(name, _)| name))),
        ],
    });
    fields.push(("control_url", json!(format!("{url}/_sandbox"))));
    fields
}
