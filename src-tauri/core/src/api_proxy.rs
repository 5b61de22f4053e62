//! A local reverse proxy to a connection's API: it attaches the access token, so that the programs that use it need
//! none. It listens on loopback or on a Unix socket; a secret in the path or in a header, and checks of `Host`,
//! `Origin` and account, keep web pages and other accounts out.

mod access;
mod forward;
mod headers;
mod listener;
mod missing_scopes;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::Result;
use grapnel_oauth::http::StreamedBody;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::api_request::ApiClient;
use access::Access;
use forward::Upgraded;
use listener::{Accepted, Listener};
use missing_scopes::MissingScopes;

pub use access::{SecretLocation, WebOrigin};
pub use headers::SECRET_HEADER;
pub use listener::Listen;

/// The maximum number of concurrent clients; others wait in the system's queue.
const MAX_CLIENTS: usize = 128;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after `accept` failed, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What a proxy requires of its clients.
#[derive(Debug, Clone)]
pub struct ProxyOptions {
    /// Where it listens.
    pub listen: Listen,
    /// Where clients have to send the secret.
    pub secret: SecretLocation,
    /// The origins of web pages that may use it.
    pub origins: Vec<WebOrigin>,
}

/// A proxy that is listening.
pub struct ApiProxy {
    listener: Listener,
    service: Arc<Service>,
    missing_scopes: mpsc::Receiver<Vec<String>>,
}

struct Service {
    api: ApiClient,
    access: Access,
    missing_scopes: MissingScopes,
}

impl ApiProxy {
    /// Listens, with a new random secret.
    ///
    /// # Errors
    ///
    /// If the address is not loopback or is in use, or if the socket's path exists.
    pub(crate) async fn bind(api: ApiClient, options: ProxyOptions) -> Result<Self> {
        let listener = Listener::bind(&options.listen).await?;
        let access = Access::new(options.secret, options.origins, listener.port());
        let (told, missing_scopes) = MissingScopes::new();
        let service = Arc::new(Service { api, access, missing_scopes: told });
        Ok(Self { listener, service, missing_scopes })
    }

    /// The URL that replaces the API base, with the secret if it is in the path.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.listener.origin(), self.service.access.base_path())
    }

    /// The value of the secret header, if clients have to send one.
    pub fn secret_header(&self) -> Option<&str> {
        self.service.access.secret_header()
    }

    /// Serves until the future is dropped, which ends every request in progress. `tell` gets the scopes for want of
    /// which the API refused a request, once for each set of them; empty if it did not say which.
    pub async fn serve(mut self, tell: impl Fn(&[String])) {
        let (clients, missing_scopes) = (Self::accept(self.listener, self.service), &mut self.missing_scopes);
        tokio::pin!(clients);
        loop {
            tokio::select! {
                () = &mut clients => return,
                Some(scopes) = missing_scopes.recv() => tell(&scopes),
            }
        }
    }

    async fn accept(listener: Listener, service: Arc<Service>) {
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        let mut clients = JoinSet::new();
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            match listener.accept().await {
                Ok(accepted) => {
                    let service = Arc::clone(&service);
                    clients.spawn(async move {
                        service.converse(accepted).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the proxy did not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            while clients.try_join_next().is_some() {}
        }
    }
}

impl Service {
    async fn converse(self: Arc<Self>, accepted: Accepted) {
        let (is_foreign, stream) = accepted.identify().await;
        let upgraded = Mutex::new(None);
        let service = service_fn(|request| {
            let (service, upgraded) = (&self, &upgraded);
            async move {
                let response = if is_foreign {
                    forward::refused(
                        StatusCode::FORBIDDEN,
                        "another_account",
                        "Another account uses this proxy.",
                    )
                } else {
                    let (response, changed) = service.respond(request).await;
                    *upgraded.lock() = changed;
                    response
                };
                Ok::<_, Infallible>(response)
            }
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let connection = server.serve_connection(TokioIo::new(stream), service).with_upgrades();
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a client of the proxy broke off");
        }
        let upgraded = upgraded.into_inner();
        if let Some(upgraded) = upgraded {
            upgraded.join().await;
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> (Response<StreamedBody>, Option<Upgraded>) {
        let (origin, checked) = self.access.check(&request);
        let (mut response, upgraded) = match checked {
            Ok(_) if headers::is_preflight(&request) => (headers::preflight(request.headers()), None),
            Ok(target) => forward::forward(&self.api, request, &target, &self.missing_scopes).await,
            Err(refusal) => (forward::refused(refusal.status, refusal.name, refusal.message), None),
        };
        headers::allow_origin(response.headers_mut(), origin);
        (response, upgraded)
    }
}
