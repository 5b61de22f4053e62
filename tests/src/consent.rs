//! The provider's consent page, in the browser.

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;

use crate::page::{Page, Role};

/// The page, waiting for an answer.
#[derive(Debug)]
pub struct Consent {
    page: Page,
    state: String,
    yes: &'static str,
}

impl Consent {
    /// Reads the page once it has its button that says `yes`.
    pub(crate) async fn read(page: Page, yes: &'static str) -> Result<Self> {
        page.find(Role::Button, yes).await?;
        let address = page.address().await?;
        let state = address.split(['?', '&']).find_map(|pair| pair.strip_prefix("state="));
        let state = percent_decode_str(state.context("a request without a state")?).decode_utf8()?;
        ensure!(state.len() >= 43, "a state of less than 256 bits");
        Ok(Self { state: state.into_owned(), page, yes })
    }

    /// What it shows.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The state of the request that it asks for.
    pub fn state(&self) -> &str {
        &self.state
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
