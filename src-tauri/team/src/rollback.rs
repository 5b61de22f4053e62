//! Whether a record is older than what was seen of it. Pure: what was seen is given, and what is to be remembered is
//! returned.

use serde::{Deserialize, Serialize};

use crate::error::{Result, TeamError};
use crate::port::{Generation, SealedRecord, Version};

/// What was seen of a record. Remember the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenRecord {
    /// The highest version; 0 if none was seen.
    pub version: Version,
    /// The highest generation of its keys.
    pub generation: Generation,
    /// The highest counter of its definition.
    #[serde(default)]
    pub definition: u64,
}

/// The highest version that is accepted: no team gets there by writing.
const MAX_VERSION: Version = 1 << 53;

/// Checks a record that was read, before it is decrypted. `generation` is that of the membership document: a record of
/// an older one was put there by somebody who has only the old keys.
pub fn check_record(
    read: Option<&SealedRecord>,
    seen: SeenRecord,
    generation: Generation,
) -> Result<Option<SeenRecord>> {
    let Some(read) = read else {
        let vanished = TeamError::Vanished { what: "The connection’s record".to_owned() };
        return if seen.version == 0 { Ok(None) } else { Err(vanished) };
    };
    if read.version >= MAX_VERSION {
        return Err(TeamError::Forged { what: "The version of the connection’s record".to_owned() });
    }
    if read.version < seen.version || read.generation < seen.generation.max(generation) {
        return Err(TeamError::RolledBack { what: "the connection’s record".to_owned() });
    }
    Ok(Some(SeenRecord { version: read.version, generation: read.generation, ..seen }))
}

/// Checks the definition of a record that was decrypted.
pub(crate) fn check_definition(counter: u64, seen: SeenRecord) -> Result<()> {
    if counter < seen.definition {
        return Err(TeamError::RolledBack {
            what: "what the connection’s record says of its app".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Lookup, RecordId, WriteId};

    fn record(version: Version, generation: Generation) -> SealedRecord {
        SealedRecord {
            id: RecordId::random(),
            version,
            generation,
            write_id: WriteId::random(),
            tokens: Vec::new(),
            definition: Vec::new(),
            app: Vec::new(),
            lookup: Lookup([0; 32]),
            begun: None,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            age: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn a_record_that_is_older_or_gone_is_not_accepted() {
        let seen = SeenRecord { version: 5, generation: 2, definition: 3 };
        assert_eq!(check_record(Some(&record(5, 2)), seen, 2).unwrap(), Some(seen));
        let newer = SeenRecord { version: 6, generation: 3, definition: 3 };
        assert_eq!(check_record(Some(&record(6, 3)), seen, 2).unwrap(), Some(newer));
        for (version, generation, of_team) in [(4, 2, 2), (4, 3, 3), (6, 1, 1), (6, 2, 3)] {
            let read = record(version, generation);
            let checked = check_record(Some(&read), seen, of_team);
            assert!(matches!(checked, Err(TeamError::RolledBack { .. })), "{version} {generation} {of_team}");
        }
        assert!(matches!(check_record(None, seen, 2), Err(TeamError::Vanished { .. })));
        assert_eq!(check_record(None, SeenRecord::default(), 2).unwrap(), None);
    }

    #[test]
    fn a_version_that_nobody_reaches_is_not_remembered() {
        let seen = SeenRecord { version: 5, generation: 2, definition: 3 };
        let read = record(Version::MAX, 2);
        assert!(matches!(check_record(Some(&read), seen, 2), Err(TeamError::Forged { .. })));
    }

    #[test]
    fn a_definition_that_is_older_than_one_that_was_seen_is_not_accepted() {
        let seen = SeenRecord { version: 5, generation: 2, definition: 3 };
        assert!(matches!(check_definition(2, seen), Err(TeamError::RolledBack { .. })));
        assert_eq!(check_definition(3, seen), Ok(()));
    }
}
