//! The operations of Grapnel: apps, sign-in, tokens, and the content of connections. No user interface.
//!
//! [`Grapnel`] is the facade. Imports run one way, and no two files import each other.

pub mod api_exchange;
pub mod api_proxy;
pub mod api_request;
pub mod app;
pub mod archive;
mod archive_document;
pub mod authorize;
mod auto_lock;
pub mod browser;
mod change_feed;
mod client_certificate;
mod client_key;
pub mod connection;
pub mod content;
mod context;
pub mod doctor;
mod dpop_key;
mod end_session;
mod exchange_log;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod grant;
mod grapnel;
pub mod hooks;
pub mod id_token;
pub mod open_file_limit;
mod proxy_check;
pub mod qr_code;
mod refresh;
mod remove_app;
pub mod revoke;
mod secret_parameters;
pub mod settings;
mod shared_connection;
mod shared_record;
mod signed_in;
mod tcp_peer;
pub mod team;
mod team_session;
pub mod token_agent;
pub mod token_exchange;
mod token_lifetime;
mod unique_names;

pub use grapnel::{Grapnel, Idle};
pub use grapnel_oauth::{clock, discovery, endpoint_check};
pub use grapnel_store::vault::{Keyring, KeyringSignal, SystemKeyring};
pub use grapnel_store::{Store, write_private};
pub use grapnel_token_client::core_dumps;
pub use remove_app::Removed;
