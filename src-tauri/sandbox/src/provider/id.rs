//! The providers' identifiers, as used on the command line, in logs and in faults.

use std::fmt;
use std::str::FromStr;

use crate::input_error::InputError;

/// One of the sandbox's providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the providers' own names")]
pub enum ProviderId {
    Grigora,
    Grindery,
    TheGrid,
    GroveStreams,
    /// An ordinary provider, as the RFCs describe one.
    Custom,
}

impl ProviderId {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 5] =
        [Self::Grigora, Self::Grindery, Self::TheGrid, Self::GroveStreams, Self::Custom];

    /// The identifier, such as `the-grid`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Grigora => "grigora",
            Self::Grindery => "grindery",
            Self::TheGrid => "the-grid",
            Self::GroveStreams => "grovestreams",
            Self::Custom => "custom",
        }
    }

    /// The display name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Grigora => "Grigora",
            Self::Grindery => "Grindery",
            Self::TheGrid => "The Grid",
            Self::GroveStreams => "GroveStreams",
            Self::Custom => "Custom",
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for ProviderId {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|id| id.name() == text);
        found.ok_or_else(|| InputError::new(format!("unknown provider `{text}`; known: {names}")))
    }
}
