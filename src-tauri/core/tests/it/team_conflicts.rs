//! What a team and a computer both have: neither replaces what belongs to the other.

use std::sync::{Mutex, mpsc};
use std::thread;

use grapnel_core::archive::{Export, Import};
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::secret::SecretString;
use grapnel_model::team::TeamRole;
use grapnel_sandbox::{Endpoint, Fault};

use crate::support::team::TeamWorld;
use crate::support::trace_point::at_point;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_its_own_are_not_replaced_by_those_of_a_team() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    ada.unshare(&team.connection).await.unwrap();
    let (file, words) =
        (team.world.home.path().join("a.age"), SecretString::from("harbour lamp eleven moss"));
    let passphrase = words.clone();
    ada.export(Export { file: file.clone(), passphrase, with_tokens: true, moves: false, force: false })
        .await
        .unwrap();
    let other = team.computer();
    let archive = other.grapnel.open_archive(&file, &words).await.unwrap();
    other.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    let own = team.token(&other.grapnel).await;
    ada.refresh(&team.connection).await.unwrap();
    ada.share(&team.connection, &team.team).await.unwrap();

    let joined = team.join_with(&other.grapnel, "Grace", TeamRole::Member, None).await;
    assert_eq!(joined.connections, [""; 0]);
    let [left_out] = &joined.left_out[..] else { panic!("{:?}", joined.left_out) };
    assert_eq!(left_out.error.code, Code::TeamConflict);
    assert_eq!(team.token(&other.grapnel).await, own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_connections_outside_of_the_team_use_is_not_changed_by_the_team() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.join("Grace", TeamRole::Member).await;
    team.world.connect_another().await;
    let mut new = team.world.new_app();
    new.client_id = "another-client".into();
    let app = other.grapnel.apps().unwrap().remove(0);
    other.grapnel.change_app(&app.id, new).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();

    let before = ada.apps().unwrap().remove(0);
    ada.sync_team(&team.team).await.unwrap();
    assert_eq!(ada.apps().unwrap().remove(0).client_id, before.client_id);
    assert_eq!(team.shared(ada).conflict.unwrap().code, Code::TeamConflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_the_team_never_had_stay_when_an_owner_stops_sharing() {
    let team = TeamWorld::new().await;
    let (other, proxy) = team.behind_proxy().await;
    let token = team.refresh_without_database(&other, &proxy).await;
    // Until then, the refresh of the other computer may still come.
    team.age_begun_mark(120);
    team.world.grapnel.unshare(&team.connection).await.unwrap();

    proxy.resume();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert!(team.details(&other.grapnel).shared.is_none());
    assert_eq!(team.token(&other.grapnel).await, token);
    let told = other.grapnel.activity(Some(&team.connection), None).unwrap();
    assert!(told.iter().any(|entry| entry.text.contains("the team never got the tokens")), "{told:?}");
}

#[tokio::test]
async fn what_is_taken_in_while_an_owner_stops_sharing_deletes_none_of_their_tokens() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.join("Grace", TeamRole::Member).await;
    team.world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::ServerError(503), 1).unwrap();
    other.grapnel.refresh(&team.connection).await.unwrap_err();
    // In this order: the window reads what is known here, another process of the same computer stops sharing, the
    // window reads and stores the record, the other process ends the sharing here.
    let (begins, begun) = mpsc::channel();
    let (writes, written) = mpsc::channel();
    let (goes_on, stored) = mpsc::channel();
    let (second, id) = (team.world.second_start(), team.connection.clone());
    let unsharing = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        begun.recv().unwrap();
        let may_go_on = Mutex::new(stored);
        let _guard = at_point("after-team-unshare", move || {
            writes.send(()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
        });
        runtime.block_on(second.unshare(&id))
    });
    let written = Mutex::new(written);
    let guard = at_point("before-pull-read", move || {
        begins.send(()).unwrap();
        written.lock().unwrap().recv().unwrap();
    });
    ada.sync_team(&team.team).await.unwrap();
    drop(guard);
    goes_on.send(()).unwrap();
    unsharing.join().unwrap().unwrap();
    assert!(team.details(ada).shared.is_none());
    assert_ne!(team.details(ada).summary.state, State::Disconnected, "the tokens were deleted");
}
