//! Providers: an authorization server and its API, described by a profile. A profile is data: settings by key, each
//! with its source. An app may override any of them.

mod api_endpoint;
mod catalog;
mod config;
mod endpoint;
mod extras;
mod file;
mod grant_type;
mod hosts;
mod profile;
mod setting_names;
mod view;

pub use api_endpoint::ApiEndpoint;
pub use config::{
    AssertionAudience, AssertionConfig, AssertionSubject, Body, ClientAuth, Content, Dpop, GrantConfig,
    KeyAlgorithm, Need, Origins, Pagination, ParameterLocation, Pkce, ProviderConfig, RefreshConfig,
    RefreshTokenPolicy, ResponseMode,
};
pub use endpoint::{endpoint, is_loopback};
pub use extras::{
    CLIENT_CERTIFICATE, CLIENT_KEY, CLIENT_KEY_SETTINGS, ExtraParameters, Secrets,
    check as check_extra_value, is_reserved, is_secret, replace,
};
pub use file::{ProfileFile, Review};
pub use grant_type::GrantType;
pub use hosts::OtherHost;
pub use profile::{DEEP_LINK, Overrides, Profile};
pub use view::{ProfileValue, ProviderView, Scope, Source};
