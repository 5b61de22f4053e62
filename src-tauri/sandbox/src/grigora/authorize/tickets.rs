//! Tickets: each consent page carries one, it is good for one answer, and it stands for the request as it was read.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::request::AuthorizeRequest;
use crate::clock::Clock;
use crate::random::{Digest, digest, secret};

/// How long a consent page may stay open.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Pages that may be open at once; the oldest gives way.
const OPEN: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Tickets {
    clock: Clock,
    open: Mutex<VecDeque<Ticket>>,
}

#[derive(Debug)]
struct Ticket {
    key: Digest,
    expires: Timestamp,
    request: AuthorizeRequest,
}

impl Tickets {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, open: Mutex::default() }
    }

    pub(super) fn issue(&self, request: AuthorizeRequest) -> String {
        let ticket = secret("");
        self.with(|open| {
            if open.len() == OPEN {
                open.pop_front();
            }
            open.push_back(Ticket { key: digest(&ticket), expires: self.clock.after(LIFETIME), request });
        });
        ticket
    }

    /// The request that the page was about, once.
    pub(super) fn take(&self, ticket: &str) -> Option<AuthorizeRequest> {
        let (key, now) = (digest(ticket), self.clock.now());
        self.with(|open| {
            let at = open.iter().position(|ticket| ticket.key == key)?;
            open.remove(at).filter(|ticket| now < ticket.expires).map(|ticket| ticket.request)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Ticket>) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
