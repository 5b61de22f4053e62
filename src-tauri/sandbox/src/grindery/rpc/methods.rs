//! The methods: workspaces, workflows, and the email where there is one.

use serde_json::{Value, json};

use super::super::sample_data::{wallet_of, workflows_of, workspaces_of};
use super::call::Call;
use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::grants::{Authorization, Grant};
use crate::grindery::rpc::failure::Failure;
use crate::grindery::state::Grindery;
use crate::random::random_token;
use crate::revealed::SecretKind;

pub(super) fn run(
    grindery: &Grindery,
    grant: &Grant,
    call: &Call,
    log: &DepartureLog<'_>,
) -> Result<Value, Failure> {
    let account = &grant.authorization.user_id;
    match call.method.as_str() {
        "or_listWorkspaces" => {
            takes(call, &[], log);
            Ok(workspaces(grindery, grant))
        }
        "or_listWorkflows" => {
            takes(call, &["workspaceKey"], log);
            workflows(grindery, account, call, log)
        }
        "or_getUserEmail" => {
            takes(call, &[], log);
            // Null if the wallet has no email (assumed).
            Ok(json!(wallet_of(account).and_then(|wallet| wallet.email)))
        }
        other => {
            log.add(DepartureKind::UnknownPath, loggable_name(other));
            Err(Failure::no_method())
        }
    }
}

fn takes(call: &Call, known: &[&str], log: &DepartureLog<'_>) {
    log.unknown(call.params.keys().map(String::as_str).filter(|name| !known.contains(name)));
}

/// Each workspace has its own access token, as at the real provider.
fn workspaces(grindery: &Grindery, grant: &Grant) -> Value {
    let account = &grant.authorization.user_id;
    let items = workspaces_of(account).map(|workspace| {
        let inside = Authorization {
            project_ids: vec![workspace.key.to_owned()],
            scope: workspace.role(account).to_owned(),
            ..grant.authorization.clone()
        };
        let mut item = workspace.item();
        item["token"] = json!(grindery.provider.grants.issue_extra_access_token(grant, &inside));
        item
    });
    items.collect()
}

/// A workspace without access has no workflows (assumed).
fn workflows(
    grindery: &Grindery,
    account: &str,
    call: &Call,
    log: &DepartureLog<'_>,
) -> Result<Value, Failure> {
    let workspace = match call.params.get("workspaceKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key.as_str()),
        Some(_) => {
            log.add(DepartureKind::WrongValue, "workspaceKey");
            return Err(Failure::wrong_params());
        }
    };
    if workspace.is_some_and(|key| workspaces_of(account).all(|workspace| workspace.key != key)) {
        log.add(DepartureKind::ProjectNotAuthorized, "workspaceKey");
        return Ok(json!([]));
    }
    let credential = random_token("");
    grindery.provider.shared.reveal.add(SecretKind::Credential, &credential);
    Ok(json!(workflows_of(account, workspace, &credential)))
}
