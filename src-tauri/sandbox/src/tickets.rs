//! Single-use form tokens. Each consent page has a ticket, which stands for the validated request behind it.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::random::{Digest, digest, random_token};

/// The time in which a page must be submitted.
const TICKET_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// The maximum number of open pages; the oldest ticket is dropped.
const MAX_OPEN_TICKETS: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Tickets<R> {
    clock: Clock,
    open: Mutex<VecDeque<Ticket<R>>>,
}

#[derive(Debug)]
struct Ticket<R> {
    key: Digest,
    expires: Timestamp,
    request: R,
}

impl<R> Tickets<R> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, open: Mutex::new(VecDeque::new()) }
    }

    pub(crate) fn issue(&self, request: R) -> String {
        let ticket = random_token("");
        self.with(|open| {
            if open.len() == MAX_OPEN_TICKETS {
                open.pop_front();
            }
            open.push_back(Ticket {
                key: digest(&ticket),
                expires: self.clock.after(TICKET_LIFETIME),
                request,
            });
        });
        ticket
    }

    /// Redeems a ticket: returns its request, once.
    pub(crate) fn take(&self, ticket: &str) -> Option<R> {
        let (key, now) = (digest(ticket), self.clock.now());
        self.with(|open| {
            let at = open.iter().position(|ticket| ticket.key == key)?;
            open.remove(at).filter(|ticket| now < ticket.expires).map(|ticket| ticket.request)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Ticket<R>>) -> T) -> T {
        act(&mut self.open.lock())
    }
}
