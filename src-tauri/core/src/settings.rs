//! The settings: validated, stored and applied.

use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::settings::Settings;
use grapnel_oauth::authorities;
use grapnel_store as store;

use crate::browser;
use crate::context::Context;

/// The stored settings.
pub(crate) fn get(ctx: &Context) -> Result<Settings> {
    ctx.store.read(store::settings::get)
}

/// Stores settings and applies them from the next request on. An error names the invalid one; nothing is changed then.
pub(crate) fn change(ctx: &Context, settings: Settings) -> Result<Settings> {
    let settings = checked(settings, &get(ctx)?)?;
    ctx.store.write(|tx| store::settings::set(tx, &settings))?;
    ctx.http.set(settings.clone());
    ctx.emit(Event::Settings);
    Ok(settings)
}

/// Validates settings that are to replace `kept`. An error names the invalid one. Unchanged commands and files are not
/// validated again: one that has disappeared must not prevent other changes.
pub(crate) fn checked(mut settings: Settings, kept: &Settings) -> Result<Settings> {
    for text in [&mut settings.proxy, &mut settings.certificates] {
        *text = text.trim().to_owned();
    }
    settings.browser = browser::parse_stored(&settings.browser)?;
    settings.proxy()?;
    if settings.browser != kept.browser {
        browser::parse_entered(&settings.browser)?;
    }
    if settings.certificates != kept.certificates {
        authorities::of_settings(&settings)?;
    }
    Ok(settings)
}
