//! The use of Grapnel and its failures: each a story on a desktop of its own.

mod agent;
mod bad_input;
mod bulk;
mod cold_start;
mod command_line;
mod confirming;
mod custom;
mod denied;
mod exchanges;
mod grindery;
mod grovestreams;
mod hooks;
mod loopback;
mod missing_dependencies;
mod packaged;
mod paste;
mod request_page;
mod requests;
mod sandbox_restart;
mod screens;
mod shutdown;
mod sign_in;
mod text_size;
mod the_grid;
mod tray_and_notifications;
mod window_focus;
