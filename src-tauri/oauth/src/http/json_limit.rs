//! Counts the values of a JSON text before it is parsed: the shortest, `0,`, takes a hundred times its size in memory.

/// Counts the values of a JSON text as its parts arrive.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Whether the text is a list or an object, once its first character is known.
    is_json: Option<bool>,
    count: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl Values {
    /// Adds a part of the text and returns an upper bound for the number of values so far, not counting the outermost.
    /// Zero for a text that is neither a list nor an object. A byte order mark and any white space may precede it.
    pub(super) fn take_in(&mut self, piece: &[u8]) -> usize {
        let first = piece.iter().find(|byte| byte.is_ascii_graphic());
        if self.is_json.is_none() {
            self.is_json = first.map(|first| matches!(first, b'[' | b'{'));
        }
        if self.is_json != Some(true) {
            return 0;
        }
        for byte in piece {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_in_string => self.is_escaped = true,
                b'"' => self.is_in_string = !self.is_in_string,
                b',' | b'[' | b'{' if !self.is_in_string => self.count += 1,
                _ => {}
            }
        }
        self.count
    }
}

/// Whether a JSON text has more than `most` values.
pub fn holds_more_than(most: usize, text: &str) -> bool {
    Values::default().take_in(text.as_bytes()) > most
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn white_space_before_json_hides_no_value() {
        for before in ["", " \n", "\u{feff}", "\u{feff}\u{feff} ", "\u{a0}", "\u{b}", "\u{3000}"] {
            let text = format!("{before}[0,0,0]");
            assert_eq!(Values::default().take_in(text.as_bytes()), 3, "{before:?}");
            let mut in_pieces = Values::default();
            assert_eq!(text.as_bytes().chunks(1).map(|piece| in_pieces.take_in(piece)).last(), Some(3));
        }
        assert_eq!(Values::default().take_in(b"a=[0,0,0]"), 0);
    }

    fn values(value: &Value) -> usize {
        1 + match value {
            Value::Array(all) => all.iter().map(values).sum(),
            Value::Object(all) => all.values().map(values).sum(),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..8)
                    .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// However it is split into parts, and whatever its strings contain.
        #[test]
        fn every_value_is_counted(value in any_json(), cut in any::<prop::sample::Index>()) {
            let text = value.to_string();
            let (start, end) = text.as_bytes().split_at(cut.index(text.len()));
            let mut counted = Values::default();
            counted.take_in(start);
            let counted = counted.take_in(end);
            prop_assert!(counted + 1 >= values(&value), "{counted} of {}", values(&value));
            prop_assert!(counted <= 2 * values(&value), "{counted} of {}", values(&value));
        }
    }
}
