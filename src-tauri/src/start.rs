//! The start of the program: what it was started with, whether another Grapnel runs already, and the window's parts.

use std::io::Write;
use std::process::ExitCode;

use tauri::{AppHandle, Builder, Manager, Wry};

use crate::arguments::{Arguments, Asked};
#[cfg(target_os = "linux")]
use crate::beside;
use crate::ending::Ending;
#[cfg(target_os = "linux")]
use crate::instance::{self, Claim, Place};
use crate::shell::Shell;
#[cfg(target_os = "linux")]
use crate::window::drawing::Drawing;
use crate::{
    bindings, callback, calls, clipboard, commands, leaving, logging, probe, sandbox, saved, scheme, window,
};

/// How a start ends that was given what Grapnel does not know.
const USAGE: u8 = 2;

/// Runs the program until it is left.
pub fn run() -> ExitCode {
    logging::start();
    grapnel_core::core_dumps::forbid();
    grapnel_core::descriptors::raise_limit();
    let arguments = match Asked::own() {
        Asked::Start(arguments) => arguments,
        Asked::Print(text) => return print(&text),
        Asked::Unknown(argument) => {
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
    let place = match instance::claim(&arguments) {
        Ok(Claim::First(place)) => Some(place),
        Ok(Claim::Second) => return ExitCode::SUCCESS,
        Ok(Claim::OtherData) => {
            return complain(
                "Grapnel is already running with another data directory (GRAPNEL_HOME). Quit it first.",
            );
        }
        // A callback is not to be lost: this process takes it in beside the other.
        Ok(Claim::Unanswered) if arguments.callback.is_some() => None,
        Ok(Claim::Unanswered) => {
            return complain(
                "Grapnel is already running, but does not respond. Try again in a moment, or end it.",
            );
        }
        Err(error) => {
            tracing::warn!(%error, "a second start will not find this one");
            None
        }
    };
    if let Some(callback) = arguments.callback.as_ref().filter(|_| !arguments.on_stdin) {
        if let Some(place) = &place {
            place.release();
        }
        callback::keep_out_of_arguments(callback, &arguments);
    }
    // Before there is another thread: the environment is everyone's.
    let drawing = Drawing::choose(place.as_ref().and_then(Place::session));
    admit_no_driver();
    if gtk::init().is_err() {
        let lost =
            if arguments.callback.is_some() { " The sign-in was not completed: start it again." } else { "" };
        return complain(&format!(
            "Grapnel needs a display, and could not open one (DISPLAY, WAYLAND_DISPLAY).{lost} \
             Use “grapnel” in a terminal."
        ));
    }
    let session = Session { place, drawing };
    run_to_end(build(Builder::default(), arguments, session))
}

/// What a start finds in its session.
#[cfg(target_os = "linux")]
struct Session {
    place: Option<Place>,
    drawing: Drawing,
}

/// Whoever can set the environment could drive the page of a Grapnel that a person uses.
#[cfg(target_os = "linux")]
fn admit_no_driver() {
    if cfg!(not(any(debug_assertions, feature = "webdriver"))) {
        gtk::glib::unsetenv("TAURI_WEBVIEW_AUTOMATION");
    }
}

#[cfg(not(target_os = "linux"))]
fn start(arguments: Arguments) -> ExitCode {
    use tauri_plugin_deep_link::DeepLinkExt;

    let builder = Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            follow(app, Arguments::of(&arguments), true);
        }))
        .plugin(tauri_plugin_deep_link::init());
    run_to_end(build(builder, arguments).inspect(|app| {
        let handle = app.handle().clone();
        app.deep_link().on_open_url(move |event| {
            for url in event.urls() {
                let app = handle.clone();
                tauri::async_runtime::spawn(async move {
                    callback::receive(&app, String::from(url).into()).await
                });
            }
        });
    }))
}

fn run_to_end(built: tauri::Result<tauri::App>) -> ExitCode {
    match built {
        Ok(app) => {
            app.run(leaving::on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("Grapnel could not open its window: {error}. Use “grapnel” in a terminal."))
        }
    }
}

fn build(
    builder: Builder<Wry>,
    arguments: Arguments,
    #[cfg(target_os = "linux")] session: Session,
) -> tauri::Result<tauri::App> {
    let bindings = bindings::builder();
    builder
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            bindings.mount_events(app);
            app.manage(Shell::new(app.handle().clone()));
            app.manage(calls::Calls::default());
            app.manage(clipboard::Clipboard::default());
            app.manage(commands::Opened::default());
            app.manage(Ending::default());
            app.manage(saved::Saved::default());
            app.manage(sandbox::AtHand::default());
            app.manage(probe::Probe::default());
            app.manage(callback::Raised::default());
            app.manage(window::Activation::default());
            app.manage(window::place::Kept::default());
            #[cfg(target_os = "linux")]
            app.manage(beside::tray::Tray::default());
            #[cfg(target_os = "linux")]
            app.manage(session.drawing);
            leaving::on_signals(app.handle());
            #[cfg(target_os = "linux")]
            app.state::<Drawing>().begins();
            window::open(app.handle(), !arguments.hidden).inspect_err(|_| {
                #[cfg(target_os = "linux")]
                app.state::<Drawing>().began();
            })?;
            let handle = app.handle().clone();
            std::thread::spawn(move || scheme::register(&handle));
            #[cfg(target_os = "linux")]
            if let Some(place) = session.place {
                let handle = app.handle().clone();
                place.listen(arguments.home.clone(), move |arguments| follow(&handle, arguments, true));
                app.manage(place);
            }
            follow(app.handle(), arguments, false);
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// Does what a start of the program asks for: the first one, or a second that brought its arguments here.
fn follow(app: &AppHandle, arguments: Arguments, is_second: bool) {
    let app = app.clone();
    let errand = app.state::<Ending>().errand();
    // The toolkit has used that of the first start for its window.
    if is_second && let Some(token) = arguments.activation {
        app.state::<window::Activation>().keep(token);
    }
    tauri::async_runtime::spawn(async move {
        if arguments.sandbox
            && let Err(error) = app.state::<sandbox::AtHand>().start()
        {
            tracing::error!(%error, "the sandbox did not start");
        }
        match arguments.callback {
            Some(address) => callback::receive(&app, address).await,
            None if arguments.hidden && is_second => {}
            #[cfg(target_os = "linux")]
            None if arguments.hidden => beside::stay_hidden(&app).await,
            None if is_second || arguments.hidden => window::show(&app),
            None => {}
        }
        drop(errand);
    });
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(what: &str) -> ExitCode {
    // Where standard error is closed, nobody is there to read it.
    let _ = writeln!(std::io::stderr(), "error: {what}");
    ExitCode::FAILURE
}
