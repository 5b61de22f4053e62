//! `grapnel team invite` and `grapnel team join`.

use std::fmt::Write as _;

use grapnel_core::team::{Invite as CoreInvite, InviteOpener, InvitedUrl, Join as CoreJoin};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::ExposeSecret;
use grapnel_model::team::{OpenedInvitation, TeamRole};

use super::arguments::{Invite, Join};
use super::find::team;
use super::print::{InvitedPerson, Joined, WorkerKey};
use crate::session::Session;
use crate::vault::{new_passphrase, read_passphrase};

pub(super) async fn invite(session: &mut Session<'_>, asked: Invite) -> Result<()> {
    let team = team(&session.grapnel, asked.team.as_deref())?;
    let role = match (asked.worker, asked.owner) {
        (true, _) => TeamRole::Worker,
        (false, true) => TeamRole::Owner,
        (false, false) => TeamRole::Member,
    };
    let opened_by = match asked.key {
        _ if asked.worker => InviteOpener::WorkerKey,
        Some(key) => {
            session.grapnel.check_team_key(&key)?;
            InviteOpener::Key(key)
        }
        None => InviteOpener::Passphrase(new_passphrase(session, "invitation").map_err(|error| {
            error.hint("Give the person’s public key with --key, or add --passphrase-stdin.")
        })?),
    };
    let database_url = match (asked.database_url_stdin, asked.without_database_url || asked.worker) {
        (true, _) => InvitedUrl::Given(
            session.secret("database-url-stdin", "URL of the database for this person (not shown): ")?,
        ),
        (false, true) => InvitedUrl::Withheld,
        (false, false) => InvitedUrl::Own,
    };
    let invite = CoreInvite { name: asked.name, role, opened_by, database_url };
    let (invited, key) = session.grapnel.invite(&team.id, invite).await?;
    if let Some(key) = key {
        session.output.messages.note(&format!(
            "This key is a secret, and is not shown again. Set it as GRAPNEL_TEAM_KEY for “{}”, and the URL of the \
             database as GRAPNEL_TEAM_URL.",
            invited.member.name
        ));
        session.output.show(&WorkerKey { member: invited.member, key: key.expose_secret().to_owned() })
    } else {
        let name = &invited.member.name;
        let messages = &session.output.messages;
        if invited.has_own_url {
            messages.note(&format!(
                "warning: This invitation passes on your own database URL with its password: “{name}” uses the \
                 database as the same user, also after being removed. Instead: --database-url-stdin or \
                 --without-database-url"
            ));
        }
        if let Some(fingerprint) = &invited.fingerprint {
            messages.note(&format!(
                "Fingerprint of the key of “{name}”: {fingerprint}; theirs must be the same."
            ));
        }
        messages.note(&format!(
            "Fingerprint of the team: {}; “{name}” is shown it before joining. Compare both aloud.",
            invited.team_fingerprint
        ));
        messages.note(&format!("Send this invitation to “{name}”, who runs: grapnel team join"));
        session.output.show(&InvitedPerson(invited))
    }
}

pub(super) async fn join(session: &mut Session<'_>, asked: Join) -> Result<()> {
    session.check_is_piped("invitation")?;
    if session.can_ask() {
        session.output.messages.ask("Paste the invitation:");
    }
    // With --passphrase-stdin, the passphrase of the vault, if it has one, was the first line.
    let invitation = session.input.line()?.unwrap_or_default();
    let passphrase = if session.grapnel.invitation_needs_passphrase(&invitation)? {
        Some(read_passphrase(session, "Passphrase of the invitation (not shown): ").map_err(|error| {
            Error { field: Some("passphrase".into()), ..error }.means("Nothing was joined.")
        })?)
    } else {
        None
    };
    let database_url = if asked.database_url_stdin {
        Some(session.secret("database-url-stdin", "URL of the database (not shown): ")?)
    } else {
        None
    };
    if !asked.yes {
        let opened = session.grapnel.read_invitation(invitation.clone(), passphrase.clone()).await?;
        ask(session, &opened, database_url.is_some())?;
    }
    let agrees_to_paths = true;
    let join = CoreJoin { invitation, passphrase, database_url, agrees_to_paths };
    let joined = session.grapnel.join_team(join).await?;
    session.output.show(&Joined(joined))
}

/// Shows what an invitation says, and asks whether to join.
fn ask(session: &mut Session<'_>, opened: &OpenedInvitation, has_url: bool) -> Result<()> {
    let OpenedInvitation { host, fingerprint, local_paths } = opened;
    let host = host.as_deref().filter(|_| !has_url).unwrap_or("as you have given it");
    let mut question = format!("Database: {host}\n");
    for path in local_paths.iter().filter(|_| !has_url) {
        let _ = writeln!(question, "It names on this computer: {path}");
    }
    let _ = write!(
        question,
        "Fingerprint of the team: {fingerprint}\nWhoever has your public key can invite you to a team. Compare the \
         fingerprint with who invited you, by another way than the invitation came.\nJoin this team? [y/N]"
    );
    if session.confirms(&question, "Joining a team")? {
        return Ok(());
    }
    Err(Error::new(Code::Cancelled, "Not joined.").means("Nothing was asked of the team’s database."))
}
