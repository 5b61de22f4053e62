//! Opens web pages that Grapnel knows. The window's page names one, and cannot have any other opened.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::Profile;
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::browser;
use crate::core_handle::CoreHandle;

/// A web page.
#[derive(Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownPage {
    /// Where apps are registered at the provider of this profile.
    Portal(String),
    /// The source of this program.
    Source,
    /// Where its problems are reported.
    Issues,
}

impl KnownPage {
    fn address(&self) -> Result<String> {
        let source = env!("CARGO_PKG_REPOSITORY");
        match self {
            Self::Portal(id) => {
                let portal = Profile::find(id)?.portal.clone();
                if portal.is_empty() {
                    return Err(Error::new(
                        Code::NotFound,
                        "This provider has no page for apps that is known.",
                    ));
                }
                Ok(portal)
            }
            Self::Source => Ok(source.to_owned()),
            Self::Issues => Ok(format!("{source}/issues")),
        }
    }
}

/// Opens a web page in the browser of the settings.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_page(core: State<'_, CoreHandle>, app: AppHandle, page: KnownPage) -> Result<()> {
    let address = page.address()?;
    let browser = core.core().await?.settings()?.browser;
    browser::open(&app, address.into(), browser).await.map_err(|error| {
        Error::new(error.code, error.message).hint("Copy the link, and open it in any browser.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_profiles_and_of_the_project_are_opened() {
        let portal = |id: &str| KnownPage::Portal(id.to_owned()).address();
        assert!(portal("github").unwrap().starts_with("https://github.com/"));
        assert_eq!(portal("custom").unwrap_err().code, Code::NotFound);
        assert_eq!(portal("https://evil.example").unwrap_err().code, Code::NotFound);
        assert!(KnownPage::Issues.address().unwrap().ends_with("/issues"));
    }
}
