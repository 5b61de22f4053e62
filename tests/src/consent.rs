//! The provider's consent page, in the browser.

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;

use crate::page::{Page, Role};

/// The consent page, before a decision.
#[derive(Debug)]
pub struct Consent {
    page: Page,
    state: String,
    redirect_uri: String,
    yes: &'static str,
}

impl Consent {
    /// Reads the page once it has the button `yes`.
    pub(crate) async fn read(page: Page, yes: &'static str) -> Result<Self> {
        page.find(Role::Button, yes).await?;
        let address = page.address().await?;
        let value = |name: &str| {
            let value = address.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            Ok::<_, anyhow::Error>(
                percent_decode_str(value.context("a parameter is missing")?).decode_utf8()?,
            )
        };
        let (state, redirect_uri) = (value("state")?, value("redirect_uri")?.into_owned());
        ensure!(state.len() >= 43, "a state of less than 256 bits");
        Ok(Self { state: state.into_owned(), redirect_uri, page, yes })
    }

    /// The page.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The `state` of its authorization request.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The redirect URI of its authorization request.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Selects only these projects.
    pub async fn choose(&self, projects: &[&str]) -> Result<()> {
        self.page.tick_only(projects).await
    }

    /// Grants access.
    pub async fn authorize(&self) -> Result<()> {
        self.page.press(Role::Button, self.yes).await
    }

    /// Refuses access.
    pub async fn cancel(&self) -> Result<()> {
        self.page.press(Role::Button, "Cancel").await
    }
}
