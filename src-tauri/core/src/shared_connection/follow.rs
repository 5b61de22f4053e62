//! Follows the teams: takes over what other machines write as soon as they do, and writes what the teams lack when they
//! can be reached again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::TeamId;
use grapnel_oauth::retry::random_fraction;
use grapnel_store::sealed::Sealed;
use grapnel_store::team::TeamRow;
use grapnel_store::{shared_connection, team};
use grapnel_team::port::Change;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use super::app::take_in_app;
use super::sync::{sync, take_in_new};
use crate::context::Context;
use crate::shared_record;

/// The first pause after a team could not be reached; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest such pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// After many changes at once, one look at all of them follows.
const COLLECTING_PAUSE: Duration = Duration::from_millis(50);

/// Follows every team until the future is dropped.
pub(crate) async fn follow(ctx: Arc<Context>) {
    let mut events = ctx.events.subscribe();
    let mut followed: HashMap<TeamId, Followed> = HashMap::new();
    loop {
        match ctx.store.read(team::all) {
            Ok(teams) => {
                followed.retain(|id, one| {
                    teams.iter().any(|team| team.id == *id && team.sealed_url == one.sealed_url)
                });
                for TeamRow { id, sealed_url, .. } in teams {
                    let ctx = Arc::clone(&ctx);
                    followed
                        .entry(id.clone())
                        .or_insert_with(|| Followed { task: tokio::spawn(follow_one(ctx, id)), sealed_url });
                }
            }
            Err(error) => tracing::warn!(%error, "the teams could not be read"),
        }
        loop {
            match events.recv().await {
                Ok(Event::Teams | Event::ChangedElsewhere) | Err(RecvError::Lagged(_)) => break,
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// A task that ends with its owner. Another URL of the database is followed by another task.
struct Followed {
    task: JoinHandle<()>,
    sealed_url: Sealed,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow_one(ctx: Arc<Context>, id: TeamId) {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Err(error) = watch(&ctx, &id, &mut pause).await {
            tracing::info!(%error, "a team cannot be followed");
        }
        tokio::time::sleep(pause.mul_f64(1.0 + random_fraction())).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Follows a team until its database cannot be reached.
async fn watch(ctx: &Arc<Context>, id: &TeamId, pause: &mut Duration) -> Result<()> {
    // A vault that is known to be closed is not tried again: its keyring could prompt each time.
    if let Some(error) = ctx.vault.error() {
        return Err(error);
    }
    let session = shared_record::session(ctx, id).await?;
    // Before the first look, so that nothing is missed.
    let mut changes = session.watch(ctx).await?;
    sync(ctx, id).await?;
    *pause = FIRST_PAUSE;
    loop {
        let pulled = match changes.recv().await {
            Ok(Change::Written(record, _)) => {
                let known = ctx.store.read(|c| shared_connection::of_record(c, id, &record.0))?;
                match known {
                    Some(known) => {
                        shared_record::pull_or_note(ctx, &session, &known).await?;
                        take_in_app(ctx, &session, &known.connection_id).await
                    }
                    None => take_in_new(ctx, &session, &record).await,
                }
            }
            Ok(Change::Deleted(_) | Change::Membership | Change::Missed) | Err(RecvError::Lagged(_)) => {
                tokio::time::sleep(COLLECTING_PAUSE).await;
                changes = changes.resubscribe();
                sync(ctx, id).await.map(drop)
            }
            Ok(Change::Lost) => session.check(ctx).await,
            Err(RecvError::Closed) => return Ok(()),
        };
        pulled?;
    }
}
