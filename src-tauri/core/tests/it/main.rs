//! The core against the sandbox, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod activity;
mod annotations;
mod api_exchanges;
mod api_proxies;
mod api_requests;
mod app_changes;
mod apps;
mod archive;
mod auto_lock;
mod automatic_refresh;
mod bad_input;
mod browsers;
mod callback_matching;
mod certificate_bound_tokens;
mod certificates;
mod client_credentials;
mod client_keys;
mod clock_correction;
mod content;
mod content_reading;
mod device;
mod discovery;
mod doctor;
mod dpop;
mod endpoint_checks;
mod exchange_history;
mod extra_parameters;
mod faults;
#[cfg(target_os = "linux")]
mod gnome_keyring;
#[cfg(target_os = "linux")]
mod hooks;
mod hostile_callbacks;
mod id_tokens;
mod identity;
mod interrupted_tasks;
mod jwt_bearer;
mod keyring;
mod leaks;
mod loopback;
mod many_connections;
mod network;
mod protected_resources;
mod provider_recovery;
mod providers;
mod proxy;
mod redirect_methods;
mod redirects;
mod refresh;
mod refused_refreshes;
mod registrations;
mod response_limits;
mod revoking;
mod rich_authorization;
mod sandbox_restart;
#[cfg(target_os = "linux")]
mod secret_service_failures;
mod sent_requests;
mod settings;
#[cfg(unix)]
mod shared_records;
mod signed_responses;
mod signing_in;
mod support;
#[cfg(unix)]
mod team_conflicts;
#[cfg(unix)]
mod team_invitations;
#[cfg(unix)]
mod team_locks;
#[cfg(unix)]
mod team_restores;
#[cfg(unix)]
mod teams;
#[cfg(target_os = "linux")]
mod token_agent;
#[cfg(target_os = "linux")]
mod token_agent_lines;
mod token_agent_transport;
mod token_exchange;
mod token_lifetimes;
mod two_processes;
mod unsaved_grants;
mod unusual_token_responses;
mod vault;
