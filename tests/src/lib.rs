//! The whole-program tests: each story has its own desktop with display, session bus, keyring and browser, and drivers
//! that act for a person. Ports and displays are chosen freely, so that stories can run in parallel.

pub mod artifacts;
pub mod browser;
pub mod consent;
pub mod desktop;
mod driver;
pub mod form;
pub mod keyring;
pub mod page;
pub mod panel;
pub mod posts;
pub mod process;
pub mod sandbox_provider;
pub mod scene;
pub mod screen_reader;
pub mod screenshot;
pub mod script;
pub mod secret_scan;
mod serial_run;
pub mod session;
pub mod sign_in;
pub mod story;
pub mod terminal;
pub mod wait;
pub mod window;

pub use anyhow::{Context, Result, bail, ensure};
