//! A PostgreSQL server for one test: private data, a Unix socket, and TCP on loopback with TLS. It ends with the test,
//! also if the test is killed. And a [`Proxy`] that delays and cuts the way to it.

mod certificates;
mod proxy;
mod recorder;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
pub use proxy::{Proxy, Way};
pub use recorder::Recorder;
use tempfile::TempDir;

/// The password of the superuser `postgres`, which connections over TCP need.
pub const PASSWORD: &str = "test-password-of-the-database";
/// The accounts that may run the server if the tests run as root, which PostgreSQL refuses. Clients trust the socket of
/// the first one, which the package of the server makes.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];
const READY: &str = "database system is ready to accept connections";
const ATTEMPTS: usize = 5;
/// How long a logged statement may take to be in the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, data is written.
    Fast,
    /// As a crash: the next start recovers.
    Immediate,
}

/// What differs from the usual.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The hosts that the certificate is for, in place of `localhost` and `127.0.0.1`.
    pub hosts: Vec<String>,
    /// More lines of `postgresql.conf`.
    pub settings: Vec<String>,
}

/// A running server.
pub struct Server {
    folder: TempDir,
    port: u16,
    running: Option<Running>,
}

struct Running {
    pid: u32,
    ended: mpsc::Receiver<()>,
}

impl Server {
    /// Starts a server with an empty database `postgres`.
    pub fn start() -> Result<Self> {
        Self::start_with(&Options::default())
    }

    /// Starts a server.
    pub fn start_with(options: &Options) -> Result<Self> {
        let template = template()?;
        let folder = TempDir::with_prefix("grapnel-pg-")?;
        let data = folder.path().join("data");
        run(Command::new("cp").arg("-a").arg(&template).arg(&data))?;
        certificates::write(folder.path(), &options.hosts)?;
        let mut server = Self { folder, port: 0, running: None };
        for _ in 0..ATTEMPTS {
            server.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            server.write_settings(&options.settings)?;
            own(server.folder.path())?;
            if server.resume().is_ok() {
                return Ok(server);
            }
        }
        bail!("PostgreSQL does not start:\n{}", server.written_log()?)
    }

    fn write_settings(&self, more: &[String]) -> Result<()> {
        let folder = self.folder.path().display();
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{folder}'\nfsync = off\n\
             shared_buffers = 16MB\nmax_connections = 200\nssl = on\nssl_cert_file = '{folder}/server.pem'\n\
             ssl_key_file = '{folder}/server.key'\nlog_statement = all\nlog_parameter_max_length = -1\n\
             log_parameter_max_length_on_error = -1\nlog_connections = on\nlog_min_error_statement = error\n",
            self.port
        );
        for line in more {
            settings += line;
            settings.push('\n');
        }
        Ok(fs::write(self.data().join("postgresql.auto.conf"), settings)?)
    }

    /// Starts the server again after [`Server::stop`], on the same port.
    pub fn resume(&mut self) -> Result<()> {
        let mut command = as_account("postgres")?;
        command.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut log = File::options().create(true).append(true).open(self.log_file())?;
        let ((started, starts), (end, ended)) = (mpsc::channel(), mpsc::channel());
        // The kernel ends the server when the thread that started it ends, so that thread stays.
        std::thread::spawn(move || {
            let Ok(mut child) = command.spawn() else { return };
            let Some(stderr) = child.stderr.take() else { return };
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = writeln!(log, "{line}");
                if line.contains(READY) {
                    let _ = started.send(child.id());
                }
            }
            let _ = child.wait();
            let _ = end.send(());
        });
        let pid = starts.recv().map_err(|_| anyhow::anyhow!("{}", self.written_log().unwrap_or_default()))?;
        self.running = Some(Running { pid, ended });
        Ok(())
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self, how: Stop) -> Result<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let signal = if how == Stop::Fast { "-INT" } else { "-QUIT" };
        run(Command::new("kill").arg(signal).arg(running.pid.to_string()))?;
        Ok(running.ended.recv()?)
    }

    /// The URL by the Unix socket.
    pub fn socket_url(&self) -> String {
        format!("postgres://postgres@/postgres?host={}&port={}", self.folder.path().display(), self.port)
    }

    /// The URL on loopback, without TLS.
    pub fn tcp_url(&self) -> String {
        self.url_at("127.0.0.1", self.port, "")
    }

    /// The URL with TLS, which the certificate authority of this server verifies.
    pub fn tls_url(&self) -> String {
        let file = self.authority();
        self.url_at("localhost", self.port, &format!("?sslmode=verify-full&sslrootcert={}", file.display()))
    }

    /// The URL at another host and port, such as those of a [`Proxy`].
    pub fn url_at(&self, host: &str, port: u16, query: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@{host}:{port}/postgres{query}")
    }

    /// The file of the certificate authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    /// What the server has logged until now: all statements with their parameters.
    pub fn log(&self) -> Result<String> {
        if self.running.is_some() {
            // The log passes through a thread here; it is complete when this statement is in it.
            let marker = format!("SELECT 'log read {:?}'", Instant::now());
            self.sql(&marker)?;
            let deadline = Instant::now() + LOG_TIMEOUT;
            while !self.written_log()?.contains(&marker) && Instant::now() < deadline {
                std::thread::yield_now();
            }
        }
        self.written_log()
    }

    fn written_log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.log_file())?).into_owned())
    }

    /// The folder of the data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Runs SQL as the superuser and returns the rows, columns separated by `|`.
    pub fn sql(&self, sql: &str) -> Result<String> {
        self.sql_as("postgres", sql)
    }

    /// Runs SQL as another role.
    pub fn sql_as(&self, role: &str, sql: &str) -> Result<String> {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-U", role]);
        command.arg("-h").arg(self.folder.path()).args(["-p", &self.port.to_string(), "-c", sql]);
        let output = command.output().context("psql")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data is deleted anyway.
        let _ = self.stop(Stop::Immediate);
    }
}

/// A cluster that `initdb` made, once for all tests; each test copies it.
fn template() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-database");
    fs::create_dir_all(&root)?;
    let lock = File::create(root.join("lock"))?;
    lock.lock()?;
    let template = root.join("template");
    if template.join("PG_VERSION").exists() {
        return Ok(template);
    }
    let folder = TempDir::with_prefix("grapnel-initdb-")?;
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    fs::write(&password, PASSWORD)?;
    own(folder.path())?;
    let mut initdb = as_account("initdb")?;
    initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres"]);
    initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]).arg("--pwfile").arg(&password);
    run(initdb.arg("--pgdata").arg(&data))?;
    let partial = TempDir::new_in(&root)?;
    run(Command::new("cp").arg("-a").arg(&data).arg(partial.path().join("data")))?;
    fs::rename(partial.path().join("data"), &template)?;
    Ok(template)
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output()?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn account() -> &'static str {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let is_user = |name: &&str| users.lines().any(|line| line.split(':').next() == Some(name));
    ACCOUNTS.into_iter().find(is_user).unwrap_or(ACCOUNTS[1])
}

/// A server program, as an ordinary account, that ends with the thread that starts it.
fn as_account(program: &str) -> Result<Command> {
    let program = find(program)?;
    let mut command = Command::new("setpriv");
    if is_root()? {
        command.args(["--reuid", account(), "--regid", "nogroup", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program).current_dir("/").env("LC_ALL", "C");
    Ok(command)
}

fn own(folder: &Path) -> Result<()> {
    if is_root()? { run(Command::new("chown").arg("-R").arg(account()).arg(folder)) } else { Ok(()) }
}

/// The program in `PATH`, or where Debian puts it.
fn find(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = debian.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join(program)).find(|program| program.is_file());
    found.with_context(|| format!("{program} is not installed; on Debian it is in the package postgresql"))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
