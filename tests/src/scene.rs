//! The setting of a sign-in: a desktop, a provider on loopback, and a default browser that may open Grapnel.

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
/// The redirect URI for deep links, without parameters.
pub const CALLBACK: &str = "dev.grapnel.desktop:/oauth/callback";

/// The label of the loopback redirect method in the window.
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
    /// Prepares a scene with Grigora. Nothing is open yet.
    pub async fn set(name: &'static str, keyring: Keyring, pictures: Pictures) -> Result<Self> {
        Self::with_options(name, keyring, pictures, SandboxProvider::all()).await
    }

    /// Prepares a scene with this number of posts in the largest project.
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

    /// Prepares a scene with another provider and an unlocked keyring.
    pub async fn at(provider: ProviderId, name: &'static str) -> Result<Self> {
        let scene = Self::set(name, Keyring::Unlocked, Pictures::OfFailure).await?;
        Ok(Self { counterpart: SandboxProvider(provider), ..scene })
    }

    /// The same scene with another executable of Grapnel.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Runs a step of the story.
    pub async fn step<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        self.story.step(what, doing).await
    }

    /// Runs a step that changes nothing on the screen.
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

    /// The provider's origin.
    pub fn origin(&self) -> Result<&str> {
        self.sandbox.url(self.counterpart.0).context("this provider does not run")
    }

    /// The form for an app of the provider.
    pub fn form(&self) -> Form {
        self.counterpart.form(&self.sandbox)
    }

    /// Starts Grapnel.
    pub async fn open_grapnel(&self) -> Result<Window> {
        self.open_grapnel_with(&[]).await
    }

    /// Starts Grapnel with arguments.
    pub async fn open_grapnel_with(&self, arguments: &[&str]) -> Result<Window> {
        Window::open(self.desktop(), &self.program, arguments).await
    }

    /// Finds a Grapnel that was started by another program.
    pub async fn find_grapnel(&self) -> Result<Window> {
        Window::find(self.desktop(), &self.program).await
    }

    /// Waits until Grapnel is not running.
    pub async fn grapnel_is_gone(&self) -> Result<()> {
        until("Grapnel to be gone", async || Ok(self.grapnels().is_empty().then_some(()))).await
    }

    /// The process IDs of all instances of Grapnel.
    pub fn grapnels(&self) -> Vec<u32> {
        let processes = self.desktop().processes();
        processes.iter().filter(|seen| seen.runs(&self.program)).map(|seen| seen.pid).collect()
    }

    /// Starts Grapnel and adds the provider's app.
    pub async fn open_with_app(&self) -> Result<Window> {
        self.open_with(&self.form()).await
    }

    /// Starts Grapnel and adds this app.
    pub async fn open_with(&self, form: &Form) -> Result<Window> {
        let window = self.open_grapnel().await?;
        window.page().press(Role::Button, "Add your own app").await?;
        form.add(&window.page()).await?;
        Ok(window)
    }

    /// Connects the app in the window, up to the consent page.
    pub async fn connect(&self, page: &Page) -> Result<Consent> {
        page.press(Role::Button, "Connect").await?;
        self.consent().await
    }

    /// The consent page that was just opened in the browser.
    pub async fn consent(&self) -> Result<Consent> {
        Consent::read(self.opened(self.counterpart.page()).await?, self.counterpart.yes()).await
    }

    /// Lets pages of these origins open Grapnel's links in the browser, which is not running yet.
    pub async fn allow(&self, origins: &[String]) -> Result<()> {
        let allowed: Vec<Allowed<'_>> =
            origins.iter().map(|origin| Allowed { origin, scheme: SCHEME }).collect();
        *self.browser.lock().await = Browser::install(self.desktop(), &allowed).await?;
        Ok(())
    }

    /// The page whose URL begins with `address`, once the browser shows it.
    pub async fn page_at(&self, address: &str) -> Result<Page> {
        self.browser.lock().await.page_at(self.desktop(), address).await
    }

    /// The provider's page with this path that was just opened in the browser.
    pub async fn opened(&self, path: &str) -> Result<Page> {
        let address = format!("{}{path}", self.origin()?);
        self.page_at(&address).await
    }

    /// The authorization code that the provider issued last.
    pub fn last_code(&self) -> Result<String> {
        let code = self.sandbox.revealed().into_iter().rfind(|secret| secret.kind == SecretKind::Code);
        Ok(code.context("no code was given out")?.value)
    }

    /// A scan for all secrets of the story so far.
    pub fn scan(&self) -> Result<Scan> {
        self.scan_with(&[])
    }

    /// Asserts that no secret is found where Grapnel, or anything it started, could have left one.
    pub fn find_no_secret(&self) -> Result<()> {
        self.find_nothing_of(&[])
    }

    /// Also searches for these secrets.
    pub fn find_nothing_of(&self, more: &[(&str, &str)]) -> Result<()> {
        let desktop = self.desktop();
        // A scan that finds no secret must at least find a known text.
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

    /// Asserts that the page's HTML contains no secret.
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
