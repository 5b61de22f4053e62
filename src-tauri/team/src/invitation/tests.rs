use proptest::prelude::*;

use super::*;
use crate::membership::OwnerPin;

fn invitation(identity: Option<Identity>) -> Invitation {
    let creator = Identity::generate().signing_key();
    Invitation {
        team: TeamId::random(),
        schema: "grapnel_team_x".to_owned(),
        member: MemberId::random(),
        seen: Seen { owners: OwnerPin { creator, links: 0, head: String::new() }, version: 3, generation: 2 },
        identity,
        database_url: Some("postgres://ben:hunter2@db.example/team".into()),
    }
}

#[test]
fn only_the_invited_persons_key_opens_an_invitation() {
    let (ben, eve) = (Identity::generate(), Identity::generate());
    let invitation = invitation(None);
    let text = invitation.write(&OpenedBy::PublicKey(&ben.public_key())).unwrap();
    let text = text.expose_secret();
    assert!(!needs_passphrase(text).unwrap());
    let read = Invitation::open(text, &ben).unwrap();
    assert_eq!(
        (&read.team, &read.member, &read.seen),
        (&invitation.team, &invitation.member, &invitation.seen)
    );
    let wrapped: String =
        text.as_bytes().chunks(60).flat_map(|line| [line, b"\r\n"].concat()).map(char::from).collect();
    assert_eq!(Invitation::open(&wrapped, &ben).unwrap().member, invitation.member);
    assert!(Invitation::open(text, &eve).is_err());
    let debug = format!("{read:?}");
    assert!(!debug.contains("hunter2"), "{debug}");
}

#[test]
fn only_the_passphrase_opens_an_invitation_with_one() {
    let text = invitation(Some(Identity::generate()));
    let text = text.write(&OpenedBy::Passphrase(&"correct horse".into())).unwrap();
    assert!(needs_passphrase(text.expose_secret()).unwrap());
    let read = Invitation::open_with_passphrase(text.expose_secret(), &"correct horse".into()).unwrap();
    assert!(read.identity.is_some());
    assert!(Invitation::open_with_passphrase(text.expose_secret(), &"wrong".into()).is_err());
}

#[test]
fn a_worker_key_is_read_as_it_was_written() {
    let identity = Identity::generate();
    let key = invitation(Some(identity.clone())).write_worker_key().unwrap();
    let read = Invitation::of_worker(&key).unwrap();
    assert_eq!(read.identity.unwrap().to_text().expose_secret(), identity.to_text().expose_secret());
}

#[test]
fn each_invalid_text_has_its_reason() {
    let ben = Identity::generate();
    let by_key = invitation(None).write(&OpenedBy::PublicKey(&ben.public_key())).unwrap();
    let by_passphrase = invitation(Some(ben.clone())).write(&OpenedBy::Passphrase(&"p".into())).unwrap();
    let worker = invitation(Some(ben.clone())).write_worker_key().unwrap();
    let (by_key, by_passphrase) = (by_key.expose_secret(), by_passphrase.expose_secret());
    // age's header has a random length. Base64 never has this one.
    let cut = INVITATION.len() + (by_key.len() - INVITATION.len()) / 4 * 4 - 7;
    let open = |text: &str| Invitation::open(text, &ben).unwrap_err().to_string();
    let with = |text: &str| Invitation::open_with_passphrase(text, &"q".into()).unwrap_err().to_string();
    let of_worker = |text: &str| Invitation::of_worker(&text.into()).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            open(""),
            open("grapnel-invitation-1-%%"),
            open(&by_key[..cut]),
            open(by_passphrase),
            with(by_key),
            with(by_passphrase),
            open(worker.expose_secret()),
            Invitation::open(by_key, &Identity::generate()).unwrap_err().to_string(),
            of_worker(by_key),
            of_worker("hunter2"),
            of_worker(&worker.expose_secret()[..200]),
            of_worker("grapnel-worker-1-e30"),
        ]
        .join("\n")
    );
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused(text: String, bytes: Vec<u8>) {
        let ben = Identity::generate();
        prop_assert!(Invitation::open(&text, &ben).is_err());
        let encoded = age_file::encode(&bytes);
        let (invitation, worker) = (format!("{INVITATION}{encoded}"), format!("{WORKER}{encoded}"));
        prop_assert!(Invitation::open(&invitation, &ben).is_err());
        prop_assert!(Invitation::of_worker(&worker.into()).is_err());
    }
}
