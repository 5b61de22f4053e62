//! `grapnel rename` and `grapnel edit`: the name of a connection, and what the person notes about it.

use clap::Args;
use grapnel_model::annotations::ConnectionEdit;
use grapnel_model::error::Result;

use super::status::Status;
use crate::lookup;
use crate::session::Session;

#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// The connection's name
    connection: String,
    /// The new name
    name: String,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct Edit {
    /// The connection's name
    connection: String,
    /// The new name
    #[arg(long, group = "change")]
    name: Option<String>,
    /// The label, such as a customer's name, by which the window can group its list ('' for none)
    #[arg(long, group = "change")]
    label: Option<String>,
    /// A note for yourself ('' for none; - reads it from standard input)
    #[arg(long, value_name = "TEXT", group = "change")]
    note: Option<String>,
    /// Pin it to the top of the window's list
    #[arg(long, group = "change", conflicts_with = "unpin")]
    pin: bool,
    /// Undo --pin
    #[arg(long, group = "change")]
    unpin: bool,
}

pub(crate) fn rename(session: &mut Session<'_>, asked: Rename) -> Result<()> {
    let edit = ConnectionEdit { name: Some(asked.name), ..ConnectionEdit::default() };
    change(session, &asked.connection, &edit)
}

pub(crate) fn edit(session: &mut Session<'_>, asked: Edit) -> Result<()> {
    let note = match asked.note {
        Some(note) if note == "-" => Some(session.input.all()?.to_string()),
        note => note,
    };
    let pinned = (asked.pin || asked.unpin).then_some(asked.pin);
    let edit = ConnectionEdit { name: asked.name, label: asked.label, note, pinned };
    change(session, &asked.connection, &edit)
}

fn change(session: &mut Session<'_>, name: &str, edit: &ConnectionEdit) -> Result<()> {
    let id = lookup::connection(&session.grapnel, name)?.id;
    session.grapnel.edit_connection(&id, edit)?;
    let status = Status::of(session.grapnel.connection(&id)?);
    session.output.show(&status)
}
