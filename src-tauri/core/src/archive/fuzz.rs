//! The fuzz target of archives. A document survives a round trip, imported records are usable, a second import adds
//! nothing, and a modified file does not open.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::cell::LazyCell;

use super::encryption::{open_with, seal_with};
use super::import::{Import, ImportOutcome, Imported, import};
use crate::archive_document::{ArchivedApp, parse, write};
use crate::fuzz::checks::{sentences, shows_plainly};
use crate::fuzz::world::World;
use grapnel_model::secret::SecretString;
use grapnel_store as store;

/// A low work factor for scrypt, which is not under test here.
const WORK: u8 = 2;
const PASSPHRASE: &str = "harbour lamp eleven moss";
const PLAIN: &[u8] = &[7; 100];

thread_local! {
    static WORLD: LazyCell<World> = LazyCell::new(World::new);
    static SEALED: LazyCell<Vec<u8>> =
        LazyCell::new(|| seal_with(PLAIN, &SecretString::from(PASSPHRASE), WORK).expect("a file"));
}

pub(crate) fn archive(data: &[u8]) {
    match data.first() {
        Some(b'{') => document(data),
        Some(b'a') => file(data),
        Some(_) => changed(data),
        None => {}
    }
}

fn document(data: &[u8]) {
    let archive = match parse(data) {
        Ok(archive) => archive,
        Err(error) => return sentences(&error).for_each(shows_plainly),
    };
    let written = write(&archive).expect("it can be written");
    let again = parse(&written).and_then(|again| write(&again)).expect("what is written is read");
    assert_eq!(*written, *again);
    WORLD.with(|world| {
        let run = |how: Import| world.runtime.block_on(import(&world.ctx, &archive, how)).expect("an import");
        let tried = run(Import { with_tokens: true, dry_run: true });
        let done = run(Import { with_tokens: true, dry_run: false });
        assert_eq!(tried, done, "a trial tells what an import does");
        told(&archive.apps, &done);
        is_usable(world);
        let more = run(Import { with_tokens: true, dry_run: false });
        // A keyword such as `loopback` yields a new redirect URI at each import.
        let is_again = archive.apps.iter().all(|app| app.redirect_uri.contains(":/"));
        for (first, second) in done.lines.iter().zip(&more.lines).filter(|_| is_again) {
            let is_in = first.outcome != ImportOutcome::LeftOut;
            let expected = if is_in { ImportOutcome::Same } else { ImportOutcome::LeftOut };
            assert_eq!(second.outcome, expected, "{first:?}");
        }
        let empty = "DELETE FROM activity; DELETE FROM connection; DELETE FROM app; DELETE FROM change";
        world.ctx.store.write(|tx| tx.execute_batch(empty)).expect("a database");
    });
}

/// Asserts that each record of a file is reported, in text that is safe to show.
fn told(apps: &[ArchivedApp], done: &Imported) {
    let things: usize = apps.iter().map(|app| 1 + app.connections.len()).sum();
    assert_eq!(done.lines.len(), things);
    for line in &done.lines {
        shows_plainly(&line.name);
        shows_plainly(&line.here);
        line.why.iter().for_each(|why| shows_plainly(why));
    }
}

/// Asserts that everything in the store decrypts and can be sent.
fn is_usable(world: &World) {
    let rows = world.ctx.store.read(store::connection::all).expect("connections");
    for row in rows {
        let Some(grant) = row.grant else { continue };
        let sealed = [
            (crate::grant::access_associated_data(&row.id), Some(grant.access)),
            (crate::grant::refresh_associated_data(&row.id), grant.refresh),
        ];
        for (place, sealed) in sealed {
            let Some(sealed) = sealed else { continue };
            let token = world.runtime.block_on(world.ctx.vault.open(&place, &sealed)).expect("a token");
            let token = grapnel_model::secret::ExposeSecret::expose_secret(&token);
            assert!(token.bytes().all(|byte| byte.is_ascii_graphic()) && !token.is_empty(), "{token:?}");
        }
    }
    for app in crate::app::all(&world.ctx).expect("apps") {
        assert!(app.left_out.is_empty(), "{:?}", app.left_out);
        shows_plainly(&app.name);
    }
}

fn file(data: &[u8]) {
    match open_with(data, &PASSPHRASE.into(), WORK) {
        // Nobody else has the passphrase.
        Ok(plain) => assert_eq!(**plain, *PLAIN),
        Err(error) => sentences(&error).for_each(shows_plainly),
    }
}

/// Four bytes per change: the position, the bits to flip, and whether to truncate there.
fn changed(data: &[u8]) {
    SEALED.with(|sealed| {
        let mut bytes: Vec<u8> = (**sealed).clone();
        for change in data.chunks_exact(4) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len().max(1);
            if change[3] & 1 == 1 {
                bytes.truncate(at);
            } else if let Some(byte) = bytes.get_mut(at) {
                *byte ^= change[2];
            }
        }
        match open_with(&bytes, &PASSPHRASE.into(), WORK) {
            Ok(plain) => {
                assert_eq!(**plain, *PLAIN);
                assert_eq!(bytes, **sealed, "a change is noticed");
            }
            Err(error) => {
                assert_ne!(bytes, **sealed);
                sentences(&error).for_each(shows_plainly);
            }
        }
    });
}
