//! The sandbox over HTTP: each documented behavior, each refusal, each fault.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod api;
mod authorize;
mod command_line;
mod consent;
mod control;
mod custom;
mod exchange;
mod faults;
mod grindery;
mod grovestreams;
mod harness;
mod posts;
mod provider_client;
mod providers;
mod refresh;
mod request_checks;
mod revealed_secrets;
mod server;
mod the_grid;
mod token_requests;
