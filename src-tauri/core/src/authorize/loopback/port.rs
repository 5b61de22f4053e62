//! The port of a loopback redirect URI.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::task::Poll;
use std::time::Duration;

use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_model::redirect::Loopback;
use grapnel_store::{self as store, app};
use tokio::net::{TcpListener, TcpStream};

use crate::context::Context;

/// How long to wait for a port that another sign-in of Grapnel is about to release, and between two attempts.
const HANDOVER: Duration = Duration::from_secs(4);
const HANDOVER_PAUSE: Duration = Duration::from_millis(50);
/// How many free ports are tried to find one that is free in both address families.
const FREE_PORTS: usize = 16;

/// Listens on a port; for `localhost`, in both address families.
pub(in crate::authorize) struct Listener(Vec<TcpListener>);

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        std::future::poll_fn(|context| {
            let ready = self.0.iter().find_map(|socket| match socket.poll_accept(context) {
                Poll::Ready(accepted) => Some(accepted),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        })
        .await
        .map(|(stream, _)| stream)
    }
}

/// Binds the port of a new sign-in. Waits for a port of a sign-in of this Grapnel that has just finished.
pub(super) async fn claim(ctx: &Context, place: &Loopback<'_>) -> Result<(Listener, u16)> {
    let end = tokio::time::Instant::now() + HANDOVER;
    loop {
        let error = match bind(place).await {
            Ok(bound) => return Ok(bound),
            Err(error) => error,
        };
        let holder = match place.port.filter(|_| error.kind() == ErrorKind::AddrInUse) {
            Some(port) => holder(ctx, port)?,
            None => Holder::Foreign,
        };
        match holder {
            Holder::Foreign => return Err(unusable(place, &error)),
            Holder::Waiting(app) => return Err(shared(place, &app)),
            Holder::Ending if tokio::time::Instant::now() >= end => return Err(unusable(place, &error)),
            Holder::Ending => tokio::time::sleep(HANDOVER_PAUSE).await,
        }
    }
}

pub(super) async fn bind(place: &Loopback<'_>) -> io::Result<(Listener, u16)> {
    // A URI without a port would mean port 80, which needs privileges; it stands for any free port.
    let port = place.port.unwrap_or(0);
    let sockets = match place.host {
        "127.0.0.1" => vec![listen(Ipv4Addr::LOCALHOST.into(), port).await?],
        "[::1]" => vec![listen(Ipv6Addr::LOCALHOST.into(), port).await?],
        _ => both(port).await?,
    };
    let port = match sockets.first() {
        Some(socket) => socket.local_addr()?.port(),
        None => port,
    };
    Ok((Listener(sockets), port))
}

/// Browsers may try either address of `localhost` first. A computer without IPv6 has only one.
async fn both(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = None;
    for _ in 0..FREE_PORTS {
        let fourth = listen(Ipv4Addr::LOCALHOST.into(), port).await?;
        match listen(Ipv6Addr::LOCALHOST.into(), fourth.local_addr()?.port()).await {
            Ok(sixth) => return Ok(vec![fourth, sixth]),
            Err(error) if error.kind() == ErrorKind::AddrInUse && port == 0 => last = Some(error),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(_) => return Ok(vec![fourth]),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AddrInUse.into()))
}

async fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((address, port)).await
}

/// The owner of a port that is in use.
enum Holder {
    /// A waiting sign-in of this Grapnel, for the app of this name.
    Waiting(String),
    /// A sign-in of this Grapnel that has finished or is about to.
    Ending,
    /// Another program.
    Foreign,
}

fn holder(ctx: &Context, port: u16) -> Result<Holder> {
    let now = ctx.now();
    let recent = ctx.store.read(|c| store::attempt::not_expired(c, now))?;
    let at_port = |uri: &str| Loopback::of(uri).is_some_and(|place| place.port == Some(port));
    let mut held = recent.into_iter().filter(|row| at_port(&row.redirect_uri)).peekable();
    if held.peek().is_none() {
        return Ok(Holder::Foreign);
    }
    let Some(waiting) = held.find(|row| row.phase == Phase::Waiting) else { return Ok(Holder::Ending) };
    let app = ctx.store.read(|c| app::get(c, &waiting.app_id))?;
    Ok(Holder::Waiting(app.map(|app| app.name).unwrap_or_default()))
}

fn shared(place: &Loopback<'_>, app: &str) -> Error {
    let port = place.port.unwrap_or(0);
    Error::new(
        Code::PortTaken,
        format!("A sign-in of the app “{app}” is waiting on port {port} of this computer."),
    )
    .means("This sign-in did not start. Nothing changed.")
    .hint("Finish the other sign-in or cancel it, then try again.")
}

fn unusable(place: &Loopback<'_>, error: &io::Error) -> Error {
    let port = place.port.unwrap_or(0);
    let message = match error.kind() {
        ErrorKind::AddrInUse => format!("Port {port} of this computer belongs to another program right now."),
        ErrorKind::PermissionDenied => format!("The system does not give port {port} to Grapnel."),
        _ => format!("Grapnel cannot listen on port {port} of this computer: {}.", io_error_text(error)),
    };
    Error::new(Code::PortTaken, message)
        .means("The sign-in did not start. Nothing changed.")
        .hint("Close that program and try again; or register another port at the provider, and change the app to it.")
}

/// The error for an attempt of an earlier run whose port is in use by now.
pub(super) fn lost(place: &Loopback<'_>, error: &io::Error) -> Error {
    unusable(place, error)
        .means("The sign-in was ended, because its answer would go to that program. Nothing was sent, and nothing \
            changed.")
        .hint("Start the sign-in again.")
}
