//! The database URL: a secret, parsed. TLS is required unless the server is on this computer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use grapnel_model::secret::{ExposeSecret, SecretString};
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::Url;

use super::socket;
use crate::error::{Result, TeamError};

const DEFAULT_PORT: u16 = 5432;
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// When the client's kernel asks whether an idle server lives, and how often until it counts as dead: 5 + 3 × 3 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent data may stay unacknowledged.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(15);

/// What certificates are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// None: the server is on this computer.
    Off,
    /// The system's authorities.
    System,
    /// Those of a file, and no others.
    File(PathBuf),
}

/// A database URL, such as `postgres://USER:PASSWORD@HOST/DATABASE?sslrootcert=FILE`.
#[derive(Clone)]
pub struct DatabaseUrl {
    text: SecretString,
    pub(super) config: Config,
    pub(super) tls: Tls,
    host: String,
    database: String,
    addresses: &'static [IpAddr],
    /// The directory of the Unix socket, and the port that its file is named after.
    socket: Option<(PathBuf, u16)>,
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

/// Stands for the host of a URL that has it in its parameters, as `postgres://USER@/DATABASE?host=DIRECTORY`.
const NO_HOST: &str = "grapnel-no-host";

fn parse(text: &str) -> Result<Url, url::ParseError> {
    match Url::parse(text) {
        Err(url::ParseError::EmptyHost) => Url::parse(&text.replacen("@/", &format!("@{NO_HOST}/"), 1)),
        parsed => parsed,
    }
}

fn invalid(cause: &str) -> TeamError {
    TeamError::InvalidUrl { cause: cause.to_owned() }
}

fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(std::borrow::Cow::into_owned).map_err(|_| invalid("a part of it is not UTF-8"))
}

impl DatabaseUrl {
    /// Parses a URL. No error quotes a part of it.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let trimmed = text.expose_secret().trim();
        let url = parse(trimmed).map_err(|_| invalid("it is no URL"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid("it begins with another scheme than postgres://"));
        }
        if url.fragment().is_some() {
            return Err(invalid("it has a #, which a password needs as %23"));
        }
        let mut parts = Parts::of(&url)?;
        parts.read_query(&url)?;
        let tls = parts.tls()?;
        let mut config = Config::new();
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(TCP_USER_TIMEOUT)
            .application_name("grapnel")
            .ssl_mode(if tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        config.host(&parts.host);
        let user =
            parts.user.as_deref().filter(|user| !user.is_empty()).ok_or_else(|| invalid("it has no user"))?;
        let database = parts.database.as_deref().unwrap_or(user).to_owned();
        config.user(user).dbname(&database);
        if let Some(password) = &parts.password {
            config.password(password);
        }
        if let Some(port) = parts.port {
            config.port(port);
        }
        if let Some(options) = &parts.options {
            config.options(options);
        }
        let socket =
            parts.is_socket().then(|| (PathBuf::from(&parts.host), parts.port.unwrap_or(DEFAULT_PORT)));
        let addresses = parts.addresses();
        let host = if parts.is_socket() { "this computer".to_owned() } else { parts.host };
        Ok(Self { text: trimmed.into(), config, tls, host, database, addresses, socket })
    }

    /// The URL as it was entered.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// The host without user, password and database, for people; `this computer` for a Unix socket.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name of the database, for people.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Files and directories of this computer that it names: the file of certificate authorities, or the directory of a
    /// Unix socket. Nobody else can know them, so if the URL came with an invitation, ask the person first.
    pub fn local_paths(&self) -> Vec<&Path> {
        let file = if let Tls::File(file) = &self.tls { Some(file.as_path()) } else { None };
        file.into_iter().chain(self.socket.as_ref().map(|(folder, _)| folder.as_path())).collect()
    }

    /// The addresses of its host that need no resolver.
    pub(super) fn addresses(&self) -> &'static [IpAddr] {
        self.addresses
    }

    /// What to connect with, one after the other if nothing answers. A Unix socket has no address.
    pub(super) fn configs(&self, addresses: &[IpAddr]) -> Vec<Config> {
        if addresses.is_empty() {
            return vec![self.config.clone()];
        }
        let at = |address: &IpAddr| {
            let mut config = self.config.clone();
            config.hostaddr(*address);
            config
        };
        addresses.iter().map(at).collect()
    }

    /// The directory of the Unix socket, and the socket.
    pub(super) fn socket(&self) -> Option<(&Path, PathBuf)> {
        let (folder, port) = self.socket.as_ref()?;
        Some((folder, folder.join(format!(".s.PGSQL.{port}"))))
    }

    /// The TCP port.
    pub(super) fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(DEFAULT_PORT)
    }

    /// Refuses a Unix socket that another user of this computer may have put there.
    pub(super) fn check_socket(&self) -> Result<()> {
        self.socket.as_ref().map_or(Ok(()), |(folder, port)| socket::check(folder, *port))
    }
}

#[derive(Default)]
struct Parts {
    host: String,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    options: Option<String>,
    ssl_mode: Option<String>,
    root_certificate: Option<String>,
}

impl Parts {
    fn of(url: &Url) -> Result<Self> {
        let host = decoded(url.host_str().unwrap_or_default())?;
        let database = decoded(url.path().trim_start_matches('/'))?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port(),
            user: Some(decoded(url.username())?).filter(|user| !user.is_empty()),
            password: url.password().map(decoded).transpose()?,
            database: Some(database).filter(|database| !database.is_empty()),
            ..Self::default()
        })
    }

    fn read_query(&mut self, url: &Url) -> Result<()> {
        for (name, value) in url.query_pairs() {
            let value = value.into_owned();
            match &*name {
                "host" => self.host = value,
                "port" => self.port = Some(value.parse().map_err(|_| invalid("its port is no number"))?),
                "user" => self.user = Some(value),
                "password" => self.password = Some(value),
                "dbname" => self.database = Some(value),
                "options" => self.options = Some(value),
                "sslmode" => self.ssl_mode = Some(value),
                "sslrootcert" => self.root_certificate = Some(value),
                "application_name" | "connect_timeout" => {}
                _ => {
                    return Err(invalid(
                        "it has a parameter that is not supported; a & in a password is written as %26",
                    ));
                }
            }
        }
        match self.host.as_str() {
            "" | NO_HOST => Err(invalid("it has no host")),
            host if host.contains(',') => Err(invalid("it has several hosts, of which one is supported")),
            _ => Ok(()),
        }
    }

    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    fn is_localhost(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
    }

    /// The addresses to connect to; without any the resolver is asked. `localhost` is this computer whatever the
    /// resolver says, since TLS is off there.
    fn addresses(&self) -> &'static [IpAddr] {
        if self.is_localhost() { &LOOPBACK } else { &[] }
    }

    /// On this computer: a Unix socket, or a loopback address.
    fn is_local(&self) -> bool {
        let is_loopback = self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.is_socket() || is_loopback || self.is_localhost()
    }

    fn tls(&self) -> Result<Tls> {
        let verified = || match self.root_certificate.as_deref() {
            None | Some("system") => Tls::System,
            Some(file) => Tls::File(PathBuf::from(file)),
        };
        match self.ssl_mode.as_deref() {
            Some("disable" | "allow" | "prefer") if !self.is_local() => Err(invalid(
                "its sslmode permits a connection without TLS, and the server is not on this computer",
            )),
            _ if self.is_socket() => Ok(Tls::Off),
            Some("require" | "verify-ca" | "verify-full") => Ok(verified()),
            None if self.root_certificate.is_some() || !self.is_local() => Ok(verified()),
            None | Some("disable" | "allow" | "prefer") => Ok(Tls::Off),
            Some(_) => Err(invalid("its sslmode is unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl> {
        DatabaseUrl::parse(&text.into())
    }

    #[test]
    fn tls_is_off_only_on_this_computer() {
        let off = ["127.0.0.1:5432", "[::1]", "localhost", "127.1.2.3", "%2Frun%2Fpostgresql"];
        for host in off {
            assert_eq!(parse(&format!("postgres://u@{host}/d")).unwrap().tls, Tls::Off, "{host}");
        }
        assert_eq!(parse("postgres://u@/d?host=/run/postgresql").unwrap().tls, Tls::Off);
        for mode in ["?sslmode=require", "?sslmode=verify-full", "?sslrootcert=system"] {
            assert_eq!(parse(&format!("postgres://u@127.0.0.1/d{mode}")).unwrap().tls, Tls::System, "{mode}");
        }
        for mode in ["", "?sslmode=require", "?sslmode=verify-ca"] {
            let url = parse(&format!("postgres://u@db.example/d{mode}")).unwrap();
            assert_eq!((url.tls, url.config.get_ssl_mode()), (Tls::System, SslMode::Require), "{mode}");
        }
        for host in ["db.example", "10.0.0.1", "localhost.example", "0.0.0.0", "[::ffff:10.0.0.1]"] {
            for mode in ["disable", "allow", "prefer"] {
                assert!(parse(&format!("postgres://u@{host}/d?sslmode={mode}")).is_err(), "{host} {mode}");
            }
        }
        let file = parse("postgres://u@db.example/d?sslrootcert=/etc/company.pem").unwrap();
        assert_eq!(file.tls, Tls::File("/etc/company.pem".into()));
    }

    #[test]
    fn localhost_is_this_computer_whatever_the_resolver_says() {
        for text in ["postgres://u@localhost/d", "postgres://u@LocalHost:6000/d?sslmode=verify-full"] {
            let url = parse(text).unwrap();
            let configs = url.configs(url.addresses());
            let addresses: Vec<_> = configs.iter().map(Config::get_hostaddrs).collect();
            assert_eq!(addresses, [&LOOPBACK[..1], &LOOPBACK[1..]], "{text}");
        }
        assert!(parse("postgres://u@db.example/d").unwrap().addresses().is_empty());
        for host in ["localhost.", "localhost.example"] {
            assert_eq!(parse(&format!("postgres://u@{host}/d")).unwrap().tls, Tls::System, "{host}");
        }
    }

    #[test]
    fn the_paths_that_a_url_names_are_reported() {
        let paths = |text: &str| -> Vec<PathBuf> {
            parse(text).unwrap().local_paths().into_iter().map(Path::to_owned).collect()
        };
        assert_eq!(paths("postgres://u@/d?host=/run/postgresql"), [PathBuf::from("/run/postgresql")]);
        assert_eq!(
            paths("postgres://u@db.example/d?sslrootcert=/home/eve/ca.pem"),
            [PathBuf::from("/home/eve/ca.pem")]
        );
        for text in ["postgres://u@db.example/d?sslrootcert=system", "postgres://u@localhost/d"] {
            assert!(paths(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_host_of_the_query_decides_too() {
        let url = parse("postgres://u@127.0.0.1/d?host=db.example").unwrap();
        assert_eq!((url.tls, url.host.as_str()), (Tls::System, "db.example"));
        assert!(parse("postgres://u@127.0.0.1/d?host=db.example&sslmode=disable").is_err());
    }

    #[test]
    fn no_error_and_no_debug_text_has_a_part_of_the_url() {
        let wrong = [
            "hunter2",
            "mysql://ben:hunter2@hunter2/hunter2",
            "postgres://ben:hunter2@hunter2:hunter2/",
            "postgres://ben:hunter2@/hunter2",
            "postgres://:hunter2@hunter2/hunter2",
            "postgres://ben:hunter2@hunter2,hunter2b/d",
            "postgres://ben:a@hunter2/d?hunter2=1",
            "postgres://ben:a@hunter2/d?sslmode=hunter2",
            "postgres://ben:a@hunter2/d?port=hunter2",
            "postgres://ben:a@hunter2/d#hunter2",
            "postgres://ben:a@db.example/d?sslmode=disable",
        ];
        let texts = wrong.map(|url| parse(url).unwrap_err());
        for text in &texts {
            assert!(!format!("{text} {text:?} {}", text.hint()).contains("hunter2"), "{text}");
        }
        insta::assert_snapshot!(texts.map(|error| error.to_string()).join("\n"));
        let url = parse("postgres://ben:hunter2@db.example/d").unwrap();
        assert_eq!(format!("{url:?}"), "DatabaseUrl");
        assert_eq!(url.host(), "db.example");
        assert_eq!(url.config.get_password(), Some(&b"hunter2"[..]));
    }
}
