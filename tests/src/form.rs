//! The form for adding an app, filled in as by a person.

use anyhow::{Result, ensure};

use crate::page::{Page, Role};

/// The first step of adding an app, and all of them.
const PROVIDER: &str = "Provider";
const STEPS: [&str; 4] = [PROVIDER, "Register", "Credentials", "Scopes"];
/// The label of the app's name.
const NAME: &str = "Name";

/// The choices and texts, by the labels in the window.
#[derive(Debug, Clone)]
pub struct Form {
    provider: &'static str,
    redirect_method: Option<&'static str>,
    selected: Vec<(&'static str, &'static str)>,
    ticked: Vec<&'static str>,
    typed: Vec<(&'static str, String)>,
}

impl Form {
    /// A form for this provider, by its name in the window.
    pub fn of(provider: &'static str) -> Self {
        Self { provider, redirect_method: None, selected: Vec::new(), ticked: Vec::new(), typed: Vec::new() }
            .with(NAME, "Sandbox")
    }

    /// With this redirect method instead of the default one.
    #[must_use]
    pub fn back(self, redirect_method: &'static str) -> Self {
        Self { redirect_method: Some(redirect_method), ..self }
    }

    /// With this choice in a list.
    #[must_use]
    pub fn selecting(mut self, list: &'static str, choice: &'static str) -> Self {
        self.selected.push((list, choice));
        self
    }

    /// With these boxes ticked.
    #[must_use]
    pub fn ticking(mut self, boxes: &[&'static str]) -> Self {
        self.ticked.extend(boxes);
        self
    }

    /// With this text in a field, replacing its content.
    #[must_use]
    pub fn with(mut self, field: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        match self.typed.iter_mut().find(|(known, _)| *known == field) {
            Some((_, typed)) => *typed = text,
            None => self.typed.push((field, text)),
        }
        self
    }

    /// With another name for the app.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        self.with(NAME, name)
    }

    /// The app's name.
    pub fn name(&self) -> &str {
        self.typed.iter().find(|(field, _)| *field == NAME).map_or("", |(_, name)| name)
    }

    /// Fills in everything without submitting.
    pub async fn fill(&self, page: &Page) -> Result<()> {
        page.find(Role::Heading, "Add app").await?;
        open_step(page, PROVIDER).await?;
        if page.has(Role::Choice, self.provider).await? {
            page.press(Role::Choice, self.provider).await?;
        }
        if let Some(redirect_method) = self.redirect_method {
            open_step(page, "Register").await?;
            page.press(Role::Choice, redirect_method).await?;
        }
        for (list, choice) in &self.selected {
            open_step(page, "Credentials").await?;
            page.select(list, choice).await?;
        }
        for name in &self.ticked {
            open_step(page, "Scopes").await?;
            page.tick(name).await?;
        }
        for (field, text) in &self.typed {
            reach(page, field).await?;
            page.fill(field, text).await?;
        }
        Ok(())
    }

    /// Asserts that every field has the text that was entered.
    pub async fn is_kept(&self, page: &Page) -> Result<()> {
        for (field, text) in &self.typed {
            reach(page, field).await?;
            let value = page.value(field).await?;
            ensure!(value == *text, "the field {field:?} says {value:?} now");
        }
        Ok(())
    }

    /// Fills in the form and adds the app; the window then offers to connect it.
    pub async fn add(&self, page: &Page) -> Result<()> {
        self.fill(page).await?;
        self.send(page).await
    }

    /// Submits the filled-in form.
    pub async fn send(&self, page: &Page) -> Result<()> {
        page.send().await?;
        page.find(Role::Button, "Connect").await?;
        Ok(())
    }
}

/// Opens a step of adding an app.
pub async fn open_step(page: &Page, step: &str) -> Result<()> {
    // Its name says so if it has errors.
    if page.has(Role::Button, step).await? {
        return page.press(Role::Button, step).await;
    }
    page.press_about(Role::Button, step).await
}

/// Opens the step with this field, unless it is in sight.
async fn reach(page: &Page, field: &str) -> Result<()> {
    if page.has_field(field).await? {
        return Ok(());
    }
    for step in STEPS {
        open_step(page, step).await?;
        if page.has_field(field).await? {
            return Ok(());
        }
    }
    // Rarely changed settings are behind a disclosure.
    open_step(page, PROVIDER).await?;
    page.press_about(Role::Disclosure, "Endpoints").await
}
