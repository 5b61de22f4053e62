//! What a person does with Grapnel, and what goes wrong for them: each a story on a desktop of its own.

mod bad_input;
mod cold_start;
mod denied;
mod packaged;
mod sign_in;
mod troubles;
