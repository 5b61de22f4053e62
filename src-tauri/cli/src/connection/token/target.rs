//! What a derived token is for: the arguments of a token exchange (RFC 8693).

use clap::Args;
use grapnel_model::derived_token::{TokenTarget, TokenType};

/// Exchange the connection's token for another one (RFC 8693)
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Target {
    /// Audience of the derived token: the service, by the name that the provider knows it by; repeat it for several
    #[arg(long = "audience", value_name = "NAME", help_heading = "Token exchange")]
    audiences: Vec<String>,
    /// Resource of the derived token: the service's URL
    #[arg(long = "resource", value_name = "URL", help_heading = "Token exchange")]
    resources: Vec<String>,
    /// Scopes of the derived token
    #[arg(long = "scope", value_name = "SCOPES", help_heading = "Token exchange")]
    scopes: Vec<String>,
    /// Type of the derived token, such as `jwt` or `id_token`
    #[arg(long = "requested-token-type", value_name = "TYPE", value_parser = token_type)]
    #[arg(help_heading = "Token exchange")]
    token_type: Option<TokenType>,
}

impl Target {
    /// The target; `None` if the connection's own token is meant.
    pub(crate) fn target(&self) -> Option<TokenTarget> {
        let Self { audiences, resources, scopes, token_type } = self.clone();
        let target = TokenTarget { audiences, resources, scopes, token_type };
        (!target.is_empty()).then_some(target)
    }
}

fn token_type(text: &str) -> Result<TokenType, String> {
    let names = || TokenType::ALL.map(TokenType::name).join(", ");
    TokenType::parse(text).ok_or_else(|| format!("it can be: {}", names()))
}
