//! Rows as the types of the port.

use std::time::Duration;

use tokio_postgres::Row;

use crate::port::{
    ActivityId, Begun, Generation, Lookup, MachineId, RecordId, SealedActivity, SealedRecord, TeamId,
    TeamRow, Version, WriteId,
};

/// The columns that [`record`] reads.
pub(super) const RECORD_COLUMNS: &str = "id, version, generation, write_id, tokens, app, updated_at, begun_by, \
    begun_at, (extract(epoch FROM clock_timestamp() - begun_at) * 1000)::bigint, definition, lookup, \
    (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::bigint";

pub(super) fn number(version: Version) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

pub(super) fn version(number: i64) -> Version {
    Version::try_from(number).unwrap_or(0)
}

pub(super) fn generation(number: i64) -> Generation {
    Generation::try_from(number).unwrap_or(0)
}

pub(super) fn record(row: &Row) -> SealedRecord {
    let begun = match (row.get::<_, Option<String>>(7), row.get(8), row.get::<_, Option<i64>>(9)) {
        (Some(machine), Some(at), age) => {
            let age = Duration::from_millis(age.and_then(|age| u64::try_from(age).ok()).unwrap_or(0));
            Some(Begun { machine: MachineId(machine), at, age })
        }
        _ => None,
    };
    SealedRecord {
        id: RecordId(row.get(0)),
        version: version(row.get(1)),
        generation: generation(row.get(2)),
        write_id: WriteId(row.get(3)),
        tokens: row.get(4),
        definition: row.get(10),
        app: row.get(5),
        // A tag of another length is that of no name.
        lookup: Lookup(row.get::<_, Vec<u8>>(11).try_into().unwrap_or([0; 32])),
        updated_at: row.get(6),
        age: Duration::from_millis(u64::try_from(row.get::<_, i64>(12)).unwrap_or(0)),
        begun,
    }
}

pub(super) fn team(row: &Row) -> TeamRow {
    TeamRow {
        id: TeamId(row.get(0)),
        generation: generation(row.get(1)),
        version: version(row.get(2)),
        document: row.get(3),
    }
}

pub(super) fn activity(row: &Row) -> SealedActivity {
    SealedActivity {
        id: ActivityId(row.get(0)),
        record: RecordId(row.get(1)),
        generation: generation(row.get(2)),
        at: row.get(3),
        entry: row.get(4),
    }
}
