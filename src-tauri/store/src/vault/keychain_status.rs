//! The status codes of the Keychain (`SecBase.h`) that its crate reports as failures of the platform.

use grapnel_model::error::Code;

/// The person pressed *Cancel*: `errSecUserCanceled`.
const USER_CANCELED: i32 = -128;
/// The person pressed *Deny*: `errSecAuthFailed`.
const AUTH_FAILED: i32 = -25_293;
/// The Keychain is locked, and may not prompt, as over SSH: `errSecInteractionNotAllowed`.
const INTERACTION_NOT_ALLOWED: i32 = -25_308;

/// The code of an error for a status, if the status says more than that the Keychain failed. Without it, the Keychain
/// would be tried again by itself, so that its prompt came back after a person had denied it.
pub(super) fn code(status: i32) -> Option<Code> {
    match status {
        USER_CANCELED | AUTH_FAILED => Some(Code::KeyringDenied),
        INTERACTION_NOT_ALLOWED => Some(Code::KeyringLocked),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_prompt_is_no_failure_of_the_keychain() {
        for (status, expected) in [
            (-128, Some(Code::KeyringDenied)),
            (-25_293, Some(Code::KeyringDenied)),
            (-25_308, Some(Code::KeyringLocked)),
            (-25_299, None),
            (-50, None),
        ] {
            assert_eq!(code(status), expected, "{status}");
        }
    }
}
