//! The command line with the sandbox over HTTP: the output and exit code of each command.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(target_os = "linux")]
mod agent;
mod api;
mod apps;
mod archive;
mod authorization_details;
mod bad_input;
mod certificates;
mod client_keys;
mod connecting;
mod connections;
mod content;
mod discovering;
mod doctor;
mod dpop;
#[cfg(unix)]
mod exec;
mod exits;
mod grants;
#[cfg(target_os = "linux")]
mod hooks;
mod id_token;
mod importing;
mod machine;
mod manners;
mod providers;
mod registering;
mod registrar;
#[cfg(unix)]
mod team;
mod token_exchange;
mod token_formats;
mod vault;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod window;
#[cfg(windows)]
mod windows;
#[cfg(unix)]
mod worker;
mod world;
