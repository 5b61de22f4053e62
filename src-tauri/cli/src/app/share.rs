//! `grapnel app share`: the app's provider profile as a file for another person, without client ID, secret or token.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use grapnel_model::error::{Error, Result, io_error_text};
use jiff::Timestamp;
use serde::Serialize;

use super::print::Profile;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;

#[derive(Debug, Args)]
pub(crate) struct Share {
    /// The app's name
    name: String,
    /// The file to write, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

pub(super) fn run(session: &mut Session<'_>, asked: &Share) -> Result<()> {
    let app = lookup::app(&session.grapnel, &asked.name)?;
    let file = session.grapnel.profile_of(&app.id)?;
    let text = file.write()?;
    let Some(path) = &asked.output else { return session.output.show(&Profile { file, text }) };
    write(path, &text, asked.force).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "Add --force to overwrite it.",
            _ => "Choose another file.",
        };
        let message = format!("“{}” cannot be written: {}.", path.display(), io_error_text(&error));
        Error::input("output", message).means("Nothing was written.").hint(hint)
    })?;
    session.output.show(&Shared { shared: &app.name, file: &path.display().to_string() })
}

fn write(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    options.open(path)?.write_all(text.as_bytes())
}

#[derive(Serialize)]
struct Shared<'a> {
    shared: &'a str,
    file: &'a str,
}

impl CommandResult for Shared<'_> {
    fn text(&self, _: Timestamp) -> String {
        format!(
            "Wrote the profile of the app “{}” to “{}”. It has no client ID, secret or token.\n\
             To use it: grapnel app import {} --client-id ID",
            self.shared,
            self.file,
            lookup::quoted(self.file)
        )
    }
}
