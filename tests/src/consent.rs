//! The provider's consent page, in the browser.

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;

use crate::page::{Page, Role};

/// The page, waiting for an answer.
#[derive(Debug)]
pub struct Consent {
    page: Page,
    state: String,
    redirect_uri: String,
    yes: &'static str,
}

impl Consent {
    /// Reads the page once it has its button that says `yes`.
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

    /// What it shows.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The state of the request that it asks for.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The redirect URI of that request.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Ticks these projects, and no other.
    pub async fn choose(&self, projects: &[&str]) -> Result<()> {
        self.page.tick_only(projects).await
    }

    /// Says yes.
    pub async fn authorize(&self) -> Result<()> {
        self.page.press(Role::Button, self.yes).await
    }

    /// Says no.
    pub async fn cancel(&self) -> Result<()> {
        self.page.press(Role::Button, "Cancel").await
    }
}
