//! A token as one line of text for another program.

use grapnel_core::api_request::ProvenToken;
use grapnel_model::access_token::AccessToken;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::ExposeSecret;

use crate::lookup::quoted;
use crate::variable::default_variable;

/// The header that carries the token (RFC 6750 §2.1, RFC 9449 §7.1).
pub(super) fn header(token: &AccessToken) -> Result<String> {
    Ok(format!("Authorization: {} {}", token.token_type.name(), one_line(token)?))
}

/// The headers of a request with a DPoP proof, one a line, as curl reads them (`-H @-`).
pub(super) fn proven_headers(proven: &ProvenToken) -> Result<String> {
    Ok(format!("{}\nDPoP: {}", header(&proven.token)?, proven.proof.expose_secret()))
}

/// `VARIABLE=TOKEN`, which a POSIX shell evaluates and a .env file may contain.
pub(super) fn assignment(variable: Option<&str>, connection: &str, token: &AccessToken) -> Result<String> {
    let variable = variable.map(str::to_owned).or_else(|| default_variable(connection)).ok_or_else(|| {
        Error::input("variable", format!("“{connection}” has no letter for a variable’s name."))
            .hint("Name one: --variable ACME_TOKEN.")
    })?;
    Ok(format!("{variable}={}", quoted(one_line(token)?)))
}

/// The token, if it is certainly a single line.
pub(super) fn one_line(token: &AccessToken) -> Result<&str> {
    let value = token.value.expose_secret();
    if value.chars().any(char::is_control) {
        return Err(Error::new(Code::ProviderError, "The access token contains control characters.")
            .means("It was not printed, since another program would misread it.")
            .hint("Print it with --format json."));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grapnel_model::access_token::AccessTokenType;

    fn token(value: &str) -> AccessToken {
        AccessToken { value: value.into(), token_type: AccessTokenType::Bearer, expires_at: None }
    }

    #[cfg(unix)]
    #[test]
    fn the_assignment_is_one_shell_word() {
        for value in ["gri_at_x-1.2", "a b", "a'b\"$(id)`id`\\", "a#b"] {
            let line = assignment(Some("T"), "", &token(value)).unwrap();
            let script = format!("{line}; printf %s \"$T\"");
            let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(ran.stdout).unwrap(), value, "{line}");
        }
    }

    #[test]
    fn the_variable_is_named_after_the_connection() {
        assert_eq!(assignment(None, "Ada's", &token("x")).unwrap(), "ADA_S_TOKEN=x");
        assert_eq!(assignment(None, "世界", &token("x")).unwrap_err().field.as_deref(), Some("variable"));
    }

    #[test]
    fn a_token_of_several_lines_forges_no_header() {
        for value in ["a\nb", "a\rb", "a\0b"] {
            assert!(header(&token(value)).is_err());
            assert!(assignment(Some("T"), "", &token(value)).is_err());
        }
        assert_eq!(header(&token("x")).unwrap(), "Authorization: Bearer x");
    }
}
