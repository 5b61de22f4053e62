//! The desktop shell: window, deep links, IPC. No OAuth in it.

#[cfg(target_os = "linux")]
mod beside;
mod bindings;
mod browser;
mod browsing;
mod callback;
mod calls;
mod clipboard;
mod commands;
mod confirm;
mod dialog;
mod leaving;
mod logging;
mod probe;
mod sandbox;
mod saved;
mod scheme;
mod shell;
mod window;

use tauri::{AppHandle, Manager};

use callback::Arguments;
use shell::Shell;

/// Runs the program until its window is closed.
pub fn run() {
    logging::start();
    grapnel_core::core_dumps::forbid();
    grapnel_core::descriptors::raise_limit();
    // Before there is another thread: the environment is everyone's.
    #[cfg(target_os = "linux")]
    window::drawing::choose();
    match build() {
        Ok(app) => app.run(leaving::on_event),
        // Another Grapnel that is just ending holds the name and answers no more; or there is no webview at all.
        Err(error) => leaving::start_again(&error),
    }
}

fn build() -> tauri::Result<tauri::App> {
    let bindings = bindings::builder();
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            follow(app, Arguments::of(&arguments), true);
        }))
        .plugin(callback::keep_out_of_arguments())
        .plugin(tauri_plugin_deep_link::init())
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            bindings.mount_events(app);
            app.manage(Shell::new(app.handle().clone()));
            app.manage(calls::Calls::default());
            app.manage(clipboard::Clipboard::default());
            app.manage(commands::Opened::default());
            app.manage(saved::Saved::default());
            app.manage(sandbox::AtHand::default());
            app.manage(probe::Probe::default());
            app.manage(callback::Raised::default());
            app.manage(window::place::Kept::default());
            #[cfg(target_os = "linux")]
            app.manage(beside::tray::Tray::default());
            let arguments = Arguments::own();
            window::open(app.handle(), !arguments.hidden)?;
            callback::listen(app.handle());
            follow(app.handle(), arguments, false);
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// Does what a start of the program asks for: the first one, or a second that brought its arguments here.
fn follow(app: &AppHandle, arguments: Arguments, is_second: bool) {
    let app = app.clone();
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
    });
}
