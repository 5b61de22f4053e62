use grapnel_model::id::{AppId, TeamId};
use grapnel_store::connection::{ConnectionIdentity, RefreshStatus, Retry};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "each caller makes it for this")]
fn connection(tokens: Value) -> ArchivedConnection {
    let connection = json!({
        "id": "0".repeat(32), "name": "Client site", "created_at": "2026-03-02T12:00:00Z", "scopes": [],
        "project_ids": [], "tokens": tokens,
    });
    serde_json::from_value(connection).unwrap()
}

/// Tokens of the sign-in at this hour, refreshed so often.
fn tokens(access: &str, hour: u32, refreshes: u32) -> Value {
    json!({
        "access": access, "refresh": "refresh", "issued_at": "2026-03-02T23:00:00Z", "renewals": refreshes,
        "signed_in_at": format!("2026-03-02T{hour:02}:00:00Z"),
    })
}

/// A record with these tokens, which are of the sign-in of this number. Without tokens, it is disconnected.
fn record(tokens: &Value, number: i64, sign_in_number: i64) -> SharedDocument {
    let app = json!({
        "name": "App", "provider": "custom", "client_id": "client", "client_secret": null, "redirect_uri": "deep-link",
        "scopes": [], "projects": [], "connections": [],
        "overrides": { "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" },
    });
    let app = serde_json::from_value(app).unwrap();
    let first = self::tokens("first", 1, 0);
    let (mut document, _) = SharedDocument::split(app, connection(first), by()).unwrap();
    for grant in 2..=number {
        document = document.with_grant(connection(tokens.clone()), by(), grant <= sign_in_number);
    }
    document
}

fn by() -> TeamRefresh {
    TeamRefresh { at: Timestamp::UNIX_EPOCH, member: "Ada".into(), machine: "laptop".into() }
}

/// The decision of a computer that saw the record's grant 3.
fn decided(ours: Value, document: &SharedDocument) -> Decision {
    let row = ConnectionRow {
        id: ConnectionId("c".into()),
        app_id: AppId("a".into()),
        name: "Client site".into(),
        created_at: Timestamp::UNIX_EPOCH,
        version: 9,
        grant: None,
        scopes: Vec::new(),
        project_ids: Vec::new(),
        deviations: Vec::new(),
        token_response: None,
        identity: ConnectionIdentity {
            account: None,
            application: None,
            authorization: None,
            introspected_at: None,
            claims: None,
            id_claims: None,
            note: None,
        },
        refresh_status: RefreshStatus { error: None, retry: Retry::default(), is_begun: false },
        allowed_origins: None,
        browser: String::new(),
        annotations: grapnel_model::annotations::Annotations::default(),
    };
    let shared = SharedRow {
        grant_number: 3,
        grant_version: 8,
        sign_in_number: 1,
        signed_in_at: Some("2026-03-02T01:00:00Z".parse().unwrap()),
        ..SharedRow::new(row.id.clone(), TeamId("t".into()), "r".into())
    };
    decide(&row, &connection(ours), &shared, document)
}

#[test]
fn the_newer_sign_in_wins_and_among_refreshes_the_one_that_the_team_had_first() {
    let none = Value::Null;
    let table = [
        // Only failures were recorded since: the record has the tokens that ours replaced.
        (tokens("ours", 1, 4), record(&tokens("old", 1, 3), 3, 1), Decision::Write),
        // The answer to our write was lost.
        (tokens("ours", 1, 4), record(&tokens("ours", 1, 4), 4, 1), Decision::Adopt),
        // Another computer refreshed, too.
        (tokens("ours", 1, 4), record(&tokens("theirs", 1, 4), 4, 1), Decision::GiveWay),
        (tokens("ours", 2, 0), record(&tokens("theirs", 1, 4), 4, 1), Decision::Write),
        (tokens("ours", 1, 4), record(&tokens("theirs", 2, 0), 4, 2), Decision::GiveWay),
        // The clock here is an hour behind: a sign-in wins over a refresh all the same.
        (tokens("ours", 0, 0), record(&tokens("theirs", 1, 4), 4, 1), Decision::Write),
        // Two sign-ins that knew nothing of each other.
        (tokens("ours", 3, 0), record(&tokens("theirs", 2, 0), 4, 2), Decision::Write),
        (tokens("ours", 2, 0), record(&tokens("theirs", 3, 0), 4, 2), Decision::GiveWay),
        // Disconnected here, for the whole team.
        (none.clone(), record(&tokens("theirs", 1, 4), 4, 1), Decision::Write),
        (none.clone(), record(&none, 4, 1), Decision::Adopt),
        // Disconnected there: a refresh ends with it, a new sign-in does not.
        (tokens("ours", 1, 4), record(&none, 4, 1), Decision::GiveWay),
        (tokens("ours", 2, 0), record(&none, 4, 1), Decision::Write),
    ];
    for (number, (ours, document, expected)) in table.into_iter().enumerate() {
        assert_eq!(decided(ours, &document), expected, "row {number}");
    }
    // Another computer was refused with the tokens that ours replaced.
    let refused = SharedFailure::new(Error::new(Code::ReconnectNeeded, "Refused."), &Retry::default());
    let failed = record(&tokens("old", 1, 3), 3, 1).with_failure(refused);
    assert_eq!(decided(tokens("ours", 1, 4), &failed), Decision::Write);
    let ended = record(&tokens("old", 1, 3), 3, 1).unshared(by(), "attempt".into());
    assert_eq!(decided(tokens("ours", 1, 4), &ended), Decision::GiveWay);
}
