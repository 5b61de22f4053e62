//! How the account authenticates at one sign-in.

use clap::Args;
use grapnel_core::authorize::{Authentication, SignInRequest};

#[derive(Debug, Args)]
pub(super) struct AuthenticationChoice {
    /// What the provider asks for, such as login or consent; none for no question at all
    #[arg(long, value_name = "WORDS", conflicts_with_all = ["another_account", "password"])]
    prompt: Option<String>,
    /// How old the authentication at the provider may be; it is checked if the scope openid is granted
    #[arg(long, value_name = "SECONDS", conflicts_with = "password")]
    max_age: Option<u32>,
    /// The preferred classes of authentication, such as those with a second factor
    #[arg(long, value_name = "WORDS", conflicts_with = "password")]
    acr_values: Option<String>,
}

impl AuthenticationChoice {
    pub(super) fn apply_to(&self, wanted: &mut SignInRequest) {
        let Self { prompt, max_age, acr_values } = self;
        wanted.authentication =
            Authentication { prompt: prompt.clone(), max_age: *max_age, acr_values: acr_values.clone() };
    }
}
