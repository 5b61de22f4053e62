//! Exit codes, by which scripts tell failures apart.

use std::process::ExitCode;

use grapnel_model::error::{Code, Error};

/// The exit codes. They are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done,
    /// Any failure without a code of its own.
    Failed,
    /// Wrong usage: an unknown argument or an invalid value.
    Usage,
    /// The connection must be reconnected.
    ReconnectNeeded,
    /// The provider or the team cannot be reached, or is unavailable.
    ProviderUnavailable,
    /// The vault cannot be opened with the keyring or the passphrase.
    Keyring,
    /// The sign-in was denied, cancelled or timed out, or was of another account.
    NotAuthorized,
    /// New tokens that only this worker had are lost: the team's database could not be written.
    TokensLost,
    /// The exit code of a command that was run.
    Command(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::ReconnectNeeded => 3,
            Self::ProviderUnavailable => 4,
            Self::Keyring => 5,
            Self::NotAuthorized => 6,
            Self::TokensLost => 7,
            Self::Command(code) => code,
        }
    }

    /// The exit code of an error.
    pub(crate) fn of(error: &Error) -> Self {
        match error.code {
            // An error with a field is about an entered value. Without a field, the input is valid but conflicts with
            // the stored data.
            Code::InvalidInput if error.field.is_some() => Self::Usage,
            // The connection is `reconnect_needed` as well while its app is not accepted.
            Code::ReconnectNeeded | Code::InvalidClient => Self::ReconnectNeeded,
            Code::ProviderUnavailable | Code::AnswerLost | Code::TeamUnreachable => Self::ProviderUnavailable,
            Code::AccessDenied | Code::Cancelled | Code::TimedOut | Code::OtherAccount => Self::NotAuthorized,
            Code::KeyringAbsent
            | Code::KeyringLocked
            | Code::KeyringTimedOut
            | Code::KeyringFailed
            | Code::KeyringNoCollection
            | Code::KeyringAmbiguous
            | Code::KeyringDenied
            | Code::KeyMissing
            | Code::KeyWrong
            | Code::PassphraseNeeded
            | Code::PassphraseWrong => Self::Keyring,
            Code::InvalidInput
            | Code::NotFound
            | Code::FileInvalid
            | Code::DataUnwritable
            | Code::DataNewer
            | Code::DataDamaged
            | Code::DataBusy
            | Code::BrowserFailed
            | Code::PortTaken
            | Code::CallbackInvalid
            | Code::CallbackUnknown
            | Code::CallbackLate
            | Code::ProviderError
            | Code::InvalidGrant
            | Code::ReplyInvalid
            | Code::ReplyTooLarge
            | Code::IdTokenInvalid
            | Code::TeamRolledBack
            | Code::TeamForged
            | Code::TeamConflict
            | Code::TeamRefused
            | Code::ProjectNotAuthorized
            | Code::Internal => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The table of the documentation: each code with its exit codes, without and with a field.
    fn documented() -> BTreeMap<String, (u8, u8)> {
        let text = include_str!("../../../docs/scripting.md");
        let (_, table) = text.split_once("| Exit code | `code` |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let mut codes: BTreeMap<String, (u8, u8)> = BTreeMap::new();
        for line in table.lines().skip(2) {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let exit: u8 = cells[0].parse().unwrap();
            for code in cells[1].split(',').map(str::trim) {
                let (code, is_of_field) = match code.strip_suffix(" with a `field`") {
                    Some(code) => (code, true),
                    None => (code, false),
                };
                let code = code.trim_matches('`').to_owned();
                match (codes.get_mut(&code), is_of_field) {
                    (Some(known), true) => known.1 = exit,
                    (Some(known), false) => known.0 = exit,
                    (None, _) => assert!(codes.insert(code, (exit, exit)).is_none()),
                }
            }
        }
        codes
    }

    #[test]
    fn each_code_has_the_exit_code_that_is_documented() {
        // All codes, as the window's checked-in types have them.
        let bindings = include_str!("../../../ui/src/bindings.ts");
        let (_, of_code) = bindings.split_once("export type Code =").unwrap();
        let (of_code, _) = of_code.split_once("\n\n").unwrap();
        let lines = of_code.lines().filter(|line| !line.trim_start().starts_with("/*"));
        let lines: Vec<_> = lines.filter(|line| !line.trim_start().starts_with('*')).collect();
        let all: Vec<_> = lines.iter().flat_map(|line| line.split('"').skip(1).step_by(2)).collect();
        assert!(all.len() > 40, "{all:?}");
        let documented = documented();
        for name in &all {
            let code: Code = serde_json::from_value((*name).into()).unwrap();
            let plain = Exit::of(&Error::new(code, "")).code();
            let of_field = Exit::of(&Error { field: Some("name".into()), ..Error::new(code, "") }).code();
            assert_eq!(documented.get(*name), Some(&(plain, of_field)), "{name}");
        }
        assert_eq!(documented.len(), all.len());
    }
}
