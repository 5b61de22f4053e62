//! A page in Grapnel's window or in the browser, used as by a person: by roles, names and visible text.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use thirtyfour::{By, WebDriver, WebElement};

use crate::driver::accessible_name;
use crate::wait::until;

/// How many characters of a page are included in an error.
const EXCERPT: usize = 1200;

/// The role of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Something to press.
    Button,
    /// A link.
    Link,
    /// A text field.
    Field,
    /// A checkbox or a radio button.
    Choice,
    /// A select element.
    Select,
    /// An option of an open list or menu.
    Option,
    /// A tab.
    Tab,
    /// A heading.
    Heading,
    /// A dialog.
    Dialog,
    /// A button that expands a part of the page.
    Disclosure,
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
            Self::Option => "[role=option], [role^=menuitem]",
            Self::Tab => "[role=tab]",
            Self::Heading => "h1, h2, h3, h4, [role=heading]",
            Self::Dialog => "dialog, [role=dialog], [role=alertdialog]",
            Self::Disclosure => "button[aria-expanded], summary",
        }
    }
}

/// The current page. Every action waits until it is possible.
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
        self.find_which(role, name, |it| it == name).await
    }

    /// The first element with this role and this text in its accessible name.
    pub async fn find_about(&self, role: Role, words: &str) -> Result<WebElement> {
        self.find_which(role, words, |it| it.contains(words)).await
    }

    /// Whether there is an element with this role and name now.
    pub async fn has(&self, role: Role, name: &str) -> Result<bool> {
        Ok(self.look(role, |it| it == name).await?.is_ok())
    }

    /// The element with this `data-testid`, for elements without a name.
    pub async fn marked(&self, mark: &str) -> Result<WebElement> {
        let by = || By::Css(format!("[data-testid='{mark}']"));
        let found =
            until(&format!("what is marked {mark:?}"), async || Ok(Some(self.driver.find(by()).await?)))
                .await;
        self.explain(found).await
    }

    /// Clicks a button, a link or a tab.
    pub async fn press(&self, role: Role, name: &str) -> Result<()> {
        self.press_which(role, name, |it| it == name).await
    }

    /// Opens a group of the settings.
    pub async fn settings(&self, group: &str) -> Result<()> {
        self.press(Role::Button, "Settings").await?;
        self.press(Role::Button, group).await
    }

    /// Clicks the first element with this text in its name.
    pub async fn press_about(&self, role: Role, words: &str) -> Result<()> {
        self.press_which(role, words, |it| it.contains(words)).await
    }

    /// Submits the form.
    pub async fn send(&self) -> Result<()> {
        let by = || By::Css("form button[type=submit]");
        let sent = until("the form's own button", async || {
            self.driver.find(by()).await?.click().await?;
            Ok(Some(()))
        })
        .await;
        self.explain(sent).await
    }

    /// Enters text into the field with this name, replacing its content.
    pub async fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.field(name).await?;
        clear(&field).await?;
        if !text.is_empty() {
            field.send_keys(text).await.with_context(|| format!("into the field {name:?}"))?;
        }
        has_taken(&field, (name, text)).await
    }

    /// Enters text into the field with this name at once, as pasting does: what is long takes too long to type.
    pub async fn paste(&self, name: &str, text: &str) -> Result<()> {
        let field = self.field(name).await?;
        clear(&field).await?;
        field.focus().await?;
        let insert = "document.execCommand('insertText', false, arguments[0])";
        self.driver.execute(insert, vec![text.into()]).await?;
        has_taken(&field, (name, text)).await
    }

    /// Ticks only the boxes with one of these texts in their name.
    pub async fn tick_only(&self, wanted: &[&str]) -> Result<()> {
        for tickable in self.driver.find_all(By::Css("input[type=checkbox]")).await? {
            let name = accessible_name(&tickable).await?;
            if tickable.is_selected().await? != wanted.iter().any(|words| name.contains(words)) {
                click(&tickable).await.with_context(|| format!("the box {name:?}"))?;
            }
        }
        Ok(())
    }

    /// Ticks the box with this name, unless it is ticked.
    pub async fn tick(&self, name: &str) -> Result<()> {
        let tickable = self.find(Role::Choice, name).await?;
        if !tickable.is_selected().await? {
            click(&tickable).await.with_context(|| format!("the box {name:?}"))?;
        }
        Ok(())
    }

    /// Selects an option of the select element with this name.
    pub async fn select(&self, name: &str, choice: &str) -> Result<()> {
        let list = self.find(Role::Select, name).await?;
        // The bar at the bottom of a form may be over it.
        list.scroll_into_view().await?;
        let option = list.find(By::XPath(format!(".//option[normalize-space()='{choice}']"))).await;
        option.with_context(|| format!("no {choice:?} in {name:?}"))?.click().await?;
        Ok(())
    }

    /// Whether there is a field with this name now.
    pub async fn has_field(&self, name: &str) -> Result<bool> {
        Ok(self.look(Role::Field, is_field(name)).await?.is_ok())
    }

    /// The content of the field with this name.
    pub async fn value(&self, name: &str) -> Result<String> {
        let value = self.field(name).await?.prop("value").await?;
        value.with_context(|| format!("the field {name:?} has no value"))
    }

    /// Opens the list of a button, and chooses an option in it.
    pub async fn choose(&self, button: &str, option: &str) -> Result<()> {
        self.press(Role::Button, button).await?;
        self.press(Role::Option, option).await
    }

    /// Waits until this text is visible.
    pub async fn says(&self, words: &str) -> Result<()> {
        let said = until(&format!("the words {words:?}"), async || {
            Ok(self.text().await?.contains(words).then_some(()))
        })
        .await;
        self.explain(said).await
    }

    /// Waits until one of these texts is visible, and returns it.
    pub async fn says_one_of<'a>(&self, choices: &[&'a str]) -> Result<&'a str> {
        let said = until(&format!("one of {choices:?}"), async || {
            let text = self.text().await?;
            Ok(choices.iter().copied().find(|words| text.contains(words)))
        })
        .await;
        self.explain(said).await
    }

    /// Waits until this text is no longer visible.
    pub async fn says_no_more(&self, words: &str) -> Result<()> {
        let gone = until(&format!("the words {words:?} to go"), async || {
            Ok((!self.text().await?.contains(words)).then_some(()))
        })
        .await;
        self.explain(gone).await
    }

    /// All visible text. The driver's own result would omit text that may be clipped.
    pub async fn text(&self) -> Result<String> {
        Ok(self.driver.execute("return document.body.innerText", Vec::new()).await?.convert()?)
    }

    /// Waits until the engine has rendered the page's current content.
    pub async fn is_drawn(&self) -> Result<()> {
        let script = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))";
        self.driver.execute_async(script, Vec::new()).await?;
        Ok(())
    }

    /// Disables scripts in the browser, from the next page on.
    pub async fn turn_scripts_off(&self) -> Result<()> {
        let off = json!({ "value": true });
        self.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", off).await?;
        Ok(())
    }

    /// The page's HTML.
    pub async fn source(&self) -> Result<String> {
        Ok(self.driver.source().await?)
    }

    /// The page's URL.
    pub async fn address(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.to_string())
    }

    /// Takes a picture of the page only.
    pub async fn picture(&self, path: &Path) -> Result<()> {
        Ok(self.driver.screenshot(path).await?)
    }

    /// The driver, for what a person cannot do.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    async fn field(&self, name: &str) -> Result<WebElement> {
        self.find_which(Role::Field, name, is_field(name)).await
    }

    async fn press_which(&self, role: Role, what: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
        let pressed = until(&format!("{role:?} {what:?} to press"), async || {
            let element = self.look(role, &is_it).await??;
            ensure!(element.is_enabled().await?, "it is disabled");
            if role == Role::Option {
                // An element that has just appeared moves to its place when it is rendered.
                self.is_drawn().await?;
            }
            click(&element).await?;
            Ok(Some(()))
        })
        .await;
        self.explain(pressed).await
    }

    async fn find_which(&self, role: Role, what: &str, is_it: impl Fn(&str) -> bool) -> Result<WebElement> {
        let found =
            until(&format!("{role:?} {what:?}"), async || Ok(Some(self.look(role, &is_it).await??))).await;
        self.explain(found).await
    }

    /// The first element that matches; otherwise the names of those that do not.
    async fn look(&self, role: Role, is_it: impl Fn(&str) -> bool) -> Result<Result<WebElement>> {
        let mut others = Vec::new();
        for element in self.shown(role).await? {
            let name = accessible_name(&element).await?;
            if is_it(name.trim()) {
                return Ok(Ok(element));
            }
            others.push(name);
        }
        Ok(Err(anyhow!("of those there are only {others:?}")))
    }

    /// The visible elements. The driver itself takes elements that may be clipped for hidden.
    async fn shown(&self, role: Role) -> Result<Vec<WebElement>> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter(element => element.checkVisibility({ visibilityProperty: true }))";
        Ok(self.driver.execute(script, vec![json!(role.selector())]).await?.elements()?)
    }

    /// Adds an excerpt of the page to an error.
    async fn explain<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error) = result else { return result };
        let text = self.text().await.unwrap_or_else(|error| format!("(no words: {error})"));
        let excerpt: String = text.chars().take(EXCERPT).collect();
        Err(error.context(format!("the page says:\n{excerpt}\n")))
    }
}

/// The engine of Grapnel's window appends the placeholder to the name of a field inside its label.
fn is_field(name: &str) -> impl Fn(&str) -> bool {
    let with_placeholder = format!("{name} ");
    move |it| it.trim_end() == with_placeholder.trim_end() || it.starts_with(&with_placeholder)
}

/// Clears a field. The driver does so only in sight.
async fn clear(field: &WebElement) -> Result<()> {
    if field.clear().await.is_err() {
        field.scroll_into_view().await?;
        field.clear().await?;
    }
    Ok(())
}

/// An element that is covered, such as by a sticky bar, is scrolled into view first.
async fn click(element: &WebElement) -> Result<()> {
    if let Err(error) = element.click().await {
        element.scroll_into_view().await?;
        element.click().await.map_err(|_| error)?;
    }
    Ok(())
}

async fn has_taken(field: &WebElement, (name, text): (&str, &str)) -> Result<()> {
    let value = field.prop("value").await?;
    ensure!(value.as_deref() == Some(text), "the field {name:?} took something else");
    Ok(())
}
