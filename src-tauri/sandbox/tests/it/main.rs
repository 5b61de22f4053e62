//! The sandbox over HTTP: each behaviour that the pages document, each refusal, each fault.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod api;
mod authorize;
mod consent;
mod control;
mod exchange;
mod faults;
mod guard;
mod harness;
mod posts;
mod program;
mod refresh;
mod revealed;
