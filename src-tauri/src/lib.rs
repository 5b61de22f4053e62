//! The desktop shell: window, deep links, IPC. No OAuth in it.

mod arguments;
#[cfg(target_os = "linux")]
mod beside;
mod bindings;
mod browser;
mod browsing;
mod callback;
mod calls;
mod clipboard;
mod commands;
mod confirm;
mod dialog;
mod ending;
mod events;
#[cfg(target_os = "linux")]
mod instance;
mod leaving;
mod logging;
mod probe;
mod sandbox;
mod saved;
mod scheme;
mod shell;
mod start;
mod window;

pub use start::run;
