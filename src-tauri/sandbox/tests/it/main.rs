//! The sandbox over HTTP: each behaviour that the pages document, each refusal, each fault.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod api;
mod authorize;
mod consent;
mod control;
mod custom;
mod exchange;
mod faults;
mod grindery;
mod grovestreams;
mod guard;
mod harness;
mod place;
mod posts;
mod program;
mod providers;
mod refresh;
mod revealed;
mod server;
mod the_grid;
mod token_requests;
