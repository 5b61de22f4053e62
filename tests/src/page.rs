//! A page, in Grapnel's window or in the browser, met as a person meets it: by roles, names and words.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
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
    /// One of the choices of a list or menu that is open.
    Option,
    /// A tab.
    Tab,
    /// A heading.
    Heading,
    /// A dialog.
    Dialog,
    /// What opens more of the page.
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
            Self::Option => "[role=option], [role=menuitem]",
            Self::Tab => "[role=tab]",
            Self::Heading => "h1, h2, h3, h4, [role=heading]",
            Self::Dialog => "dialog, [role=dialog], [role=alertdialog]",
            Self::Disclosure => "button[aria-expanded], summary",
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
        self.find_which(role, name, |it| it == name).await
    }

    /// The first element with this role and these words in its accessible name.
    pub async fn find_about(&self, role: Role, words: &str) -> Result<WebElement> {
        self.find_which(role, words, |it| it.contains(words)).await
    }

    /// Whether there is an element of this role and name now.
    pub async fn has(&self, role: Role, name: &str) -> Result<bool> {
        Ok(self.look(role, |it| it == name).await?.is_ok())
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
        self.press_which(role, name, |it| it == name).await
    }

    /// Presses the first one with these words in its name.
    pub async fn press_about(&self, role: Role, words: &str) -> Result<()> {
        self.press_which(role, words, |it| it.contains(words)).await
    }

    /// Sends the form that is shown.
    pub async fn send(&self) -> Result<()> {
        let by = || By::Css("form button[type=submit]");
        let sent = until("the form's own button", async || {
            self.driver.find(by()).await?.click().await?;
            Ok(Some(()))
        })
        .await;
        self.explain(sent).await
    }

    /// Writes into the field of this name, over what was there.
    pub async fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.field(name).await?;
        field.clear().await?;
        if !text.is_empty() {
            field.send_keys(text).await.with_context(|| format!("into the field {name:?}"))?;
        }
        ensure!(
            field.prop("value").await?.as_deref() == Some(text),
            "the field {name:?} took something else"
        );
        Ok(())
    }

    /// Ticks the boxes whose names have one of these words in them, and no other.
    pub async fn tick_only(&self, wanted: &[&str]) -> Result<()> {
        for tickable in self.driver.find_all(By::Css("input[type=checkbox]")).await? {
            let name = accessible_name(&tickable).await?;
            if tickable.is_selected().await? != wanted.iter().any(|words| name.contains(words)) {
                click(&tickable).await.with_context(|| format!("the box {name:?}"))?;
            }
        }
        Ok(())
    }

    /// Ticks the box of this name, unless it is ticked.
    pub async fn tick(&self, name: &str) -> Result<()> {
        let tickable = self.find(Role::Choice, name).await?;
        if !tickable.is_selected().await? {
            click(&tickable).await.with_context(|| format!("the box {name:?}"))?;
        }
        Ok(())
    }

    /// Chooses one of what the list of this name has.
    pub async fn select(&self, name: &str, choice: &str) -> Result<()> {
        let list = self.find(Role::Select, name).await?;
        let option = list.find(By::XPath(format!(".//option[normalize-space()='{choice}']"))).await;
        option.with_context(|| format!("no {choice:?} in {name:?}"))?.click().await?;
        Ok(())
    }

    /// Whether there is a field of this name now.
    pub async fn has_field(&self, name: &str) -> Result<bool> {
        Ok(self.look(Role::Field, is_field(name)).await?.is_ok())
    }

    /// What is in the field of this name.
    pub async fn value(&self, name: &str) -> Result<String> {
        let value = self.field(name).await?.prop("value").await?;
        value.with_context(|| format!("the field {name:?} has no value"))
    }

    /// Opens the list behind a button, and chooses an option in it.
    pub async fn choose(&self, button: &str, option: &str) -> Result<()> {
        self.press(Role::Button, button).await?;
        self.press(Role::Option, option).await
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

    /// Waits until these words are not to be seen any more.
    pub async fn says_no_more(&self, words: &str) -> Result<()> {
        let gone = until(&format!("the words {words:?} to go"), async || {
            Ok((!self.text().await?.contains(words)).then_some(()))
        })
        .await;
        self.explain(gone).await
    }

    /// All the words that are to be seen. (The driver's own answer would leave out those that could be cut off.)
    pub async fn text(&self) -> Result<String> {
        Ok(self.driver.execute("return document.body.innerText", Vec::new()).await?.convert()?)
    }

    /// Waits until the engine has drawn what the page has now.
    pub async fn is_drawn(&self) -> Result<()> {
        let script = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))";
        self.driver.execute_async(script, Vec::new()).await?;
        Ok(())
    }

    /// Turns scripts off in the browser, from the next page on.
    pub async fn turn_scripts_off(&self) -> Result<()> {
        let off = json!({ "value": true });
        self.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", off).await?;
        Ok(())
    }

    /// All that it is made of, seen or not.
    pub async fn source(&self) -> Result<String> {
        Ok(self.driver.source().await?)
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

    async fn field(&self, name: &str) -> Result<WebElement> {
        self.find_which(Role::Field, name, is_field(name)).await
    }

    async fn press_which(&self, role: Role, what: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
        let pressed = until(&format!("{role:?} {what:?} to press"), async || {
            let element = self.look(role, &is_it).await??;
            ensure!(element.is_enabled().await?, "it is disabled");
            if role == Role::Option {
                // What has just opened takes its place when it is drawn; a person presses what they see.
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

    /// The first element that is it; otherwise the names of those that are not.
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

    /// Those that are to be seen. (The driver's own answer takes what could be cut off for hidden.)
    async fn shown(&self, role: Role) -> Result<Vec<WebElement>> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter(element => element.checkVisibility({ visibilityProperty: true }))";
        Ok(self.driver.execute(script, vec![json!(role.selector())]).await?.elements()?)
    }

    /// What the page says instead is most of what one wants to know.
    async fn explain<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error) = result else { return result };
        let text = self.text().await.unwrap_or_else(|error| format!("(no words: {error})"));
        let excerpt: String = text.chars().take(EXCERPT).collect();
        Err(error.context(format!("the page says:\n{excerpt}\n")))
    }
}

/// The engine of Grapnel's window adds the placeholder to the name of a field that stands inside its label.
fn is_field(name: &str) -> impl Fn(&str) -> bool {
    let with_placeholder = format!("{name} ");
    move |it| it.trim_end() == with_placeholder.trim_end() || it.starts_with(&with_placeholder)
}

/// What something else covers, as a bar that stays at the edge, is first brought to where it can be seen.
async fn click(element: &WebElement) -> Result<()> {
    if let Err(error) = element.click().await {
        element.scroll_into_view().await?;
        element.click().await.map_err(|_| error)?;
    }
    Ok(())
}
