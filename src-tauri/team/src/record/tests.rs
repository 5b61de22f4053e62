use grapnel_model::secret::hex;
use proptest::prelude::*;

use super::*;
use crate::identity::Identity;
use crate::membership::{Member, Role};

struct World {
    keys: TeamKeys,
    membership: Membership,
    owner: Identity,
    team: TeamId,
    id: RecordId,
}

/// A team of one owner under keys of this generation.
fn world(generation: Generation) -> World {
    let (keys, team, owner) = (TeamKeys::random(generation), TeamId::random(), Identity::generate());
    let public = owner.public_key();
    let member = Member {
        id: crate::port::MemberId::random(),
        name: "Ada".to_owned(),
        role: Role::Owner,
        recipient: public.recipient,
        signing_key: Some(public.signing),
        since: Timestamp::UNIX_EPOCH,
        secret_made_by: None,
    };
    let membership = Membership::create(&team, "Agency", &keys, member, owner.signing_key());
    World { keys, membership, owner, team, id: RecordId::random() }
}

const DEFINITION: Definition<'static> = Definition { name: "client site", content: b"token_url" };
const WHOLE: Content<'static> =
    Content { tokens: b"access", definition: Some(DEFINITION), app: Some(b"client secret") };
const TOKENS: Content<'static> = Content { tokens: b"newer access", definition: None, app: None };

impl World {
    fn author<'a>(&'a self, keys: &'a TeamKeys) -> Author<'a> {
        Author { keys, team: &self.team, owner: None }
    }

    fn seal(
        &self,
        keys: &TeamKeys,
        content: Content<'_>,
        before: Option<&SealedRecord>,
    ) -> Result<SealedRecord> {
        let opened = before.map(|before| self.open(before)).transpose()?;
        let write = seal(self.author(keys), (&self.id, &WriteId::random()), content, opened.as_ref())?;
        let (definition, lookup) = write.definition.unwrap_or_else(|| {
            let before = before.unwrap();
            (before.definition.clone(), before.lookup)
        });
        Ok(SealedRecord {
            id: write.id,
            version: write.replaces + 1,
            generation: write.generation,
            write_id: write.write_id,
            tokens: write.tokens,
            definition,
            app: write.app.unwrap_or_else(|| before.unwrap().app.clone()),
            lookup,
            begun: None,
            updated_at: Timestamp::UNIX_EPOCH,
            age: Duration::ZERO,
        })
    }

    fn first(&self) -> SealedRecord {
        self.seal(&self.keys, WHOLE, None).unwrap()
    }

    fn open(&self, record: &SealedRecord) -> Result<Record> {
        open((&self.keys, &self.membership), &self.team, record)
    }

    fn is_forged(&self, record: &SealedRecord) -> bool {
        matches!(self.open(record), Err(TeamError::Forged { .. }))
    }

    /// The keys of a worker.
    fn worker(&self) -> TeamKeys {
        let worker = Identity::generate();
        let wrapped = self.keys.wrap(&self.team, &worker.public_key().recipient, false).unwrap();
        TeamKeys::unwrap(&wrapped, &self.team, &worker).unwrap()
    }
}

#[test]
fn a_record_decrypts_only_in_its_place() {
    let world = world(1);
    let older = world.first();
    let record = world.seal(&world.keys, WHOLE, Some(&older)).unwrap();
    let opened = world.open(&record).unwrap();
    assert_eq!(
        (opened.name.as_str(), &opened.tokens[..], opened.version),
        ("client site", &b"access"[..], 2)
    );
    assert_eq!((&opened.definition[..], opened.definition_counter), (&b"token_url"[..], 2));
    assert_eq!(opened.app.unwrap().as_slice(), b"client secret");

    let other = World { id: RecordId::random(), ..self::world(1) };
    let other = World { keys: world.keys.clone(), team: world.team.clone(), ..other }.first();
    let changes: [(&str, SealedRecord); 8] = [
        ("another record’s", SealedRecord { id: world.id.clone(), ..other.clone() }),
        ("all parts of an older version", SealedRecord { version: 2, ..older.clone() }),
        ("tokens of an older version", SealedRecord { tokens: older.tokens.clone(), ..record.clone() }),
        ("an older definition", SealedRecord { definition: older.definition.clone(), ..record.clone() }),
        ("app of an older version", SealedRecord { app: older.app.clone(), ..record.clone() }),
        (
            "definition of another record",
            SealedRecord { definition: other.definition.clone(), ..record.clone() },
        ),
        ("app of another record", SealedRecord { app: other.app.clone(), ..record.clone() }),
        ("another generation", SealedRecord { generation: 2, ..record.clone() }),
    ];
    for (what, changed) in changes {
        assert!(world.is_forged(&changed), "{what}");
    }
    assert!(open((&TeamKeys::random(1), &world.membership), &world.team, &record).is_err());
    assert!(open((&world.keys, &world.membership), &TeamId::random(), &record).is_err());
}

#[test]
fn a_worker_cannot_open_app_and_can_still_write_tokens() {
    let world = world(1);
    let (worker, record) = (world.worker(), world.first());
    assert!(!worker.can_manage());
    let seen = open((&worker, &world.membership), &world.team, &record).unwrap();
    assert_eq!(seen.app, None);
    assert_eq!((&seen.tokens[..], &seen.definition[..]), (&b"access"[..], &b"token_url"[..]));
    let place = app_place(&world.team, &world.id, 1);
    let subkeys =
        [worker.tokens_key(), worker.definition_key(), worker.membership_key(), worker.activity_key()];
    for subkey in subkeys {
        assert!(subkey.open(&place, &record.app).is_none());
    }
    let next = world.seal(&worker, TOKENS, Some(&record)).unwrap();
    let read = world.open(&next).unwrap();
    assert_eq!(
        (&read.tokens[..], read.app.unwrap().as_slice()),
        (&b"newer access"[..], &b"client secret"[..])
    );
}

#[test]
fn a_worker_cannot_change_a_definition() {
    let world = world(1);
    let (worker, record) = (world.worker(), world.first());
    let elsewhere = Definition { name: "client site", content: b"token_url of a thief" };
    for content in [Content { definition: Some(elsewhere), ..TOKENS }, WHOLE] {
        assert_eq!(world.seal(&worker, content, Some(&record)).unwrap_err(), TeamError::NotOwner);
    }
    // It signs with a key of its own, and has all else right.
    let stranger = TeamKeys::random(1);
    let app = sha256(&record.app);
    let signed = signed_bytes((&world.team, &world.id, 1), 2, elsewhere, &app);
    let header = Header {
        name: "client site".to_owned(),
        counter: 2,
        signature: stranger.sign(&signed).unwrap(),
        owner: None,
    };
    let plain = frame(&serde_json::to_vec(&header).unwrap(), elsewhere.content).unwrap();
    let definition = worker.definition_key().seal(&definition_place(&world.team, &world.id, 1), &plain);
    let place = tokens_place(&world.team, &world.id, 2, 1, &sha256(&definition));
    let tokens = worker.tokens_key().seal(&place, b"access");
    let forged = SealedRecord { version: 2, definition, tokens, ..record.clone() };
    assert!(world.is_forged(&forged));
    // Nor can it put back an `app` or a definition of before, and bind its tokens to that.
    let newer = world.seal(&world.keys, WHOLE, Some(&record)).unwrap();
    let bound = |definition: &[u8]| {
        let place = tokens_place(&world.team, &world.id, 3, 1, &sha256(definition));
        worker.tokens_key().seal(&place, b"access")
    };
    let tokens = bound(&newer.definition);
    assert!(world.is_forged(&SealedRecord { version: 3, app: record.app.clone(), tokens, ..newer.clone() }));
    let tokens = bound(&record.definition);
    let back = SealedRecord { version: 3, tokens, ..record.clone() };
    let seen = world.open(&newer).unwrap().seen();
    let counter = world.open(&back).unwrap().definition_counter;
    assert!(crate::rollback::check_definition(counter, seen).is_err());
}

#[test]
fn tokens_are_bound_to_the_parts_that_their_writer_verified() {
    let world = world(1);
    let (first, mut swapped) = (world.first(), world.first());
    let other = world.seal(&world.keys, WHOLE, Some(&first)).unwrap();
    let before = world.open(&first).unwrap();
    // The operator swaps the other parts between the read and the write.
    let place = (&world.id, &WriteId::random());
    let write = seal(world.author(&world.worker()), place, TOKENS, Some(&before)).unwrap();
    (swapped.definition, swapped.app) = (other.definition, other.app);
    (swapped.version, swapped.tokens) = (2, write.tokens);
    assert!(world.is_forged(&swapped));
}

#[test]
fn only_an_owner_writes_as_an_owner() {
    let world = world(1);
    let write = |owner: Option<&Identity>| {
        let author = Author { owner, ..world.author(&world.keys) };
        let write = seal(author, (&world.id, &WriteId::random()), WHOLE, None).unwrap();
        let (definition, app) = (write.definition.unwrap().0, write.app.unwrap());
        SealedRecord { definition, app, tokens: write.tokens, ..world.first() }
    };
    assert!(!world.open(&write(None)).unwrap().is_by_owner);
    let stranger = world.open(&write(Some(&Identity::generate()))).unwrap();
    assert!(!stranger.is_by_owner && stranger.is_by_unknown_owner);
    let by_owner = write(Some(&world.owner));
    assert!(world.open(&by_owner).unwrap().is_by_owner);
    // A rotation makes no owner of a member, and keeps what an owner wrote as such.
    let (keys, mut membership) = (TeamKeys::random(2), world.membership.clone());
    membership.rekey(&keys);
    for (record, is_by_owner) in [(write(None), false), (by_owner, true)] {
        let author = Author { keys: &keys, team: &world.team, owner: Some(&world.owner) };
        let again = reseal(author, &world.open(&record).unwrap()).unwrap();
        assert_eq!(open((&keys, &membership), &world.team, &again).unwrap().is_by_owner, is_by_owner);
    }
}

#[test]
fn a_rotation_keeps_the_version_and_shuts_out_the_old_keys() {
    let world = world(1);
    let (new, mut membership) = (TeamKeys::random(2), world.membership.clone());
    membership.rekey(&new);
    let record = world.open(&world.seal(&world.keys, TOKENS, Some(&world.first())).unwrap()).unwrap();
    let again = reseal(Author { keys: &new, ..world.author(&new) }, &record).unwrap();
    assert_eq!((again.version, again.generation), (2, 2));
    let opened = open((&new, &membership), &world.team, &again).unwrap();
    assert_eq!((&opened.tokens, opened.definition_counter), (&record.tokens, 1));
    assert!(world.open(&again).is_err());
    assert_ne!(world.keys.lookup("client site"), new.lookup("client site"));
    assert_eq!(again.lookup, new.lookup("client site"));
}

#[test]
fn the_ciphertext_and_the_tag_tell_no_name() {
    let world = world(1);
    let record = world.first();
    let all = [&record.tokens[..], &record.definition, &record.app, &record.lookup.0].concat();
    for word in ["client", "site", "access", "secret", "token_url"] {
        assert!(!all.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    let shown = format!("{:?} {:?}", world.keys, world.open(&record));
    assert!(!shown.contains(&hex(world.keys.tokens_key().as_bytes())));
    assert_eq!(format!("{:?}", world.keys), "TeamKeys(1)");
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
    fn every_content_is_read_as_it_was_written(header: Vec<u8>, content: Vec<u8>) {
        let framed = frame(&header, &content).unwrap();
        prop_assert_eq!(unframe(&framed), Some((&header[..], &content[..])));
    }

    #[test]
    fn arbitrary_bytes_do_not_unframe_beyond_their_end(bytes: Vec<u8>) {
        if let Some((header, content)) = unframe(&bytes) {
            prop_assert_eq!(header.len() + content.len() + 4, bytes.len());
        }
    }

    #[test]
    fn a_changed_byte_is_detected(at: prop::sample::Index, bit in 0u8..8, part in 0usize..3) {
        let world = world(1);
        let mut record = world.first();
        let part = match part {
            0 => &mut record.tokens,
            1 => &mut record.definition,
            _ => &mut record.app,
        };
        let at = at.index(part.len());
        part[at] ^= 1 << bit;
        prop_assert!(world.open(&record).is_err());
    }
}
