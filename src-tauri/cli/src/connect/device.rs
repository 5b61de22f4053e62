//! What a sign-in on another device prints (RFC 8628 §3.3): the code, the address, and its QR code on a terminal.

use std::fmt::Write;
use std::io::IsTerminal;

use grapnel_core::{Grapnel, qr_code};
use grapnel_model::attempt::DevicePrompt;
use grapnel_model::error::Result;
use grapnel_model::id::AttemptId;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::relative_time;
use crate::print::{CommandResult, Output};

/// Prints what the person needs: as messages, or with `--json` as the document on standard output.
pub(super) async fn show(grapnel: &Grapnel, output: &mut Output, id: &AttemptId) -> Result<()> {
    let prompt = grapnel.device_prompt(id).await?;
    if output.json {
        return output.show_at_once(&Printed::of(&prompt));
    }
    let text = described(&prompt, output.now(), std::io::stderr().is_terminal());
    text.lines().for_each(|line| output.messages.instruct(line));
    Ok(())
}

/// The code and the address. The QR code only makes sense where it can be seen.
fn described(prompt: &DevicePrompt, now: Timestamp, is_terminal: bool) -> String {
    let mut text = format!("Open this address on any device:  {}\n", prompt.verification_uri);
    let _ = writeln!(text, "Enter this code:                  {}", prompt.user_code);
    if let Some(link) = &prompt.link {
        if is_terminal && let Some(code) = qr_code::half_blocks(link) {
            let _ = write!(text, "Or scan:\n{code}\n");
        }
    } else {
        text.push_str(
            "This is no https address. Compare it with the provider’s documentation before you use it.\n",
        );
    }
    let _ = write!(
        text,
        "The code expires {}. Waiting for your approval. Ctrl-C cancels.",
        relative_time(prompt.expires_at, now)
    );
    text
}

/// The values for a script, which has to show them to the person.
#[derive(Serialize)]
struct Printed<'a> {
    user_code: &'a str,
    verification_uri: &'a str,
    verification_uri_complete: Option<&'a str>,
    expires_at: Timestamp,
    interval: u32,
}

impl<'a> Printed<'a> {
    fn of(prompt: &'a DevicePrompt) -> Self {
        Self {
            user_code: &prompt.user_code,
            verification_uri: &prompt.verification_uri,
            verification_uri_complete: prompt.verification_uri_complete.as_deref(),
            expires_at: prompt.expires_at,
            interval: prompt.interval,
        }
    }
}

impl CommandResult for Printed<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.user_code.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_qr_code_is_for_a_terminal_only() {
        let now = Timestamp::UNIX_EPOCH;
        let prompt = |link: Option<&str>| DevicePrompt {
            user_code: "WDJB-MJHT".into(),
            verification_uri: "https://example.com/device".into(),
            verification_uri_complete: link.map(str::to_owned),
            link: link.map(str::to_owned),
            qr_code: Vec::new(),
            interval: 5,
            expires_at: now + SignedDuration::from_mins(30),
        };
        let safe = prompt(Some("https://example.com/device?user_code=WDJB-MJHT"));
        let all =
            [described(&safe, now, true), described(&safe, now, false), described(&prompt(None), now, true)];
        insta::assert_snapshot!(all.join("\n\n"));
    }
}
