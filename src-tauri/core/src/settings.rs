//! The settings: checked, kept, and acted on.

use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::settings::Settings;
use grapnel_oauth::authorities;
use grapnel_store as store;

use crate::browser;
use crate::context::Context;

/// What is set.
pub(crate) fn get(ctx: &Context) -> Result<Settings> {
    ctx.store.read(store::settings::get)
}

/// Keeps settings, and acts on them from the next request on. What cannot be names its field, and changes nothing.
pub(crate) fn change(ctx: &Context, settings: Settings) -> Result<Settings> {
    let settings = checked(settings, &get(ctx)?)?;
    ctx.store.write(|tx| store::settings::set(tx, &settings))?;
    ctx.http.set(settings.clone());
    ctx.tell(Event::Settings);
    Ok(settings)
}

/// These settings as they would be kept in place of those. An error names the one that cannot be. A program or a file
/// that was chosen before and is gone since hinders no other change, and is not looked at.
pub(crate) fn checked(mut settings: Settings, kept: &Settings) -> Result<Settings> {
    for text in [&mut settings.proxy, &mut settings.certificates] {
        *text = text.trim().to_owned();
    }
    settings.browser = browser::kept(&settings.browser)?;
    settings.proxy()?;
    if settings.browser != kept.browser {
        browser::entered(&settings.browser)?;
    }
    if settings.certificates != kept.certificates {
        authorities::of_settings(&settings)?;
    }
    Ok(settings)
}
