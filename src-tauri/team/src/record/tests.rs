use grapnel_model::secret::hex;
use proptest::prelude::*;

use super::*;
use crate::identity::Identity;

fn stored(write: Write) -> SealedRecord {
    SealedRecord {
        id: write.id,
        version: write.replaces + 1,
        generation: write.generation,
        write_id: write.write_id,
        tokens: write.tokens,
        app: write.app.unwrap_or_default(),
        begun: None,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn sealed(keys: &TeamKeys, team: &TeamId, id: &RecordId, replaces: Version) -> SealedRecord {
    let content = Content { name: "client site", tokens: b"access", app: Some(b"client secret") };
    stored(seal(keys, team, (id, replaces, &WriteId::random()), content, [0; 32]).unwrap())
}

fn of_worker(keys: &TeamKeys, team: &TeamId) -> TeamKeys {
    let worker = Identity::generate();
    let wrapped = keys.wrap(team, &worker.public_key().recipient, false).unwrap();
    TeamKeys::unwrap(&wrapped, team, &worker).unwrap()
}

#[test]
fn a_record_decrypts_only_in_its_place() {
    let (keys, team, id) = (TeamKeys::random(1), TeamId::random(), RecordId::random());
    let record = sealed(&keys, &team, &id, 4);
    let opened = open(&keys, &team, &record).unwrap();
    assert_eq!(
        (opened.name.as_str(), &opened.tokens[..], opened.version),
        ("client site", &b"access"[..], 5)
    );
    assert_eq!(opened.app.unwrap().as_slice(), b"client secret");

    let other = sealed(&keys, &team, &RecordId::random(), 4);
    let older = sealed(&keys, &team, &id, 3);
    let changes: [(&str, SealedRecord); 6] = [
        ("another record's", SealedRecord { id: id.clone(), ..other.clone() }),
        ("both parts of an older version", SealedRecord { version: 5, ..older.clone() }),
        ("tokens of an older version", SealedRecord { tokens: older.tokens.clone(), ..record.clone() }),
        ("app of an older version", SealedRecord { app: older.app.clone(), ..record.clone() }),
        ("app of another record", SealedRecord { app: other.app.clone(), ..record.clone() }),
        ("another generation", SealedRecord { generation: 2, ..record.clone() }),
    ];
    for (what, changed) in changes {
        assert!(matches!(open(&keys, &team, &changed), Err(TeamError::Forged { .. })), "{what}");
    }
    assert!(open(&TeamKeys::random(1), &team, &record).is_err());
    assert!(open(&keys, &TeamId::random(), &record).is_err());
}

#[test]
fn a_worker_cannot_open_app_and_can_still_write_tokens() {
    let (keys, team, id) = (TeamKeys::random(1), TeamId::random(), RecordId::random());
    let worker = of_worker(&keys, &team);
    assert!(!worker.can_manage());
    let record = sealed(&keys, &team, &id, 0);
    let seen = open(&worker, &team, &record).unwrap();
    assert_eq!(seen.app, None);
    assert_eq!(seen.tokens.as_slice(), b"access");
    let place = app_place(&team, &id, 1);
    for subkey in [worker.tokens_key(), worker.membership_key(), worker.activity_key()] {
        assert!(subkey.open(&place, &record.app).is_none());
    }

    let content = Content { name: &seen.name, tokens: b"newer access", app: None };
    let write = seal(&worker, &team, (&id, 1, &WriteId::random()), content, sha256(&record.app)).unwrap();
    assert_eq!(write.app, None);
    let next = SealedRecord { app: record.app.clone(), ..stored(write) };
    let read = open(&keys, &team, &next).unwrap();
    assert_eq!(
        (&read.tokens[..], read.app.unwrap().as_slice()),
        (&b"newer access"[..], &b"client secret"[..])
    );

    let content = Content { name: "client site", tokens: b"t", app: Some(b"own secret") };
    let refused = seal(&worker, &team, (&id, 1, &WriteId::random()), content, [0; 32]);
    assert_eq!(refused.unwrap_err(), TeamError::NotOwner);
}

#[test]
fn a_rotation_keeps_the_version_and_shuts_out_the_old_keys() {
    let (old, new, team, id) =
        (TeamKeys::random(1), TeamKeys::random(2), TeamId::random(), RecordId::random());
    let record = open(&old, &team, &sealed(&old, &team, &id, 6)).unwrap();
    let again = reseal(&new, &team, &record).unwrap();
    assert_eq!((again.version, again.generation), (7, 2));
    assert_eq!(open(&new, &team, &again).unwrap().tokens, record.tokens);
    assert!(open(&old, &team, &again).is_err());
    assert_ne!(old.lookup("client site"), new.lookup("client site"));
}

#[test]
fn the_ciphertext_and_the_tag_tell_no_name() {
    let (keys, team, id) = (TeamKeys::random(1), TeamId::random(), RecordId::random());
    let record = sealed(&keys, &team, &id, 0);
    let all = [record.tokens.clone(), record.app.clone(), keys.lookup("client site").0.to_vec()].concat();
    for word in ["client", "site", "access", "secret"] {
        assert!(!all.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    assert!(
        !format!("{keys:?} {:?}", open(&keys, &team, &record)).contains(&hex(keys.tokens_key().as_bytes()))
    );
    assert_eq!(format!("{keys:?}"), "TeamKeys(1)");
}

#[test]
fn activity_decrypts_only_in_its_place() {
    let (keys, team) = (TeamKeys::random(1), TeamId::random());
    let entry = |record: &RecordId| SealedActivity {
        id: crate::port::ActivityId::random(),
        record: record.clone(),
        generation: 0,
        at: Timestamp::UNIX_EPOCH,
        entry: b"refreshed".to_vec(),
    };
    let sealed = seal_activity(&keys, &team, entry(&RecordId::random()));
    assert_eq!(open_activity(&keys, &team, &sealed).unwrap().as_slice(), b"refreshed");
    let moved = SealedActivity { record: RecordId::random(), ..sealed.clone() };
    assert_eq!(open_activity(&keys, &team, &moved), None);
    let renamed = SealedActivity { id: crate::port::ActivityId::random(), ..sealed };
    assert_eq!(open_activity(&keys, &team, &renamed), None);
}

proptest! {
    #[test]
    fn every_content_is_read_as_it_was_written(name in ".{0,80}", tokens: Vec<u8>) {
        let framed = frame(&name, &tokens).unwrap();
        let (read_name, read_tokens) = unframe(&framed).unwrap();
        prop_assert_eq!((read_name, &*read_tokens), (name, &tokens));
    }

    #[test]
    fn arbitrary_bytes_do_not_unframe_beyond_their_end(bytes: Vec<u8>) {
        if let Some((name, tokens)) = unframe(&bytes) {
            prop_assert_eq!(name.len() + tokens.len() + 2, bytes.len());
        }
    }

    #[test]
    fn a_changed_byte_is_detected(at: prop::sample::Index, bit in 0u8..8) {
        let (keys, team, id) = (TeamKeys::random(1), TeamId::random(), RecordId::random());
        let mut record = sealed(&keys, &team, &id, 0);
        let at = at.index(record.tokens.len());
        record.tokens[at] ^= 1 << bit;
        prop_assert!(open(&keys, &team, &record).is_err());
    }
}
