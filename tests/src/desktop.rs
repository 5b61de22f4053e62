//! A private desktop: home directory, session bus, display and window manager. All of it ends when the value is
//! dropped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::process::{self, Running, Seen};
use crate::serial_run::Turn;
use crate::wait::{until, within};

const SCREEN: &str = "1280x900x24";
/// How long a file dialog may take to accept a valid path.
const TAKEN: Duration = Duration::from_secs(4);

/// The desktop of one person.
#[derive(Debug)]
pub struct Desktop {
    services: Vec<Running>,
    display: String,
    // Declared after the services, whose files are in it.
    root: TempDir,
    turn: Arc<Turn>,
}

impl Desktop {
    /// Starts a desktop without a keyring.
    pub async fn start() -> Result<Self> {
        Self::start_in(Arc::new(Turn::take().await?)).await
    }

    /// Starts the desktop of another person of the same story, whose turn to run it has, too.
    pub async fn start_another(&self) -> Result<Self> {
        Self::start_in(Arc::clone(&self.turn)).await
    }

    async fn start_in(turn: Arc<Turn>) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("grapnel-story-").tempdir()?;
        let mut desktop = Self { services: Vec::new(), display: String::new(), root, turn };
        desktop.make_rooms()?;
        desktop.start_bus().await?;
        desktop.start_display()?;
        let manager = Running::start(&mut desktop.command("openbox"), &desktop.log("openbox"))?;
        desktop.services.push(manager);
        Ok(desktop)
    }

    /// Adds a service, which is ended before those that were started earlier.
    pub fn add_service(&mut self, service: Running) {
        self.services.push(service);
    }

    /// The root directory of everything on this desktop.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The person's home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Grapnel's data directory, outside of the home. Grapnel creates it.
    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// The directory of all logs.
    pub fn logs(&self) -> PathBuf {
        self.root().join("logs")
    }

    /// The log of one program.
    pub fn log(&self, program: &str) -> PathBuf {
        self.logs().join(format!("{program}.log"))
    }

    /// Waits until a program has logged a text.
    pub async fn has_logged(&self, program: &str, text: &str) -> Result<()> {
        until(text, async || Ok(fs::read_to_string(self.log(program))?.contains(text).then_some(()))).await
    }

    /// A command with this desktop's environment and nothing of the computer's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let at = |name: &str| self.root().join(name);
        let machine = |name: &str| std::env::var(name).unwrap_or_default();
        let installed = self.installed();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{}:{}", installed.join("bin").display(), machine("PATH")))
            .env("RUST_BACKTRACE", machine("RUST_BACKTRACE"))
            .env("HOME", self.home())
            .env("TMPDIR", at("tmp"))
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("XDG_CONFIG_HOME", self.home().join(".config"))
            .env("XDG_DATA_HOME", self.home().join(".local/share"))
            .env("XDG_STATE_HOME", self.home().join(".local/state"))
            .env("XDG_CACHE_HOME", self.home().join(".cache"))
            .env("XDG_DATA_DIRS", format!("{}:/usr/share", installed.join("share").display()))
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus_address())
            .env("LANG", "C.UTF-8")
            .env("GRAPNEL_HOME", self.data())
            .current_dir(self.home());
        if !at("run/at-spi").exists() {
            // There is no accessibility bus here, and looking for one takes time.
            command.env("NO_AT_BRIDGE", "1");
        }
        if !self.display.is_empty() {
            command.env("DISPLAY", &self.display);
        }
        command
    }

    /// Runs a program until it exits; fails if the program fails.
    pub async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = tokio::process::Command::from(self.command(program));
        let output = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
        let output = output.with_context(|| format!("{program} does not start"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {}: {}: {said}", arguments.join(" "), output.status);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Locks the login keyring, as a person does.
    pub async fn lock_keyring(&self) -> Result<()> {
        const LOCK: [&str; 6] = [
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ];
        self.run("dbus-send", &LOCK).await.map(drop)
    }

    /// All processes of this desktop, whoever started them.
    pub fn processes(&self) -> Vec<Seen> {
        process::of(self.root())
    }

    /// Whether a window of this process is visible.
    pub async fn shows_window_of(&self, pid: u32) -> bool {
        self.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()]).await.is_ok()
    }

    /// Waits until a window of this process has the focus.
    pub async fn brings_to_front(&self, pid: u32) -> Result<()> {
        until(&format!("a window of process {pid} in front"), async || {
            Ok((self.active_process().await? == pid.to_string()).then_some(()))
        })
        .await
    }

    /// Closes a process's focused window by a keyboard shortcut. Presses it again, since a busy window manager may miss
    /// it.
    pub async fn close_window_of(&self, pid: u32) -> Result<()> {
        until(&format!("the window of process {pid} to close"), async || {
            if !self.shows_window_of(pid).await {
                return Ok(Some(()));
            }
            if self.active_process().await? == pid.to_string() {
                self.run("xdotool", &["key", "alt+F4"]).await?;
            }
            Ok(None)
        })
        .await
    }

    /// The process whose window has the focus.
    async fn active_process(&self) -> Result<String> {
        Ok(self.run("xdotool", &["getactivewindow", "getwindowpid"]).await?.trim().to_owned())
    }

    /// Position and size of a process's visible window: x, y, width, height.
    pub async fn place_of_window_of(&self, pid: u32) -> Result<[i32; 4]> {
        let window = self.window_of(pid).await?;
        let said = self.run("xdotool", &["getwindowgeometry", "--shell", &window]).await?;
        let number =
            |name| said.lines().find_map(|line| line.strip_prefix(name)).and_then(|it| it.parse().ok());
        let found = [number("X="), number("Y="), number("WIDTH="), number("HEIGHT=")];
        match found {
            [Some(x), Some(y), Some(width), Some(height)] => Ok([x, y, width, height]),
            _ => bail!("no place: {said}"),
        }
    }

    /// The display's ID of a process's visible window.
    async fn window_of(&self, pid: u32) -> Result<String> {
        let found = self.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()]).await?;
        found.lines().last().map(str::to_owned).context("no window")
    }

    /// Waits until the window of a process has a certain position and size.
    pub async fn has_window_at(&self, pid: u32, what: &str, is_so: impl Fn([i32; 4]) -> bool) -> Result<()> {
        until(what, async || Ok(is_so(self.place_of_window_of(pid).await?).then_some(()))).await
    }

    /// Moves and resizes the window of a process.
    pub async fn move_window_of(&self, pid: u32, to: [i32; 2], size: [i32; 2]) -> Result<()> {
        let window = self.window_of(pid).await?;
        let [x, y, width, height] = [to[0], to[1], size[0], size[1]].map(|it| it.to_string());
        self.run("xdotool", &["windowsize", &window, &width, &height]).await?;
        self.run("xdotool", &["windowmove", &window, &x, &y]).await?;
        // The display counts the frame twice.
        let is_near = |at: [i32; 4]| at[2..] == size && (0..60).contains(&(at[1] - to[1]));
        self.has_window_at(pid, "the window to be moved", is_near).await
    }

    /// Double-clicks the title bar of a process's window, which maximizes or restores it.
    pub async fn click_title_twice(&self, pid: u32) -> Result<()> {
        let window = self.window_of(pid).await?;
        self.run("xdotool", &["mousemove", "--window", &window, "200", "5"]).await?;
        self.run("xdotool", &["mousemove_relative", "--", "0", "-15"]).await?;
        self.run("xdotool", &["click", "--repeat", "2", "--delay", "60", "1"]).await?;
        Ok(())
    }

    /// Chooses a file in a system dialog by its absolute path.
    pub async fn answers_dialog(&self, title: &str, path: &str) -> Result<()> {
        self.answers(title, async || {
            // In a list of files, typing a path opens a text field; in a text field, it replaces the selection.
            self.run("xdotool", &["key", "ctrl+a"]).await?;
            self.run("xdotool", &["type", "--delay", "20", path]).await?;
            self.run("xdotool", &["key", "Return"]).await?;
            if self.closes(title).await.is_err() {
                // A character was lost while the text field opened. The error message is confirmed, and the field is
                // open now.
                self.run("xdotool", &["key", "Return"]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Presses a key in a confirmation until it closes: its confirming button is disabled at first.
    pub async fn answers_question(&self, title: &str, key: &str) -> Result<()> {
        self.answers(title, async || {
            self.run("xdotool", &["key", key]).await?;
            // If it did not close, the key is pressed again.
            let _ = self.closes(title).await;
            Ok(())
        })
        .await
    }

    /// Waits for a dialog with this title, and answers it until it closes.
    async fn answers(&self, title: &str, answer: impl AsyncFn() -> Result<()>) -> Result<()> {
        until(&format!("the dialog {title:?}"), async || self.dialog(title).await).await?;
        until(&format!("an answer to the dialog {title:?}"), async || {
            let Some(dialog) = self.dialog(title).await? else { return Ok(Some(())) };
            self.run("xdotool", &["windowactivate", "--sync", &dialog]).await?;
            answer().await.map(|()| None)
        })
        .await
    }

    async fn closes(&self, title: &str) -> Result<()> {
        let closed = async || Ok(self.dialog(title).await?.is_none().then_some(()));
        within(TAKEN, "the dialog to close", closed).await
    }

    /// The display's ID of the dialog with this title, if it is open.
    pub async fn dialog(&self, title: &str) -> Result<Option<String>> {
        let found = self.run("xdotool", &["search", "--onlyvisible", "--name", title]).await;
        Ok(found.ok().and_then(|found| Some(found.lines().last()?.to_owned())))
    }

    /// Registers a program for these MIME types with a desktop entry of its own.
    pub async fn register(&self, name: &str, mime_types: &[&str], exec: &str) -> Result<()> {
        let applications = self.home().join(".local/share/applications");
        fs::create_dir_all(&applications)?;
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name}\nExec={exec}\nMimeType={};\n",
            mime_types.join(";")
        );
        fs::write(applications.join(format!("{name}.desktop")), entry)?;
        self.run("update-desktop-database", &[&applications.to_string_lossy()]).await?;
        for mime_type in mime_types {
            self.run("xdg-mime", &["default", &format!("{name}.desktop"), mime_type]).await?;
        }
        Ok(())
    }

    /// The prefix of an installed package, corresponding to `/usr`.
    pub fn installed(&self) -> PathBuf {
        self.root().join("package/usr")
    }

    /// Installs a Debian package for this desktop only.
    pub async fn install(&self, package: &Path) -> Result<()> {
        let package = package.to_str().context("a path in UTF-8")?;
        self.run("dpkg-deb", &["-x", package, &self.root().join("package").to_string_lossy()]).await?;
        // What the system does after each installation.
        let entries = self.installed().join("share/applications");
        self.run("update-desktop-database", &[&entries.to_string_lossy()]).await?;
        Ok(())
    }

    /// Opens a URL as any program of this desktop would.
    pub fn open(&self, url: &str) -> Result<()> {
        let mut opener = self.command("xdg-open");
        // It may run as long as what it opened; it ends with the desktop.
        process::silent(opener.arg(url)).spawn()?;
        Ok(())
    }

    /// Copies the programs' logs, for a person to read after a failure.
    pub fn keep_logs(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir)?;
        for log in fs::read_dir(self.logs())? {
            let log = log?;
            fs::copy(log.path(), dir.join(log.file_name()))?;
        }
        Ok(())
    }

    fn make_rooms(&self) -> Result<()> {
        for name in ["home", "run", "tmp", "logs"] {
            fs::DirBuilder::new().mode(0o700).create(self.root().join(name))?;
        }
        Ok(())
    }

    fn bus_socket(&self) -> PathBuf {
        self.root().join("run/bus")
    }

    /// The address of the session bus.
    pub fn bus_address(&self) -> String {
        format!("unix:path={}", self.bus_socket().display())
    }

    /// Its configuration starts no service automatically: only services that a story starts exist.
    async fn start_bus(&mut self) -> Result<()> {
        let config = self.root().join("bus.conf");
        fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>{}</listen><policy context='default'>\
                 <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>\
                 </policy></busconfig>",
                self.bus_address()
            ),
        )?;
        let mut command = self.command("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(config).stdin(Stdio::null());
        self.services.push(Running::start(&mut command, &self.log("bus"))?);
        let socket = self.bus_socket();
        until("the session bus", async || Ok(socket.exists().then_some(()))).await
    }

    /// Starts a display with a free number, which the server chooses and reports.
    fn start_display(&mut self) -> Result<()> {
        let log = fs::File::create(self.log("display"))?;
        let mut command = self.command("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut server = Running::start_unlogged(&mut command)?;
        let output = server.child().stdout.take().context("the display's number")?;
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number)?;
        ensure!(
            !number.trim().is_empty(),
            "Xvfb started no display; its log: {}",
            self.log("display").display()
        );
        self.display = format!(":{}", number.trim());
        self.services.push(server);
        Ok(())
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let services: Vec<u32> = self.services.iter().map(Running::pid).collect();
        process::kill_all(self.root(), &services);
        // In reverse order: the keyring and the window manager before the display and the bus.
        while let Some(service) = self.services.pop() {
            drop(service);
        }
    }
}
