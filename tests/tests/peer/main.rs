//! The core with a certified authorization server by other authors: `oidc-provider`, from `tests/peer`.

mod browser;
mod client_authentication;
mod client_credentials;
mod device;
mod disconnecting;
mod discovery;
mod dpop;
mod id_tokens;
mod node;
mod protected_resource;
mod refreshing;
mod refusals;
mod registration;
mod resources;
mod server;
mod signing_in;
mod world;
