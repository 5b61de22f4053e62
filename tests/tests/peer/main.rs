//! The core with authorization servers by other authors, from `tests/peer`. `oidc-provider`, which is certified, is the
//! server of most tests; `django`, `token_exchange` and `jwt_bearer` have servers in Python:
//!
//! - Django OAuth Toolkit, a whole server with its pages: device authorization, the code grant, refresh, revocation.
//! - idpyoidc, the only one of them with token exchange built in; `oidc-provider` and Authlib leave it to their user.
//! - Authlib with Flask, for the JWT bearer grant, which the others do not have. Its device grant would leave the pages
//!   to us.

mod browser;
mod certificates;
mod client_authentication;
mod client_credentials;
mod device;
mod disconnecting;
mod discovery;
mod django;
mod django_pages;
mod dpop;
mod id_tokens;
mod jwt_bearer;
mod node;
mod protected_resource;
mod python;
mod refreshing;
mod refusals;
mod registration;
mod resources;
mod rich_authorization;
mod server;
mod signed_responses;
mod signing_in;
mod token_exchange;
mod world;
