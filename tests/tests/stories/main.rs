//! What a person does with Grapnel, and what goes wrong for them: each a story on a desktop of its own.

mod bad_input;
mod beside;
mod cold_start;
mod command_line;
mod confirming;
mod custom;
mod denied;
mod front;
mod grindery;
mod grovestreams;
mod leaving;
mod loopback;
mod packaged;
mod paste;
mod screens;
mod sign_in;
mod the_grid;
mod troubles;
