//! Unique names, ignoring ASCII case as the store does.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

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
        match self.unique_also(wanted, |_| Ok::<_, Infallible>(false)) {
            Ok(unique) => unique,
            Err(never) => match never {},
        }
    }

    /// The same, where `is_taken` knows of more names.
    pub(crate) fn unique_also<E>(
        &mut self,
        wanted: &str,
        mut is_taken: impl FnMut(&str) -> Result<bool, E>,
    ) -> Result<String, E> {
        let folded = wanted.to_ascii_lowercase();
        if self.taken.insert(folded.clone()) && !is_taken(wanted)? {
            return Ok(wanted.to_owned());
        }
        let next = self.next.entry(folded.clone()).or_insert(2);
        loop {
            let unique = format!("{wanted} {next}");
            let is_free = self.taken.insert(format!("{folded} {next}"));
            *next += 1;
            if is_free && !is_taken(&unique)? {
                return Ok(unique);
            }
        }
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
        let is_taken = |name: &str| Ok::<_, Infallible>(["Elsewhere", "Acme 5"].contains(&name));
        assert_eq!(names.unique_also("Acme", is_taken), Ok("Acme 6".to_owned()));
        assert_eq!(names.unique_also("Elsewhere", is_taken), Ok("Elsewhere 2".to_owned()));
    }
}
