//! The table of posts in Grapnel's window: its visible part.

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
    /// The table on a page.
    pub fn on(page: Page) -> Self {
        Self { page }
    }

    /// The number of posts, including those that are not visible.
    pub async fn count(&self) -> Result<usize> {
        let grid = until("the table of posts", async || {
            Ok(Some(self.page.driver().find(By::Css("[role=grid]")).await?))
        })
        .await?;
        let rows: usize = grid.attr("aria-rowcount").await?.context("no count of rows")?.parse()?;
        rows.checked_sub(1).context("no header")
    }

    /// The visible cells in the column with this heading.
    pub async fn column(&self, heading: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for cell in self.cells(heading).await? {
            texts.push(words_of(&cell).await?);
        }
        ensure!(!texts.is_empty(), "no post is in sight");
        Ok(texts)
    }

    /// Waits until the visible cells of a column satisfy a condition.
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

    /// The first visible cell of a column that contains this text.
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

/// The full text of an element, even if it is clipped.
async fn words_of(element: &WebElement) -> Result<String> {
    Ok(element.prop("innerText").await?.unwrap_or_default().trim().to_owned())
}
