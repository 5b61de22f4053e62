//! The command line against the sandbox, over HTTP: what each command prints, and what it exits with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apps;
mod bad_input;
mod archive;
mod connecting;
mod connections;
mod content;
mod exits;
mod machine;
mod providers;
mod vault;
mod world;
