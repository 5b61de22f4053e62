//! Members who are removed or leave.

use super::*;

#[tokio::test]
async fn removing_a_member_rotates_the_keys_and_encrypts_everything_anew() {
    let (server, ada) = team().await;
    let (ben, worker) = (
        joined(&ada, "Ben", Role::Member, &server.tcp_url()).await,
        joined(&ada, "ci", Role::Worker, &server.tcp_url()).await,
    );
    let id = share(&ada, "client site").await;
    ada.add_activity(&id, b"shared", 10).await.unwrap();
    assert!(ben.read(&id, SeenRecord::default()).await.unwrap().unwrap().app.is_some());
    let of_worker = read(&worker, &id).await;
    assert!(of_worker.app.is_none());
    let before = ada.store().read(&id).await.unwrap().unwrap();

    let removal = ada.remove(ben.member_id()).await.unwrap();
    assert_eq!(
        (removal.removed.name.as_str(), removal.secrets_made.len(), removal.unreadable),
        ("Ben", 0, 0)
    );
    let after = ada.store().read(&id).await.unwrap().unwrap();
    assert_eq!((after.version, after.generation), (before.version, 2));
    assert!(before.tokens != after.tokens && before.app != after.app);
    assert!(before.definition != after.definition && before.lookup != after.lookup);

    let refused = [ben.read(&id, SeenRecord::default()).await.map(|_| ()), ben.reload().await.map(|_| ())];
    assert_eq!(refused, [Err(TeamError::Removed), Err(TeamError::Removed)]);
    // Who remains goes on, without being told; a write under the old keys is encrypted again.
    assert_eq!(write_after(&worker, &of_worker, b"second").await, Written::Stored);
    assert_eq!(worker.find("client site").await.unwrap().unwrap().version, 2);
    assert_eq!(ada.activity(&id, 10).await.unwrap()[0].entry.as_slice(), b"shared");
    assert_eq!(worker.activity(&id, 10).await.unwrap().len(), 1);
    assert_eq!(worker.membership().await.unwrap().members.len(), 2);

    // The record of before, put back by the operator, is noticed, also by a machine that has not seen it.
    let bytes = grapnel_model::secret::hex;
    let (tokens, app, definition) = (bytes(&before.tokens), bytes(&before.app), bytes(&before.definition));
    let back = format!(
        "UPDATE grapnel_team_test.record SET version = 9, generation = 1, tokens = '\\x{tokens}', app = '\\x{app}', \
         definition = '\\x{definition}'"
    );
    server.sql(&back).unwrap();
    let noticed = again(&ada, &server.tcp_url()).read(&id, SeenRecord::default()).await;
    assert!(matches!(noticed, Err(TeamError::RolledBack { .. })), "{noticed:?}");
}

#[tokio::test]
async fn owners_may_leave_but_for_the_last() {
    let (server, ada) = team().await;
    assert!(matches!(ada.leave().await, Err(TeamError::Invalid(_))));
    let cleo = joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await;
    let ben = joined(&cleo, "Ben", Role::Member, &server.tcp_url()).await;
    assert!(matches!(
        ben.invite("Eve", Role::Worker, &Invited::Worker, None).await,
        Err(TeamError::NotOwner)
    ));
    assert!(matches!(ben.remove(ada.member_id()).await, Err(TeamError::NotOwner)));
    assert!(ada.leave().await.unwrap());
    let names = |team: Membership| team.members.into_iter().map(|member| member.name).collect::<Vec<_>>();
    assert_eq!(names(cleo.reload().await.unwrap()), ["Ada Lovelace", "Cleo", "Ben"]);
    assert!(matches!(cleo.leave().await, Err(TeamError::Invalid(_))), "the other owner has left");
    let removal = cleo.remove(ada.member_id()).await.unwrap();
    assert_eq!((removal.removed.name.as_str(), removal.had_left.len()), ("Ada Lovelace", 0));
    assert_eq!(names(cleo.reload().await.unwrap()), ["Cleo", "Ben"]);
    assert!(ben.leave().await.unwrap());
    assert_eq!(again(&ben, &server.tcp_url()).reload().await.unwrap_err(), TeamError::Removed);
    cleo.remove(ben.member_id()).await.unwrap();
    let same = cleo.invite("Cleo", Role::Worker, &Invited::Worker, None).await;
    assert!(matches!(same, Err(TeamError::NameTaken)));
}

#[tokio::test]
async fn who_has_left_gets_no_later_keys() {
    let (server, ada) = team().await;
    let (cleo, ben) = (
        joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await,
        joined(&ada, "Ben", Role::Member, &server.tcp_url()).await,
    );
    let worker = joined(&cleo, "ci", Role::Worker, &server.tcp_url()).await;
    assert!(ben.leave().await.unwrap() && cleo.leave().await.unwrap());
    let removal = ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(removal.had_left, ["Cleo", "Ben"]);
    assert_eq!(ada.reload().await.unwrap().members.len(), 1);
    let keys = server.sql("SELECT count(*), max(id) FROM grapnel_team_test.member").unwrap();
    assert_eq!(keys, format!("1|{}", ada.member_id()));
    assert_eq!(ben.reload().await.unwrap_err(), TeamError::Removed);
    assert_eq!(cleo.reload().await.unwrap_err(), TeamError::Removed);
}

#[tokio::test]
async fn a_removal_names_the_members_whose_secrets_the_removed_one_made() {
    let (server, ada) = team().await;
    let cleo = joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await;
    joined(&cleo, "ci", Role::Worker, &server.tcp_url()).await;
    let removal = ada.remove(cleo.member_id()).await.unwrap();
    assert_eq!(removal.secrets_made, ["ci"]);
}
