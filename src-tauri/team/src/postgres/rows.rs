//! Rows as the types of the port.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::{Result, TeamError};
use crate::port::{
    ActivityId, Begun, Generation, Lookup, MachineId, RecordId, SealedActivity, SealedRecord, TeamId,
    TeamRow, Version, WriteId,
};

/// The columns that [`record`] reads. What is longer than the schema permits is not read.
pub(super) const RECORD_COLUMNS: &str = "id, version, generation, write_id, \
    CASE WHEN octet_length(tokens) <= 1048576 THEN tokens END, \
    CASE WHEN octet_length(app) <= 1048576 THEN app END, updated_at, begun_by, begun_at, \
    CASE WHEN isfinite(begun_at) THEN (extract(epoch FROM clock_timestamp() - begun_at) * 1000)::bigint END, \
    CASE WHEN octet_length(definition) <= 1048576 THEN definition END, lookup, \
    CASE WHEN isfinite(updated_at) THEN (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::bigint END";

/// The columns that [`team`] reads.
pub(super) const TEAM_COLUMNS: &str = "id, generation, version, \
    CASE WHEN octet_length(document) <= 4259840 THEN document END";

/// The columns that [`activity`] reads.
pub(super) const ACTIVITY_COLUMNS: &str = "id, record, generation, at, \
    CASE WHEN octet_length(entry) <= 8192 THEN entry END";

/// A value of a row. What the server sends may be of another type, absent, or out of range: a role that writes rows
/// must not end the process that reads them.
pub(super) fn value<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|_| TeamError::Forged { what: "A row".to_owned() })
}

/// Whether the first value of the first row is true.
pub(super) fn is_true(rows: &[Row]) -> Result<bool> {
    rows.first().map_or(Ok(false), |row| value(row, 0))
}

pub(super) fn number(version: Version) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

pub(super) fn version(number: i64) -> Version {
    Version::try_from(number).unwrap_or(0)
}

pub(super) fn generation(number: i64) -> Generation {
    Generation::try_from(number).unwrap_or(0)
}

pub(super) fn record(row: &Row) -> Result<SealedRecord> {
    let (machine, at, age): (Option<String>, Option<Timestamp>, Option<i64>) =
        (value(row, 7)?, value(row, 8)?, value(row, 9)?);
    let begun = machine.zip(at).map(|(machine, at)| {
        let age = Duration::from_millis(age.and_then(|age| u64::try_from(age).ok()).unwrap_or(0));
        Begun { machine: MachineId(machine), at, age }
    });
    Ok(SealedRecord {
        id: RecordId(value(row, 0)?),
        version: version(value(row, 1)?),
        generation: generation(value(row, 2)?),
        write_id: WriteId(value(row, 3)?),
        tokens: value(row, 4)?,
        app: value(row, 5)?,
        updated_at: value(row, 6)?,
        definition: value(row, 10)?,
        // A tag of another length is that of no name.
        lookup: Lookup(value::<Vec<u8>>(row, 11)?.try_into().unwrap_or([0; 32])),
        age: Duration::from_millis(u64::try_from(value::<i64>(row, 12)?).unwrap_or(0)),
        begun,
    })
}

pub(super) fn team(row: &Row) -> Result<TeamRow> {
    Ok(TeamRow {
        id: TeamId(value(row, 0)?),
        generation: generation(value(row, 1)?),
        version: version(value(row, 2)?),
        document: value(row, 3)?,
    })
}

pub(super) fn activity(row: &Row) -> Result<SealedActivity> {
    Ok(SealedActivity {
        id: ActivityId(value(row, 0)?),
        record: RecordId(value(row, 1)?),
        generation: generation(value(row, 2)?),
        at: value(row, 3)?,
        entry: value(row, 4)?,
    })
}
