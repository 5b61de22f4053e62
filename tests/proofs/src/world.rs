//! A data directory, a keyring that several programs share, and providers where everybody agrees.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::Wanted;
use grapnel_core::clock::Clock;
use grapnel_core::error::{Code, Error};
use grapnel_core::id::ConnectionId;
use grapnel_core::secret::{Entered, ExposeSecret};
use grapnel_core::vault::{Keyring, SystemKeyring};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, Secret, grigora};
use grapnel_tests::leak::Scan;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<SharedClock>,
    home: TempDir,
    keys: Keys,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        let options = Options::only(ProviderId::Grigora);
        let sandbox = Sandbox::start(Options { consent: Consent::Authorize, reveal: true, ..options })?;
        let (home, keys) = (TempDir::new()?, Keys::Files(TempDir::new()?));
        Ok(Self { sandbox, clock: Arc::default(), home, keys })
    }

    /// With the keyring of the desktop.
    pub(crate) fn on_desktop() -> Result<Self> {
        Ok(Self { keys: Keys::System, ..Self::new()? })
    }

    /// The data directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
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

    pub(crate) async fn add_app(&self, grapnel: &Grapnel) -> Result<App> {
        let told = self.sandbox.registration(ProviderId::Grigora);
        let new = NewApp {
            name: "Acme".into(),
            provider: "grigora".into(),
            client_id: told.client_id.into(),
            client_secret: told.client_secret.map(|secret| Entered(secret.into())),
            redirect: String::new(),
            scopes: Vec::new(),
            projects: Vec::new(),
            overrides: told.addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
        };
        Ok(grapnel.add_app(new).await?)
    }

    /// Signs in through an app: for a new connection, or for one again.
    pub(crate) async fn sign_in(
        &self,
        grapnel: &Grapnel,
        app: &App,
        again: Option<&ConnectionId>,
    ) -> Result<ConnectionId> {
        let wanted = Wanted { again: again.cloned(), name: None };
        let attempt = grapnel.start_attempt(&app.id, &wanted).await?;
        let link = grapnel.attempt_link(&attempt.id).await?;
        let callback = visit(link.expose_secret()).await?;
        grapnel.receive_callback(&callback.into()).await?;
        grapnel.attempt(&attempt.id)?.connection_id.context("the sign-in led to no connection")
    }

    /// How many refreshes the provider has acted on.
    pub(crate) fn rotations(&self) -> usize {
        let issued = self.sandbox.grigora_grants().issued();
        issued.refresh_tokens - issued.grants
    }

    /// Fails unless what is kept is the newest that the provider gave, and works: the access token at its API, and then
    /// the refresh token.
    pub(crate) async fn is_alive(&self, grapnel: &Grapnel, id: &ConnectionId) -> Result<()> {
        let rotations = self.rotations();
        let token = grapnel.token(id, Duration::ZERO).await?;
        let given = self.sandbox.revealed();
        let newest = given.iter().rfind(|one| one.kind == Secret::AccessToken).context("none was given")?;
        ensure!(token.expose_secret() == newest.value, "what is kept is not the newest access token");
        grapnel.projects(id).await?;
        ensure!(self.rotations() == rotations, "the token did not work, and had to be renewed");
        grapnel.refresh(id).await?;
        ensure!(self.rotations() == rotations + 1, "no refresh came of a refresh");
        Ok(())
    }

    /// Fails if anything secret is in clear in the data directory.
    pub(crate) fn scan(&self) -> Result<usize> {
        let revealed = self.sandbox.revealed();
        ensure!(revealed.iter().any(|one| one.kind == Secret::RefreshToken), "nothing was secret");
        let secrets = revealed.iter().map(|one| ("a code or token", one.value.as_str()));
        let scan = Scan::new(secrets.chain([("the client secret", grigora::CLIENT_SECRET)]))?;
        let found = scan.files(self.home.path())?;
        ensure!(found.is_empty(), "in clear: {found:?}");
        Ok(revealed.len())
    }
}

/// Opens a sign-in page as a browser would, and answers with the callback that it is sent to in the end.
async fn visit(link: &str) -> Result<String> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let mut address = url::Url::parse(link)?;
    while address.scheme() == "http" {
        let reply = browser.get(address.clone()).send().await?;
        let location = reply.headers().get("location").context("the page does not redirect")?;
        address = address.join(location.to_str()?)?;
    }
    Ok(address.into())
}

/// The system's clock, moved as far as a proof asks.
#[derive(Default)]
pub(crate) struct SharedClock(AtomicI64);

impl SharedClock {
    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }
}

/// Where the keys are.
enum Keys {
    Files(TempDir),
    System,
}

impl Keys {
    /// By which another process finds them: a directory, or a word.
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
    if name == Path::new(SYSTEM) { Arc::new(SystemKeyring) } else { Arc::new(FileKeyring(name.to_owned())) }
}

/// A keyring that several processes share, without a session bus: it stands in for the system's, which is not what
/// is proved here.
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
