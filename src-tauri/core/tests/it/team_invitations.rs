//! What an invitation says, and what it may not do by itself; and what an error of a change says of the change.

use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join};
use grapnel_model::error::Code;
use grapnel_model::team::TeamRole;
use grapnel_test_database::Proxy;

use crate::support::team::TeamWorld;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_names_no_file_of_this_computer_without_consent() {
    let team = TeamWorld::new().await;
    let other = team.computer();
    let opened_by = InviteOpener::Key(other.grapnel.team_key().await.unwrap());
    let (role, database_url) = (TeamRole::Member, InvitedUrl::Given(team.database.tls_url().into()));
    let invite = Invite { name: "Grace".into(), role, opened_by, database_url };
    let invited = team.world.grapnel.invite(&team.team, invite).await.unwrap().0;
    assert_eq!(invited.fingerprint, Some(other.grapnel.team_key_fingerprint().await.unwrap()));
    let invitation = invited.invitation.unwrap();
    let opened = other.grapnel.read_invitation(invitation.clone(), None).await.unwrap();
    assert_eq!(opened.fingerprint, invited.team_fingerprint);
    assert!(opened.host.unwrap().starts_with("localhost"));
    assert_eq!(opened.local_paths, [team.database.authority().display().to_string()]);

    let join = |agrees_to_paths| {
        let invitation = invitation.clone();
        Join { invitation, passphrase: None, database_url: None, agrees_to_paths }
    };
    let refused = other.grapnel.join_team(join(false)).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidInput, Some("invitation")));
    other.grapnel.join_team(join(true)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_a_change_says_whether_it_was_made() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    team.join("Grace", TeamRole::Member).await;
    let new = team.world.connect_another().await;
    let proxy = Proxy::start(team.database.port()).await.unwrap();
    let url = team.database.url_at("127.0.0.1", proxy.port(), "");
    let known = ada.change_team_url(&team.team, &url.into()).await.unwrap();
    let grace = known.members.iter().find(|member| member.name == "Grace").unwrap();
    let key = team.computer().grapnel.team_key().await.unwrap();
    let invite = || Invite {
        name: "Linus".into(),
        role: TeamRole::Member,
        opened_by: InviteOpener::Key(key.clone()),
        database_url: InvitedUrl::Own,
    };
    ada.sync_team(&team.team).await.unwrap();
    proxy.block();
    let told = [
        ada.invite(&team.team, invite()).await.unwrap_err(),
        ada.remove_member(&team.team, &grace.id).await.unwrap_err(),
        ada.unshare(&team.connection).await.unwrap_err(),
        ada.share(&new, &team.team).await.unwrap_err(),
    ];
    let says = [
        "Nobody was invited.",
        "Nobody was removed.",
        "The connection is still shared; nothing was changed.",
        // What is to be shared is stored first, and the answer may be what was lost.
        "The team may have the connection already. If it does not, Grapnel completes the change",
    ];
    for (error, says) in told.iter().zip(says) {
        assert_eq!(error.code, Code::TeamUnreachable, "{error:?}");
        assert!(error.meaning.as_ref().unwrap().starts_with(says), "{error:?}");
        assert!(error.hint.is_some(), "{error:?}");
    }
    proxy.resume();
    let members = ada.sync_team(&team.team).await.unwrap().members;
    assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["Ada", "Grace"]);
    for id in [&team.connection, &new] {
        assert!(ada.connection(id).unwrap().shared.is_some());
    }
    ada.invite(&team.team, invite()).await.unwrap();
}
