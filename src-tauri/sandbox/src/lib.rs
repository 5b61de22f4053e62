//! Providers on loopback, written from the providers' own pages: strict about what a page asks for, with a log of
//! every departure, a seeded world, and switches for the faults that real servers have.

mod apps;
mod authorization_request;
mod bearer;
mod body;
mod clock;
mod control;
pub mod custom;
mod departures;
mod faults;
mod grants;
pub mod grigora;
pub mod grindery;
pub mod grovestreams;
mod guard;
mod jwt;
mod options;
mod page;
mod params;
mod pkce;
mod provider;
mod random;
mod redirect;
mod refusal;
mod registration;
mod revealed;
mod sandbox;
mod server;
mod switches;
pub mod the_grid;
mod tickets;
mod token_request;
mod token_requests;
mod world;

pub use apps::App;
pub use clock::Clock;
pub use departures::{Departure, Departures, Kind};
pub use faults::{Endpoint, Fault, FaultError, Faults, Planned, Times};
pub use grants::{Grants, Issued, Lifetimes};
pub use options::Options;
pub use provider::{Consent, ProviderId};
pub use registration::Registration;
pub use revealed::{Revealed, Secret};
pub use sandbox::Sandbox;
pub use switches::{Switch, Switches};
pub use token_requests::TokenRequests;
