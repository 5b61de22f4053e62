//! A page, in Grapnel's window or in the browser, met as a person meets it: by roles, names and words.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use thirtyfour::{By, WebDriver, WebElement};

use crate::driver::accessible_name;
use crate::wait::until;

/// How much of a page goes into an error.
const EXCERPT: usize = 1200;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Something to press.
    Button,
    /// A way to another place.
    Link,
    /// A field for text.
    Field,
    /// A box to tick, or one of several to choose from.
    Choice,
    /// A list to choose from.
    Select,
    /// A tab.
    Tab,
    /// A heading.
    Heading,
    /// A dialog.
    Dialog,
}

impl Role {
    fn selector(self) -> &'static str {
        match self {
            Self::Button => "button, [role=button], input[type=submit]",
            Self::Link => "a[href], [role=link]",
            Self::Field => {
                "input:not([type=checkbox], [type=radio], [type=submit], [type=hidden]), textarea, [role=searchbox]"
            }
            Self::Choice => {
                "input[type=checkbox], input[type=radio], [role=checkbox], [role=radio], [role=switch]"
            }
            Self::Select => "select, [role=combobox]",
            Self::Tab => "[role=tab]",
            Self::Heading => "h1, h2, h3, h4, [role=heading]",
            Self::Dialog => "dialog, [role=dialog], [role=alertdialog]",
        }
    }
}

/// What is shown at the moment. Every action waits until it can be done.
#[derive(Debug, Clone)]
pub struct Page {
    driver: WebDriver,
}

impl Page {
    pub(crate) fn new(driver: WebDriver) -> Self {
        Self { driver }
    }

    /// The element with this role and accessible name.
    pub async fn find(&self, role: Role, name: &str) -> Result<WebElement> {
        let found = until(&format!("{role:?} {name:?}"), async || self.look(role, name).await).await;
        self.explain(found).await
    }

    /// Whether there is such an element now.
    pub async fn has(&self, role: Role, name: &str) -> Result<bool> {
        Ok(self.look(role, name).await?.is_some())
    }

    /// The element with this `data-testid`, for what has no name.
    pub async fn marked(&self, mark: &str) -> Result<WebElement> {
        let by = || By::Css(format!("[data-testid='{mark}']"));
        let found =
            until(&format!("what is marked {mark:?}"), async || Ok(Some(self.driver.find(by()).await?)))
                .await;
        self.explain(found).await
    }

    /// Presses a button, a link or a tab.
    pub async fn press(&self, role: Role, name: &str) -> Result<()> {
        let pressed = until(&format!("{role:?} {name:?} to press"), async || {
            let Some(element) = self.look(role, name).await? else { return Ok(None) };
            ensure!(element.is_enabled().await?, "it is disabled");
            element.click().await?;
            Ok(Some(()))
        })
        .await;
        self.explain(pressed).await
    }

    /// Writes into the field of this name, over what was there.
    pub async fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.find(Role::Field, name).await?;
        field.clear().await?;
        field.send_keys(text).await.with_context(|| format!("into the field {name:?}"))?;
        ensure!(
            field.prop("value").await?.as_deref() == Some(text),
            "the field {name:?} took something else"
        );
        Ok(())
    }

    /// Chooses an option, by its words, in the list of this name.
    pub async fn choose(&self, name: &str, option: &str) -> Result<()> {
        let list = self.find(Role::Select, name).await?;
        let by = By::XPath(format!("./option[normalize-space()={option:?}]"));
        Ok(list.find(by).await.with_context(|| format!("no option {option:?} in {name:?}"))?.click().await?)
    }

    /// Waits until these words are to be seen.
    pub async fn says(&self, words: &str) -> Result<()> {
        let said = until(&format!("the words {words:?}"), async || {
            Ok(self.text().await?.contains(words).then_some(()))
        })
        .await;
        self.explain(said).await
    }

    /// Waits until one of these is to be seen, and tells which.
    pub async fn says_one_of<'a>(&self, choices: &[&'a str]) -> Result<&'a str> {
        let said = until(&format!("one of {choices:?}"), async || {
            let text = self.text().await?;
            Ok(choices.iter().copied().find(|words| text.contains(words)))
        })
        .await;
        self.explain(said).await
    }

    /// All the words that are to be seen.
    pub async fn text(&self) -> Result<String> {
        Ok(self.driver.find(By::Css("body")).await?.text().await?)
    }

    /// Where it is.
    pub async fn address(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.to_string())
    }

    /// A picture of the page alone.
    pub async fn picture(&self, path: &Path) -> Result<()> {
        Ok(self.driver.screenshot(path).await?)
    }

    /// The driver, for what a person could not do.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    async fn look(&self, role: Role, name: &str) -> Result<Option<WebElement>> {
        for element in self.driver.find_all(By::Css(role.selector())).await? {
            if accessible_name(&element).await?.trim() == name && element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// What the page says instead is most of what one wants to know.
    async fn explain<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error) = result else { return result };
        let text = self.text().await.unwrap_or_else(|error| format!("(no words: {error})"));
        let excerpt: String = text.chars().take(EXCERPT).collect();
        Err(error.context(format!("the page says:\n{excerpt}\n")))
    }
}
