//! The data types that the other crates share: IDs, errors, secrets, events, settings, views, and the provider
//! profiles.
//!
//! Nothing here does I/O or reads the clock.

pub mod access_token;
pub mod account;
pub mod activity;
pub mod annotations;
pub mod api_exchange;
pub mod attempt;
pub mod authorization_details;
pub mod client_certificate;
pub mod connection;
pub mod connection_event;
pub mod content;
pub mod data_directory;
pub mod derived_token;
pub mod error;
pub mod event;
pub mod hook;
pub mod id;
pub mod mask_credentials;
pub mod provider;
pub mod provider_text;
pub mod redirect;
pub mod registration;
pub mod revocation;
pub mod secret;
pub mod settings;
pub mod team;
pub mod text;
pub mod token_response;
pub mod vault;
