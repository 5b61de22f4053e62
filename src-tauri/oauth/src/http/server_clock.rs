//! The clock of a server, as its responses show it: a request with a JWT or a DPoP proof that was refused is made once
//! more at that time. A computer whose clock is wrong must not lose its access.
//!
//! Nothing proves that a `Date` is true, so it counts for this one server and this one request only, and the difference
//! is bounded: whoever answers for the server could otherwise collect JWTs and proofs for years to come (RFC 9449
//! §11.2).

use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use super::response::Reply;
use crate::clock::MAX_OFFSET;

/// The difference from which the server's clock, and not its judgement, is taken to have refused a request.
const TOLERATED_DIFFERENCE: SignedDuration = SignedDuration::from_secs(20);

/// The time of a response by its server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    moment(headers, &header::DATE)
}

/// The time in a header (RFC 9110 §5.6.7).
pub(super) fn moment(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?).ok()
}

/// The time at which to make a request of the time `at` once more: that of the server's clock, if it differs, is
/// possible, and no cache answered.
pub(super) fn time_of_server(headers: &HeaderMap, at: Timestamp) -> Option<Timestamp> {
    let server = date(headers).filter(|_| !headers.contains_key(header::AGE))?;
    let difference = at.duration_until(server).abs();
    (difference > TOLERATED_DIFFERENCE && difference <= MAX_OFFSET).then_some(server)
}

/// The same for a request with a client's JWT, if the server refuses the client.
pub(super) fn time_if_client_is_refused(reply: &Reply, at: Timestamp) -> Option<Timestamp> {
    time_of_server(&reply.headers, at).filter(|_| refuses_client(reply))
}

/// The same for a request with an assertion as its grant, which the server refuses as `invalid_grant` (RFC 7523 §3.1).
pub(super) fn time_if_assertion_is_refused(reply: &Reply, at: Timestamp) -> Option<Timestamp> {
    time_of_server(&reply.headers, at).filter(|_| refuses_client(reply) || refuses_as(reply, "invalid_grant"))
}

/// Whether a response refuses the client, and not what it asks for (RFC 6749 §5.2).
fn refuses_client(reply: &Reply) -> bool {
    reply.status == StatusCode::UNAUTHORIZED || refuses_as(reply, "invalid_client")
}

fn refuses_as(reply: &Reply, code: &str) -> bool {
    let error = || serde_json::from_slice::<serde_json::Value>(&reply.body).ok()?.get("error").cloned();
    reply.status == StatusCode::BAD_REQUEST && error().is_some_and(|error| error == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn headers(date: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::DATE, date.parse().unwrap())])
    }

    #[test]
    fn a_clock_that_differs_by_more_than_a_day_is_not_followed() {
        let at = |seconds: i64| {
            let server = NOW + SignedDuration::from_secs(seconds);
            let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&server).unwrap();
            time_of_server(&headers(&date), NOW).map(Timestamp::as_second)
        };
        let day = 86_400;
        for seconds in [600, 21, day] {
            assert_eq!((at(seconds), at(-seconds)), (Some(seconds), Some(-seconds)));
        }
        for seconds in [0, 20, day + 1, 365 * day] {
            assert_eq!((at(seconds), at(-seconds)), (None, None));
        }
        // The last moment that there is.
        assert_eq!(time_of_server(&headers("Thu, 30 Dec 9999 22:00:00 GMT"), NOW), None);
    }

    #[test]
    fn the_date_of_a_cache_is_not_followed() {
        let mut headers = headers("Thu, 01 Jan 1970 00:10:00 GMT");
        assert_eq!(time_of_server(&headers, NOW).map(Timestamp::as_second), Some(600));
        headers.insert(header::AGE, "7".parse().unwrap());
        assert_eq!(time_of_server(&headers, NOW), None);
    }
}
