//! What an invitation says, and what it may not do by itself.

use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join};
use grapnel_model::error::Code;
use grapnel_model::team::TeamRole;

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
