//! The callback's way from the operating system to the core: by argument list into a new process, by the
//! running instance's deep-link event, and never further in clear.

use grapnel_core::error::Code;
use grapnel_core::secret::SecretString;
use tauri::plugin::{Builder, TauriPlugin};
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::shell::Shell;
use crate::window;

const SCHEME: &str = "dev.grapnel.desktop";
/// The argument by which a second image of this program knows that the callback waits on its standard input.
const ON_STDIN: &str = "--callback-on-stdin";
/// The argument that starts the sandbox with the program.
const SANDBOX: &str = "--sandbox";

/// What the program was started with.
pub(crate) struct Arguments {
    /// A callback that started the program.
    pub(crate) callback: Option<SecretString>,
    /// Whether to have the sandbox at hand.
    pub(crate) sandbox: bool,
}

impl Arguments {
    pub(crate) fn read() -> Self {
        let mut callback = None;
        let mut sandbox = false;
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                ON_STDIN => callback = std::io::read_to_string(std::io::stdin()).ok().map(SecretString::from),
                SANDBOX => sandbox = true,
                // Where images cannot be replaced, the callback stays an argument.
                _ if cfg!(not(unix)) && is_callback(&argument) => callback = Some(argument.into()),
                _ => {}
            }
        }
        Self { callback, sandbox }
    }
}

/// A callback that starts the program is an argument, which anyone on the machine can read for as long as the
/// program runs. So this image makes place for another that gets it on its standard input. A plugin, because it
/// must come after single instance: where Grapnel already runs, the callback goes there and this process ends.
pub(crate) fn keep_out_of_arguments() -> TauriPlugin<Wry> {
    Builder::new("callback")
        .setup(|app, _| {
            if let Some(callback) = std::env::args().nth(1).filter(|argument| is_callback(argument)) {
                replace_image(app, &callback)?;
            }
            Ok(())
        })
        .build()
}

#[cfg(unix)]
fn replace_image(app: &AppHandle, callback: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::process::CommandExt;

    let (reader, mut writer) = std::io::pipe()?;
    // A pipe holds this much before anyone reads; no true callback is longer.
    writer.write_all(&callback.as_bytes()[..callback.len().min(32 * 1024)])?;
    drop(writer);
    tauri_plugin_single_instance::destroy(app);
    Err(std::process::Command::new(std::env::current_exe()?).arg(ON_STDIN).stdin(reader).exec())
}

#[cfg(not(unix))]
fn replace_image(_: &AppHandle, _: &str) -> std::io::Result<()> {
    Ok(())
}

fn is_callback(argument: &str) -> bool {
    argument.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Listens for callbacks that come while the program runs, and makes the system send them here.
pub(crate) fn listen(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            let app = handle.clone();
            tauri::async_runtime::spawn(async move { receive(&app, String::from(url).into()).await });
        }
    });
    let app = app.clone();
    std::thread::spawn(move || register(&app));
}

/// Takes a callback in, and brings the person back to the window.
pub(crate) async fn receive(app: &AppHandle, address: SecretString) {
    window::show(app);
    let received = match app.state::<Shell>().core().await {
        Ok(core) => core.receive_callback(&address).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(()) => {}
        Err(error) if error.code == Code::AccessDenied => tracing::info!("the person said no"),
        Err(error) => tracing::warn!(code = ?error.code, "a callback led to no connection: {error}"),
    }
}

/// Makes this program the one that opens the scheme, unless it is already. An installed package has done so; a
/// program that was built here has not.
fn register(app: &AppHandle) {
    if cfg!(target_os = "macos") {
        return;
    }
    let is_installed = std::env::current_exe().is_ok_and(|exe| exe.starts_with("/usr"));
    if is_installed && app.deep_link().is_registered(SCHEME).unwrap_or(false) {
        return;
    }
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(%error, "callbacks by deep link will not arrive");
    }
}
