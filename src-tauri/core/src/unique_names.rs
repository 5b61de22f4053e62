//! Unique names, ignoring ASCII case as the store does.

use std::collections::{HashMap, HashSet};

/// The names that are in use.
#[derive(Default)]
pub(crate) struct UniqueNames {
    taken: HashSet<String>,
    /// The next number to try for a name: many connections may have similar names.
    next: HashMap<String, u32>,
}

impl UniqueNames {
    pub(crate) fn take(&mut self, name: &str) {
        self.taken.insert(name.to_ascii_lowercase());
    }

    /// Reserves `wanted`, or `wanted` with the lowest free number from 2 on.
    pub(crate) fn unique(&mut self, wanted: &str) -> String {
        let folded = wanted.to_ascii_lowercase();
        if self.taken.insert(folded.clone()) {
            return wanted.to_owned();
        }
        let next = self.next.entry(folded.clone()).or_insert(2);
        while !self.taken.insert(format!("{folded} {next}")) {
            *next += 1;
        }
        let unique = format!("{wanted} {next}");
        *next += 1;
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_the_lowest_free_number() {
        let mut names = UniqueNames::default();
        names.take("acme");
        names.take("Acme 3");
        assert_eq!(["ACME", "Acme", "other"].map(|name| names.unique(name)), ["ACME 2", "Acme 4", "other"]);
    }
}
