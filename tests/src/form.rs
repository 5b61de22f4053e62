//! The form that adds an app, filled in as a person does.

use anyhow::{Result, ensure};

use crate::page::{Page, Role};

/// What is typed into it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is called as it is in the window")]
pub struct Form {
    pub name: String,
    pub client_id: String,
    pub client_secret: String,
    pub authorize_address: String,
    pub token_address: String,
    pub api_address: String,
}

impl Form {
    fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("Name", &self.name),
            ("Client id", &self.client_id),
            ("Client secret", &self.client_secret),
            ("Authorize address", &self.authorize_address),
            ("Token address", &self.token_address),
            ("API base address", &self.api_address),
        ]
    }

    /// Fills all of it in, and leaves it open.
    pub async fn fill(&self, page: &Page) -> Result<()> {
        page.find(Role::Heading, "Add app").await?;
        if page.has(Role::Choice, "Grigora").await? {
            page.press(Role::Choice, "Grigora").await?;
        }
        if !page.has(Role::Field, "Token address").await? {
            page.press(Role::Disclosure, "Addresses").await?;
        }
        for (field, text) in self.fields() {
            page.fill(field, text).await?;
        }
        Ok(())
    }

    /// Sees that everything is as it was typed.
    pub async fn is_kept(&self, page: &Page) -> Result<()> {
        for (field, text) in self.fields() {
            let value = page.value(field).await?;
            ensure!(value == text, "the field {field:?} says {value:?} now");
        }
        Ok(())
    }

    /// Adds the app; the window then offers to connect it.
    pub async fn add(&self, page: &Page) -> Result<()> {
        self.fill(page).await?;
        page.send().await?;
        page.find(Role::Button, "Connect in the browser").await?;
        Ok(())
    }
}
