//! Where a sign-in takes place: a desktop, a provider on loopback, and a default browser that may open Grapnel.

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Options, ProviderId, Sandbox, SecretKind};
use tokio::sync::Mutex;

use crate::artifacts;
use crate::browser::{Allowed, Browser};
use crate::consent::Consent;
use crate::desktop::Desktop;
use crate::form::Form;
use crate::keyring::Keyring;
use crate::page::{Page, Role};
use crate::sandbox_provider::SandboxProvider;
use crate::secret_scan::{Leak, Scan};
use crate::story::{Pictures, Story};
use crate::wait::until;
use crate::window::Window;

/// The scheme of Grapnel's redirect URI.
pub const SCHEME: &str = "dev.grapnel.desktop";
/// The callback's address, without what it carries.
pub const CALLBACK: &str = "dev.grapnel.desktop:/oauth/callback";

/// The way back by a port of this computer, as the window calls it.
pub const BY_PORT: &str = "Loopback (127.0.0.1)";

/// A story with everything that a sign-in needs.
#[derive(Debug)]
pub struct Scene {
    browser: Mutex<Browser>,
    sandbox: Sandbox,
    counterpart: SandboxProvider,
    story: Story,
    program: PathBuf,
}

impl Scene {
    /// Sets the scene, at Grigora. Nothing of it is open yet.
    pub async fn set(name: &'static str, keyring: Keyring, pictures: Pictures) -> Result<Self> {
        Self::with_options(name, keyring, pictures, SandboxProvider::all()).await
    }

    /// Sets the scene with so many posts in the largest project.
    pub async fn with_posts(name: &'static str, posts: usize) -> Result<Self> {
        let options = Options { posts, ..SandboxProvider::all() };
        Self::with_options(name, Keyring::Unlocked, Pictures::OfFailure, options).await
    }

    async fn with_options(
        name: &'static str,
        keyring: Keyring,
        pictures: Pictures,
        options: Options,
    ) -> Result<Self> {
        let story = Story::begin(name, keyring, pictures).await?;
        let sandbox = Sandbox::start(options)?;
        let allowed: Vec<Allowed<'_>> = sandbox
            .providers()
            .filter_map(|provider| Some(Allowed { origin: sandbox.url(provider)?, scheme: SCHEME }))
            .collect();
        let browser = Browser::install(story.desktop(), &allowed).await?;
        let program = artifacts::program().canonicalize().context("Grapnel is not built")?;
        let counterpart = SandboxProvider(ProviderId::Grigora);
        Ok(Self { browser: Mutex::new(browser), sandbox, counterpart, story, program })
    }

    /// Sets the scene at another provider, with an open keyring.
    pub async fn at(provider: ProviderId, name: &'static str) -> Result<Self> {
        let scene = Self::set(name, Keyring::Unlocked, Pictures::OfFailure).await?;
        Ok(Self { counterpart: SandboxProvider(provider), ..scene })
    }

    /// The same scene for another Grapnel.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Does one step of the story.
    pub async fn step<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        self.story.step(what, doing).await
    }

    /// Does one step that is not to be seen on the screen.
    pub async fn check<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        self.story.check(what, doing).await
    }

    /// The desktop.
    pub fn desktop(&self) -> &Desktop {
        self.story.desktop()
    }

    /// The provider.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Where the provider is.
    pub fn origin(&self) -> Result<&str> {
        self.sandbox.url(self.counterpart.0).context("this provider does not run")
    }

    /// What to enter in Grapnel's form to use the provider.
    pub fn form(&self) -> Form {
        self.counterpart.form(&self.sandbox)
    }

    /// Starts Grapnel.
    pub async fn open_grapnel(&self) -> Result<Window> {
        Window::open(self.desktop(), &self.program, &[]).await
    }

    /// The Grapnel that something else has started.
    pub async fn find_grapnel(&self) -> Result<Window> {
        Window::find(self.desktop(), &self.program).await
    }

    /// Waits until no Grapnel runs.
    pub async fn grapnel_is_gone(&self) -> Result<()> {
        until("Grapnel to be gone", async || Ok(self.grapnels().is_empty().then_some(()))).await
    }

    /// The process ids of every Grapnel.
    pub fn grapnels(&self) -> Vec<u32> {
        let processes = self.desktop().processes();
        processes.iter().filter(|seen| seen.runs(&self.program)).map(|seen| seen.pid).collect()
    }

    /// Starts Grapnel, and adds the app.
    pub async fn open_with_app(&self) -> Result<Window> {
        self.open_with(&self.form()).await
    }

    /// Starts Grapnel, and adds an app of one's own.
    pub async fn open_with(&self, form: &Form) -> Result<Window> {
        let window = self.open_grapnel().await?;
        window.page().press(Role::Button, "Add your own app").await?;
        form.add(&window.page()).await?;
        Ok(window)
    }

    /// Connects the app that the window shows, up to the consent page.
    pub async fn connect(&self, page: &Page) -> Result<Consent> {
        page.press(Role::Button, "Connect").await?;
        self.consent().await
    }

    /// The consent page that something has just opened in the browser.
    pub async fn consent(&self) -> Result<Consent> {
        Consent::read(self.opened(self.counterpart.page()).await?, self.counterpart.yes()).await
    }

    /// The provider's page at this path that something has just opened in the browser.
    pub async fn opened(&self, path: &str) -> Result<Page> {
        let address = format!("{}{path}", self.origin()?);
        self.browser.lock().await.page_at(self.desktop(), &address).await
    }

    /// The code that the provider gave out last.
    pub fn last_code(&self) -> Result<String> {
        let code = self.sandbox.revealed().into_iter().rfind(|secret| secret.kind == SecretKind::Code);
        Ok(code.context("no code was given out")?.value)
    }

    /// A scan for every secret of the story so far.
    pub fn scan(&self) -> Result<Scan> {
        self.scan_with(&[])
    }

    /// Looks for secrets wherever Grapnel or anything that it started could have left them, while it runs.
    pub fn find_no_secret(&self) -> Result<()> {
        self.find_nothing_of(&[])
    }

    /// Looks for these secrets as well.
    pub fn find_nothing_of(&self, more: &[(&str, &str)]) -> Result<()> {
        let desktop = self.desktop();
        // Who finds no secret must find what is none.
        let known = Scan::new([("address", self.origin()?)])?.files(&desktop.data())?;
        ensure!(!known.is_empty(), "the database was not read: it has no address");
        let processes = desktop.processes();
        ensure!(!self.grapnels().is_empty(), "Grapnel does not run");
        let scan = self.scan_with(more)?;
        let mut leaks = scan.processes(&processes);
        for dir in [desktop.data(), desktop.home(), desktop.logs()] {
            leaks.extend(scan.files(&dir)?);
        }
        none(&leaks)
    }

    /// Looks for secrets in all that the window's page is made of.
    pub async fn shows_no_secret(&self, page: &Page) -> Result<()> {
        none(&self.scan()?.bytes(page.source().await?.as_bytes(), "the window"))
    }

    fn scan_with(&self, more: &[(&str, &str)]) -> Result<Scan> {
        let revealed = self.sandbox.revealed();
        let named: Vec<(&str, &str)> =
            revealed.iter().map(|secret| (name(secret.kind), secret.value.as_str())).collect();
        for kind in self.counterpart.secrets() {
            ensure!(named.iter().any(|(other, _)| *other == name(*kind)), "there was no {}", name(*kind));
        }
        let client_secret = self.counterpart.client_secret().map(|secret| ("client secret", secret));
        Scan::new(named.into_iter().chain(client_secret).chain(more.iter().copied()))
    }
}

fn none(leaks: &[Leak]) -> Result<()> {
    let leaks: Vec<String> = leaks.iter().map(ToString::to_string).collect();
    ensure!(leaks.is_empty(), "found: {leaks:#?}");
    Ok(())
}

fn name(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Code => "code",
        SecretKind::AccessToken => "access token",
        SecretKind::RefreshToken => "refresh token",
        SecretKind::CodeVerifier => "code verifier",
        SecretKind::IdToken => "id token",
        SecretKind::Credential => "credential of a workflow",
    }
}
