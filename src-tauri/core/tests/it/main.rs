//! The core against the sandbox, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(target_os = "linux")]
mod accounts;
mod activity;
mod apps;
mod archive;
mod back;
mod bad_input;
mod broken_off;
mod browsers;
mod callbacks;
mod changing;
mod clock;
mod content;
mod counting;
mod crowd;
mod discovery;
mod doctor;
mod extras;
mod faults;
#[cfg(target_os = "linux")]
mod gnome_keyring;
mod identity;
mod internet;
mod issuer;
mod keeping_alive;
mod kept;
mod keyring;
#[cfg(target_os = "linux")]
mod keyrings;
mod leaks;
mod lives;
mod loopback;
mod matching;
mod network;
mod others;
mod providers;
mod proxy;
mod reading;
mod recorder;
mod redirects;
mod refusals;
mod renewing;
mod replies;
mod restarted;
mod revoking;
mod scripted;
mod scripted_replies;
#[cfg(target_os = "linux")]
mod secret_service;
mod settings;
mod signing_in;
#[cfg(target_os = "linux")]
mod token_agent;
mod told_time;
mod unsaved;
mod vault;
mod ways_back;
mod wire;
mod world;
