//! The desktop shell: the window, deep links, and the window's commands. OAuth is in the core.

mod alert;
mod arguments;
mod background_tasks;
mod bindings;
mod browser;
mod callback;
mod cancellation;
mod clipboard;
mod commands;
mod confirm;
mod core_handle;
mod deep_link;
mod deep_link_self_test;
mod desktop_integration;
mod dialog;
mod event_forwarding;
mod events;
mod first_page;
mod held_responses;
#[cfg(unix)]
mod instance;
mod lifecycle;
mod logging;
#[cfg(target_os = "macos")]
mod menu_bar;
mod program;
#[cfg(target_os = "linux")]
mod restart;
mod sandbox;
mod save_file;
mod shutdown;
mod start;
#[cfg(test)]
#[cfg(windows)]
mod test_registry;
mod window;

pub use start::run;
