//! The desktop shell: window, deep links, IPC. No OAuth in it.

mod bindings;
mod browser;
mod callback;
mod calls;
mod clipboard;
mod commands;
mod logging;
mod sandbox;
mod shell;
mod window;

use tauri::{AppHandle, Manager};

use shell::Shell;

/// Runs the program until its window is closed.
///
/// # Panics
/// Where the system has no webview to show a window with.
#[expect(clippy::expect_used, reason = "without a webview there is no window to say it in")]
pub fn run() {
    logging::start();
    let arguments = callback::Arguments::read();
    let bindings = bindings::builder();
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)))
        .plugin(callback::keep_out_of_arguments())
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_clipboard_manager::init())
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            bindings.mount_events(app);
            app.manage(Shell::new(app.handle().clone()));
            app.manage(calls::Calls::default());
            app.manage(sandbox::AtHand::default());
            window::open(app.handle())?;
            listen(app.handle(), arguments);
            Ok(())
        })
        .run(tauri::generate_context!())
        .expect("the window opens");
}

/// What goes on beside the window, none of which it waits for.
fn listen(app: &AppHandle, arguments: callback::Arguments) {
    callback::listen(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if arguments.sandbox
            && let Err(error) = app.state::<sandbox::AtHand>().start()
        {
            tracing::error!(%error, "the sandbox did not start");
        }
        if let Some(address) = arguments.callback {
            callback::receive(&app, address).await;
        }
    });
}
