//! Made-up wallets, workspaces and workflows of Grindery.

use serde_json::{Value, json};

/// A wallet that can sign in. Grindery has no accounts besides wallets.
#[derive(Debug)]
pub(super) struct Wallet {
    pub(super) address: &'static str,
    /// Its name on the sign-in page.
    pub(super) name: &'static str,
    pub(super) email: Option<&'static str>,
}

impl Wallet {
    /// The account's id (CAIP-10), which is the `sub` of its tokens.
    pub(super) fn account(&self) -> String {
        format!("eip155:1:{}", self.address)
    }
}

pub(super) const WALLETS: [Wallet; 3] = [
    Wallet {
        address: "0x5a3f1c09be27d4a86e10f97c3b82d56407ea91cd",
        name: "Harbour treasury",
        email: Some("ines@harbour.example"),
    },
    Wallet {
        address: "0xc0ffee52b7d1406f8e3a9b0c5d7241fe68a3b9d0",
        name: "Tomás’ own wallet",
        email: Some("tomas.obrien-nguyen@northwind.example"),
    },
    Wallet {
        address: "0x00e1f7a2943bd85c6610c4dd9e5b3f7208ac41be", name: "美咲 · コールド", email: None
    },
];

pub(super) fn wallet_of(account: &str) -> Option<&'static Wallet> {
    WALLETS.iter().find(|wallet| wallet.account() == account)
}

#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) key: &'static str,
    title: &'static str,
    about: &'static str,
    icon: Option<&'static str>,
    /// The wallets that may open it, by index in the list. The first is its administrator (many workspaces, one
    /// creator).
    members: &'static [usize],
    admins: usize,
}

const WORKSPACES: [Workspace; 4] = [
    Workspace {
        key: "ws-harbour",
        title: "Harbour Coffee",
        about: "Payroll, supplier payments and the loyalty token.",
        icon: Some("https://harbourcoffee.example/icon.png"),
        members: &[0, 1, 2],
        admins: 2,
    },
    Workspace {
        key: "ws-northwind",
        title: "Northwind Bakery",
        about: "Gift cards as tokens.",
        icon: None,
        members: &[1, 0],
        admins: 1,
    },
    Workspace {
        key: "ws-sekai",
        title: "世界の台所 · Kitchens of the World",
        about: "",
        icon: Some("https://sekai.example/icon.svg"),
        members: &[2, 0],
        admins: 1,
    },
    Workspace {
        key: "ws-private",
        title: "Nobody else’s",
        about: "Only its one member sees it.",
        icon: None,
        members: &[1],
        admins: 1,
    },
];

impl Workspace {
    fn accounts(&self) -> Vec<String> {
        self.members.iter().map(|n| WALLETS[*n].account()).collect()
    }

    fn admits(&self, account: &str) -> bool {
        self.accounts().iter().any(|member| member == account)
    }

    /// Administrator or user: the names are assumed.
    pub(super) fn role(&self, account: &str) -> &'static str {
        let admin = self.accounts().iter().take(self.admins).any(|admin| admin == account);
        if admin { "admin" } else { "user" }
    }

    /// Its entry in the workspace list, without the token. Times in milliseconds are assumed.
    pub(super) fn item(&self) -> Value {
        let accounts = self.accounts();
        json!({
            "key": self.key,
            "title": self.title,
            "iconUrl": self.icon,
            "about": self.about,
            "creator": accounts[0],
            "admins": accounts[..self.admins],
            "users": accounts[self.admins..],
            "createdAt": 1_667_207_412_345_i64,
            "updatedAt": 1_794_600_000_000_i64,
        })
    }
}

pub(super) fn workspaces_of(account: &str) -> impl Iterator<Item = &'static Workspace> {
    WORKSPACES.iter().filter(move |workspace| workspace.admits(account))
}

/// Title, workspace, whether it runs, trigger and actions.
type Workflow = (&'static str, Option<&'static str>, bool, &'static str, &'static [&'static str]);

const WORKFLOWS: [Workflow; 6] = [
    ("Pay suppliers on the first", None, true, "schedule", &["evmWallet/sendToken"]),
    ("Tell me when a large payment arrives", None, false, "evmWallet/received", &["email/send"]),
    (
        "Loyalty token for each order",
        Some("ws-harbour"),
        true,
        "shopify/newOrder",
        &["erc20/mint", "slack/post"],
    ),
    ("Payroll", Some("ws-harbour"), true, "schedule", &["evmWallet/sendToken"; 12]),
    ("Gift card sold", Some("ws-northwind"), true, "stripe/paid", &["erc721/mint", "email/send"]),
    ("料理の写真を保存", Some("ws-sekai"), false, "form/submitted", &["ipfs/pin"]),
];

/// The workflows of a wallet outside of any workspace, or those of a workspace. Each step has a live credential.
pub(super) fn workflows_of(account: &str, workspace: Option<&str>, credential: &str) -> Vec<Value> {
    let chosen = WORKFLOWS.iter().enumerate().filter(|(_, workflow)| workflow.1 == workspace);
    chosen.map(|(n, workflow)| workflow_item(n, workflow, account, credential)).collect()
}

fn workflow_item(n: usize, workflow: &Workflow, account: &str, credential: &str) -> Value {
    let (title, workspace, runs, trigger, actions) = *workflow;
    let step = |kind: &str, name: &str| {
        let (connector, operation) = name.split_once('/').unwrap_or((name, "run"));
        // Assumed: `authentication` contains a token in the clear.
        json!({
            "type": kind,
            "connector": connector,
            "operation": operation,
            "input": {},
            "authentication": credential,
        })
    };
    let mut item = json!({
        "key": format!("wf-{}", 1000 + n),
        "userAccountId": account,
        "workflow": {
            "title": title,
            "trigger": step("trigger", trigger),
            "actions": actions.iter().map(|name| step("action", name)).collect::<Vec<_>>(),
        },
        "state": if runs { "on" } else { "off" },
    });
    if let Some(workspace) = workspace {
        item["workspaceKey"] = json!(workspace);
    }
    item
}
