//! The planned faults.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::endpoint::Endpoint;
use super::fault::Fault;
use crate::input_error::InputError;
use crate::provider::id::ProviderId;

/// How often a fault is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// To this number of requests.
    Next(u32),
    /// Until cleared.
    Always,
}

impl From<u32> for Times {
    fn from(times: u32) -> Self {
        Self::Next(times)
    }
}

/// A planned fault. As text: `token-refresh:lost-reply`, `api:429=30*2`, `grindery/token-exchange:html*always`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// The provider; `None` for any.
    pub provider: Option<ProviderId>,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The fault.
    pub fault: Fault,
    /// The remaining number of times.
    pub times: Times,
}

/// The planned faults, in the order in which they were planned.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    planned: Arc<Mutex<Vec<PlannedFault>>>,
}

impl Faults {
    /// Plans a fault at any provider. Faults of an endpoint apply in the order of planning.
    ///
    /// # Errors
    /// If the fault cannot occur at that endpoint.
    pub fn set(&self, endpoint: Endpoint, fault: Fault, times: impl Into<Times>) -> Result<(), InputError> {
        self.plan(PlannedFault { provider: None, endpoint, fault, times: times.into() })
    }

    /// Plans a fault for one provider only.
    ///
    /// # Errors
    /// As [`Faults::set`].
    pub fn set_at(
        &self,
        provider: ProviderId,
        endpoint: Endpoint,
        fault: Fault,
        times: impl Into<Times>,
    ) -> Result<(), InputError> {
        self.plan(PlannedFault { provider: Some(provider), endpoint, fault, times: times.into() })
    }

    /// Plans `planned`.
    ///
    /// # Errors
    /// As [`Faults::set`].
    pub fn plan(&self, planned: PlannedFault) -> Result<(), InputError> {
        if !planned.fault.can_occur_at(planned.endpoint) {
            return Err(InputError::new(format!("{} cannot occur at {}", planned.fault, planned.endpoint)));
        }
        self.with(|all| all.push(planned));
        Ok(())
    }

    /// The faults that remain.
    #[must_use]
    pub fn planned(&self) -> Vec<PlannedFault> {
        self.with(|all| all.clone())
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// The next planned fault for this request, if any. It is used up.
    pub(crate) fn next(&self, at: ProviderId, endpoint: Endpoint) -> Option<Fault> {
        self.with(|all| {
            all.retain(|planned| planned.times != Times::Next(0));
            let planned = all.iter_mut().find(|planned| planned.applies_to(at, endpoint))?;
            if let Times::Next(left) = &mut planned.times {
                *left -= 1;
            }
            let fault = planned.fault.clone();
            all.retain(|planned| planned.times != Times::Next(0));
            Some(fault)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<PlannedFault>) -> T) -> T {
        act(&mut self.planned.lock())
    }
}

impl PlannedFault {
    fn applies_to(&self, provider: ProviderId, endpoint: Endpoint) -> bool {
        self.endpoint == endpoint && self.provider.is_none_or(|only| only == provider)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Next(times) => write!(out, "{times}"),
            Self::Always => out.write_str("always"),
        }
    }
}

impl FromStr for Times {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        match (text, text.parse()) {
            ("always", _) => Ok(Self::Always),
            (_, Ok(times)) => Ok(Self::Next(times)),
            _ => Err(InputError::new(format!("`{text}` is neither a number nor `always`"))),
        }
    }
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(provider) = self.provider {
            write!(out, "{provider}/")?;
        }
        write!(out, "{}:{}*{}", self.endpoint, self.fault, self.times)
    }
}

impl FromStr for PlannedFault {
    type Err = InputError;

    /// `[PROVIDER/]ENDPOINT:FAULT[=VALUE][*TIMES]`, where `TIMES` is a number or `always`; without it, once.
    fn from_str(text: &str) -> Result<Self, InputError> {
        let shape = || {
            InputError::new(format!("`{text}` is not of the form [PROVIDER/]ENDPOINT:FAULT[=VALUE][*TIMES]"))
        };
        let (place, rest) = text.split_once(':').ok_or_else(shape)?;
        let (provider, endpoint) =
            place.split_once('/').map_or((None, place), |(provider, endpoint)| (Some(provider), endpoint));
        let provider = provider.map(str::parse).transpose()?;
        let (fault, times) = rest.rsplit_once('*').unwrap_or((rest, "1"));
        Ok(Self { provider, endpoint: endpoint.parse()?, fault: fault.parse()?, times: times.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_fault_parses_from_its_text() {
        for text in [
            "token-refresh:lost-reply*1",
            "api:429=30*2",
            "token-exchange:html*always",
            "the-grid/api:redirect=https://a.example/b:c*2",
        ] {
            let planned: PlannedFault = text.parse().unwrap();
            assert_eq!(planned.to_string(), text);
        }
        assert_eq!("api:500".parse::<PlannedFault>().unwrap().times, Times::Next(1));
        for text in [
            "500",
            "api",
            "nowhere:500",
            "api:501",
            "api:500*often",
            "api:500=3",
            "api:429=soon",
            "nobody/api:500",
            "/api:500",
        ] {
            assert!(text.parse::<PlannedFault>().is_err(), "{text}");
        }
    }

    #[test]
    fn faults_apply_in_order_and_as_often_as_planned() {
        let faults = Faults::default();
        faults.set(Endpoint::Api, Fault::Empty, 2).unwrap();
        faults.set(Endpoint::Api, Fault::Html, Times::Always).unwrap();
        let four: Vec<_> = (0..4).map(|_| faults.next(ProviderId::Grigora, Endpoint::Api)).collect();
        assert_eq!(four, [Fault::Empty, Fault::Empty, Fault::Html, Fault::Html].map(Some));
        assert_eq!(faults.next(ProviderId::Grigora, Endpoint::TokenRefresh), None);
        faults.clear();
        assert_eq!(faults.next(ProviderId::Grigora, Endpoint::Api), None);
    }

    #[test]
    fn a_fault_for_one_provider_applies_to_no_other() {
        let faults = Faults::default();
        faults.set_at(ProviderId::Custom, Endpoint::Api, Fault::Html, 1).unwrap();
        faults.set(Endpoint::Api, Fault::Empty, 1).unwrap();
        assert_eq!(faults.next(ProviderId::Grindery, Endpoint::Api), Some(Fault::Empty));
        assert_eq!(faults.next(ProviderId::Grindery, Endpoint::Api), None);
        assert_eq!(faults.next(ProviderId::Custom, Endpoint::Api), Some(Fault::Html));
    }

    #[test]
    fn a_fault_of_the_token_reply_cannot_be_planned_for_the_api() {
        assert!(Faults::default().set(Endpoint::Api, Fault::ScopeCommas, 1).is_err());
        assert!(Faults::default().set(Endpoint::TokenRefresh, Fault::InvalidToken, 1).is_err());
    }
}
