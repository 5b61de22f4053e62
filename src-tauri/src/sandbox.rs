//! The sandbox inside the program, for trying Grapnel without an account.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use grapnel_core::app::App;
use grapnel_core::{Grapnel, write_private};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AppId;
use grapnel_sandbox::custom::SCOPES;
use grapnel_sandbox::{Options, ProviderId, Registration, Sandbox};
use parking_lot::Mutex;
use serde::Serialize;

/// The first of the sandbox's ports, one per provider, unless one is in use at its first start.
const PORT: u16 = 4780;

/// The providers for a person to try, in the order of their ports.
const PROVIDERS: [ProviderId; 5] = [
    ProviderId::Grigora,
    ProviderId::Grindery,
    ProviderId::TheGrid,
    ProviderId::GroveStreams,
    ProviderId::Custom,
];

/// The most open connections. Any program of this computer can open them, and each takes a file descriptor of the
/// process that refreshes real tokens.
const CONNECTIONS: usize = 128;

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The ports, in the order of [`PROVIDERS`].
type Ports = [u16; PROVIDERS.len()];

/// The values for adding an app of the sandbox.
#[derive(Serialize, specta::Type)]
pub(crate) struct SandboxApp {
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) overrides: BTreeMap<String, String>,
}

/// The sandbox, once it was started.
#[derive(Default)]
pub(crate) struct SandboxHandle(Mutex<Running>);

#[derive(Default)]
struct Running {
    sandbox: Option<Sandbox>,
    /// Why it is not running although it has apps.
    trouble: Option<Error>,
}

/// The methods take the core, since the data directory must be Grapnel's before the sandbox writes to it.
impl SandboxHandle {
    /// Starts the sandbox at its apps' ports, if any of `addresses` belongs to it. A failure is kept for the window.
    pub(crate) fn wake<'a>(&self, core: &Grapnel, mut addresses: impl Iterator<Item = &'a str>) {
        let home = home(core);
        let ports = kept_ports(&home).unwrap_or_else(usual_ports);
        if !addresses.any(|address| is_at(ports, address)) {
            return;
        }
        let mut running = self.0.lock();
        if running.sandbox.is_none() {
            match start_at(ports, &home) {
                Ok(sandbox) => running.sandbox = Some(sandbox),
                Err(error) => running.trouble = Some(explain(&error)),
            }
        }
    }

    /// Why the sandbox is not running although it has apps.
    pub(crate) fn trouble(&self) -> Option<Error> {
        self.0.lock().trouble.clone()
    }

    /// Those of `apps` that do not work because the sandbox is not running.
    pub(crate) fn stopped_apps(&self, core: &Grapnel, apps: &[App]) -> Vec<AppId> {
        if self.trouble().is_none() {
            return Vec::new();
        }
        let ports = kept_ports(&home(core)).unwrap_or_else(usual_ports);
        let is_stopped = |app: &&App| app.overrides.values().any(|address| is_at(ports, address));
        apps.iter().filter(is_stopped).map(|app| app.id.clone()).collect()
    }

    /// Starts the sandbox unless it is running, and returns an app of each provider. A failure is also kept for the
    /// window.
    pub(crate) fn start(&self, core: &Grapnel) -> Result<Vec<SandboxApp>> {
        let mut running = self.0.lock();
        let Running { sandbox, trouble } = &mut *running;
        let sandbox = match sandbox {
            Some(sandbox) => sandbox,
            none => {
                let started = first_start(&home(core)).map_err(|error| explain(&error));
                none.insert(started.inspect_err(|error| *trouble = Some(error.clone()))?)
            }
        };
        *trouble = None;
        Ok(PROVIDERS.map(|provider| app(sandbox, provider)).into())
    }
}

/// Starts the sandbox at its stored ports, or for the first time at its usual ports, or at any free ones if another
/// program or another person's Grapnel uses one of those.
fn first_start(home: &Path) -> io::Result<Sandbox> {
    if let Some(ports) = kept_ports(home) {
        return start_at(ports, home);
    }
    let sandbox = match start(usual_ports(), home) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => start([0; PROVIDERS.len()], home)?,
        started => started?,
    };
    keep_ports(home, &sandbox)?;
    Ok(sandbox)
}

/// Starts the sandbox at stored ports. A provider without one gets a free one, which is stored.
fn start_at(ports: Ports, home: &Path) -> io::Result<Sandbox> {
    let sandbox = start(ports, home)?;
    if ports.contains(&0) {
        keep_ports(home, &sandbox)?;
    }
    Ok(sandbox)
}

fn keep_ports(home: &Path, sandbox: &Sandbox) -> io::Result<()> {
    let port = |provider| sandbox.url(provider).and_then(|url| url.rsplit(':').next()?.parse().ok());
    let ports: Vec<u16> = PROVIDERS.into_iter().filter_map(port).collect();
    write_private(&home.join(PORTS), &serde_json::to_vec(&ports)?)
}

/// The directory for what the sandbox has issued, and for its ports.
fn home(core: &Grapnel) -> PathBuf {
    core.home().join("sandbox")
}

const PORTS: &str = "ports.json";

/// The stored ports. An earlier version stored none for the last provider, which is then 0.
fn kept_ports(home: &Path) -> Option<Ports> {
    let kept: Vec<u16> = serde_json::from_slice(&std::fs::read(home.join(PORTS)).ok()?).ok()?;
    let mut ports = Ports::default();
    ports.iter_mut().zip(kept).for_each(|(port, kept)| *port = kept);
    Some(ports)
}

fn usual_ports() -> Ports {
    let mut following = PORT..;
    [0; PROVIDERS.len()].map(|none| following.next().unwrap_or(none))
}

/// Whether a URL belongs to the sandbox.
fn is_at(ports: Ports, address: &str) -> bool {
    ports.iter().any(|port| address.starts_with(&format!("http://127.0.0.1:{port}/")))
}

fn start(ports: Ports, home: &Path) -> io::Result<Sandbox> {
    let [grigora_port, grindery_port, the_grid_port, grovestreams_port, custom_port] = ports;
    Sandbox::start(Options {
        providers: PROVIDERS.into(),
        grigora_port,
        grindery_port,
        the_grid_port,
        grovestreams_port,
        custom_port,
        state: Some(home.to_owned()),
        control: false,
        connections: CONNECTIONS,
        timeout: TIMEOUT,
        ..Options::default()
    })
}

fn explain(error: &io::Error) -> Error {
    let hint = "Sandbox apps work again once it runs. Apps of real providers are not affected.";
    if error.kind() == io::ErrorKind::AddrInUse {
        // The message must name the port.
        let port = error.to_string();
        let port = port.split(':').next().unwrap_or_default();
        return Error::new(
            Code::PortTaken,
            format!("The sandbox is not running: {port} is used by another program."),
        )
        .means("The connections of its apps cannot be refreshed meanwhile.")
        .hint(format!("End that program, then try again. {hint}"));
    }
    Error::new(Code::Internal, format!("The sandbox is not running: {error}."))
        .hint(format!("Try again. {hint}"))
}

fn app(sandbox: &Sandbox, provider: ProviderId) -> SandboxApp {
    let Registration { client_id, client_secret, addresses } = sandbox.registration(provider);
    let client_id = match provider {
        // Each client chooses its own.
        ProviderId::GroveStreams => "grapnel",
        _ => client_id,
    };
    let is_custom = provider == ProviderId::Custom;
    SandboxApp {
        name: if is_custom {
            "OpenID Connect sandbox".into()
        } else {
            format!("{} sandbox", provider.title())
        },
        provider: provider.name().replace('-', ""),
        client_id: client_id.into(),
        client_secret: client_secret.unwrap_or_default().into(),
        // The others take a request without scopes.
        scopes: if is_custom { SCOPES.map(|(name, _)| name.to_owned()).into() } else { Vec::new() },
        overrides: addresses.into_iter().map(|(key, address)| (key.to_owned(), address)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_all_its_providers_are_recognized() {
        let ports = usual_ports();
        assert!(is_at(ports, "http://127.0.0.1:4780/oauth/token"));
        assert!(is_at(ports, "http://127.0.0.1:4784/api"));
        assert!(!is_at(ports, "http://127.0.0.1:4785/"));
        assert!(!is_at(ports, "http://127.0.0.1:47800/"));
    }

    #[test]
    fn its_apps_match_the_cores_provider_profiles() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = start([0; 5], home.path()).unwrap();
        for offered in PROVIDERS.map(|provider| app(&sandbox, provider)) {
            let profile = grapnel_model::provider::Profile::find(&offered.provider).unwrap();
            profile.config(&offered.overrides).unwrap();
        }
    }

    #[test]
    fn a_provider_that_an_earlier_version_did_not_have_gets_a_port_that_stays() {
        let home = tempfile::tempdir().unwrap();
        let first = start([0; 5], home.path()).unwrap();
        keep_ports(home.path(), &first).unwrap();
        let ports = kept_ports(home.path()).unwrap();
        std::fs::write(home.path().join(PORTS), serde_json::to_vec(&ports[..4]).unwrap()).unwrap();
        assert_eq!(kept_ports(home.path()).unwrap(), [ports[0], ports[1], ports[2], ports[3], 0]);
        drop(first);
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join(PORTS), "[0,0,0,0]").unwrap();
        let again = start_at(kept_ports(other.path()).unwrap(), other.path()).unwrap();
        let kept = kept_ports(other.path()).unwrap();
        assert!(!kept.contains(&0));
        assert!(is_at(kept, &format!("{}/", again.custom())));
    }

    /// Whether or not the usual ports are free where the tests run.
    #[test]
    fn it_restarts_at_its_first_ports_or_reports_the_port_in_use() {
        let home = tempfile::tempdir().unwrap();
        let first = first_start(home.path()).unwrap();
        let ports = kept_ports(home.path()).unwrap();
        let error = first_start(home.path()).unwrap_err();
        let told = explain(&error);
        assert_eq!(told.code, Code::PortTaken);
        assert!(told.message.contains(&format!("port {}", ports[0])), "{told}");
        let (stop, stopped) = std::sync::mpsc::channel();
        tauri::async_runtime::spawn(async move {
            first.shutdown().await;
            let _ = stop.send(());
        });
        stopped.recv().unwrap();
        let again = first_start(home.path()).unwrap();
        assert!(is_at(ports, &format!("{}/", again.url(ProviderId::Grigora).unwrap())));
    }
}
