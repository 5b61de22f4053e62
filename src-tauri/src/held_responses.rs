//! The bodies of the last responses that the request page shows.

use std::collections::VecDeque;
use std::sync::Arc;

use grapnel_core::api_exchange::ResponseBody;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ExchangeId;
use parking_lot::Mutex;

/// How many responses are held.
const MAX_HELD: usize = 8;
/// How many bytes of responses are held in all, unless the last one has more.
const MAX_HELD_BYTES: usize = 64 << 20;

/// The responses, the last one first.
#[derive(Default)]
pub(crate) struct HeldResponses(Mutex<VecDeque<(ExchangeId, Arc<ResponseBody>)>>);

impl HeldResponses {
    /// Holds a response, and drops the oldest if there are too many.
    pub(crate) fn hold(&self, id: &ExchangeId, body: ResponseBody) {
        let mut held = self.0.lock();
        held.retain(|(other, _)| other != id);
        held.push_front((id.clone(), Arc::new(body)));
        let mut size = 0;
        let kept = held.iter().take(MAX_HELD).take_while(|(_, body)| {
            size += body.bytes().len();
            size <= MAX_HELD_BYTES
        });
        let kept = kept.count().max(1);
        held.truncate(kept);
    }

    /// A response.
    ///
    /// # Errors
    ///
    /// If it is not held any more.
    pub(crate) fn get(&self, id: &ExchangeId) -> Result<Arc<ResponseBody>> {
        let held = self.0.lock();
        let found = held.iter().find(|(held, _)| held == id).map(|(_, body)| Arc::clone(body));
        found.ok_or_else(|| {
            Error::new(Code::NotFound, "This response is not in memory any more.")
                .hint("Open it from the history, or send the request again.")
        })
    }

    /// Drops a response.
    pub(crate) fn drop_one(&self, id: &ExchangeId) {
        self.0.lock().retain(|(held, _)| held != id);
    }

    /// Drops all responses.
    pub(crate) fn drop_all(&self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ExchangeId {
        ExchangeId(number.to_string())
    }

    fn body(length: usize) -> ResponseBody {
        ResponseBody::unmasked(vec![0; length], None)
    }

    #[test]
    fn the_last_responses_are_held() {
        let held = HeldResponses::default();
        for number in 0..=MAX_HELD {
            held.hold(&id(number), body(1));
        }
        assert!(held.get(&id(0)).is_err());
        assert!((1..=MAX_HELD).all(|number| held.get(&id(number)).is_ok()));
        held.drop_one(&id(1));
        assert!(held.get(&id(1)).is_err() && held.get(&id(2)).is_ok());
        held.drop_all();
        assert!(held.get(&id(2)).is_err());
    }

    #[test]
    fn a_large_response_takes_the_place_of_others() {
        let held = HeldResponses::default();
        held.hold(&id(1), body(1));
        held.hold(&id(2), body(MAX_HELD_BYTES));
        assert!(held.get(&id(1)).is_err());
        assert_eq!(held.get(&id(2)).unwrap().bytes().len(), MAX_HELD_BYTES);
        held.hold(&id(3), body(1));
        assert!(held.get(&id(2)).is_err() && held.get(&id(3)).is_ok());
    }
}
