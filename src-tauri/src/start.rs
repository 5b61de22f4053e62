//! The start of the program: arguments, single instance, window and state.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Builder, Manager, Wry};
use tauri_specta::Event as _;

use crate::arguments::{Arguments, Invocation};
use crate::core_handle::CoreHandle;
use crate::desktop_integration;
use crate::event_forwarding::EventBacklog;
use crate::events::SandboxRequested;
use crate::first_page::FirstPage;
#[cfg(unix)]
use crate::instance::{self, Claim, Instance};
#[cfg(target_os = "macos")]
use crate::menu_bar;
use crate::sandbox::SandboxHandle;
use crate::shutdown::Shutdown;
#[cfg(target_os = "linux")]
use crate::window::rendering::Rendering;
use crate::{
    alert, background_tasks, bindings, callback, cancellation, clipboard, commands, deep_link,
    deep_link_self_test, held_responses, lifecycle, logging, save_file, window,
};

/// Exit code for an unknown argument.
const USAGE: u8 = 2;
/// Exit code of a start without a window: that of [`ExitCode::FAILURE`], for the event loop.
const FAILURE: i32 = 1;

/// Runs the program until it exits.
pub fn run() -> ExitCode {
    logging::start();
    grapnel_core::core_dumps::forbid();
    grapnel_core::open_file_limit::raise_limit();
    let arguments = match Invocation::own() {
        Invocation::Start(arguments) => arguments,
        Invocation::Print(text) => return print(&text),
        Invocation::Unknown(argument) => {
            complain(&format!(
                "“{argument}” is not an option of grapnel-desktop. See grapnel-desktop --help."
            ));
            return USAGE.into();
        }
    };
    start(arguments)
}

#[cfg(target_os = "linux")]
fn start(arguments: Arguments) -> ExitCode {
    let instance = match claim(&arguments) {
        Ok(instance) => instance,
        Err(exit) => return exit,
    };
    if let Some(callback) = arguments.callback.as_ref().filter(|_| !arguments.on_stdin) {
        if let Some(instance) = &instance {
            instance.release();
        }
        callback::keep_out_of_arguments(callback, &arguments);
    }
    // Before a second thread exists, since the environment is shared between threads.
    let rendering = Rendering::choose(instance.as_ref().and_then(Instance::session));
    forbid_webdriver();
    if gtk::init().is_err() {
        return complain(&without_window(
            "Grapnel needs a display, and could not open one (DISPLAY, WAYLAND_DISPLAY).",
            arguments.callback.is_some(),
        ));
    }
    let session = Session { instance, rendering };
    run_to_end(build(builder(), arguments, session))
}

/// What a start gets from its session.
#[cfg(unix)]
struct Session {
    instance: Option<Instance>,
    #[cfg(target_os = "linux")]
    rendering: Rendering,
}

/// Becomes the first instance, if that is possible. Otherwise returns how this process exits.
#[cfg(unix)]
fn claim(arguments: &Arguments) -> Result<Option<Instance>, ExitCode> {
    let problem = match instance::claim(arguments) {
        Ok(Claim::First(instance)) => return Ok(Some(instance)),
        Ok(Claim::Second) => return Err(ExitCode::SUCCESS),
        Ok(Claim::OtherData) => {
            "Grapnel is already running with another data directory (GRAPNEL_HOME). Quit it first."
        }
        // A callback must not be lost, so this process handles it although another one is running.
        Ok(Claim::Unanswered) if arguments.callback.is_some() => return Ok(None),
        Ok(Claim::Unanswered) => {
            "Grapnel is already running, but does not respond. Try again in a moment, or end it."
        }
        Err(error) => {
            tracing::warn!(%error, "another start will not find this process");
            return Ok(None);
        }
    };
    if arguments.hidden {
        return Err(complain(problem));
    }
    alert(problem);
    Err(ExitCode::FAILURE)
}

/// Keeps `WebDriver` out of release builds: anyone who sets the environment could drive the page.
#[cfg(target_os = "linux")]
fn forbid_webdriver() {
    if cfg!(not(any(debug_assertions, feature = "webdriver"))) {
        gtk::glib::unsetenv("TAURI_WEBVIEW_AUTOMATION");
    }
}

#[cfg(target_os = "macos")]
fn start(arguments: Arguments) -> ExitCode {
    let session = match claim(&arguments) {
        Ok(instance) => Session { instance },
        Err(exit) => return exit,
    };
    let builder = builder().menu(menu_bar::build).on_menu_event(|app, event| menu_bar::on_event(app, &event));
    run_to_end(build(builder, arguments, session))
}

#[cfg(windows)]
fn start(arguments: Arguments) -> ExitCode {
    let builder = builder()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            follow(app, Arguments::of(&arguments), true);
        }))
        .plugin(tauri_plugin_deep_link::init());
    run_to_end(build(builder, arguments))
}

fn run_to_end(built: tauri::Result<tauri::App>) -> ExitCode {
    match built {
        Ok(app) => {
            app.run(lifecycle::on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            alert(&without_window(&why_no_window(&error), false));
            ExitCode::FAILURE
        }
    }
}

/// The program with its commands, events and state.
fn builder() -> Builder<Wry> {
    Builder::default().invoke_handler(bindings::invoke_handler()).plugin(state(bindings::events()))
}

/// Manages the state. A plugin, and the first one, since a callback or a second start may arrive before the setup of
/// the program: macOS delivers the link that starts a program before it has launched.
fn state(events: tauri_specta::Builder<Wry>) -> TauriPlugin<Wry> {
    tauri::plugin::Builder::new("state")
        .setup(move |app, _| {
            events.mount_events(app);
            let handle = app.clone();
            app.manage(CoreHandle::new(move |core| background_tasks::start(&handle, core)));
            app.manage(EventBacklog::default());
            app.manage(FirstPage::default());
            app.manage(cancellation::CancellableCalls::default());
            app.manage(held_responses::HeldResponses::default());
            app.manage(clipboard::Clipboard::default());
            app.manage(commands::archive::OpenArchive::default());
            app.manage(commands::team::WorkerKey::default());
            app.manage(Shutdown::default());
            app.manage(save_file::LastSavedFile::default());
            app.manage(commands::import_app::PendingImport::default());
            app.manage(SandboxHandle::default());
            app.manage(deep_link_self_test::SelfTest::default());
            app.manage(callback::RaiseLimiter::default());
            app.manage(window::Activation::default());
            app.manage(window::geometry::SavedGeometry::default());
            app.manage(desktop_integration::tray::Tray::default());
            Ok(())
        })
        .build()
}

fn build(
    builder: Builder<Wry>,
    arguments: Arguments,
    #[cfg(unix)] session: Session,
) -> tauri::Result<tauri::App> {
    builder
        .setup(move |app| {
            #[cfg(target_os = "linux")]
            app.manage(session.rendering);
            lifecycle::on_signals(app.handle());
            #[cfg(target_os = "linux")]
            app.state::<Rendering>().mark_starting();
            if let Err(error) = window::open(app.handle(), !arguments.hidden) {
                #[cfg(target_os = "linux")]
                app.state::<Rendering>().clear_marker();
                #[cfg(unix)]
                if let Some(instance) = &session.instance {
                    instance.release();
                }
                alert(&without_window(&why_no_window(&error), arguments.callback.is_some()));
                // An error of this function would be a panic.
                app.state::<Shutdown>().finish();
                app.handle().exit(FAILURE);
                return Ok(());
            }
            let handle = app.handle().clone();
            std::thread::spawn(move || deep_link::register(&handle));
            #[cfg(unix)]
            if let Some(instance) = session.instance {
                let handle = app.handle().clone();
                instance.listen(arguments.home.clone(), move |arguments| follow(&handle, arguments, true));
                app.manage(instance);
            }
            follow(app.handle(), arguments, false);
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// Executes the arguments of this start, or of a second one that has passed them on.
fn follow(app: &AppHandle, arguments: Arguments, is_second: bool) {
    let app = app.clone();
    let delay = app.state::<Shutdown>().delay();
    // The toolkit has used the token of the first start for its window.
    if is_second && let Some(token) = arguments.activation {
        app.state::<window::Activation>().set(token);
    }
    tauri::async_runtime::spawn(async move {
        if arguments.sandbox {
            let core = app.state::<CoreHandle>();
            let started = core.core().await.and_then(|core| app.state::<SandboxHandle>().start(core));
            let failed = started.err();
            if let Some(error) = &failed {
                tracing::error!(%error, "the sandbox did not start");
            }
            // The page of a first start reads it with everything else.
            if is_second && let Err(error) = SandboxRequested(failed).emit(&app) {
                tracing::warn!(%error, "an event did not reach the page");
            }
        }
        match arguments.callback {
            Some(address) => callback::receive(&app, address).await,
            None if arguments.hidden && is_second => {}
            None if arguments.hidden => desktop_integration::stay_hidden(&app).await,
            None if is_second => window::show(&app),
            None => {}
        }
        drop(delay);
    });
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What a start says that opens no window.
fn without_window(reason: &str, has_callback: bool) -> String {
    let lost = if has_callback { " The sign-in was not completed: start it again." } else { "" };
    format!("{reason}{lost} Your tokens are kept and unchanged. Use “grapnel” in a terminal.")
}

/// Why the system opened no window, and what to do.
fn why_no_window(error: &tauri::Error) -> String {
    if cfg!(windows) && tauri::webview_version().is_err() {
        return "Grapnel needs the Microsoft Edge WebView2 Runtime for its window, which is not installed. Install the \
            Evergreen Bootstrapper from https://developer.microsoft.com/microsoft-edge/webview2/ and start Grapnel \
            again."
            .to_owned();
    }
    format!("Grapnel could not open its window: {error}.")
}

/// Reports what ends a start: on standard error, and in a dialog unless that is a terminal, where the person reads it.
fn alert(what: &str) {
    complain(what);
    if !std::io::stderr().is_terminal() {
        alert::wait("Grapnel did not start", what);
    }
}

fn complain(what: &str) -> ExitCode {
    // If standard error is closed, nobody reads it.
    let _ = writeln!(std::io::stderr(), "error: {what}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    /// A callback that starts the program on macOS, and a second start, arrive before the setup, and panic if the state
    /// that they need is not managed yet. What only Linux has, or is read at the end, may be managed later.
    #[test]
    fn state_is_managed_before_the_setup() {
        let source = include_str!("start.rs");
        let (_, setup) = source.split_once("fn build(").unwrap();
        let (setup, _) = setup.split_once("\n}\n").unwrap();
        let managed: Vec<&str> =
            setup.lines().map(str::trim).filter(|line| line.contains("manage(")).collect();
        assert_eq!(managed, ["app.manage(session.rendering);", "app.manage(instance);"]);
        assert!(!setup.contains("mount_events"));
        let (program, _) = source.split_once("#[cfg(test)]").unwrap();
        assert_eq!(program.matches("Builder::default()").count(), 1, "every start begins with the state");
    }
}
