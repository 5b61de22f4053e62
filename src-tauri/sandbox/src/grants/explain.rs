//! Why something is refused: what goes into the log, and what the client is told.

use super::{CodeRefused, RefreshRefused};
use crate::departures::{Kind, Notes};

impl CodeRefused {
    /// Notes the departure, if it is one, and says why. That a code expires is on the pages: no departure.
    pub(crate) fn note(self, notes: &Notes<'_>) -> &'static str {
        let (departure, why) = self.explain();
        if let Some((kind, detail)) = departure {
            notes.add(kind, detail);
        }
        why
    }

    fn explain(self) -> (Option<(Kind, &'static str)>, &'static str) {
        match self {
            Self::Expired => (None, "the code has expired"),
            Self::Unknown => (Some((Kind::UnknownCode, "code")), "no such code for this client"),
            Self::Replayed => {
                (Some((Kind::ReplayedCode, "code")), "the code was used before; its tokens are revoked")
            }
            Self::OtherRedirect => (
                Some((Kind::RedirectMismatch, "redirect_uri")),
                "redirect_uri is not the one that the code was sent to",
            ),
            Self::OtherState => {
                (Some((Kind::WrongValue, "state")), "state is not the one of the authorization request")
            }
            Self::NoVerifier => (Some((Kind::MissingParameter, "code_verifier")), "code_verifier is missing"),
            Self::WrongVerifier => {
                (Some((Kind::PkceMismatch, "code_verifier")), "code_verifier does not fit the code_challenge")
            }
            Self::StrayVerifier => (
                Some((Kind::PkceMismatch, "code_verifier")),
                "a code_verifier, but no code_challenge was sent",
            ),
        }
    }
}

impl RefreshRefused {
    /// As [`CodeRefused::note`].
    pub(crate) fn note(self, notes: &Notes<'_>) -> &'static str {
        match self {
            Self::Unknown => {
                notes.add(Kind::UnknownToken, "refresh_token");
                "no such refresh token for this client"
            }
            Self::Rotated => {
                notes.add(Kind::RotatedRefreshToken, "refresh_token");
                "this refresh token was replaced by a newer one"
            }
            // Revoked or expired at the provider: a client cannot know, so it is no departure.
            Self::Dead => "this refresh token was revoked or has expired",
        }
    }
}
