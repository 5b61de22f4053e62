//! An idle window with a live connection: the CPU time that it and its webview's processes use.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::Seen;
use grapnel_tests::scene::Scene;
use grapnel_tests::sign_in;
use grapnel_tests::story::Pictures;

/// The unit of the kernel's CPU times (`getconf CLK_TCK`): a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);
/// The delay after a sign-in, in which animations end and caches are written.
const SETTLING: Duration = Duration::from_secs(20);

pub(crate) async fn prove(minutes: usize) -> Result<()> {
    let scene = Scene::set("idle", Keyring::Unlocked, Pictures::OfFailure).await?;
    let _window = sign_in::sign_in(&scene).await?;
    tokio::time::sleep(SETTLING).await;
    let before = times(&scene)?;
    tokio::time::sleep(Duration::from_secs(60) * u32::try_from(minutes)?).await;
    let after = times(&scene)?;
    println!("{minutes} idle minutes                ms of processor time");
    let mut all = Duration::ZERO;
    for (pid, name, time) in after {
        let earlier =
            before.iter().find(|(other, ..)| *other == pid).map_or(Duration::ZERO, |(.., time)| *time);
        let used = time.saturating_sub(earlier);
        println!("{name:<34} {:>6}", used.as_millis());
        all += used;
    }
    println!("{:<34} {:>6}", "in all", all.as_millis());
    Ok(())
}

/// The window's processes, each with the CPU time used so far.
fn times(scene: &Scene) -> Result<Vec<(u32, String, Duration)>> {
    let ours = ["grapnel-desktop", "WebKitWebProcess", "WebKitNetworkProcess"];
    let seen = scene.desktop().processes();
    let times: Vec<_> = seen
        .iter()
        .filter_map(|one| {
            let name = name(one);
            ours.contains(&name.as_str()).then(|| Ok((one.pid, name, time(one.pid)?)))
        })
        .collect::<Result<_>>()?;
    ensure!(times.len() >= 2, "the window’s processes are not to be found");
    Ok(times)
}

fn name(seen: &Seen) -> String {
    let program = seen.arguments.split(|byte| *byte == 0).next().unwrap_or_default();
    let program = String::from_utf8_lossy(program);
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// User and system time, the 14th and 15th fields of `/proc/PID/stat`.
fn time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in parentheses, which may contain any character.
    let fields = stat.rsplit_once(')').context("no such process")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}
