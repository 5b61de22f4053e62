use super::*;

struct Person {
    identity: Identity,
    member: Member,
}

fn person(name: &str, role: Role) -> Person {
    let identity = Identity::generate();
    let public = identity.public_key();
    let member = Member {
        id: MemberId::random(),
        name: name.to_owned(),
        role,
        recipient: public.recipient,
        signing_key: Some(public.signing).filter(|_| role == Role::Owner),
        since: Timestamp::UNIX_EPOCH,
        secret_made_by: None,
    };
    Person { identity, member }
}

struct Team {
    keys: TeamKeys,
    owner: Person,
    document: Membership,
}

fn team() -> Team {
    let (keys, owner) = (TeamKeys::random(1), person("Ada", Role::Owner));
    let key = owner.identity.signing_key();
    let document = Membership::create(&TeamId::random(), "Agency", &keys, owner.member.clone(), key);
    Team { keys, owner, document }
}

fn is_forged(result: &Result<Membership>) -> bool {
    matches!(result, Err(TeamError::Forged { .. }))
}

#[test]
fn a_document_is_read_as_an_owner_wrote_it() {
    let Team { keys, owner, mut document } = team();
    let seen = document.seen();
    document.add(person("Ben", Role::Member).member, &owner.identity).unwrap();
    document.add(person("Cleo", Role::Owner).member, &owner.identity).unwrap();
    document.version = 2;
    let row = document.seal(&keys, &owner.identity).unwrap();
    assert_eq!(Membership::open(&row, &keys, &seen).unwrap(), document);
    let text = String::from_utf8_lossy(&row.document).into_owned();
    assert!(!text.contains("Ben") && !text.contains("age1"), "{text}");
}

#[test]
fn the_operator_cannot_write_or_move_a_document() {
    let Team { keys, owner, mut document } = team();
    let seen = document.seen();
    let row = document.seal(&keys, &owner.identity).unwrap();
    // Without the use key.
    let others = TeamKeys::random(1);
    assert!(is_forged(&Membership::open(&document.seal(&others, &owner.identity).unwrap(), &keys, &seen)));
    // The same ciphertext as another version or generation.
    assert!(is_forged(&Membership::open(&TeamRow { version: 2, ..row.clone() }, &keys, &seen)));
    assert!(is_forged(&Membership::open(&TeamRow { generation: 2, ..row.clone() }, &keys, &seen)));
    assert!(is_forged(&Membership::open(&TeamRow { id: TeamId::random(), ..row.clone() }, &keys, &seen)));
    // Keys of its own, wrapped for a member, with a document that is signed by a key of its own.
    let operator = person("Ada", Role::Owner);
    document.rekey(&others);
    document.version = 2;
    let own = document.seal(&others, &operator.identity).unwrap();
    assert!(is_forged(&Membership::open(&own, &others, &seen)));
}

#[test]
fn a_removed_member_with_the_old_keys_cannot_add_a_recipient() {
    let Team { keys, owner, mut document } = team();
    let ben = person("Ben", Role::Member);
    document.add(ben.member.clone(), &owner.identity).unwrap();
    document.version = 2;
    let before = document.clone();
    let new = TeamKeys::random(2);
    document.remove(&ben.member.id, &owner.identity).unwrap();
    document.rekey(&new);
    document.version = 3;
    let seen = document.seen();
    // It has the old use key, and writes a document of the next version under it.
    let mut forged = before.clone();
    forged.add(person("Eve", Role::Member).member, &ben.identity).unwrap();
    forged.version = 4;
    assert!(is_forged(&Membership::open(&forged.seal(&keys, &ben.identity).unwrap(), &keys, &seen)));
    // It puts back the document that an owner once signed.
    let old = before.seal(&keys, &owner.identity).unwrap();
    assert!(matches!(Membership::open(&old, &keys, &seen), Err(TeamError::TeamRolledBack { .. })));
}

#[test]
fn a_removed_owner_cannot_continue_from_an_earlier_link() {
    let Team { keys, owner, mut document } = team();
    let cleo = person("Cleo", Role::Owner);
    document.add(cleo.member.clone(), &owner.identity).unwrap();
    let (before, invited) = (document.clone(), document.seen());
    document.remove(&cleo.member.id, &owner.identity).unwrap();
    document.version = 2;
    let seen = document.seen();
    // Cleo signs as an owner of the chain that still has her.
    let mut fork = before;
    fork.add(person("Eve", Role::Owner).member, &cleo.identity).unwrap();
    fork.version = 5;
    let row = fork.seal(&keys, &cleo.identity).unwrap();
    assert!(is_forged(&Membership::open(&row, &keys, &seen)));
    // Or as one who is no owner any more, of the right chain.
    document.version = 5;
    let row = document.seal(&keys, &cleo.identity).unwrap();
    assert!(is_forged(&Membership::open(&row, &keys, &seen)));
    // Who saw the chain with her accepts its continuation by the owner.
    let row = document.seal(&keys, &owner.identity).unwrap();
    assert_eq!(Membership::open(&row, &keys, &invited).unwrap().members.len(), 1);
}

#[test]
fn an_owner_who_left_signs_no_list_of_members() {
    let Team { keys, owner, mut document } = team();
    let cleo = person("Cleo", Role::Owner);
    document.add(cleo.member.clone(), &owner.identity).unwrap();
    let with_her = document.seen();
    // A document without her that she signs herself, and the next ones, with the team's keys or her own.
    document.remove(&cleo.member.id, &cleo.identity).unwrap();
    for (version, add) in [(2, None), (3, Some("Eve"))] {
        for keys in [keys.clone(), TeamKeys::random(2)] {
            let mut hers = document.clone();
            if let Some(name) = add {
                hers.members.push(person(name, Role::Member).member);
            }
            hers.rekey(&keys);
            hers.version = version;
            let row = hers.seal(&keys, &cleo.identity).unwrap();
            for seen in [&with_her, &document.seen()] {
                assert!(is_forged(&Membership::open(&row, &keys, seen)), "version {version}");
            }
        }
    }
}

/// The text that owners sign is fixed: a chain of an earlier Grapnel must verify with a later one.
#[test]
fn the_links_of_the_chain_of_owners_keep_their_text() {
    let key = |text: &str| SigningKey(text.to_owned());
    let heads = [OwnerChange::Add, OwnerChange::Remove].map(|change| {
        let link = OwnerLink { change, key: key("KEY"), by: key("BY"), signature: String::new() };
        (link.head("before"), serde_json::to_value(&link).unwrap()["change"].clone())
    });
    let signed = |change: &str| {
        hex(&sha256(format!("grapnel team owner link v1\nbefore\n{change}\nKEY\nBY").as_bytes()))
    };
    assert_eq!(heads, [(signed("add"), "add".into()), (signed("remove"), "remove".into())]);
}

#[test]
fn keys_that_the_signer_did_not_name_are_refused() {
    let Team { keys, owner, mut document } = team();
    let seen = document.seen();
    document.rekey(&TeamKeys::random(1));
    let row = document.seal(&keys, &owner.identity).unwrap();
    assert!(is_forged(&Membership::open(&row, &keys, &seen)));
}

#[test]
fn an_older_version_or_generation_is_a_roll_back() {
    let Team { keys, owner, document } = team();
    let row = document.seal(&keys, &owner.identity).unwrap();
    for seen in [Seen { version: 2, ..document.seen() }, Seen { generation: 2, ..document.seen() }] {
        assert!(matches!(Membership::open(&row, &keys, &seen), Err(TeamError::TeamRolledBack { .. })));
    }
}

#[test]
fn an_owner_needs_a_signing_key() {
    let Team { owner, mut document, .. } = team();
    let mut bare = person("Ben", Role::Owner).member;
    bare.signing_key = None;
    assert!(matches!(document.add(bare, &owner.identity), Err(TeamError::Invalid(_))));
}
