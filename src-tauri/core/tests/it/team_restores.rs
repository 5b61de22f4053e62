//! A team's database that was restored from a backup: a state that is told everywhere, and the ways out of it.

use grapnel_core::doctor::CheckStatus;
use grapnel_core::team::NewTeam;
use grapnel_model::activity::Kind;
use grapnel_model::error::Code;
use grapnel_model::team::TeamRole;

use crate::support::team::{TOKEN_LIFETIME, TeamWorld};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_restored_from_a_backup_is_noticed() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let schema = team.schema();
    team.database.sql(&format!("CREATE TABLE backup AS SELECT * FROM {schema}.record")).unwrap();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    let token = team.token(&other.grapnel).await;
    team.database
        .sql(&format!("DELETE FROM {schema}.record; INSERT INTO {schema}.record SELECT * FROM backup"))
        .unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    let conflict = team.shared(&other.grapnel).conflict.unwrap();
    assert_eq!(conflict.code, Code::TeamRolledBack);
    assert!(conflict.message.contains("older backup"), "{}", conflict.message);
    let told = other.grapnel.teams().unwrap().remove(0);
    assert_eq!((told.rolled_back, told.unreachable), (1, None));
    let before = team.world.tokens_given();
    assert_eq!(other.grapnel.refresh(&team.connection).await.unwrap_err().code, Code::TeamRolledBack);
    assert_eq!((team.token(&other.grapnel).await, team.world.tokens_given()), (token, before));
    // Nor is one accepted that is gone.
    team.database.sql(&format!("DELETE FROM {schema}.record")).unwrap();
    assert_eq!(other.grapnel.refresh(&team.connection).await.unwrap_err().code, Code::TeamRolledBack);

    // An owner shares it anew, from the computer with the newest tokens.
    let ada = &team.world.grapnel;
    ada.unshare(&team.connection).await.unwrap();
    ada.share(&team.connection, &team.team).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.shared(&other.grapnel).conflict, None);
    assert_eq!(other.grapnel.teams().unwrap()[0].rolled_back, 0);
    ada.refresh(&team.connection).await.unwrap();
    team.world.pass(TOKEN_LIFETIME);
    assert_eq!(team.token(&other.grapnel).await, team.token(ada).await);
}

/// Rolled back, and a refresh or the diagnostics are the first to see it; then restored from the newest backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_record_is_a_state_until_it_is_current_again() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let schema = team.schema();
    let back_up = |name: &str| {
        team.database.sql(&format!("CREATE TABLE {name} AS SELECT * FROM {schema}.record")).unwrap();
    };
    let restore = |name: &str| {
        let sql = format!("DELETE FROM {schema}.record; INSERT INTO {schema}.record SELECT * FROM {name}");
        team.database.sql(&sql).unwrap();
    };
    let rolled_back = || ada.teams().unwrap()[0].rolled_back;
    let diagnosed = async || {
        let checks = ada.examine(None).await.checks;
        checks.into_iter().find(|check| check.name == "Team").unwrap()
    };
    back_up("old");
    ada.refresh(&team.connection).await.unwrap();
    back_up("new");

    restore("old");
    assert_eq!(rolled_back(), 0, "nobody has looked yet");
    let error = ada.refresh(&team.connection).await.unwrap_err();
    assert_eq!((error.code, rolled_back()), (Code::TeamRolledBack, 1));
    assert_eq!(team.shared(ada).conflict.as_ref(), Some(&error));
    ada.refresh(&team.connection).await.unwrap_err();
    let told = ada.activity(Some(&team.connection), None).unwrap();
    let told = told.iter().filter(|entry| entry.kind == Kind::TeamFailed);
    assert_eq!(told.map(|entry| entry.times).sum::<u32>(), 1, "it is told once");
    let check = diagnosed().await;
    assert_eq!(check.verdict, CheckStatus::Attention, "{check:?}");
    assert!(check.found.contains("1 of 1 shared connections"), "{check:?}");
    assert!(check.hint.unwrap().contains("grapnel unshare"));

    restore("new");
    ada.refresh(&team.connection).await.unwrap();
    assert_eq!((rolled_back(), team.shared(ada).conflict), (0, None));
    assert_eq!(diagnosed().await.verdict, CheckStatus::Fine);

    back_up("newest");
    restore("old");
    assert_eq!(diagnosed().await.verdict, CheckStatus::Attention, "the diagnostics look themselves");
    assert_eq!(rolled_back(), 1);
    restore("newest");
    assert_eq!(diagnosed().await.verdict, CheckStatus::Fine);
    assert_eq!(rolled_back(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_list_of_members_is_a_state_and_an_owner_can_move_to_another_team() {
    let mut team = TeamWorld::new().await;
    let schema = team.schema();
    let copy = |from: &str, to: &str| {
        let tables = ["team", "member", "record"].map(|table| {
            format!(
                "DROP TABLE IF EXISTS {to}_{table}; CREATE TABLE {to}_{table} AS SELECT * FROM {from}{table};"
            )
        });
        team.database.sql(&tables.concat()).unwrap();
    };
    copy(&format!("{schema}."), "old");
    let grace = team.join("Grace", TeamRole::Member).await;
    copy(&format!("{schema}."), "new");
    let restore = |database: &grapnel_test_database::Server, name: &str| {
        let tables = ["team", "member", "record"].map(|table| {
            format!(
                "DELETE FROM {schema}.{table}; INSERT INTO {schema}.{table} SELECT * FROM {name}_{table};"
            )
        });
        database.sql(&tables.concat()).unwrap();
    };
    restore(&team.database, "old");
    let error = grace.grapnel.sync_team(&team.team).await.unwrap_err();
    assert_eq!(error.code, Code::TeamRolledBack, "{error:?}");
    let told = grace.grapnel.teams().unwrap().remove(0).unreachable.unwrap().error;
    assert_eq!(told, error);
    assert!(told.hint.unwrap().contains("grapnel team create"));
    assert_eq!(team.shared(&grace.grapnel).unreachable.unwrap().error, error);
    team.token(&grace.grapnel).await;
    restore(&team.database, "new");
    grace.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(grace.grapnel.teams().unwrap()[0].unreachable, None);

    // Another process, which knows no keys: the team cannot be opened.
    restore(&team.database, "old");
    team.world.start_again();
    let ada = &team.world.grapnel;
    assert_eq!(ada.refresh(&team.connection).await.unwrap_err().code, Code::TeamRolledBack);
    let new = NewTeam {
        name: "Agency 2".into(),
        member: "Ada".into(),
        database_url: team.database.socket_url().into(),
        schema: None,
    };
    let new = ada.create_team(new).await.unwrap().id;
    ada.unshare(&team.connection).await.unwrap();
    ada.share(&team.connection, &new).await.unwrap();
    ada.refresh(&team.connection).await.unwrap();
    assert_eq!(team.shared(ada).team_name, "Agency 2");

    // If the first database is restored once more, no two teams refresh the same grant.
    restore(&team.database, "new");
    team.world.start_again();
    let ada = &team.world.grapnel;
    ada.sync_team(&team.team).await.unwrap();
    grace.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.details(&grace.grapnel).shared, None);
    let told = grace.grapnel.activity(Some(&team.connection), None).unwrap();
    let ended = "stopped sharing it. The tokens were deleted here.";
    assert!(told.iter().any(|entry| entry.text.contains(ended)), "{told:?}");
    assert_eq!(team.shared(ada).team_name, "Agency 2");
    ada.refresh(&team.connection).await.unwrap();
}

/// Nobody else has the newest tokens then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_team_is_not_left_with_tokens_that_it_lacks() {
    let team = TeamWorld::new().await;
    let schema = team.schema();
    team.database.sql(&format!("CREATE TABLE old AS SELECT * FROM {schema}.record")).unwrap();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    let (other, proxy) = team.behind_proxy().await;
    let token = team.refresh_without_database(&other, &proxy).await;
    let restore = format!("DELETE FROM {schema}.record; INSERT INTO {schema}.record SELECT * FROM old");
    team.database.sql(&restore).unwrap();
    proxy.resume();
    let refused = other.grapnel.leave_team(&team.team).await.unwrap_err();
    assert_eq!(refused.code, Code::TeamRolledBack, "{refused:?}");
    assert!(refused.meaning.unwrap().contains("newest tokens of Acme"));
    assert_eq!(team.token(&other.grapnel).await, token);
}
