//! A data directory, a keyring that several programs share, and providers that authorize every request.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_core::{Keyring, KeyringSignal, SystemKeyring};
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, SecretKind};
use grapnel_tests::secret_scan::Scan;
use tempfile::TempDir;
use tokio::process::Command;

use crate::clock::SharedClock;

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<SharedClock>,
    home: TempDir,
    keys: Keys,
    browser: reqwest::Client,
}

/// The client ID and secret at GroveStreams, where the client chooses both.
const CHOSEN: (&str, &str) = ("greenhouse", "a-secret-of-our-own");

impl World {
    pub(crate) fn new() -> Result<Self> {
        Self::of(&[ProviderId::Grigora])
    }

    pub(crate) fn of(providers: &[ProviderId]) -> Result<Self> {
        let sandbox = Sandbox::start(Options {
            providers: providers.to_vec(),
            consent: Consent::Authorize,
            reveal: true,
            ..Options::default()
        })?;
        let (home, keys) = (TempDir::new()?, Keys::Files(TempDir::new()?));
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { sandbox, clock: Arc::default(), home, keys, browser })
    }

    /// The same with the desktop's keyring.
    pub(crate) fn on_desktop() -> Result<Self> {
        Ok(Self { keys: Keys::System, ..Self::new()? })
    }

    /// The data directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until no process has the data open: the last one to close it checkpoints and frees disk space.
    pub(crate) async fn is_left(&self) -> Result<()> {
        let presence = File::open(self.home().join("grapnel.lock"))?;
        Ok(tokio::task::spawn_blocking(move || presence.lock()).await??)
    }

    /// Opens the data in this process.
    pub(crate) fn open(&self) -> Result<Grapnel> {
        Ok(Grapnel::with(self.home.path(), keyring(self.keys.name()), self.clock.clone())?)
    }

    /// Another process on the same data, in one of the roles of `child.rs`.
    pub(crate) fn child(&self, role: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["child", role]).arg(self.home.path()).arg(self.keys.name()).args(arguments);
        command.kill_on_drop(true);
        Ok(command)
    }

    /// The client id and the secret of the app at a provider.
    pub(crate) fn client(&self, provider: ProviderId) -> (&'static str, Option<&'static str>) {
        let told = self.sandbox.registration(provider);
        if provider == ProviderId::GroveStreams {
            (CHOSEN.0, Some(CHOSEN.1))
        } else {
            (told.client_id, told.client_secret)
        }
    }

    pub(crate) async fn add_app(&self, grapnel: &Grapnel) -> Result<App> {
        self.add_app_at(ProviderId::Grigora, grapnel).await
    }

    pub(crate) async fn add_app_at(&self, provider: ProviderId, grapnel: &Grapnel) -> Result<App> {
        let addresses = self.sandbox.registration(provider).addresses;
        let addresses = addresses.into_iter().map(|(key, address)| (key.to_owned(), address));
        // A server does not receive the fragment, and there is no browser to run the page's script.
        let query =
            (provider == ProviderId::GroveStreams).then(|| ("authorize_params".into(), "query".into()));
        // Custom refuses a request without a scope.
        let scopes = if provider == ProviderId::Custom { vec!["openid".into()] } else { Vec::new() };
        let (client_id, client_secret) = self.client(provider);
        let new = NewApp {
            name: provider.title().into(),
            provider: provider.to_string(),
            client_id: client_id.into(),
            client_secret: client_secret.map(|secret| SecretInput(secret.into())),
            redirect: String::new(),
            scopes,
            projects: Vec::new(),
            overrides: addresses.chain(query).collect(),
            ..NewApp::default()
        };
        Ok(grapnel.add_app(new).await?)
    }

    /// Advances the clock by this number of seconds, at the providers and here.
    pub(crate) fn pass(&self, seconds: i64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds.unsigned_abs()));
        self.clock.advance(seconds);
    }

    /// Signs in with an app: for a new connection, or to reconnect one.
    pub(crate) async fn sign_in(
        &self,
        grapnel: &Grapnel,
        app: &App,
        again: Option<&ConnectionId>,
    ) -> Result<ConnectionId> {
        let wanted = SignInRequest { again: again.cloned(), ..SignInRequest::default() };
        self.authorize(grapnel, app, &wanted).await
    }

    /// Signs in with an app for a new connection of this name.
    pub(crate) async fn sign_in_as(&self, grapnel: &Grapnel, app: &App, name: &str) -> Result<ConnectionId> {
        let wanted = SignInRequest { name: Some(name.into()), ..SignInRequest::default() };
        self.authorize(grapnel, app, &wanted).await
    }

    async fn authorize(&self, grapnel: &Grapnel, app: &App, wanted: &SignInRequest) -> Result<ConnectionId> {
        let attempt = grapnel.start_attempt(&app.id, wanted).await?;
        let link = grapnel.attempt_link(&attempt.id).await?;
        let callback = self.visit(link.expose_secret()).await?;
        grapnel.receive_callback(&callback.into()).await?;
        grapnel.attempt(&attempt.id)?.connection_id.context("the sign-in led to no connection")
    }

    /// Opens an authorization URL as a browser would, and returns the callback URL of the last redirect.
    async fn visit(&self, link: &str) -> Result<String> {
        let mut address = url::Url::parse(link)?;
        while address.scheme() == "http" {
            let reply = self.browser.get(address.clone()).send().await?;
            let location = reply.headers().get("location").context("the page does not redirect")?;
            address = address.join(location.to_str()?)?;
        }
        Ok(address.into())
    }

    /// The number of refreshes that the provider has processed.
    pub(crate) fn rotations(&self) -> usize {
        let issued = self.sandbox.grigora_grants().issued();
        issued.refresh_tokens - issued.grants
    }

    /// Asserts that the stored tokens are the newest that the provider issued, and that they work: the access token at
    /// the API, then the refresh token.
    pub(crate) async fn is_alive(&self, grapnel: &Grapnel, id: &ConnectionId) -> Result<()> {
        let rotations = self.rotations();
        let token = grapnel.token(id, Duration::ZERO).await?;
        let given = self.sandbox.revealed();
        let newest =
            given.iter().rfind(|one| one.kind == SecretKind::AccessToken).context("none was given")?;
        ensure!(token.value.expose_secret() == newest.value, "what is kept is not the newest access token");
        grapnel.projects(id).await?;
        ensure!(self.rotations() == rotations, "the token did not work, and had to be refreshed");
        grapnel.refresh(id).await?;
        ensure!(self.rotations() == rotations + 1, "no refresh came of a refresh");
        Ok(())
    }

    /// Fails if a secret is in the clear in the data directory.
    pub(crate) fn scan(&self) -> Result<usize> {
        self.scan_of(&[self.home.path()])
    }

    /// Fails if a secret is in the clear in a file below these directories.
    pub(crate) fn scan_of(&self, directories: &[&Path]) -> Result<usize> {
        let revealed = self.sandbox.revealed();
        ensure!(revealed.iter().any(|one| one.kind == SecretKind::RefreshToken), "nothing was secret");
        let secrets = revealed.iter().map(|one| ("a code or token", one.value.as_str()));
        let of_clients = self.sandbox.providers().filter_map(|provider| self.client(provider).1);
        let scan = Scan::new(secrets.chain(of_clients.map(|secret| ("a client secret", secret))))?;
        for directory in directories {
            let found = scan.files(directory)?;
            ensure!(found.is_empty(), "in clear: {found:?}");
        }
        Ok(revealed.len())
    }
}

/// The location of the keys.
enum Keys {
    Files(TempDir),
    System,
}

impl Keys {
    /// The name by which another process finds them: a directory, or a fixed word.
    fn name(&self) -> &Path {
        match self {
            Self::Files(directory) => directory.path(),
            Self::System => Path::new(SYSTEM),
        }
    }
}

const SYSTEM: &str = "system";

/// The keyring of this name.
pub(crate) fn keyring(name: &Path) -> Arc<dyn Keyring> {
    if name == Path::new(SYSTEM) {
        Arc::new(SystemKeyring::default())
    } else {
        Arc::new(FileKeyring(name.to_owned()))
    }
}

/// A keyring in files that several processes share without a session bus. It replaces the system's keyring, which is
/// not what this proof tests.
struct FileKeyring(PathBuf);

impl FileKeyring {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(Path::new(name).file_name().unwrap_or_default())
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::new(Code::KeyringFailed, error.to_string())
}

impl Keyring for FileKeyring {
    fn opened(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }

    fn closed(&self) -> KeyringSignal {
        Box::pin(std::future::pending())
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match std::fs::read(self.file(name)) {
            Ok(key) => Ok(Some(key)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error> {
        std::fs::write(self.file(name), key).map_err(|error| failed(&error))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&error)),
            _ => Ok(()),
        }
    }
}
