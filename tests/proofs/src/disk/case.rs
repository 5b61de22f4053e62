//! One case: which failure, when it begins, and how it ends.

use anyhow::{Result, bail, ensure};
use grapnel_core::app::App;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;

use super::failure::{Failure, Place, limitable};
use crate::crash::{judge, look};
use crate::stopped::Stopped;
use crate::world::World;

/// When the failure begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before the program starts.
    Start,
    /// Before a refresh, while the program runs.
    Before,
    /// Once the start of a refresh is recorded.
    AfterMark,
    /// Once the provider's response is received and only in memory.
    AfterAnswer,
}

impl Moment {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "at the start",
            Self::Before => "before",
            Self::AfterMark => "after-mark",
            Self::AfterAnswer => "after-answer",
        }
    }
}

/// How the case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The failure ends, and the program recovers without help.
    Passes,
    /// The failure ends while the program is still retrying.
    PassesSoon,
    /// The failure ends, and another program is the first to refresh.
    AnotherIsFirst,
    /// The program is killed, then the failure ends.
    Killed,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) failure: Failure,
    pub(crate) moment: Moment,
    ending: Ending,
}

pub(crate) struct Found {
    /// Whether the refresh failed because of it.
    pub(crate) was_refused: bool,
    /// Whether the connection works; if not, it reported that its response was lost.
    pub(crate) is_alive: bool,
    pub(crate) secrets: usize,
}

impl Case {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        use Ending::{AnotherIsFirst, Killed, Passes, PassesSoon};
        use Moment::{AfterAnswer, AfterMark, Before, Start};
        let endings = |moment| match moment {
            Start => vec![Passes],
            Before => vec![Passes, Killed],
            AfterMark | AfterAnswer => vec![Passes, PassesSoon, AnotherIsFirst, Killed],
        };
        let all = Failure::ALL.into_iter().flat_map(move |failure| {
            [Start, Before, AfterMark, AfterAnswer].into_iter().flat_map(move |moment| {
                endings(moment).into_iter().map(move |ending| Self { failure, moment, ending })
            })
        });
        all.filter(|case| match case.failure {
            // The limit is set on a running process.
            Failure::Unwritable => case.moment != Start,
            // Files that are open stay writable, so that nothing waits.
            Failure::ReadOnly => matches!(case.ending, Passes | Killed),
            Failure::Full | Failure::Locked => true,
        })
    }

    pub(crate) async fn run(self) -> Result<Found> {
        let world = World::new()?;
        let mut place = Place::new(&world, self.failure).await?;
        let (app, id) = {
            let grapnel = world.open()?;
            let app = world.add_app(&grapnel).await?;
            let id = world.sign_in(&grapnel, &app, None).await?;
            (app, id)
        };
        world.is_left().await?;
        let (was_refused, is_alive) = match self.moment {
            Moment::Start => (at_start(&world, &mut place, &id).await?, true),
            _ => self.midway(&world, &mut place, &app, &id).await?,
        };
        let grapnel = world.open()?;
        ensure!(grapnel.connection(&id)?.error.is_none(), "something is still wrong");
        world.is_alive(&grapnel, &id).await?;
        // The WAL files do not change while a process has the database open.
        Ok(Found { was_refused, is_alive, secrets: world.scan()? })
    }

    /// Causes the failure before a refresh or while one is at the point; returns whether the refresh failed, and
    /// whether the connection works.
    async fn midway(
        self,
        world: &World,
        place: &mut Place,
        app: &App,
        id: &ConnectionId,
    ) -> Result<(bool, bool)> {
        let mut program = start(world, id, self.moment.name())?;
        ensure!(program.opened().await?.is_none(), "the data does not open");
        let go_on = if self.moment == Moment::Before {
            "refresh"
        } else {
            program.refresh_to_the_point().await?;
            "go on"
        };
        place.bring(world, Some(&program)).await?;
        if self.ending == Ending::PassesSoon {
            program.say(go_on).await?;
            program.fails().await?;
            place.lift().await?;
            ensure!(program.outcome().await?.is_none(), "it was not tried for long enough");
            program.end().await?;
            return Ok((false, true));
        }
        let failure = program.refreshed(go_on).await?;
        // Files that were open before their file system was mounted read-only stay writable.
        let may_work = self.failure == Failure::ReadOnly && self.moment != Moment::Before;
        ensure!(may_work || failure.is_some(), "the failure was none");
        if let Some(failure) = &failure {
            self.is_told(world, failure, &mut program).await?;
        }
        let is_alive = self.end(world, place, app, id, program).await?;
        Ok((failure.is_some(), is_alive))
    }

    /// Asserts that the failure is reported correctly; returns the connection's status meanwhile.
    async fn is_told(self, world: &World, failure: &Error, program: &mut Stopped) -> Result<()> {
        ensure!(is_of_disk(failure), "told as something else: {failure:?}");
        let was_sent = self.moment != Moment::Before;
        ensure!((world.rotations() > 0) == was_sent, "{} refreshes", world.rotations());
        let status = program.stands("look").await?;
        let expected = if was_sent { (State::Retrying, Some(failure.code)) } else { (State::Active, None) };
        ensure!((status.state, status.error) == expected, "it stands at {status:?}");
        let is_in_memory =
            failure.meaning.as_deref().is_some_and(|meaning| meaning.contains("held in memory"));
        ensure!(is_in_memory == was_sent, "it means: {:?}", failure.meaning);
        Ok(())
    }

    async fn end(
        self,
        world: &World,
        place: &mut Place,
        app: &App,
        id: &ConnectionId,
        mut program: Stopped,
    ) -> Result<bool> {
        let rotations = world.rotations();
        match self.ending {
            Ending::PassesSoon => bail!("it has passed"),
            Ending::Passes => {
                place.lift().await?;
                program.stands("settle").await?;
            }
            Ending::AnotherIsFirst => {
                place.lift().await?;
                let looked = look(world, id).await?;
                ensure!(looked.refused.is_none() && looked.after == State::Active, "{looked:?}");
                // If the first program was faster, the person's refresh in the other one gets new tokens again.
                ensure!(world.rotations() <= rotations + 1, "the provider was asked again and again");
                program.end().await?;
                return Ok(true);
            }
            Ending::Killed => {
                program.kill().await?;
                place.lift().await?;
                let is_alive = judge(&look(world, id).await?, rotations > 0).map_err(anyhow::Error::msg)?;
                if !is_alive {
                    world.sign_in(&world.open()?, app, Some(id)).await?;
                }
                return Ok(is_alive);
            }
        }
        ensure!(world.rotations() == rotations, "the provider was asked once more");
        program.end().await?;
        Ok(true)
    }
}

/// A program that starts during the failure reports it, and sends no request.
async fn at_start(world: &World, place: &mut Place, id: &ConnectionId) -> Result<bool> {
    place.bring(world, None).await?;
    let mut program = start(world, id, "none")?;
    let failure = match program.opened().await? {
        Some(failure) => failure,
        None => match program.refreshed("refresh").await? {
            Some(failure) => failure,
            None => bail!("the failure was none"),
        },
    };
    ensure!(is_of_disk(&failure), "told as something else: {failure:?}");
    ensure!(world.rotations() == 0, "something was sent");
    program.end().await?;
    place.lift().await?;
    Ok(true)
}

fn start(world: &World, id: &ConnectionId, point: &str) -> Result<Stopped> {
    Stopped::start(&mut limitable(&world.child("stop", &[&id.0, point, "0"])?))
}

fn is_of_disk(failure: &Error) -> bool {
    matches!(failure.code, Code::DataUnwritable | Code::DataBusy)
}
