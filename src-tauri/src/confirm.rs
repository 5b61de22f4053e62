//! Confirmations by system dialogs, for what the window's page must not decide alone: the browser command, the proxy,
//! additional certificate authorities, hooks, showing a token, whom tokens are shared with, which team is joined, and
//! the reset of the vault.

use std::fmt::Write;

use grapnel_core::hooks;
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::error::{Error, Result};
use grapnel_model::hook::HookCommand;
use grapnel_model::settings::Settings;
use grapnel_model::team::{OpenedInvitation, Team};

/// The most characters of a value to confirm. A longer one could not be shown completely and is refused.
const MAX_CONFIRMED_CHARS: usize = 240;

/// A question to the person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) title: &'static str,
    /// The complete value to be used or the consequence, with ambiguous characters escaped.
    pub(crate) what: String,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// The label of the confirming button.
    pub(crate) action: &'static str,
}

/// Asks the person to confirm something.
pub(crate) trait Prompter: Sync {
    /// Whether the person confirms. Anything but the confirming button means no.
    fn ask(&self, confirmation: Confirmation) -> impl Future<Output = Result<bool>> + Send;
}

/// Asks for each new value in the settings that needs confirmation. Returns whether all were confirmed. Fails if the
/// certificate file is new, since only the file dialog may set it.
pub(crate) async fn settings(prompter: &impl Prompter, kept: &Settings, wanted: &Settings) -> Result<bool> {
    for confirmation in settings_confirmations(kept, wanted)? {
        if !prompter.ask(confirmation).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Asks whether to delete all secrets.
pub(crate) async fn reset_vault(prompter: &impl Prompter) -> Result<bool> {
    prompter
        .ask(Confirmation {
            title: "Delete all tokens and client secrets?",
            what: "They cannot be opened without the key that is lost, and cannot be brought back.".into(),
            meaning: "Providers are not told: access stays valid there. Apps, connections, their history and offline \
                content stay; enter the client secrets again and reconnect. If you can restore the key, such as from a \
                backup, cancel and restore it first.",
            action: "_Delete and reset",
        })
        .await
}

/// Asks whether to show a connection's access token on the screen.
pub(crate) async fn reveal_token(prompter: &impl Prompter, connection: &str) -> Result<bool> {
    let meaning = "Whoever sees the screen can use the token until it expires. It is shown for 30 seconds.";
    let what = shown("connection", connection)?;
    prompter.ask(Confirmation { title: "Show the access token?", what, meaning, action: "_Show token" }).await
}

/// Asks whether a command may run at an event of connections.
pub(crate) async fn hook(prompter: &impl Prompter, command: &HookCommand) -> Result<bool> {
    let title = match command.event {
        ConnectionEventKind::Connected => "Run this command whenever a connection is connected?",
        ConnectionEventKind::Refreshed => "Run this command whenever a connection is refreshed?",
        ConnectionEventKind::NeedsAttention => "Run this command whenever a connection needs attention?",
        ConnectionEventKind::Disconnected => "Run this command whenever a connection is disconnected?",
    };
    let what = shown("command", &hooks::quoted(command))?;
    let meaning = "It runs with all your rights, without asking. Go on only if you entered it yourself.";
    prompter.ask(Confirmation { title, what, meaning, action: "_Use this command" }).await
}

/// Asks whether a team may have a connection.
pub(crate) async fn share(prompter: &impl Prompter, connection: &str, team: &Team) -> Result<bool> {
    let what = shown("connection", &format!("{connection}, with {} at {}", team.name, team.host))?;
    let meaning = "Every member of the team, also one who is invited later, can then use this connection’s tokens. \
        They are stored in the team’s database, encrypted for its members.";
    prompter
        .ask(Confirmation { title: "Share this connection with the team?", what, meaning, action: "_Share" })
        .await
}

/// Asks whether a person or a worker may become a member of a team.
pub(crate) async fn invite(prompter: &impl Prompter, member: &str, team: &Team) -> Result<bool> {
    let what = shown("name", &format!("{member}, to {} at {}", team.name, team.host))?;
    let meaning =
        "A member can use the tokens of every connection that the team shares. Go on only if you want that.";
    prompter
        .ask(Confirmation { title: "Invite this member to the team?", what, meaning, action: "_Invite" })
        .await
}

/// Asks whether to join the team of an invitation. `has_url`: the person has entered the URL of the database.
pub(crate) async fn join(prompter: &impl Prompter, opened: &OpenedInvitation, has_url: bool) -> Result<bool> {
    let OpenedInvitation { host, fingerprint, local_paths } = opened;
    let place = host.as_deref().filter(|_| !has_url).unwrap_or("the database that you entered");
    let paths =
        local_paths.iter().filter(|_| !has_url).map(|path| format!(", which uses {path} of this computer"));
    let what = format!("{fingerprint}, at {place}{}", paths.collect::<String>());
    let meaning = "Whoever has your public key can invite you. Go on only if who invited you has told you this \
        fingerprint of the team, in another way than the invitation came.";
    let what = shown("invitation", &what)?;
    prompter.ask(Confirmation { title: "Join this team?", what, meaning, action: "_Join" }).await
}

/// What a database means for a new team, and for one that has another.
pub(crate) const FIRST_DATABASE: &str =
    "Go on only if you entered this address yourself: Grapnel reads these files to reach the database.";
pub(crate) const OTHER_DATABASE: &str = "Go on only if you entered this address yourself. With a copy of the team’s \
    database, this computer and the others would refresh the same connections, which some providers answer by \
    revoking them.";

/// Asks whether a team's database is at this host, reached by these files of this computer.
pub(crate) async fn database(
    prompter: &impl Prompter,
    team: &str,
    (host, local_paths): (&str, &[String]),
    meaning: &'static str,
) -> Result<bool> {
    let paths = local_paths.iter().map(|path| format!(", which uses {path} of this computer"));
    let what = shown("database_url", &format!("{team}, at {host}{}", paths.collect::<String>()))?;
    prompter
        .ask(Confirmation {
            title: "Use this database for the team?",
            what,
            meaning,
            action: "_Use this database",
        })
        .await
}

/// Asks whether a command may be used as browser, unless it is in use already.
pub(crate) async fn program(prompter: &impl Prompter, command: &str, known: &[&str]) -> Result<bool> {
    match program_confirmation(command, known)? {
        Some(confirmation) => prompter.ask(confirmation).await,
        None => Ok(true),
    }
}

fn settings_confirmations(kept: &Settings, wanted: &Settings) -> Result<Vec<Confirmation>> {
    if is_new(&wanted.certificates, &[&kept.certificates]) {
        return Err(Error::input("certificates", "This file was not chosen in the system’s dialog.")
            .means("Nothing was changed."));
    }
    let mut confirmations = Vec::from_iter(program_confirmation(&wanted.browser, &[&kept.browser])?);
    if is_new(&wanted.proxy, &[&kept.proxy]) {
        confirmations.push(Confirmation {
            title: "Send all requests through this proxy?",
            what: shown("proxy", &wanted.proxy)?,
            meaning: "It sees which providers are asked, and when. Go on only if you entered it yourself.",
            action: "_Use this proxy",
        });
    }
    Ok(confirmations)
}

fn program_confirmation(command: &str, known: &[&str]) -> Result<Option<Confirmation>> {
    if !is_new(command, known) {
        return Ok(None);
    }
    Ok(Some(Confirmation {
        title: "Open sign-in pages with this program?",
        what: shown("browser", command)?,
        meaning: "It runs with all your rights, and receives each URL. Go on only if you entered it yourself.",
        action: "_Use this program",
    }))
}

fn is_new(wanted: &str, known: &[&str]) -> bool {
    !wanted.is_empty() && !known.contains(&wanted)
}

/// Text as a dialog shows it. Fails if it is too long to be shown completely.
fn shown(field: &str, text: &str) -> Result<String> {
    let mut shown = String::new();
    let mut after_space = true;
    for letter in text.chars() {
        // Letters of other scripts in a host name can look like ASCII letters.
        let is_told = field != "proxy" || letter.is_ascii();
        let is_plain = if letter == ' ' { !after_space } else { is_told && is_plain(letter) };
        after_space = letter == ' ';
        if is_plain {
            shown.push(letter);
        } else {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        }
        if shown.len() > MAX_CONFIRMED_CHARS * 4 {
            break;
        }
    }
    if shown.chars().count() > MAX_CONFIRMED_CHARS {
        return Err(Error::input(field, "This is too long to be shown whole before it is used.")
            .means("Nothing was changed.")
            .hint("Where it is a program’s command, put it into a script, and enter that."));
    }
    Ok(shown)
}

/// Whether a character is visible and unambiguous: no control or space, not combining, no look-alike of punctuation,
/// and not written from right to left.
fn is_plain(letter: char) -> bool {
    let is_told = matches!(letter, '\u{a0}'..='\u{1bf}' | '\u{1c4}'..='\u{2af}' | '\u{370}'..='\u{58f}' |
    '\u{3041}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    // The Hangul filler is alphanumeric but invisible.
    letter.is_ascii_graphic() || (is_told && letter.is_alphanumeric() && letter != '\u{3164}')
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives the same answer each time, and records the questions.
    struct Person(bool, Mutex<Vec<String>>);

    impl Person {
        fn who_says(answer: bool) -> Self {
            Self(answer, Mutex::default())
        }

        fn saw(self) -> Vec<String> {
            self.1.into_inner().unwrap()
        }
    }

    impl Prompter for Person {
        async fn ask(&self, confirmation: Confirmation) -> Result<bool> {
            self.1.lock().unwrap().push(confirmation.what);
            Ok(self.0)
        }
    }

    async fn asked(kept: &Settings, wanted: &Settings) -> Vec<String> {
        let person = Person::who_says(true);
        assert!(settings(&person, kept, wanted).await.unwrap());
        person.saw()
    }

    fn set(browser: &str, proxy: &str, certificates: &str) -> Settings {
        let [browser, proxy, certificates] = [browser, proxy, certificates].map(str::to_owned);
        Settings { browser, proxy, certificates, ..Settings::default() }
    }

    #[tokio::test]
    async fn only_new_values_need_confirmation() {
        let none = Settings::default();
        let kept = set("firefox -P work", "http://proxy.example:3128", "/etc/ssl/company.pem");
        assert_eq!(asked(&none, &none).await, [""; 0]);
        assert_eq!(asked(&kept, &kept).await, [""; 0]);
        assert_eq!(asked(&kept, &Settings { quiet: true, tray: true, ..kept.clone() }).await, [""; 0]);
        assert_eq!(asked(&kept, &none).await, [""; 0], "what is cleared trusts less");
        assert_eq!(asked(&none, &set("firefox -P work", "", "")).await, ["firefox -P work"]);
        assert_eq!(
            asked(&kept, &Settings { browser: "firefox".into(), ..kept.clone() }).await,
            ["firefox"],
            "a part of what is known is another program"
        );
        let both = set("chromium", "socks5://127.0.0.1:9050", "");
        assert_eq!(asked(&kept, &both).await, ["chromium", "socks5://127.0.0.1:9050"]);
    }

    #[tokio::test]
    async fn the_page_cannot_name_a_certificate_file() {
        for kept in [Settings::default(), set("", "", "/etc/ssl/company.pem")] {
            let person = Person::who_says(true);
            let error = settings(&person, &kept, &set("", "", "/tmp/mine.pem")).await.unwrap_err();
            assert_eq!(error.field.as_deref(), Some("certificates"));
            assert_eq!(person.saw(), [""; 0]);
        }
    }

    #[tokio::test]
    async fn a_browser_in_use_needs_no_confirmation() {
        let known = ["", "firefox -P work", "chromium"];
        for command in known {
            let person = Person::who_says(false);
            assert!(program(&person, command, &known).await.unwrap());
            assert_eq!(person.saw(), [""; 0]);
        }
        for answer in [false, true] {
            let person = Person::who_says(answer);
            assert_eq!(program(&person, "firefox -P home", &known).await.unwrap(), answer);
            assert_eq!(person.saw(), ["firefox -P home"]);
        }
    }

    #[tokio::test]
    async fn a_hook_is_asked_with_every_word_of_its_command() {
        let command = HookCommand {
            event: ConnectionEventKind::Refreshed,
            program: "/home/me/re load".into(),
            arguments: ["-v", "", "a\nb", "\u{202e}x"].map(str::to_owned).into(),
        };
        for answer in [false, true] {
            let person = Person::who_says(answer);
            assert_eq!(hook(&person, &command).await.unwrap(), answer);
            assert_eq!(person.saw(), ["'/home/me/re load' -v '' 'a\\u{a}b' '\\u{202e}x'"]);
        }
        let long = HookCommand { arguments: vec!["a".repeat(MAX_CONFIRMED_CHARS)], ..command };
        let person = Person::who_says(true);
        assert_eq!(hook(&person, &long).await.unwrap_err().field.as_deref(), Some("command"));
        assert_eq!(person.saw(), [""; 0]);
    }

    #[tokio::test]
    async fn a_token_is_shown_only_after_a_question_that_names_the_connection() {
        for answer in [false, true] {
            let person = Person::who_says(answer);
            assert_eq!(reveal_token(&person, "Grig\u{202e} two").await.unwrap(), answer);
            assert_eq!(person.saw(), ["Grig\\u{202e} two"]);
        }
    }

    #[tokio::test]
    async fn a_database_is_used_only_after_a_question_that_names_its_place() {
        let files = ["/tmp/ca.pem".to_owned()];
        for answer in [false, true] {
            let person = Person::who_says(answer);
            let place = ("db.example", &files[..]);
            assert_eq!(database(&person, "Agency", place, OTHER_DATABASE).await.unwrap(), answer);
            assert_eq!(person.saw(), ["Agency, at db.example, which uses /tmp/ca.pem of this computer"]);
        }
    }

    #[tokio::test]
    async fn a_team_is_joined_only_after_a_question_that_names_its_fingerprint_and_place() {
        let opened = OpenedInvitation {
            host: Some("db.example".into()),
            fingerprint: "ABCD-EFGH-IJKL-MNOP".into(),
            local_paths: vec!["/tmp/ca\n.pem".into()],
        };
        for answer in [false, true] {
            let person = Person::who_says(answer);
            assert_eq!(join(&person, &opened, false).await.unwrap(), answer);
            let asked = "ABCD-EFGH-IJKL-MNOP, at db.example, which uses /tmp/ca\\u{a}.pem of this computer";
            assert_eq!(person.saw(), [asked]);
        }
        let person = Person::who_says(true);
        assert!(join(&person, &opened, true).await.unwrap());
        assert_eq!(person.saw(), ["ABCD-EFGH-IJKL-MNOP, at the database that you entered"]);
    }

    #[tokio::test]
    async fn a_declined_value_ends_the_confirmation() {
        let both = set("chromium", "http://proxy.example:3128", "");
        for (answer, seen) in
            [(false, vec!["chromium"]), (true, vec!["chromium", "http://proxy.example:3128"])]
        {
            let person = Person::who_says(answer);
            assert_eq!(settings(&person, &Settings::default(), &both).await.unwrap(), answer);
            assert_eq!(person.saw(), seen);
        }
    }

    #[test]
    fn ambiguous_characters_are_escaped() {
        for (text, told) in [
            ("/home/amélie/bin/браузер", "/home/amélie/bin/браузер"),
            ("/home/山田/firefox", "/home/山田/firefox"),
            ("firefox\n\nThis is safe.", "firefox\\u{a}\\u{a}This is safe."),
            ("firefox  -P", "firefox \\u{20}-P"),
            ("a\u{202e}b\u{200b}c\u{3164}d\u{a0}e\u{301}", "a\\u{202e}b\\u{200b}c\\u{3164}d\\u{a0}e\\u{301}"),
            ("a\u{345}b\u{1c0}", "a\\u{345}b\\u{1c0}"),
            ("\u{5d0}\u{627}\u{7f}\u{1b}", "\\u{5d0}\\u{627}\\u{7f}\\u{1b}"),
            ("<b>&amp;\\u{20}", "<b>&amp;\\u{20}"),
        ] {
            assert_eq!(shown("browser", text).unwrap(), told);
        }
        assert_eq!(shown("proxy", "http://ex\u{430}mple").unwrap(), "http://ex\\u{430}mple");
    }

    #[tokio::test]
    async fn sharing_and_inviting_are_questions_that_name_the_team_and_its_host() {
        let team = Team {
            id: grapnel_model::id::TeamId("1".into()),
            name: "Harbour".into(),
            host: "db.harbour.example".into(),
            database: Some("harbour".into()),
            schema: "grapnel_team".into(),
            schema_version: Some(2),
            role: grapnel_model::team::TeamRole::Owner,
            members: Vec::new(),
            connections: 0,
            pending: 0,
            rolled_back: 0,
            reached_at: None,
            unreachable: None,
        };
        for agrees in [true, false] {
            let person = Person::who_says(agrees);
            assert_eq!(share(&person, "acme", &team).await.unwrap(), agrees);
            assert_eq!(invite(&person, "Bo", &team).await.unwrap(), agrees);
            let expected =
                ["acme, with Harbour at db.harbour.example", "Bo, to Harbour at db.harbour.example"];
            assert_eq!(person.saw(), expected);
        }
    }

    #[test]
    fn a_value_too_long_to_show_is_refused() {
        assert_eq!(shown("browser", &"a".repeat(MAX_CONFIRMED_CHARS)).unwrap().len(), MAX_CONFIRMED_CHARS);
        for text in [
            "a".repeat(MAX_CONFIRMED_CHARS + 1),
            "\u{200b}".repeat(MAX_CONFIRMED_CHARS / 8 + 1),
            " ".repeat(1 << 20),
        ] {
            let error = shown("browser", &text).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("browser"));
        }
    }
}
