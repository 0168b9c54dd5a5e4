//! States, and what has changed since one (RFC 8620 §5.1, §5.2).
//!
//! A state is an epoch and a counter of the journal, which moves only by comparing it with
//! what the host has now: while the store's fingerprint is the journal's, nothing has
//! happened; otherwise the versions of all records are compared, and each that has changed
//! takes the next counter. Moving is a compare-and-swap. The journal is read before the host
//! is, so a worker with an older view of the host never overwrites a newer one.
//!
//! An intermediate state says which changes the client knows (see `Place`), so that
//! records which come and go between two pages are told rightly, too.

use super::journal::{Change, Journal};
use super::snapshot::Snapshot;
use crate::data_types::DataType;
use crate::state::journal::new_epoch;
use crate::state::{JournalHead, JournalKey, State, now_secs};
use crate::store::{Account, Id, Store, StoreError};
use std::io;

/// A full comparison is made this often even while the fingerprint says that nothing has
/// changed, for what leaves no trace in it.
const VERIFIED_FOR_SECS: i64 = 3_600;

/// How often to look again when other workers have moved the journal meanwhile.
const MAX_ATTEMPTS: usize = 16;

/// Where a data type of an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    pub state: String,
    /// How many records there are.
    pub count: u64,
}

/// What a client at some state has to learn, each record in one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub created: Vec<Id>,
    pub updated: Vec<Id>,
    pub destroyed: Vec<Id>,
    /// Where the client stands once it knows these.
    pub new_state: String,
    /// `new_state` is an intermediate state; more changes follow it.
    pub has_more: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The state is of another epoch, too old, from the future or none of ours.
    #[error("the changes since this state are not known")]
    CannotCalculate,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The present state. Records that are read after this call are at this state or newer.
pub fn current(
    state: &State,
    account: &Account,
    data_type: &DataType,
    store: &dyn Store,
) -> Result<Current, StoreError> {
    let head = Watch::new(state, account, data_type, store).look(now_secs())?;
    Ok(Current {
        state: Place::at(head.counter).state_string(&head.epoch),
        count: head.count,
    })
}

/// The changes since the state `since`, the oldest first.
///
/// `max_changes` bounds the ids in all three lists; `None` is no bound.
pub fn since(
    state: &State,
    account: &Account,
    data_type: &DataType,
    store: &dyn Store,
    since: &str,
    max_changes: Option<usize>,
) -> Result<Changes, ChangesError> {
    Watch::new(state, account, data_type, store).since(since, max_changes, now_secs())
}

/// The journal of one data type of one account beside the store that it is about.
struct Watch<'a> {
    state: &'a State,
    key: JournalKey<'a>,
    store: &'a dyn Store,
}

impl<'a> Watch<'a> {
    fn new(
        state: &'a State,
        account: &'a Account,
        data_type: &'a DataType,
        store: &'a dyn Store,
    ) -> Self {
        let key = JournalKey {
            account: account.id.as_str(),
            data_type: data_type.name,
        };
        Self { state, key, store }
    }

    /// Brings the journal up to date and returns its head.
    fn look(&self, now_secs: i64) -> Result<JournalHead, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let seen = self.state.journal_head(self.key)?;
            let fingerprint = self.store.fingerprint()?.digest;
            if let Some(head) = seen
                && head.fingerprint == fingerprint
                // A clock that has been set back also makes it due.
                && (0..VERIFIED_FOR_SECS).contains(&(now_secs - head.verified_secs))
            {
                self.store.recall(&head.learnt);
                return Ok(head);
            }
            if let Some(head) = self.compare(fingerprint, now_secs)? {
                return Ok(head);
            }
        }
        let error = io::Error::other("other workers keep moving the change journal");
        Err(StoreError::Unavailable(Box::new(error)))
    }

    /// Compares the journal with every record. `None` when another worker was faster.
    ///
    /// `fingerprint` is older than what is compared here. At worst the next look finds
    /// another one and compares again.
    fn compare(&self, fingerprint: u128, now_secs: i64) -> Result<Option<JournalHead>, StoreError> {
        let seen = self.state.journal(self.key)?;
        let snapshot = Snapshot::take(self.store)?;
        let learnt = self.store.learnt();
        let head_of = |epoch: &str, counter: u64| JournalHead {
            epoch: epoch.to_owned(),
            counter,
            fingerprint,
            count: snapshot.count(),
            verified_secs: now_secs,
            learnt: learnt.clone(),
        };
        let (seen, body) = seen.unzip();
        let known = seen.as_ref().zip(body).and_then(|(head, body)| {
            let journal = Journal::read(head.counter, body)?;
            let next = journal.advance(&snapshot, now_secs)?;
            Some((head_of(&head.epoch, next.counter), next))
        });
        let (head, journal) = match known {
            Some(known) => known,
            None => {
                let journal = Journal::begin(&snapshot, now_secs)
                    .ok_or_else(|| StoreError::Backend("an empty journal is damaged".into()))?;
                (head_of(&new_epoch()?, journal.counter), journal)
            }
        };
        let has_moved = seen
            .as_ref()
            .is_none_or(|seen| (&seen.epoch, seen.counter) != (&head.epoch, head.counter));
        let body = has_moved.then_some(journal.octets());
        let swapped = self
            .state
            .swap_journal(self.key, seen.as_ref(), &head, body)?;
        Ok(swapped.then_some(head))
    }

    fn since(
        &self,
        since: &str,
        max_changes: Option<usize>,
        now_secs: i64,
    ) -> Result<Changes, ChangesError> {
        let head = self.look(now_secs)?;
        let (epoch, place) = Place::parse(since).ok_or(ChangesError::CannotCalculate)?;
        if epoch != head.epoch || place.until.is_some_and(|until| until > head.counter) {
            return Err(ChangesError::CannotCalculate);
        }
        if place == Place::at(head.counter) {
            return Ok(select(&head, place, Vec::new(), max_changes));
        }
        let stored = self.state.journal(self.key).map_err(StoreError::from)?;
        let (head, body) = stored.ok_or(ChangesError::CannotCalculate)?;
        let journal = Journal::read(head.counter, body).ok_or(ChangesError::CannotCalculate)?;
        if epoch != head.epoch || place.since > head.counter || place.since < journal.floor {
            return Err(ChangesError::CannotCalculate);
        }
        let until = place.until.unwrap_or(head.counter);
        let mut found = Vec::new();
        let visited = journal.visit(|entry| {
            if let Some((position, change)) = entry.between(place.since, until)
                && position > place.known
            {
                found.push(Found {
                    position,
                    change,
                    id: entry.id,
                });
            }
        });
        visited.ok_or(ChangesError::CannotCalculate)?;
        Ok(select(&head, place, found, max_changes))
    }
}

/// A record that has changed, and where that stands in the order of changes.
struct Found<'a> {
    position: u64,
    change: Change,
    id: &'a str,
}

/// The oldest changes, as many as are asked for.
fn select(
    head: &JournalHead,
    place: Place,
    mut found: Vec<Found<'_>>,
    max_changes: Option<usize>,
) -> Changes {
    let until = place.until.unwrap_or(head.counter);
    let mut next = Place::at(until);
    if let Some(max) = max_changes.filter(|max| found.len() > *max) {
        found.select_nth_unstable_by_key(max, |found| found.position);
        found.truncate(max);
        next = Place {
            known: found
                .iter()
                .map(|found| found.position)
                .max()
                .unwrap_or(place.known),
            since: place.since,
            until: Some(until),
        };
    }
    found.sort_unstable_by_key(|found| found.position);
    let ids = |wanted: Change| {
        found
            .iter()
            .filter(|found| found.change == wanted)
            .filter_map(|found| Id::new(found.id))
            .collect()
    };
    Changes {
        created: ids(Change::Created),
        updated: ids(Change::Updated),
        destroyed: ids(Change::Destroyed),
        new_state: next.state_string(&head.epoch),
        has_more: next != Place::at(head.counter),
    }
}

/// Where a client stands in an epoch.
///
/// Written `<epoch>-<since>` or, at an intermediate state, `<epoch>-<since>-<known>-<until>`
/// (the "B-D-E" of RFC 8620 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// It knows what the records were at this counter,
    since: u64,
    /// and of what became of them between `since` and `until`, the changes up to this one.
    known: u64,
    /// `None` when it knows nothing newer than `since`.
    until: Option<u64>,
}

impl Place {
    fn at(counter: u64) -> Self {
        Self {
            since: counter,
            known: counter,
            until: None,
        }
    }

    /// The epoch and the place, if they are written as [`Place::state_string`] writes them.
    fn parse(state: &str) -> Option<(&str, Self)> {
        let (epoch, counters) = state.split_once('-')?;
        let mut numbers = Vec::new();
        for digits in counters.split('-').take(4) {
            numbers.push(digits.parse::<u64>().ok()?);
        }
        let place = match *numbers.as_slice() {
            [counter] => Self::at(counter),
            [since, known, until] if since < known && known < until => Self {
                since,
                known,
                until: Some(until),
            },
            _ => return None,
        };
        (place.state_string(epoch) == state).then_some((epoch, place))
    }

    fn state_string(self, epoch: &str) -> String {
        let Self { since, known, .. } = self;
        match self.until {
            None => format!("{epoch}-{since}"),
            Some(until) => format!("{epoch}-{since}-{known}-{until}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, VERIFIED_FOR_SECS, Watch};
    use crate::state::testing::fresh;
    use crate::state::{JournalKey, State};
    use crate::store::{Fingerprint, Selection, Store, StoreError, Version, Visit, Wanted};
    use std::cell::Cell;

    /// One record, and a fingerprint that never sees it change.
    #[derive(Default)]
    struct Blind {
        version: Cell<u128>,
        recalled: Cell<usize>,
    }

    impl Store for Blind {
        fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
            Ok(Fingerprint {
                digest: 0,
                count: 1,
            })
        }

        fn versions(
            &self,
            visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
        ) -> Result<(), StoreError> {
            visit("c1", Version(self.version.get()))
        }

        fn learnt(&self) -> Vec<u8> {
            b"learnt".to_vec()
        }

        fn recall(&self, learnt: &[u8]) {
            assert_eq!(learnt, b"learnt");
            self.recalled.set(self.recalled.get() + 1);
        }

        fn read(&self, _: Wanted<'_>, _: &Selection, _: Visit<'_>) -> Result<(), StoreError> {
            Ok(())
        }
    }

    /// The counter at a time.
    fn counter_at(state: &State, store: &Blind, now_secs: i64) -> u64 {
        let key = JournalKey {
            account: "a1",
            data_type: "ContactCard",
        };
        Watch { state, key, store }.look(now_secs).unwrap().counter
    }

    #[test]
    fn a_change_without_a_trace_shows_at_the_next_full_comparison() {
        let state = fresh();
        let store = Blind::default();
        assert_eq!(counter_at(&state, &store, 1_000), 1);
        store.version.set(2);
        assert_eq!(counter_at(&state, &store, 999 + VERIFIED_FOR_SECS), 1);
        assert_eq!(counter_at(&state, &store, 1_000 + VERIFIED_FOR_SECS), 2);
    }

    #[test]
    fn what_a_full_comparison_has_learnt_is_recalled_until_the_next() {
        let state = fresh();
        let store = Blind::default();
        counter_at(&state, &store, 1_000);
        assert_eq!(store.recalled.get(), 0);
        counter_at(&state, &store, 1_001);
        assert_eq!(store.recalled.get(), 1);
        counter_at(&state, &store, 1_000 + VERIFIED_FOR_SECS);
        assert_eq!(store.recalled.get(), 1);
    }

    #[test]
    fn a_clock_set_back_makes_a_full_comparison_due_and_states_go_on() {
        let state = fresh();
        let store = Blind::default();
        assert_eq!(counter_at(&state, &store, 1_000_000), 1);
        for (version, now_secs) in [(2, 999_999), (3, 10), (4, -10), (5, 1_000_000)] {
            store.version.set(version);
            let counter = counter_at(&state, &store, now_secs);
            assert_eq!(u128::from(counter), version, "at {now_secs}");
        }
    }

    #[test]
    fn places_are_written_in_one_way_only() {
        for state in ["e-7", "e-0", "e-1-2-3"] {
            let (epoch, place) = Place::parse(state).unwrap();
            assert_eq!(place.state_string(epoch), state);
        }
        for state in [
            "",
            "e",
            "e-",
            "e-x",
            "e-07",
            "e--7",
            "e-1-2",
            "e-1-2-3-4",
            "e-2-2-3",
            "e-1-3-3",
            "e-3-2-1",
        ] {
            assert_eq!(Place::parse(state), None, "{state}");
        }
    }
}
