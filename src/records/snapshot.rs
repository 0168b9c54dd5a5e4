//! What a store has now, as the journal compares it.

use crate::store::{Store, StoreError, Version};
use std::io;

/// Ids and versions of all records of a store, sorted by id, in little memory.
pub struct Snapshot {
    /// For each record: the id's length, the id, the version.
    octets: Vec<u8>,
    starts: Vec<u32>,
}

impl Snapshot {
    pub fn take(store: &dyn Store) -> Result<Self, StoreError> {
        let mut snapshot = Self::empty();
        store.versions(&mut |id, version| snapshot.push(id, version))?;
        snapshot.sorted()
    }

    #[cfg(test)]
    pub fn of(records: impl Iterator<Item = (String, Version)>) -> Result<Self, StoreError> {
        let mut snapshot = Self::empty();
        for (id, version) in records {
            snapshot.push(&id, version)?;
        }
        snapshot.sorted()
    }

    pub fn count(&self) -> u64 {
        self.starts.len() as u64
    }

    fn empty() -> Self {
        Self {
            octets: Vec::new(),
            starts: Vec::new(),
        }
    }

    fn sorted(mut self) -> Result<Self, StoreError> {
        let octets = &self.octets;
        let id = |start: &u32| record_at(octets, *start).0;
        if !self.starts.is_sorted_by_key(id) {
            self.starts
                .sort_unstable_by(|one, other| id(one).cmp(id(other)));
        }
        if !self.starts.is_sorted_by(|one, other| id(one) < id(other)) {
            return Err(broken_contract("the store has visited an id twice"));
        }
        Ok(self)
    }

    fn push(&mut self, id: &str, version: Version) -> Result<(), StoreError> {
        let start = u32::try_from(self.octets.len())
            .map_err(|_| broken_contract("the store has more ids than fit into memory"))?;
        let length = u8::try_from(id.len())
            .map_err(|_| broken_contract("the store has visited an id of over 255 octets"))?;
        self.starts.push(start);
        self.octets.push(length);
        self.octets.extend_from_slice(id.as_bytes());
        self.octets
            .extend_from_slice(&shorten(version).to_le_bytes());
        Ok(())
    }

    /// Ids and versions, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.starts
            .iter()
            .map(|start| record_at(&self.octets, *start))
    }
}

/// The record at a place where [`Snapshot::push`] has put one.
fn record_at(octets: &[u8], start: u32) -> (&str, u64) {
    let record = || {
        let (length, rest) = octets.get(start as usize..)?.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let version = rest.first_chunk()?;
        Some((std::str::from_utf8(id).ok()?, u64::from_le_bytes(*version)))
    };
    record().unwrap_or_default()
}

/// Half of a version is enough to tell one record's contents apart.
fn shorten(version: Version) -> u64 {
    let halves = [version.0 >> 64, version.0 & u128::from(u64::MAX)];
    halves.iter().fold(0, |sum, half| {
        sum ^ u64::try_from(*half).unwrap_or_default()
    })
}

fn broken_contract(what: &'static str) -> StoreError {
    StoreError::Backend(Box::new(io::Error::other(what)))
}

#[cfg(test)]
mod tests {
    use super::Snapshot;
    use crate::store::Version;

    #[test]
    fn snapshot_sorts_by_id() {
        let records = ["c10", "c9", "c1"].map(|id| (id.to_owned(), Version(7)));
        let snapshot = Snapshot::of(records.into_iter()).unwrap();
        let ids: Vec<_> = snapshot.iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["c1", "c10", "c9"]);
    }

    #[test]
    fn snapshot_refuses_an_id_that_is_visited_twice() {
        let records = ["c1", "c2", "c1"].map(|id| (id.to_owned(), Version(7)));
        assert!(Snapshot::of(records.into_iter()).is_err());
    }
}
