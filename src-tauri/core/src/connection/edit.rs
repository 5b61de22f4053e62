//! Changes the name of a connection, and what the person notes about it.

use grapnel_model::activity::Kind;
use grapnel_model::annotations::{Annotations, ConnectionEdit, MAX_LABEL_CHARS, MAX_NOTE_CHARS};
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::text::clean_lines;
use grapnel_store::{activity, connection};

use crate::app::{is_hidden, shown_name};
use crate::context::Context;

/// Changes the name and the annotations of a connection. An error names the invalid one.
pub(crate) fn edit(ctx: &Context, id: &ConnectionId, edit: &ConnectionEdit) -> Result<()> {
    changed(ctx, id, edit).map_err(|error| error.or_means("Nothing was changed."))?;
    ctx.emit(Event::Connection(id.clone()));
    Ok(())
}

fn changed(ctx: &Context, id: &ConnectionId, edit: &ConnectionEdit) -> Result<()> {
    let name = edit.name.as_deref().map(name).transpose()?;
    let label = edit.label.as_deref().map(label).transpose()?;
    let note = edit.note.as_deref().map(note).transpose()?;
    let outcome = ctx.store.write(|tx| {
        let Some(row) = connection::get(tx, id)? else { return Ok(Outcome::Gone) };
        if let Some(name) = name.filter(|name| *name != row.name) {
            let is_own = name.eq_ignore_ascii_case(&row.name);
            if !is_own && connection::name_is_taken(tx, &name)? {
                return Ok(Outcome::Taken(name));
            }
            connection::set_name(tx, id, &name)?;
            let text = format!("Renamed from “{}” to “{name}”.", row.name);
            activity::add(tx, ctx.now(), Kind::Renamed, &text, (Some(id), Some(&row.app_id)))?;
        }
        let label = match label {
            Some(Some(label)) => Some(connection::known_label(tx, id, &label)?),
            Some(None) => None,
            None => row.annotations.label,
        };
        let annotations = Annotations {
            label,
            note: note.unwrap_or(row.annotations.note),
            pinned: edit.pinned.unwrap_or(row.annotations.pinned),
            position: row.annotations.position,
        };
        connection::set_annotations(tx, id, &annotations)?;
        Ok(Outcome::Done)
    })?;
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Gone => Err(Error::no_connection()),
        Outcome::Taken(name) => {
            Err(Error::input("name", format!("There is already a connection called “{name}”."))
                .hint("Choose another name."))
        }
    }
}

enum Outcome {
    Done,
    Gone,
    Taken(String),
}

/// Gives connections the places 0, 1, … in the person's own order; or, with `by_name`, no places.
pub(crate) fn arrange(ctx: &Context, ids: &[ConnectionId], by_name: bool) -> Result<()> {
    ctx.store.write(|tx| {
        for (place, id) in (0..).zip(ids) {
            connection::set_position(tx, id, (!by_name).then_some(place))?;
        }
        Ok(())
    })?;
    ctx.emit(Event::Apps);
    Ok(())
}

/// The annotations of an imported connection, as a person could have entered them here.
pub(crate) fn cleaned_annotations(given: &Annotations) -> Annotations {
    Annotations {
        label: given.label.as_deref().and_then(|given| label(given).ok().flatten()),
        note: note(&given.note).unwrap_or_default(),
        pinned: given.pinned,
        position: given.position,
    }
}

fn name(entered: &str) -> Result<String> {
    let name = shown_name(entered)?;
    if name.is_empty() {
        return Err(Error::input("name", "A connection needs a name.").hint("Enter one."));
    }
    Ok(name)
}

/// A label without surrounding spaces; `None` if nothing is left.
fn label(entered: &str) -> Result<Option<String>> {
    let label = entered.trim();
    if label.chars().any(is_hidden) || label.chars().count() > MAX_LABEL_CHARS {
        let what = "This label is too long, or has characters that cannot be shown.";
        return Err(Error::input("label", what)
            .hint(format!("Enter at most {MAX_LABEL_CHARS} characters, such as a customer’s name.")));
    }
    Ok(Some(label.to_owned()).filter(|label| !label.is_empty()))
}

/// A note without control and hidden characters, line by line.
fn note(entered: &str) -> Result<String> {
    let note = clean_lines(&entered.replace("\r\n", "\n"));
    let note = note.trim();
    if note.chars().count() > MAX_NOTE_CHARS {
        return Err(Error::input("note", "This note is too long.")
            .hint(format!("Enter at most {MAX_NOTE_CHARS} characters.")));
    }
    Ok(note.to_owned())
}
