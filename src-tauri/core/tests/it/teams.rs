//! Shared connections: one refresh for all computers of a team, and nothing is lost when its database is.

use std::time::Duration;

use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join};
use grapnel_model::activity::Kind;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::team::TeamRole;
use grapnel_sandbox::{Endpoint, Fault};

use crate::support::team::{TOKEN_LIFETIME, TeamWorld};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_connection_is_used_and_refreshed_on_another_computer() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.computer();
    let joined = team.join_with(&other.grapnel, "Grace", TeamRole::Member, None).await;
    assert_eq!(
        (joined.team.name.as_str(), joined.connections.as_slice()),
        ("Agency", &["Acme".to_owned()][..])
    );
    assert!(joined.left_out.is_empty(), "{:?}", joined.left_out);
    assert_eq!(team.token(&other.grapnel).await, team.token(ada).await);

    team.world.pass(TOKEN_LIFETIME);
    let before = team.world.tokens_given();
    let refreshed = team.token(&other.grapnel).await;
    assert_eq!(team.token(ada).await, refreshed);
    assert_eq!(team.world.tokens_given(), before + 1, "one refresh for both");

    let shared = team.shared(ada);
    assert_eq!((shared.team_name.as_str(), shared.role), ("Agency", TeamRole::Owner));
    assert_eq!(shared.refreshed.unwrap().member, "Grace");
    assert_eq!(shared.pending_since, None);
    let told = ada.activity(Some(&team.connection), None).unwrap();
    let own = told.iter().find(|entry| entry.kind == Kind::TeamChanged).unwrap();
    assert!(own.text.starts_with("Refreshed by Grace on "), "{}", own.text);
    for grapnel in [ada, &other.grapnel] {
        let told: Vec<_> = grapnel.team_activity(&team.connection).await.unwrap();
        let told: Vec<_> = told.iter().map(|entry| (entry.member.as_str(), entry.text.as_str())).collect();
        assert_eq!(told, [("Grace", "Refreshed."), ("Ada", "Shared.")]);
    }
    let told = other.grapnel.activity(Some(&team.connection), None).unwrap();
    let first = told.last().unwrap();
    assert_eq!(
        (first.kind, first.text.as_str()),
        (Kind::TeamChanged, "Shared by the team “Agency”, with its tokens.")
    );
    let told = other.grapnel.activity(None, None).unwrap();
    assert!(!told.iter().any(|entry| entry.text.contains("file")), "{told:?}");
    assert_eq!(ada.connections().unwrap()[0].team.as_deref(), Some("Agency"));
    assert!(team.world.sandbox.departures().is_empty(), "{:?}", team.world.sandbox.departures().all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_computers_with_many_callers_refresh_once() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    for _ in 0..3 {
        team.world.pass(TOKEN_LIFETIME);
        let before = team.world.tokens_given();
        let asked = (0..16).map(|caller| {
            let grapnel = if caller % 2 == 0 { &team.world.grapnel } else { &other.grapnel };
            team.token(grapnel)
        });
        let tokens = futures_util::future::join_all(asked).await;
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        assert_eq!(team.world.tokens_given(), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_token_is_not_lost_with_the_database() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    let token = team.refresh_without_database(&other, &proxy).await;
    let shared = team.shared(&other.grapnel);
    assert!(shared.pending_since.is_some());
    assert_eq!(shared.conflict.unwrap().code, Code::TeamUnreachable);
    assert!(shared.unreachable.is_some());
    assert_eq!(other.grapnel.teams().unwrap()[0].pending, 1);
    let issued = team.world.tokens_given();

    proxy.resume();
    other.grapnel.sync_team(&team.team).await.unwrap();
    let shared = team.shared(&other.grapnel);
    assert_eq!((shared.pending_since, shared.conflict, shared.unreachable), (None, None, None));
    assert_eq!(team.token(&team.world.grapnel).await, token);
    assert_eq!(team.world.tokens_given(), issued, "nobody refreshed again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_alive_writes_what_the_team_lacks() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    let token = team.refresh_without_database(&other, &proxy).await;
    proxy.resume();
    let keeping = other.grapnel.clone();
    let kept = tokio::spawn(async move { keeping.keep_alive().await });
    let mut events = other.grapnel.events();
    while team.shared(&other.grapnel).pending_since.is_some() {
        let _ = tokio::time::timeout(Duration::from_millis(50), events.recv()).await;
    }
    kept.abort();
    assert_eq!(team.token(&team.world.grapnel).await, token);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_token_wins_over_a_failure_that_another_computer_recorded() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    let token = team.refresh_without_database(&other, &proxy).await;
    // Ada's computer finds the refresh begun and its lock free. After the grace, it tries, and is refused.
    team.age_begun_mark(120);
    let error = team.world.grapnel.refresh(&team.connection).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectNeeded);
    assert!(error.meaning.unwrap().contains("did not arrive"), "the lost response explains the refusal");

    proxy.resume();
    other.grapnel.sync_team(&team.team).await.unwrap();
    team.world.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&team.world.grapnel).await, token);
    assert_eq!(team.details(&team.world.grapnel).error, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_token_gives_way_to_a_newer_sign_in() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    team.refresh_without_database(&other, &proxy).await;
    team.sign_in_again().await;
    let token = team.token(&team.world.grapnel).await;

    proxy.resume();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&other.grapnel).await, token);
    let conflict = team.shared(&other.grapnel).conflict.unwrap();
    assert_eq!(conflict.code, Code::TeamConflict);
    let told = other.grapnel.activity(Some(&team.connection), None).unwrap();
    assert!(told.iter().any(|entry| entry.kind == Kind::TeamFailed && entry.text == conflict.message));
    let told = team.world.grapnel.team_activity(&team.connection).await.unwrap();
    assert!(told.iter().any(|entry| entry.member == "Grace" && entry.text.contains("gave way")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_and_a_disconnect_reach_the_other_computers() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    team.sign_in_again().await;
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&other.grapnel).await, team.token(&team.world.grapnel).await);

    other.grapnel.disconnect(&team.connection).await.unwrap();
    team.world.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.details(&team.world.grapnel).summary.state, State::Disconnected);
    let told = team.world.grapnel.activity(Some(&team.connection), None).unwrap();
    assert!(told[0].text.starts_with("Disconnected for the whole team by Grace on "), "{}", told[0].text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_program_takes_over_what_others_write() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let following = other.grapnel.clone();
    let mut events = other.grapnel.events();
    let follows = tokio::spawn(async move { following.follow_teams().await });
    // The first look is over.
    while events.recv().await.unwrap() != grapnel_model::event::Event::Teams {}
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    let fresh = team.details(&team.world.grapnel).tokens.unwrap().access.fingerprint;
    while team.details(&other.grapnel).tokens.unwrap().access.fingerprint != fresh {
        events.recv().await.unwrap();
    }
    // One that is shared now is taken in.
    let new = team.world.connect_another().await;
    team.world.grapnel.share(&new, &team.team).await.unwrap();
    while other.grapnel.connection(&new).is_err() {
        events.recv().await.unwrap();
    }
    follows.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_team_still_hands_out_valid_tokens() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    let token = team.token(&other.grapnel).await;
    proxy.block();
    assert_eq!(team.token(&other.grapnel).await, token);
    let error = other.grapnel.refresh(&team.connection).await.unwrap_err();
    assert_eq!(error.code, Code::TeamUnreachable);
    assert!(error.meaning.unwrap().contains("kept"), "it says that the tokens are kept");
    assert_eq!(team.token(&other.grapnel).await, token);
    let since = other.grapnel.teams().unwrap().remove(0).unreachable.unwrap().since;
    assert_eq!(team.shared(&other.grapnel).unreachable.unwrap().since, since);
    let error = other.grapnel.disconnect(&team.connection).await.unwrap_err();
    assert!(error.meaning.unwrap().starts_with("Nothing was disconnected"));
    team.world.pass(TOKEN_LIFETIME);
    let error = other.grapnel.token(&team.connection, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code, Code::TeamUnreachable);
    // What failed so is no failure of the connection.
    assert_eq!(team.details(&other.grapnel).error, None);

    proxy.resume();
    team.token(&other.grapnel).await;
    assert_eq!(other.grapnel.teams().unwrap()[0].unreachable, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_says_which_database_and_schema_it_has() {
    let team = TeamWorld::new().await;
    let told = team.world.grapnel.teams().unwrap().remove(0);
    assert_eq!((told.host.as_str(), told.database.as_deref()), ("this computer", Some("postgres")));
    assert_eq!((told.schema, told.schema_version), (team.schema(), Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_another_computer_has_just_begun_is_waited_for() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let mark = format!(
        "UPDATE {}.record SET begun_at = now() - interval '69 seconds', begun_by = 'another'",
        team.schema()
    );
    team.database.sql(&mark).unwrap();
    let begun = std::time::Instant::now();
    other.grapnel.refresh(&team.connection).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    // The own mark of a process that died is not waited for: the lock of this computer says that it has.
    let machine =
        team.database.sql(&format!("SELECT count(*) FROM {}.record WHERE begun_at IS NULL", team.schema()));
    assert_eq!(machine.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_refresh_is_told_to_the_team() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    team.world.pass(TOKEN_LIFETIME);
    team.world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::ServerError(503), 1).unwrap();
    let error = team.world.grapnel.token(&team.connection, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderUnavailable);
    // The provider would answer now.
    let error = other.grapnel.token(&team.connection, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderUnavailable, "the failure is known");
    assert_eq!(team.details(&other.grapnel).summary.state, State::Retrying);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_gets_nothing_more() {
    let team = TeamWorld::new().await;
    let (grace, linus) =
        (team.join("Grace", TeamRole::Member).await, team.join("Linus", TeamRole::Member).await);
    let ada = &team.world.grapnel;
    let members = ada.teams().unwrap().remove(0).members;
    let names: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.role)).collect();
    assert_eq!(names, [("Ada", TeamRole::Owner), ("Grace", TeamRole::Member), ("Linus", TeamRole::Member)]);
    let id = &members.iter().find(|member| member.name == "Grace").unwrap().id;
    let refused = linus.grapnel.remove_member(&team.team, id).await.unwrap_err();
    assert_eq!(refused.code, Code::TeamRefused);
    let removed = ada.remove_member(&team.team, id).await.unwrap();
    assert_eq!((removed.team.members.len(), removed.connections.as_slice()), (2, &["Acme".to_owned()][..]));

    ada.refresh(&team.connection).await.unwrap();
    let token = team.token(ada).await;
    let error = grace.grapnel.refresh(&team.connection).await.unwrap_err();
    assert_eq!(error.code, Code::TeamRefused);
    assert_ne!(team.token(&grace.grapnel).await, token, "it has what was shared with it last");
    linus.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&linus.grapnel).await, token);
    // It can still leave here.
    let left = grace.grapnel.leave_team(&team.team).await.unwrap();
    assert_eq!((left.connections.as_slice(), left.keys_deleted), (&["Acme".to_owned()][..], false));
    assert!(grace.grapnel.connections().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_uses_tokens_and_triggers_a_refresh() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let (role, opened_by) = (TeamRole::Worker, InviteOpener::WorkerKey);
    let invite = Invite { name: "ci".into(), role, opened_by, database_url: InvitedUrl::Withheld };
    let (invited, key) = ada.invite(&team.team, invite).await.unwrap();
    assert_eq!(invited.invitation, None);
    let worker = team.computer();
    let (url, key) = (team.database.socket_url().into(), key.unwrap());
    let id = worker.grapnel.become_worker(&url, &key).await.unwrap();
    let missing = worker.grapnel.take_in_shared(&id, "Nobody").await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    assert_eq!(worker.grapnel.take_in_shared(&id, " acme ").await.unwrap(), team.connection);
    assert_eq!(team.token(&worker.grapnel).await, team.token(ada).await);
    team.world.pass(TOKEN_LIFETIME);
    let before = team.world.tokens_given();
    assert_eq!(team.token(&worker.grapnel).await, team.token(ada).await);
    assert_eq!(team.world.tokens_given(), before + 1);
    assert_eq!(team.shared(ada).refreshed.unwrap().member, "ci");
    let refused = worker.grapnel.unshare(&team.connection).await.unwrap_err();
    assert_eq!(refused.code, Code::TeamRefused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_a_shared_connection_forgets_it_here_only() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    other.grapnel.forget_shared(&team.connection).await.unwrap();
    assert!(other.grapnel.connections().unwrap().is_empty());
    // It is not taken in again by itself.
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert!(other.grapnel.connections().unwrap().is_empty());
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    assert_eq!(team.world.sandbox.grigora_grants().issued().access_tokens, 2, "nothing was revoked");

    let third = team.join("Linus", TeamRole::Member).await;
    let app = third.grapnel.apps().unwrap().remove(0);
    third.grapnel.remove_app_with_connections(&app.id).await.unwrap();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    let left = team.world.grapnel.leave_team(&team.team).await.unwrap_err();
    assert!(left.message.contains("last owner"), "{}", left.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_no_longer_shared_stays_with_the_owner() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let refused = other.grapnel.unshare(&team.connection).await.unwrap_err();
    assert_eq!(refused.code, Code::TeamRefused);
    team.world.grapnel.unshare(&team.connection).await.unwrap();
    assert_eq!(team.details(&team.world.grapnel).shared, None);
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    let here = team.details(&other.grapnel);
    assert_eq!((here.summary.state, here.shared), (State::Disconnected, None));
    // It can be shared again.
    team.world.grapnel.share(&team.connection, &team.team).await.unwrap();
    let shared_twice = team.world.grapnel.share(&team.connection, &team.team).await.unwrap_err();
    assert_eq!(shared_twice.code, Code::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_opens_with_its_key_or_passphrase_only() {
    let team = TeamWorld::of(World::new()).await;
    let ada = &team.world.grapnel;
    let passphrase = "correct horse battery staple";
    let invite = Invite {
        name: "Grace".into(),
        role: TeamRole::Member,
        opened_by: InviteOpener::Passphrase(passphrase.into()),
        database_url: InvitedUrl::Own,
    };
    let invitation = ada.invite(&team.team, invite).await.unwrap().0.invitation.unwrap();
    let other = team.computer();
    assert!(other.grapnel.invitation_needs_passphrase(&invitation).unwrap());
    let join = |passphrase: Option<&str>| Join {
        invitation: invitation.clone(),
        passphrase: passphrase.map(Into::into),
        database_url: None,
        agrees_to_paths: true,
    };
    for wrong in [None, Some("another passphrase of some length")] {
        let error = other.grapnel.join_team(join(wrong)).await.unwrap_err();
        assert_eq!(error.meaning.as_deref(), Some("Nothing was joined."), "{error:?}");
    }
    other.grapnel.join_team(join(Some(passphrase))).await.unwrap();
    assert_eq!(team.token(&other.grapnel).await, team.token(ada).await);
    let twice = other.grapnel.join_team(join(Some(passphrase))).await.unwrap_err();
    assert!(twice.message.contains("member of this team already"), "{}", twice.message);

    let by_key = Invite {
        name: "Linus".into(),
        role: TeamRole::Owner,
        opened_by: InviteOpener::Key(team.computer().grapnel.team_key().await.unwrap()),
        database_url: InvitedUrl::Own,
    };
    let invitation = ada.invite(&team.team, by_key).await.unwrap().0.invitation.unwrap();
    let third = team.computer();
    let join = Join { invitation, passphrase: None, database_url: None, agrees_to_paths: true };
    let error = third.grapnel.join_team(join).await;
    assert!(error.unwrap_err().message.contains("another key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_leaves_the_tokens_to_the_team() {
    let team = TeamWorld::new().await;
    let own = team.world.connect_another().await;
    let file = team.world.home.path().join("export.age");
    let exported = team.world.grapnel.export(grapnel_core::archive::Export {
        file,
        passphrase: "correct horse battery staple".into(),
        with_tokens: true,
        moves: true,
        force: false,
    });
    let exported = exported.await.unwrap();
    assert_eq!((exported.connections, exported.with_tokens), (2, 1));
    let state = |id| team.world.grapnel.connection(id).unwrap().summary.state;
    assert_eq!((state(&own), state(&team.connection)), (State::Disconnected, State::Active));
}

/// A second process of the same data, and a restart: the stored team is opened again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_program_is_still_in_the_team() {
    let mut team = TeamWorld::new().await;
    team.world.start_again();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    let second = team.world.second_start();
    team.world.pass(TOKEN_LIFETIME);
    assert_eq!(team.token(&second).await, team.token(&team.world.grapnel).await);
    // What is stored of the team is encrypted anew with the vault.
    let passphrase = "quiet anchor seven plums".into();
    team.world.grapnel.protect_with_passphrase(&passphrase).await.unwrap();
    team.world.start_again();
    team.world.grapnel.unlock(&passphrase).await.unwrap();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    let (url, keys) = (team.database.socket_url(), team.world.grapnel.team_key().await.unwrap());
    let shown =
        format!("{:?} {:?}", team.world.grapnel.teams().unwrap(), team.world.grapnel.activity(None, None));
    assert!(!shown.contains(&url) && keys.starts_with("age1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_team_has_stays_shared_although_that_could_not_be_stored() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    ada.unshare(&team.connection).await.unwrap();
    let database = rusqlite::Connection::open(team.world.home.path().join("grapnel.db")).unwrap();
    let fail = "CREATE TRIGGER fail BEFORE UPDATE ON shared_connection WHEN new.record_version > 0
        BEGIN SELECT RAISE(ABORT, 'x'); END";
    database.execute_batch(fail).unwrap();
    let error = ada.share(&team.connection, &team.team).await.unwrap_err();
    assert!(error.meaning.unwrap().contains("may have the connection already"));
    database.execute_batch("DROP TRIGGER fail").unwrap();
    let other = team.join("Grace", TeamRole::Member).await;
    ada.sync_team(&team.team).await.unwrap();
    ada.refresh(&team.connection).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&other.grapnel).await, team.token(ada).await);
}
