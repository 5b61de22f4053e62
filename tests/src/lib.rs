//! A desktop of one's own for each story: display, session bus, keyring, browser, and the drivers that
//! stand in for a person. Everything runs on free ports and displays, so that stories may run side by side.

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
pub mod screenshot;
pub mod secret_scan;
mod serial_run;
pub mod session;
pub mod sign_in;
pub mod story;
pub mod terminal;
pub mod wait;
pub mod window;

pub use anyhow::{Context, Result, bail, ensure};
