//! The signals by which a person or the system ends a program that runs until then.

use grapnel_model::error::{Code, Error, Result};

/// Completes when the person or the system asks the program to end. From this call on, the signals do not end it by
/// themselves.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    let unheard =
        |error: std::io::Error| Error::new(Code::Internal, format!("Signals cannot be received: {error}."));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupted = signal(SignalKind::interrupt()).map_err(unheard)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(unheard)?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(unheard)?;
        Ok(async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
                _ = hung_up.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        let _ = unheard;
        Ok(async {
            let _ = tokio::signal::ctrl_c().await;
        })
    }
}
