//! Secrets are `SecretString`s, which cannot be printed: no type that can be printed or serialized has one as plain
//! text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use grapnel_tests::{Context, Result, ensure};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Fields, ItemEnum, ItemImpl, ItemMod, ItemStruct, Type};

/// Endings of the names of secret fields.
const SECRETS: [&str; 14] = [
    "token",
    "tokens",
    "secret",
    "secrets",
    "password",
    "passphrase",
    "pin",
    "verifier",
    "assertion",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "code",
];
/// The same, but only as a part of a name: a field `key` is mostly that of a map.
const SECRETS_OF_SOMETHING: [&str; 2] = ["key", "keys"];
/// Types that contain text or bytes and print them.
const PRINTABLE: [&str; 9] =
    ["String", "str", "Value", "RawValue", "Cow", "Bytes", "u8", "OsString", "HeaderValue"];
/// Types that contain text and do not print it. `PlaintextSecret` is serialized into the encryption of an export only.
const SEALED: [&str; 5] = ["SecretString", "SecretBox", "SecretInput", "Sealed", "PlaintextSecret"];
/// Traits that print or serialize a whole value.
const PRINTING: [&str; 3] = ["Debug", "Display", "Serialize"];

/// Fields with such names, by crate, each with the reason why it may be printed.
const ALLOWED: &[(&str, &str)] = &[
    ("cli Document.access_token", "`grapnel token --json` prints it: that is what it is for"),
    ("cli ProofDocument.access_token", "`grapnel token --dpop --json` prints it: that is what it is for"),
    ("cli IdTokenDocument.id_token", "`grapnel token --id-token --json` prints it: that is what it is for"),
    ("core TokenResponse.access_token", "the token agent's answer to a program that asks for it"),
    ("cli UsageError.code", "a code of Grapnel's own errors"),
    ("oauth ApiFailure.Refused.code", "the error code of a provider’s reply"),
    ("oauth CallbackParameterNames.code", "the names of the parameter that carries a code, never a code"),
    ("model DevicePrompt.user_code", "the person reads it, and enters it elsewhere"),
    ("model DevicePrompt.qr_code", "the picture of an address that the person scans"),
    ("core StoredPrompt.user_code", "serialized to be encrypted"),
    ("cli Printed.user_code", "`grapnel connect --device --json` prints it for the person"),
    ("sandbox Device.user_code", "the sandbox's, which a person reads"),
    ("core App.secrets", "the keys of what the vault has, never its values"),
    ("store AppRow.secret_keys", "the keys of what the vault has, never its values"),
    (
        "desktop SandboxApp.client_secret",
        "the sandbox's, which is in its published source and protects nothing",
    ),
    (
        "sandbox RegisteredApp.client_secret",
        "the sandbox's, which is in its published source and protects nothing",
    ),
    (
        "sandbox Registration.client_secret",
        "the sandbox's, which is in its published source and protects nothing",
    ),
    ("sandbox Granted.access_token", "the reply of a token endpoint, which is there to be written"),
    ("sandbox Granted.refresh_token", "the reply of a token endpoint, which is there to be written"),
    ("team SealedRecord.tokens", "ciphertext"),
    ("team Write.tokens", "ciphertext"),
    ("team Record.tokens", "its `Debug` prints the ID, the version and the generation only"),
    ("team SigningKey.0", "a public key"),
    ("sandbox Unauthorized.NoToken.0", "the words for a request without a token"),
];

#[test]
fn no_type_that_can_be_printed_holds_a_secret_as_text() -> Result<()> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut allowed = BTreeSet::new();
    for (path, source) in sources()? {
        let types = Types::of(&source).with_context(|| path.clone())?;
        seen += types.seen;
        for member in types.found {
            let named = format!("{} {member}", crate_of(&path));
            match ALLOWED.iter().find(|(allowed, _)| *allowed == named) {
                Some((name, _)) => _ = allowed.insert(*name),
                None => found.push(format!("{path}: {member}")),
            }
        }
    }
    ensure!(seen > 300, "only {seen} types: that cannot be all");
    ensure!(found.is_empty(), "these are to be a SecretString, or allowed above with a reason: {found:#?}");
    let gone: Vec<_> = ALLOWED.iter().filter(|(name, _)| !allowed.contains(name)).collect();
    ensure!(gone.is_empty(), "these are there no more: {gone:#?}");
    Ok(())
}

/// `core` for `core/src/app.rs`; the desktop crate's sources are at the top.
fn crate_of(path: &str) -> &str {
    match path.split('/').next() {
        None | Some("src") => "desktop",
        Some(name) => name,
    }
}

/// The Rust files of the programs, except tests.
fn sources() -> Result<Vec<(String, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !["tests", "target", "gen"].contains(&name) {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
                let shown = path.strip_prefix(&root)?.display().to_string();
                sources.push((shown, fs::read_to_string(&path)?));
            }
        }
    }
    Ok(sources)
}

/// The printable types of one file.
#[derive(Default)]
struct Types {
    seen: usize,
    found: Vec<String>,
}

impl Types {
    fn of(source: &str) -> Result<Self> {
        let file = syn::parse_file(source)?;
        let mut written = HandWritten::default();
        written.visit_file(&file);
        let mut finder = Finder { written, types: Self::default() };
        finder.visit_file(&file);
        Ok(finder.types)
    }
}

/// The names of types with a handwritten implementation of such a trait.
#[derive(Default)]
struct HandWritten(BTreeSet<String>);

impl<'a> Visit<'a> for HandWritten {
    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        let what = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if what.is_some_and(|what| PRINTING.iter().any(|printing| what.ident == printing)) {
            self.0.extend(idents(&item.self_ty));
        }
        visit::visit_item_impl(self, item);
    }
}

struct Finder {
    written: HandWritten,
    types: Types,
}

impl<'a> Visit<'a> for Finder {
    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| tokens_of(attribute).contains("cfg (test)"));
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        self.look_at(&item.ident.to_string(), &item.attrs, &[(String::new(), &item.fields)]);
    }

    fn visit_item_enum(&mut self, item: &'a ItemEnum) {
        let variants: Vec<(String, &Fields)> =
            item.variants.iter().map(|variant| (format!("{}.", variant.ident), &variant.fields)).collect();
        self.look_at(&item.ident.to_string(), &item.attrs, &variants);
    }
}

impl Finder {
    fn look_at(&mut self, name: &str, attributes: &[Attribute], groups: &[(String, &Fields)]) {
        self.types.seen += 1;
        if !attributes.iter().any(derives_printing) && !self.written.0.contains(name) {
            return;
        }
        for (group, fields) in groups {
            for field in *fields {
                // An unnamed field is called by its variant or its type.
                let (shown, called) = match &field.ident {
                    Some(ident) => (format!("{name}.{group}{ident}"), ident.to_string()),
                    None if group.is_empty() => (format!("{name}.0"), words(name)),
                    None => (format!("{name}.{group}0"), words(group.trim_end_matches('.'))),
                };
                if is_secret(&called) && is_printable(&field.ty) {
                    self.types.found.push(shown);
                }
            }
        }
    }
}

fn derives_printing(attribute: &Attribute) -> bool {
    let tokens = tokens_of(attribute);
    // Also within `cfg_attr`, whatever its condition is.
    tokens.contains("derive")
        && tokens.split(|c: char| !c.is_alphanumeric()).any(|word| PRINTING.contains(&word))
}

fn tokens_of(attribute: &Attribute) -> String {
    attribute.meta.to_token_stream().to_string()
}

fn is_secret(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name);
    SECRETS.contains(&last) || (last != name && SECRETS_OF_SOMETHING.contains(&last))
}

fn is_printable(of: &Type) -> bool {
    let idents = idents(of);
    idents.iter().any(|ident| PRINTABLE.contains(&ident.as_str()))
        && !idents.iter().any(|ident| SEALED.contains(&ident.as_str()))
}

/// The names within a type, such as `Option` and `String`.
fn idents(of: &Type) -> Vec<String> {
    let tokens = of.to_token_stream().to_string();
    tokens.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect()
}

/// `CodeVerifier` as a field name: `code_verifier`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[test]
fn a_secret_as_text_is_found_in_every_printable_type() -> Result<()> {
    let source = r"
        #[derive(Clone, Debug)] struct A { access_token: String, expires: u64 }
        #[derive(serde::Serialize)] pub enum B { Password(String), Other { code_verifier: Option<&'static str> } }
        #[cfg_attr(test, derive(Debug))] struct ClientSecret(Vec<u8>);
        struct D { api_key: Value }
        impl std::fmt::Display for D {}
        fn inside() { #[derive(Debug)] struct E<'a> { id_tokens: Vec<Cow<'a, str>> } }

        struct NotPrinted { access_token: String }
        #[derive(Debug)] struct NoText { access_token: SecretString, key: String, token_url: String, tokens: u32 }
        #[cfg(test)] mod tests { #[derive(Debug)] struct InTests { token: String } }
    ";
    let found = Types::of(source)?.found;
    let wanted = [
        "A.access_token",
        "B.Password.0",
        "B.Other.code_verifier",
        "ClientSecret.0",
        "D.api_key",
        "E.id_tokens",
    ];
    ensure!(found == wanted, "{found:#?}");
    Ok(())
}
