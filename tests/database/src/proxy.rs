//! A TCP proxy on loopback that can delay, stop forwarding, go on, and cut its connections, also in the middle of a
//! message.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    is_forwarding: bool,
    /// Connections of an earlier number end.
    generation: u64,
    accepts: bool,
    /// How long what arrives is kept.
    delay: Duration,
    /// After how many more bytes in this direction the connections are cut.
    cut: Option<(Way, usize)>,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the database.
    There,
    /// Back from it.
    Back,
}

/// A running proxy. It ends when it is dropped.
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Proxy {
    /// Starts one before a port of 127.0.0.1.
    pub async fn start(target: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(
            watch::channel(State {
                is_forwarding: true,
                generation: 0,
                accepts: true,
                delay: Duration::ZERO,
                cut: None,
            })
            .0,
        );
        let task = tokio::spawn(accept(listener, target, Arc::clone(&state)));
        Ok(Self { port, state, task })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards nothing, and keeps the connections open, as a network that loses packets.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.is_forwarding = false);
    }

    /// Forwards again.
    pub fn resume(&self) {
        self.state.send_modify(|state| (state.is_forwarding, state.accepts) = (true, true));
    }

    /// Cuts all connections on both sides. New ones are accepted.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Cuts all connections after this many more bytes in one direction, in the middle of a message if it is longer.
    pub fn cut_after(&self, way: Way, bytes: usize) {
        self.state.send_modify(|state| state.cut = Some((way, bytes)));
    }

    /// Keeps what arrives from now on for so long.
    pub fn delay(&self, delay: Duration) {
        self.state.send_modify(|state| state.delay = delay);
    }

    /// Cuts all connections and refuses new ones until [`Proxy::resume`].
    pub fn block(&self) {
        self.state.send_modify(|state| (state.generation, state.accepts) = (state.generation + 1, false));
    }
}

async fn accept(listener: TcpListener, target: u16, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        if !state.borrow().accepts {
            continue;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { continue };
        let ((client_read, client_write), (server_read, server_write)) =
            (client.into_split(), server.into_split());
        tokio::spawn(forward(client_read, server_write, Arc::clone(&state), Way::There));
        tokio::spawn(forward(server_read, client_write, Arc::clone(&state), Way::Back));
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<watch::Sender<State>>,
    way: Way,
) {
    let mut changes = state.subscribe();
    let generation = state.borrow().generation;
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = reached(&mut changes, |state| state.generation != generation) => return,
        };
        let Ok(length @ 1..) = read else { return };
        let delay = state.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        reached(&mut changes, |state| state.is_forwarding || state.generation != generation).await;
        let (passing, is_last) = take(&state, way, length);
        let is_cut = state.borrow().generation != generation;
        if is_cut || to.write_all(&buffer[..passing]).await.is_err() {
            return;
        }
        if is_last {
            state.send_modify(|state| state.generation += 1);
            return;
        }
    }
}

/// How many of these bytes pass, and whether the connections are cut then.
fn take(state: &watch::Sender<State>, way: Way, length: usize) -> (usize, bool) {
    let mut taken = (length, false);
    state.send_if_modified(|state| {
        let Some((_, left)) = state.cut.filter(|(cut, _)| *cut == way) else { return false };
        taken = (left.min(length), left < length);
        state.cut = (left >= length).then_some((way, left.saturating_sub(length)));
        true
    });
    taken
}

/// Waits for a state. It is not held, which would block those who change it.
async fn reached(state: &mut watch::Receiver<State>, is_reached: impl FnMut(&State) -> bool) {
    let _ = state.wait_for(is_reached).await.map(|state| *state);
}
