//! Shared test support: a world to run in, scripted servers, and a clock that a test controls.

#[cfg(target_os = "linux")]
pub(crate) mod agent_client;
pub(crate) mod clock;
pub(crate) mod counting_token_endpoint;
#[cfg(target_os = "linux")]
pub(crate) mod hook_script;
pub(crate) mod keep_alive;
pub(crate) mod metadata_server;
pub(crate) mod openid_provider;
pub(crate) mod proxy_server;
pub(crate) mod request_recorder;
#[cfg(target_os = "linux")]
pub(crate) mod scripted_secret_service;
pub(crate) mod scripted_server;
#[cfg(target_os = "linux")]
pub(crate) mod second_account;
#[cfg(unix)]
pub(crate) mod team;
#[cfg(unix)]
pub(crate) mod trace_point;
pub(crate) mod world;
