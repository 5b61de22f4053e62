//! Explains why a request failed: names the host, the proxy or the certificate at fault. No URL is shown, since its
//! query could contain a secret.

use std::error::Error as StdError;
use std::io;

use grapnel_model::error::{NextStep, io_error_text};
use grapnel_model::provider::is_loopback;
use grapnel_model::provider_text::clean;
use url::Url;

use super::certificate::UntrustedCertificate;
use super::failure::Failure;
use super::proxy::RedactedProxy;

/// The facts about the route of a request.
pub(super) struct RouteFacts<'a> {
    pub(super) url: &'a Url,
    pub(super) proxy: Option<RedactedProxy>,
    /// The sources of the trusted certificate authorities, as a phrase.
    pub(super) trusted: &'a str,
    /// Whether a client certificate is presented.
    pub(super) presents: bool,
}

/// The failure of a request that was not sent.
pub(super) fn not_sent(error: &reqwest::Error, route_facts: &RouteFacts<'_>) -> Failure {
    let cause = Cause::of(error, route_facts);
    match cause.advice {
        Some(advice) => Failure::Blocked { reason: cause.reason, advice, next_step: cause.next_step },
        None => Failure::NotSent(cause.reason),
    }
}

/// The failure of a request that got no response. With TLS 1.3 a server refuses the client's certificate only after the
/// first request of a connection was sent, and has not read it then; a later one may have been processed.
pub(super) fn unanswered(
    error: &reqwest::Error,
    route_facts: &RouteFacts<'_>,
    may_be_later: bool,
) -> Failure {
    let tls = chain(error).into_iter().find_map(|cause| cause.downcast_ref::<rustls::Error>());
    match tls.and_then(|tls| of_certificate(tls, route_facts)) {
        Some(Cause { reason, advice: Some(advice), next_step }) if !may_be_later => {
            Failure::Blocked { reason, advice, next_step }
        }
        Some(cause) => Failure::Lost(cause.reason),
        None => response_lost(error),
    }
}

/// The failure of a request whose response did not arrive. The message around it names the provider.
pub(super) fn response_lost(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Lost("it took too long".into());
    }
    let chain = chain(error);
    let io = chain.iter().find_map(|cause| cause.downcast_ref::<io::Error>());
    let last = || chain.last().map_or_else(|| "the connection failed".into(), ToString::to_string);
    Failure::Lost(clean(&io.map_or_else(last, words), &[]))
}

struct Cause {
    reason: String,
    advice: Option<String>,
    next_step: Option<NextStep>,
}

impl Cause {
    fn of(error: &reqwest::Error, route_facts: &RouteFacts<'_>) -> Self {
        let chain = chain(error);
        let proxy = route_facts.proxy.as_ref();
        let host = route_facts.url.host_str().unwrap_or_default();
        let place = host_and_port(route_facts.url);
        // The host that the connection is made to.
        let (name, peer) = match proxy {
            Some(proxy) => (proxy.host.as_str(), format!("the proxy {}", proxy.place)),
            None => (host, place.clone()),
        };
        if let Some(tls) = chain.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return of_tls(tls, route_facts);
        }
        let says = |text: &str| chain.iter().any(|cause| cause.to_string().contains(text));
        if let Some(proxy) = proxy {
            if says("proxy authorization required") || says("credentials not accepted") || says("user/pass") {
                return wants_password(proxy);
            }
            if says("tunnel") {
                return Self::bare(&format!("the proxy {} made no connection to {place}", proxy.place));
            }
        }
        let is_lookup = says("dns error") || says("failed to lookup address");
        if is_lookup || says("error resolving for socks proxy") {
            // This kind of SOCKS proxy leaves the lookup of host names to the client.
            let name = if says("error resolving for socks proxy") { host } else { name };
            return Self::bare(&format!("{name} cannot be found (DNS)"));
        }
        if error.is_timeout() {
            let late = if error.is_connect() {
                format!("{peer} did not answer in time")
            } else {
                "it took too long".into()
            };
            return Self::bare(&late);
        }
        if let Some(error) = chain.iter().find_map(|cause| cause.downcast_ref::<io::Error>()) {
            let advice = (proxy.is_none()
                && is_loopback(route_facts.url)
                && error.kind() == io::ErrorKind::ConnectionRefused)
                .then(|| NOBODY_LISTENS.to_owned());
            return Self { advice, ..Self::bare(&format!("{} ({peer})", words(error))) };
        }
        let words = chain.last().map_or_else(|| "the connection failed".into(), ToString::to_string);
        match proxy {
            Some(proxy) => {
                Self::bare(&format!("the proxy {} made no connection to {place}: {words}", proxy.place))
            }
            None => Self::bare(&words),
        }
    }

    fn bare(reason: &str) -> Self {
        Self { reason: clean(reason, &[]), advice: None, next_step: None }
    }
}

/// The advice if a loopback port refuses the connection.
const NOBODY_LISTENS: &str = "Start the server that listens at this port of your computer. If it is Grapnel’s sandbox: \
    that runs while Grapnel’s window does.";

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "the connection was interrupted".into()
        }
        io::ErrorKind::UnexpectedEof => "the connection was closed".into(),
        io::ErrorKind::NetworkUnreachable => "there is no network connection to it".into(),
        io::ErrorKind::HostUnreachable => "there is no way to that host".into(),
        io::ErrorKind::TimedOut => "it did not answer in time".into(),
        _ => io_error_text(error),
    }
}

fn of_tls(error: &rustls::Error, route_facts: &RouteFacts<'_>) -> Cause {
    use rustls::{CertificateError, Error};
    let (host, trusted) = (route_facts.url.host_str().unwrap_or_default(), route_facts.trusted);
    let refused = match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<UntrustedCertificate>()
        }
        _ => None,
    };
    if let Some(cause) = of_certificate(error, route_facts) {
        return cause;
    }
    let Some(refused) = refused else {
        let reason =
            format!("no secure connection to {host} could be made: {}", clean(&error.to_string(), &[]));
        return Cause { reason, advice: None, next_step: None };
    };
    let mut reason = refused.to_string();
    let (advice, next_step) = if refused.is_untrusted {
        reason = format!("{reason}; trusted are {trusted}");
        let advice =
            "If you trust who issued it, name the file with that authority’s certificate in the settings.";
        (advice, Some(NextStep::OpenSettings))
    } else {
        let advice = "Look whether the address is right, and whether this computer’s clock is; else tell the provider.";
        (advice, None)
    };
    Cause { reason, advice: Some(advice.into()), next_step }
}

/// The cause of an alert about the client's certificate (RFC 8446 §6.2), if it is one.
fn of_certificate(error: &rustls::Error, route_facts: &RouteFacts<'_>) -> Option<Cause> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = error else { return None };
    // The alert may be that of a proxy which is reached over TLS.
    if route_facts.proxy.as_ref().is_some_and(|proxy| proxy.scheme == "https") {
        return None;
    }
    let host = route_facts.url.host_str().unwrap_or_default();
    let (reason, advice) = match alert {
        // The client has sent none, since the server takes no signature of its key.
        Alert::CertificateRequired if route_facts.presents => (
            format!("{host} takes no client certificate with this kind of key (mTLS)"),
            "Edit the app, and enter a certificate with a key that the provider takes, such as RSA.",
        ),
        Alert::CertificateRequired => (
            format!("{host} wants a client certificate (mTLS), and got none"),
            "If the provider knows your client by a certificate, set “Client authentication” (client_auth) \
             to tls_client_auth or self_signed_tls_client_auth, or “Tokens are bound to the certificate (mTLS)” to yes \
             (certificate_bound=true).",
        ),
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
            if route_facts.presents =>
        {
            (
                format!("{host} does not accept the app’s client certificate ({alert:?})"),
                "Look whether this certificate is registered at the provider (grapnel app certificate). If another one \
                 is, edit the app and enter that.",
            )
        }
        _ => return None,
    };
    let reason = clean(&reason, &[]);
    Some(Cause { reason, advice: Some(advice.into()), next_step: Some(NextStep::EditApp) })
}

fn wants_password(proxy: &RedactedProxy) -> Cause {
    let RedactedProxy { place, scheme, .. } = proxy;
    let status = if scheme.starts_with("http") { " (status 407)" } else { "" };
    Cause {
        reason: format!(
            "the proxy {place} asks for a user and password, or refuses those that it was given{status}"
        ),
        advice: Some(format!(
            "Leave the proxy in the settings empty, and start Grapnel with \
             HTTPS_PROXY={scheme}://USER:PASSWORD@{place} in its environment."
        )),
        next_step: Some(NextStep::OpenSettings),
    }
}

/// Host and port.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The chain of causes below a `reqwest` error, whose own message contains the URL. An I/O error's `source` skips the
/// error that it wraps, which is the informative one, so that is added.
fn chain(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| cause.source());
    }
    causes
}
