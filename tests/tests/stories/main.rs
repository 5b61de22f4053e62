//! The use of Grapnel and its failures: each a story on a desktop of its own.

mod accessibility;
mod agent;
mod bad_input;
mod bulk;
mod cold_start;
mod command_line;
mod confirming;
mod custom;
mod denied;
mod exchanges;
mod grants;
mod grindery;
mod grovestreams;
mod hooks;
mod loopback;
mod missing_dependencies;
#[path = "../peer/node.rs"]
mod node;
mod packaged;
mod paste;
mod renderer;
mod request_page;
mod requests;
mod resource;
mod sandbox_first_start;
mod sandbox_restart;
mod screens;
#[path = "../peer/server.rs"]
#[expect(dead_code, reason = "the tests of the core use the rest")]
mod server;
mod shutdown;
mod sign_in;
mod team;
mod text_size;
mod the_grid;
mod tray_and_notifications;
mod window_focus;
