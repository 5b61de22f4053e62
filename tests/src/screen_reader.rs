//! The window as a screen reader gets it: the accessible tree and its events, over AT-SPI.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::names::MemberName;
use zbus::zvariant::{OwnedObjectPath, Structure, Value};
use zbus::{Connection, MatchRule, Message, MessageStream, connection, proxy};

use crate::desktop::Desktop;
use crate::process::Running;
use crate::wait::until;

const LAUNCHER: &str = "/usr/libexec/at-spi-bus-launcher";
const REGISTRY: &str = "org.a11y.atspi.Registry";
const REGISTRATION: &str = "/org/a11y/atspi/registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";
/// The name of the program in the tree.
const PROGRAM: &str = "grapnel-desktop";
/// The events of live regions. A program sends only those that somebody has registered for.
const EVENTS: [&str; 3] = ["object:children-changed", "object:text-changed", "object:announcement"];
/// States are bits, numbered by AT-SPI.
const FOCUSABLE: u64 = 1 << 11;
const FOCUSED: u64 = 1 << 12;
/// How long an object may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Where another object stands in a text.
const OBJECT: char = '\u{fffc}';

/// A screen reader that speaks to nobody. The accessibility bus ends when it is dropped.
#[derive(Debug)]
pub struct ScreenReader {
    bus: Connection,
    heard: Arc<Mutex<Vec<String>>>,
    listening: JoinHandle<()>,
    _launcher: Running,
}

/// An object of the accessible tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its role, such as `button`.
    pub role: String,
    /// Its accessible name.
    pub name: String,
    /// Its own text, without the text of its children.
    pub text: String,
    depth: usize,
    states: u64,
}

impl Node {
    /// Whether it is something to act on: it can have the focus, and is no region or view around others.
    pub fn is_control(&self) -> bool {
        self.states & FOCUSABLE != 0 && !["landmark", "scroll pane"].contains(&self.role.as_str())
    }

    /// Whether it has the focus.
    pub fn is_focused(&self) -> bool {
        self.states & FOCUSED != 0
    }

    /// What is read: its text, or else its name.
    pub fn said(&self) -> &str {
        if self.text.is_empty() { &self.name } else { &self.text }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{} {:?}", "", self.role, self.name, indent = 2 * self.depth)?;
        if !self.text.is_empty() && self.text != self.name {
            write!(f, " {:?}", self.text)?;
        }
        Ok(())
    }
}

impl ScreenReader {
    /// Starts the accessibility bus of a desktop, and listens. Only programs that start afterwards are on it.
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        let mut command = desktop.command(LAUNCHER);
        let launcher = Running::start(command.arg("--launch-immediately"), &desktop.log("at-spi"))?;
        let session = connection::Builder::address(desktop.bus_address().as_str())?.build().await?;
        let address = until("the accessibility bus", async || {
            let answer = session
                .call_method(Some("org.a11y.Bus"), "/org/a11y/bus", Some("org.a11y.Bus"), "GetAddress", &())
                .await?;
            Ok(Some(answer.body().deserialize::<String>()?))
        })
        .await?;
        let connect = async || {
            let bus = connection::Builder::address(address.as_str())?;
            anyhow::Ok(bus.method_timeout(ANSWER).build().await?)
        };
        // Signals have a connection of their own: those that wait to be read would hold up the answers to calls.
        let (bus, events) = (connect().await?, connect().await?);
        let signals = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface("org.a11y.atspi.Event.Object")?
            .build();
        let mut signals = MessageStream::for_match_rule(signals, &events, None).await?;
        for event in EVENTS {
            let wanted = &(event, Vec::<&str>::new(), "");
            events.call_method(Some(REGISTRY), REGISTRATION, Some(REGISTRY), "RegisterEvent", wanted).await?;
        }
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (from, into) = (bus.clone(), Arc::clone(&heard));
        let listening = tokio::spawn(async move {
            while let Some(Ok(signal)) = signals.next().await {
                // What is gone by now cannot be asked any more.
                if let Ok(Some(text)) = announcement(&from, &signal).await {
                    into.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                }
            }
        });
        Ok(Self { bus, heard, listening, _launcher: launcher })
    }

    /// Waits until a live region has announced a text with these words since the last call.
    pub async fn announces(&self, words: &str) -> Result<()> {
        let heard = || self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let announced = until(&format!("{words:?} to be announced"), async || {
            Ok(heard().iter().any(|text| text.contains(words)).then_some(()))
        })
        .await;
        let all = std::mem::take(&mut *heard());
        announced.with_context(|| format!("announced were {all:#?}"))
    }

    /// Waits until the object with this role and name has the focus.
    pub async fn finds_focus_at(&self, role: &str, name: &str) -> Result<()> {
        until(&format!("the focus at {role} {name:?}"), async || {
            let nodes = self.tree().await?;
            let focused: Vec<String> =
                nodes.iter().filter(|node| node.is_focused()).map(ToString::to_string).collect();
            let is_there =
                nodes.iter().any(|node| node.is_focused() && node.role == role && node.name.contains(name));
            ensure!(is_there, "focused are {focused:#?}");
            Ok(Some(()))
        })
        .await
    }

    /// Waits until these texts are read one after the other, whatever is read between them.
    pub async fn reads(&self, texts: &[&str]) -> Result<()> {
        until("the texts in their order", async || {
            let nodes = self.tree().await?;
            let mut said = nodes.iter().map(Node::said);
            let missing = texts.iter().find(|text| !said.any(|said| said.contains(**text)));
            ensure!(missing.is_none(), "{missing:?} is not read in its place:\n{}", outline(&nodes));
            Ok(Some(()))
        })
        .await
    }

    /// Asserts that each object of the page has a role, and that every control has a name.
    pub async fn knows_all_by_name(&self) -> Result<()> {
        until("a name and a role for every control", async || {
            let nodes = self.tree().await?;
            let nameless: Vec<String> = nodes
                .iter()
                .filter(|node| {
                    ["invalid", "unknown"].contains(&node.role.as_str())
                        || (node.is_control() && node.name.trim().is_empty())
                })
                .map(ToString::to_string)
                .collect();
            ensure!(nodes.iter().any(Node::is_control), "there is no control in\n{}", outline(&nodes));
            ensure!(nameless.is_empty(), "{nameless:#?} in\n{}", outline(&nodes));
            Ok(Some(()))
        })
        .await
    }

    /// All objects of the program, in reading order.
    pub async fn tree(&self) -> Result<Vec<Node>> {
        let mut program = None;
        for child in self.object(REGISTRY, ROOT).await?.get_children().await? {
            if self.object(&child.0, &child.1).await?.name().await? == PROGRAM {
                program = Some(child);
            }
        }
        let mut nodes = Vec::new();
        let mut left = vec![(0, program.context("the program is not on the accessibility bus")?)];
        while let Some((depth, (owner, path))) = left.pop() {
            let object = self.object(&owner, &path).await?;
            nodes.push(node(&self.bus, &object, depth).await?);
            left.extend(children(&object).await?.into_iter().rev().map(|child| (depth + 1, child)));
        }
        Ok(nodes)
    }

    async fn object<'o>(&self, owner: &'o str, path: &'o str) -> Result<AccessibleProxy<'o>> {
        object(&self.bus, owner, path).await
    }
}

impl Drop for ScreenReader {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The tree, a line for each object.
pub fn outline(nodes: &[Node]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The name on the bus of what owns an object, and its path.
type Reference = (String, OwnedObjectPath);

#[proxy(interface = "org.a11y.atspi.Accessible", assume_defaults = false)]
trait Accessible {
    fn get_attributes(&self) -> zbus::Result<HashMap<String, String>>;
    fn get_child_at_index(&self, index: i32) -> zbus::Result<Reference>;
    fn get_children(&self) -> zbus::Result<Vec<Reference>>;
    fn get_interfaces(&self) -> zbus::Result<Vec<String>>;
    fn get_role(&self) -> zbus::Result<u32>;
    fn get_state(&self) -> zbus::Result<Vec<u32>>;
    #[zbus(property)]
    fn child_count(&self) -> zbus::Result<i32>;
    #[zbus(property)]
    fn name(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn parent(&self) -> zbus::Result<Reference>;
}

/// Roles are numbered by AT-SPI. The engine of the window names none of its own.
fn role(number: u32) -> String {
    let name = match number {
        0 => "invalid",
        7 => "check box",
        11 => "combo box",
        16 => "dialog",
        27 => "image",
        29 => "label",
        31 => "list",
        32 => "list item",
        37 => "tab",
        38 => "tab list",
        39 => "panel",
        43 => "button",
        44 => "radio button",
        49 => "scroll pane",
        67 => "unknown",
        73 => "paragraph",
        79 => "entry",
        83 => "heading",
        85 => "section",
        88 => "link",
        95 => "document",
        110 => "landmark",
        other => return format!("role {other}"),
    };
    name.to_owned()
}

async fn object<'o>(bus: &Connection, owner: &'o str, path: &'o str) -> Result<AccessibleProxy<'o>> {
    let object = AccessibleProxy::builder(bus).destination(owner)?.path(path)?;
    Ok(object.cache_properties(zbus::proxy::CacheProperties::No).build().await?)
}

/// The page is the child of a widget that does not list it.
async fn children(object: &AccessibleProxy<'_>) -> Result<Vec<Reference>> {
    let listed = object.get_children().await?;
    if !listed.is_empty() {
        return Ok(listed);
    }
    let mut children = Vec::new();
    for index in 0..object.child_count().await? {
        children.push(object.get_child_at_index(index).await?);
    }
    Ok(children)
}

async fn node(bus: &Connection, object: &AccessibleProxy<'_>, depth: usize) -> Result<Node> {
    const TEXT: &str = "org.a11y.atspi.Text";
    let mut text = String::new();
    if object.get_interfaces().await?.iter().any(|name| name == TEXT) {
        let inner = object.inner();
        let all = &(0_i32, -1_i32);
        let answer =
            bus.call_method(Some(inner.destination()), inner.path(), Some(TEXT), "GetText", all).await?;
        answer.body().deserialize::<String>()?.replace(OBJECT, "").trim().clone_into(&mut text);
    }
    let states = object.get_state().await?;
    Ok(Node {
        role: role(object.get_role().await?),
        name: object.name().await?,
        text,
        depth,
        states: states.iter().rev().fold(0, |sum, word| sum << 32 | u64::from(*word)),
    })
}

/// What a screen reader says at an event, if it is one of a live region.
async fn announcement(bus: &Connection, signal: &Message) -> Result<Option<String>> {
    let header = signal.header();
    let (owner, path) = (header.sender().context("no sender")?, header.path().context("no path")?);
    let body = signal.body();
    let body: Structure<'_> = body.deserialize()?;
    let [Value::Str(detail), _, _, Value::Value(about), ..] = body.fields() else { return Ok(None) };
    let said = match (header.member().map(MemberName::as_str), &**about) {
        (Some("Announcement"), Value::Str(text)) => return Ok(Some(text.to_string())),
        (Some("TextChanged"), Value::Str(text)) if detail.starts_with("insert") => text.to_string(),
        (Some("ChildrenChanged"), Value::Structure(child)) if detail.starts_with("add") => {
            let [Value::Str(owner), Value::ObjectPath(path)] = child.fields() else { return Ok(None) };
            if is_live(bus, owner, path).await? {
                return Ok(Some(whole_text(bus, owner, path).await?));
            }
            return Ok(None);
        }
        _ => return Ok(None),
    };
    Ok(is_live(bus, owner, path).await?.then_some(said))
}

/// Whether an object is a live region, or in one.
async fn is_live(bus: &Connection, owner: &str, path: &str) -> Result<bool> {
    let mut at: Reference = (owner.to_owned(), OwnedObjectPath::try_from(path)?);
    loop {
        let object = object(bus, &at.0, &at.1).await?;
        match object.get_attributes().await?.get("live").map(String::as_str) {
            Some("polite" | "assertive") => return Ok(true),
            Some("off") => return Ok(false),
            _ => {}
        }
        let parent = object.parent().await?;
        if parent.1.as_str().ends_with("/null") || parent.0 != at.0 {
            return Ok(false);
        }
        at = parent;
    }
}

/// All text in an object.
async fn whole_text(bus: &Connection, owner: &str, path: &str) -> Result<String> {
    let mut said = Vec::new();
    let mut left = vec![(owner.to_owned(), OwnedObjectPath::try_from(path)?)];
    while let Some((owner, path)) = left.pop() {
        let object = object(bus, &owner, &path).await?;
        said.push(node(bus, &object, 0).await?.said().to_owned());
        left.extend(children(&object).await?.into_iter().rev());
    }
    Ok(said.join(" "))
}
