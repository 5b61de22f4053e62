//! Providers on loopback, written from the providers' own pages: strict about what a page asks for, with a log of
//! every departure, a seeded world of projects and posts, and switches for the faults that real servers have.

mod apps;
mod body;
mod clock;
mod control;
mod departures;
mod faults;
mod grants;
pub mod grigora;
mod guard;
mod params;
mod pkce;
mod provider;
mod random;
mod refusal;
mod revealed;
mod sandbox;
mod server;
mod world;

pub use apps::App;
pub use clock::Clock;
pub use departures::{Departure, Departures, Kind};
pub use faults::{Endpoint, Fault, FaultError, Faults, Planned, Times};
pub use grants::{Grants, Issued, Lifetimes};
pub use provider::Consent;
pub use revealed::{Revealed, Secret};
pub use sandbox::{Options, Sandbox};
