//! What a host's columns cannot hold of a record: the rules, whatever the host keeps it in.
//!
//! An entry lies beside the record's row and mirrors that value of the row which what is
//! carried goes with. Where somebody has changed the value in the webmail since, the row wins:
//! what went with the old value is not shown beside the new one. The entry belongs to a row by
//! more than a key that may be used again, and how is the host's to say.

use crate::store::Version;

/// What is carried of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Empty where the record has none, or the host a place for it.
    pub uid: String,
    /// The row's value as it was when this was written.
    pub mirror: String,
    pub data: String,
}

impl Entry {
    /// Another one for every other content, as 32 hexadecimal digits.
    pub fn digest(&self) -> String {
        let Version(digest) =
            Version::of([&self.uid, &self.mirror, &self.data].map(|part| part.as_bytes()));
        format!("{digest:032x}")
    }

    /// Whether what goes with the row's value is shown beside this one.
    pub fn goes_with(&self, value: &str) -> bool {
        self.mirror == value
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn entry_digest_changes_with_every_part() {
        let entry = |uid: &str, mirror: &str, data: &str| Entry {
            uid: uid.to_owned(),
            mirror: mirror.to_owned(),
            data: data.to_owned(),
        };
        let entries = [
            entry("a", "b", "c"),
            entry("x", "b", "c"),
            entry("a", "x", "c"),
            entry("a", "b", "x"),
            entry("ab", "", "c"),
            entry("", "ab", "c"),
        ];
        let digests: std::collections::BTreeSet<_> = entries.iter().map(Entry::digest).collect();
        assert_eq!(digests.len(), entries.len());
    }

    #[test]
    fn entry_goes_with_the_value_that_it_mirrors_alone() {
        let entry = Entry {
            mirror: "Friends".to_owned(),
            ..Entry::default()
        };
        assert!(entry.goes_with("Friends"));
        assert!(!entry.goes_with("friends"));
    }
}
