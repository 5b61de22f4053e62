//! The commands that the window's page sends. Each forwards one request to the core and returns its result.

pub(crate) mod about;
pub(crate) mod api_requests;
pub(crate) mod apps;
pub(crate) mod archive;
pub(crate) mod connections;
pub(crate) mod content;
pub(crate) mod desktop;
pub(crate) mod diagnostics;
pub(crate) mod hooks;
pub(crate) mod import_app;
pub(crate) mod overview;
pub(crate) mod pages;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod team;
pub(crate) mod vault;
