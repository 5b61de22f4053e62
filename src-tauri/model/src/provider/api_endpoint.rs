//! The known endpoints of a provider's API, for completion and for requests that name a path alone.

use serde::{Deserialize, Serialize};

use super::profile::Profile;
use super::view::Source;

/// A known endpoint of a provider's API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiEndpoint {
    /// The HTTP method.
    pub method: String,
    /// The path below the API base; may be empty.
    pub path: String,
    /// What to call it where the path does not tell it from others, such as a JSON-RPC method.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it does, in a few words.
    pub summary: String,
    /// An example of the body, as JSON; empty if it takes none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Where it is known from.
    pub source: Source,
}

impl ApiEndpoint {
    /// What a person writes to call it: its name, else its path.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.path } else { &self.name }
    }

    /// Whether its example body can be sent as it is: no value in it is for the person to fill in (`<…>`).
    pub fn is_complete(&self) -> bool {
        !self.body.contains("\"<")
    }
}

impl Profile {
    /// The known endpoint that `path` names, by its name or by its path without a query.
    pub fn endpoint(&self, path: &str) -> Option<&ApiEndpoint> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        self.endpoints.iter().find(|endpoint| endpoint.label() == path && !path.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    #[test]
    fn every_known_endpoint_can_be_called_by_its_label() {
        for profile in Profile::built_in() {
            for endpoint in &profile.endpoints {
                let found = profile.endpoint(endpoint.label()).unwrap();
                assert_eq!((&*found.method, &*found.path), (&*endpoint.method, &*endpoint.path));
                assert!(matches!(&*endpoint.method, "GET" | "POST"), "{endpoint:?}");
                assert!(!endpoint.path.starts_with('/') && !endpoint.summary.is_empty(), "{endpoint:?}");
                if !endpoint.body.is_empty() {
                    serde_json::from_str::<&RawValue>(&endpoint.body).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_path_is_found_with_slashes_and_query() {
        let grigora = Profile::find("grigora").unwrap();
        assert_eq!(grigora.endpoint("/project/list/?x=1").unwrap().method, "GET");
        assert_eq!(grigora.endpoint("cms/post/list").unwrap().method, "POST");
        assert!(grigora.endpoint("nothing").is_none());
        assert!(grigora.endpoint("").is_none());
    }
}
