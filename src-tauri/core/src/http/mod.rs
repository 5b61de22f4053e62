//! HTTP to providers: replies capped in size and time, no redirect followed, https only (but for this machine).

mod adapter;
pub(crate) mod api;
mod cause;
mod certificate;
mod client;
mod failure;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod json;
mod limits;
pub(crate) mod login;
mod mask;
mod proxy;
mod response;
mod routes;
mod seen;
pub(crate) mod token;
mod token_failure;
mod turn;
mod unusable;

pub(crate) use client::{Client, Heard};
pub(crate) use failure::{ENVELOPE_FAILURE, Failure};
pub(crate) use json::holds_more_than;
pub(crate) use limits::Limits;
pub(crate) use mask::Mask;
pub(crate) use response::Reply;
pub(crate) use token_failure::TokenFailure;
pub(crate) use turn::Turn;
pub(crate) use unusable::Unusable;
