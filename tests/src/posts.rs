//! The table of posts in Grapnel's window, as far as it is in sight.

use anyhow::{Context, Result, ensure};
use thirtyfour::{By, WebElement};

use crate::page::Page;
use crate::wait::until;

/// The table.
#[derive(Debug)]
pub struct Posts {
    page: Page,
}

impl Posts {
    /// The table that a page shows.
    pub fn on(page: Page) -> Self {
        Self { page }
    }

    /// How many posts it has, in sight and beyond.
    pub async fn count(&self) -> Result<usize> {
        let grid = until("the table of posts", async || {
            Ok(Some(self.page.driver().find(By::Css("[role=grid]")).await?))
        })
        .await?;
        let rows: usize = grid.attr("aria-rowcount").await?.context("no count of rows")?.parse()?;
        rows.checked_sub(1).context("no header")
    }

    /// The cells in sight of the column with this heading.
    pub async fn column(&self, heading: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for cell in self.cells(heading).await? {
            texts.push(words_of(&cell).await?);
        }
        ensure!(!texts.is_empty(), "no post is in sight");
        Ok(texts)
    }

    /// Waits until the cells in sight of a column are such.
    pub async fn until(
        &self,
        what: &str,
        heading: &str,
        are_so: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<String>> {
        until(what, async || {
            let texts = self.column(heading).await?;
            ensure!(are_so(&texts), "{heading}: {texts:?}");
            Ok(Some(texts))
        })
        .await
    }

    /// The first cell in sight of a column with these words in it.
    pub async fn cell(&self, heading: &str, words: &str) -> Result<WebElement> {
        until(&format!("{words:?} below {heading:?}"), async || {
            for cell in self.cells(heading).await? {
                if words_of(&cell).await?.contains(words) {
                    return Ok(Some(cell));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn cells(&self, heading: &str) -> Result<Vec<WebElement>> {
        let driver = self.page.driver();
        let mut headings = Vec::new();
        for column in driver.find_all(By::Css("[role=grid] th")).await? {
            headings.push(words_of(&column).await?);
        }
        let at = headings.iter().position(|other| other == heading);
        let at = at.with_context(|| format!("no column {heading:?} among {headings:?}"))? + 1;
        let cells = format!("[role=grid] tbody tr[aria-rowindex] td:nth-child({at})");
        Ok(driver.find_all(By::Css(cells)).await?)
    }
}

/// What an element says, whether or not there is room for all of it.
async fn words_of(element: &WebElement) -> Result<String> {
    Ok(element.prop("innerText").await?.unwrap_or_default().trim().to_owned())
}
