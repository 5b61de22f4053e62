//! What is said when the sandbox is ready: for each provider, all that a client needs to know.

use std::io::{self, Write};

use grapnel_sandbox::{ProviderId, Sandbox, custom, grigora, grindery, grovestreams, the_grid};
use serde_json::{Map, Value, json};

/// One line, for scripts.
pub(crate) fn print_json(sandbox: &Sandbox) -> io::Result<()> {
    let all: Map<String, Value> = sandbox
        .providers()
        .map(|id| {
            let facts = facts(sandbox, id).into_iter().map(|(name, value)| (name.to_owned(), value));
            (id.name().to_owned(), Value::Object(facts.collect()))
        })
        .collect();
    let mut out = io::stdout();
    writeln!(out, "{}", Value::Object(all))?;
    out.flush()
}

/// In words, for a person.
pub(crate) fn print_text(sandbox: &Sandbox) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "Made-up providers, people and things, on this computer only.")?;
    for id in sandbox.providers() {
        writeln!(out, "\n{}", id.title())?;
        for (name, value) in facts(sandbox, id) {
            writeln!(out, "  {name:<18}{}", in_words(&value))?;
        }
    }
    writeln!(
        out,
        "\nA redirect URI on 127.0.0.1 may have any port. What departs from a provider's page appears below; \
         Ctrl-C ends it."
    )?;
    out.flush()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join("\n                    "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

type Facts = Vec<(&'static str, Value)>;

fn facts(sandbox: &Sandbox, id: ProviderId) -> Facts {
    let url = sandbox.url(id).unwrap_or_default();
    let mut facts = vec![("url", json!(url))];
    facts.extend(match id {
        ProviderId::Grigora => of_grigora(url),
        ProviderId::Grindery => of_grindery(url),
        ProviderId::TheGrid => of_the_grid(url),
        ProviderId::GroveStreams => of_grovestreams(url),
        ProviderId::Custom => of_custom(url),
    });
    facts.push(("control_url", json!(format!("{url}/_sandbox"))));
    facts
}

fn addresses(url: &str, paths: &[(&'static str, &str)]) -> Facts {
    paths.iter().map(|(name, path)| (*name, json!(format!("{url}{path}")))).collect()
}

fn of_grigora(url: &str) -> Facts {
    let mut facts = addresses(
        url,
        &[
            ("authorize_url", grigora::AUTHORIZE_PATH),
            ("token_url", grigora::TOKEN_PATH),
            ("api_base", grigora::API_BASE),
        ],
    );
    facts.extend([
        ("client_id", json!(grigora::CLIENT_ID)),
        ("client_secret", json!(grigora::CLIENT_SECRET)),
        ("redirect_uris", json!(grigora::REDIRECT_URIS)),
        ("scopes", json!(grigora::SCOPES)),
    ]);
    facts
}

fn of_grindery(url: &str) -> Facts {
    addresses(
        url,
        &[
            ("authorize_url", grindery::AUTHORIZE_PATH),
            ("token_url", grindery::TOKEN_PATH),
            ("api_base", grindery::API_PATH),
            ("jwks_url", grindery::KEYS_PATH),
        ],
    )
}

fn of_the_grid(url: &str) -> Facts {
    let mut facts = addresses(
        url,
        &[
            ("authorize_url", the_grid::AUTHORIZE_PATH),
            ("token_url", the_grid::TOKEN_PATH),
            ("refresh_url", the_grid::REFRESH_PATH),
            ("api_base", the_grid::API_BASE),
        ],
    );
    facts.extend([
        ("client_id", json!(the_grid::CLIENT_ID)),
        ("client_secret", json!(the_grid::CLIENT_SECRET)),
        ("redirect_uris", json!(the_grid::REDIRECT_URIS)),
        ("identity_providers", json!(the_grid::IDENTITY_PROVIDERS.map(|(name, _)| name))),
        ("scopes", json!(the_grid::SCOPES.map(|(name, _)| name))),
    ]);
    facts
}

fn of_grovestreams(url: &str) -> Facts {
    let sign_in = format!("{}#{}", grovestreams::AUTHORIZE_PATH, grovestreams::FRAGMENT);
    let mut facts = addresses(
        url,
        &[
            ("authorize_url", &sign_in),
            ("token_url", grovestreams::TOKEN_PATH),
            ("login_url", grovestreams::LOGIN_PATH),
            ("api_base", grovestreams::API_BASE),
        ],
    );
    let branded = url.replacen("127.0.0.1", grovestreams::BRAND_HOST, 1);
    facts.extend([
        ("brand_url", json!(branded)),
        ("email", json!(grovestreams::EMAIL)),
        ("password", json!(grovestreams::PASSWORD)),
        ("user_uid", json!(grovestreams::USER_UID)),
    ]);
    facts
}

fn of_custom(url: &str) -> Facts {
    let mut facts = vec![("issuer", json!(url))];
    facts.extend(addresses(
        url,
        &[
            ("authorize_url", custom::AUTHORIZE_PATH),
            ("token_url", custom::TOKEN_PATH),
            ("introspection_url", custom::INTROSPECTION_PATH),
            ("revocation_url", custom::REVOCATION_PATH),
            ("userinfo_url", custom::USERINFO_PATH),
            ("jwks_url", custom::KEYS_PATH),
        ],
    ));
    facts.extend([
        ("client_id", json!(custom::CLIENT_ID)),
        ("client_secret", json!(custom::CLIENT_SECRET)),
        ("redirect_uris", json!(custom::REDIRECT_URIS)),
        ("scopes", json!(custom::SCOPES.map(|(name, _)| name))),
    ]);
    facts
}
