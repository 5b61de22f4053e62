//! The sandbox's providers as a person sees them: what to enter in Grapnel's form, and the consent page.

use grapnel_sandbox::{
    Options, ProviderId, RegisteredApp, Sandbox, SecretKind, custom, grigora, grindery, grovestreams,
    the_grid,
};

use crate::form::Form;

/// A redirect URI that is registered at Grigora and where no server listens.
pub const NOBODY: &str = "https://nobody.example/callback";

/// The client secret that a person chooses at GroveStreams.
const CHOSEN_SECRET: &str = "chosen-secret-not-for-production";

/// A provider of the sandbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SandboxProvider(pub(crate) ProviderId);

impl SandboxProvider {
    /// The options of the stories' sandbox: all providers, and their secrets revealed to the story.
    pub(crate) fn all() -> Options {
        let app = grigora::sandbox_app();
        let redirect_uris = [app.redirect_uris.clone(), vec![NOBODY.to_owned()]].concat();
        Options { reveal: true, ..Options::default() }.with_app(RegisteredApp { redirect_uris, ..app })
    }

    /// The path of the consent page.
    pub(crate) fn page(self) -> &'static str {
        match self.0 {
            ProviderId::Grigora => grigora::AUTHORIZE_PATH,
            ProviderId::Grindery => grindery::SIGN_IN_PATH,
            ProviderId::TheGrid => the_grid::AUTHORIZE_PATH,
            ProviderId::GroveStreams => grovestreams::SIGN_IN_PATH,
            ProviderId::Custom => custom::AUTHORIZE_PATH,
        }
    }

    /// The label of its button that grants access.
    pub(crate) fn yes(self) -> &'static str {
        match self.0 {
            ProviderId::Grindery | ProviderId::GroveStreams => "Sign in",
            _ => "Authorize",
        }
    }

    /// The client secret of the app, if it has one.
    pub(crate) fn client_secret(self) -> Option<&'static str> {
        match self.0 {
            ProviderId::Grigora => Some(grigora::CLIENT_SECRET),
            ProviderId::Grindery => None,
            ProviderId::TheGrid => Some(the_grid::CLIENT_SECRET),
            ProviderId::GroveStreams => Some(CHOSEN_SECRET),
            ProviderId::Custom => Some(custom::CLIENT_SECRET),
        }
    }

    /// The kinds of secrets that every sign-in creates and that must not be found anywhere.
    pub(crate) fn secrets(self) -> &'static [SecretKind] {
        use SecretKind::{AccessToken, Code, CodeVerifier, RefreshToken};
        match self.0 {
            ProviderId::Grigora | ProviderId::Custom => &[Code, AccessToken, RefreshToken, CodeVerifier],
            ProviderId::Grindery | ProviderId::GroveStreams => &[Code, AccessToken, RefreshToken],
            ProviderId::TheGrid => &[Code, AccessToken],
        }
    }

    /// The form for an app of this provider.
    pub(crate) fn form(self, sandbox: &Sandbox) -> Form {
        let at = |path: &str| format!("{}{path}", sandbox.url(self.0).unwrap_or_default());
        let form = match self.0 {
            ProviderId::Grigora => Form::of("Grigora")
                .with("Client ID", grigora::CLIENT_ID)
                .with("Authorization URL", at(grigora::AUTHORIZE_PATH))
                .with("Token URL", at(grigora::TOKEN_PATH))
                .with("API base URL", at(grigora::API_BASE)),
            ProviderId::Grindery => Form::of("Grindery")
                .with("Authorization URL", at(grindery::AUTHORIZE_PATH))
                .with("Token URL", at(grindery::TOKEN_PATH))
                .with("JWKS URL", at(grindery::KEYS_PATH))
                .with("API base URL", at(grindery::API_PATH)),
            ProviderId::TheGrid => Form::of("The Grid")
                .with("Client ID", the_grid::CLIENT_ID)
                .with("Authorization URL", at(the_grid::AUTHORIZE_PATH))
                .with("Token URL", at(the_grid::TOKEN_PATH))
                .with("Refresh URL", at(the_grid::REFRESH_PATH))
                .with("API base URL", at(the_grid::API_BASE)),
            ProviderId::GroveStreams => Form::of("GroveStreams")
                .with("Client ID", "grapnel-at-the-harbour")
                .with(
                    "Authorization URL",
                    format!("{}#{}", at(grovestreams::AUTHORIZE_PATH), grovestreams::FRAGMENT),
                )
                .with("Token URL", at(grovestreams::TOKEN_PATH))
                .with("Password sign-in URL", at(grovestreams::LOGIN_PATH))
                .with("API base URL", at(grovestreams::API_BASE)),
            ProviderId::Custom => Form::of("Another provider").with("Client ID", custom::CLIENT_ID),
        };
        self.client_secret().into_iter().fold(form, |form, secret| form.with("Client secret", secret))
    }
}
