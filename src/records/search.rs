//! Queries: which records match, in which order (RFC 8620 §5.5, §5.6).
//!
//! What is kept of a record is its id and what it is sorted by. A record is parsed only when
//! its JSON may match, and without filter and sort it is not even converted.

use super::changes::{self, Changes, ChangesError};
use super::filter::Filter;
use super::sort::Comparator;
use super::text::fold;
use crate::data_types::DataType;
use crate::json;
use crate::state::State;
use crate::store::{Account, Id, Object, Record, Selection, Store, StoreError, Wanted};
use std::io;

/// What the ids and sort keys of one query may take.
const MAX_OCTETS: usize = 64 << 20;

/// How often to begin anew when records change while they are read.
const MAX_ATTEMPTS: usize = 4;

/// Where a query is made.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub state: &'a State,
    pub account: &'a Account,
    pub data_type: &'static DataType,
    pub store: &'a dyn Store,
    /// Asked now and then: whether to stop.
    pub is_over: &'a dyn Fn() -> bool,
}

/// A filter and an order.
#[derive(Debug)]
pub struct Query {
    /// `None` is every record.
    pub filter: Option<Filter>,
    /// Without any, and between equals, the order is that of the ids.
    pub sort: Vec<Comparator>,
}

/// The ids that a query has found, in its order.
pub struct Results {
    /// A state that they are of or newer than.
    pub state: String,
    octets: Vec<u8>,
    /// Where each result begins: the lengths of its sort key and its id (two octets and one),
    /// then both.
    starts: Vec<u32>,
}

/// What has become of the results since a state (RFC 8620 §5.6).
pub struct ResultChanges {
    /// Ids that were results, if only perhaps.
    pub removed: Vec<Id>,
    /// Ids that are results now, with their indexes, in order.
    pub added: Vec<(Id, usize)>,
    pub results: Results,
}

impl Query {
    /// What matches. What changes meanwhile may be among the results already; the changes
    /// since their state tell of it again, so that a client comes to the right list.
    pub fn run(&self, place: Place<'_>) -> Result<Results, StoreError> {
        self.read(place, current(place)?)
    }

    /// The results, and how they differ from those of an earlier state.
    ///
    /// `up_to` is the last id that the client knows of the earlier results.
    pub fn changes(
        &self,
        place: Place<'_>,
        since: &str,
        up_to: Option<&Id>,
    ) -> Result<ResultChanges, ChangesError> {
        for _ in 0..MAX_ATTEMPTS {
            let changes = changes::since(
                place.state,
                place.account,
                place.data_type,
                place.store,
                since,
                None,
            )?;
            if changes.has_more {
                // An intermediate state of /changes is no state of a query.
                return Err(ChangesError::CannotCalculate);
            }
            let results = self.read(place, changes.new_state.clone())?;
            // The indexes are right only where nothing has changed meanwhile.
            if current(place)? == results.state {
                return Ok(self.compare(place.data_type, changes, results, up_to));
            }
        }
        Err(unsteady().into())
    }

    fn compare(
        &self,
        data_type: &DataType,
        changes: Changes,
        results: Results,
        up_to: Option<&Id>,
    ) -> ResultChanges {
        let Changes {
            created,
            updated,
            mut destroyed,
            ..
        } = changes;
        // The client may have seen them, at another place: see `run`.
        destroyed.extend_from_slice(&created);
        let mut moved = created;
        let is_fixed = self.is_fixed(data_type);
        if !is_fixed {
            moved.extend_from_slice(&updated);
            destroyed.extend(updated);
        }
        moved.sort_unstable();
        let is_moved = |id: &str| {
            moved
                .binary_search_by(|moved| moved.as_str().cmp(id))
                .is_ok()
        };
        let last = up_to
            .filter(|_| is_fixed)
            .and_then(|id| results.index_of(id))
            .unwrap_or(usize::MAX);
        let added = results
            .iter()
            .enumerate()
            .take_while(|(index, _)| *index <= last)
            .filter(|(_, id)| is_moved(id))
            .filter_map(|(index, id)| Some((Id::new(id)?, index)))
            .collect();
        if let Some(up_to) = up_to.filter(|_| last != usize::MAX && self.sort.is_empty()) {
            // The order is that of the ids, so it is known where the destroyed ones stood.
            destroyed.retain(|id| id <= up_to);
        }
        ResultChanges {
            removed: destroyed,
            added,
            results,
        }
    }

    /// Whether a record that is a result stays one, at the same place among the others.
    fn is_fixed(&self, data_type: &DataType) -> bool {
        let mut is_fixed = true;
        self.visit_properties(&mut |name| {
            let property = data_type.property(name);
            is_fixed = is_fixed && property.is_some_and(|property| property.is_immutable);
        });
        is_fixed
    }

    fn visit_properties(&self, visit: &mut dyn FnMut(&'static str)) {
        if let Some(filter) = &self.filter {
            filter.visit_properties(visit);
        }
        self.sort.iter().for_each(|one| visit(one.property()));
    }

    fn read(&self, place: Place<'_>, state: String) -> Result<Results, StoreError> {
        let mut names = vec!["id"];
        self.visit_properties(&mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        let needs_content = names.len() > 1;
        let filter = self.filter.as_ref();
        let selection = Selection::of(names);
        let mut results = Results {
            state,
            octets: Vec::new(),
            starts: Vec::new(),
        };
        let mut reader = Reader::default();
        let matches_all = |filter: &Filter| filter.matches(&Object::new(), &mut String::new());
        if !needs_content && !filter.is_none_or(matches_all) {
            return Ok(results);
        }
        place.store.read(Wanted::All, &selection, &mut |record| {
            if (place.is_over)() {
                return Err(StoreError::Stopped(
                    "the client has gone or the time is over",
                ));
            }
            if !needs_content {
                return results.push(record.id(), &[]);
            }
            let Some(object) = reader.parse(record, &selection, filter)? else {
                return Ok(());
            };
            if filter.is_none_or(|filter| filter.matches(&object, &mut reader.folded)) {
                reader.key.clear();
                for comparator in &self.sort {
                    comparator.write_key(&object, &mut reader.key);
                }
                results.push(record.id(), &reader.key)?;
            }
            Ok(())
        })?;
        results.sort();
        Ok(results)
    }
}

/// Memory that one record after the other is looked at in.
#[derive(Default)]
struct Reader {
    text: json::Writer,
    folded: String,
    key: Vec<u8>,
}

impl Reader {
    /// The record, unless its text already says that it does not match.
    fn parse(
        &mut self,
        record: &dyn Record,
        selection: &Selection,
        filter: Option<&Filter>,
    ) -> Result<Option<Object>, StoreError> {
        if let Some((filter, text)) = filter.zip(record.plain_text()) {
            self.folded.clear();
            fold(text, &mut self.folded);
            if !filter.may_match_plainly(&self.folded) {
                return Ok(None);
            }
        }
        self.text.clear();
        record.emit(selection, &mut self.text);
        let text = std::str::from_utf8(self.text.as_bytes())
            .map_err(|error| StoreError::Backend(error.into()))?;
        if let Some(filter) = filter {
            self.folded.clear();
            fold(text, &mut self.folded);
            if !filter.may_match(&self.folded) {
                return Ok(None);
            }
        }
        serde_json::from_str(text)
            .map(Some)
            .map_err(|error| StoreError::Backend(error.into()))
    }
}

impl Results {
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The ids, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.starts.iter().map(|start| self.key_and_id(*start).1)
    }

    pub fn index_of(&self, id: &Id) -> Option<usize> {
        self.iter().position(|found| found == id.as_str())
    }

    fn push(&mut self, id: &str, key: &[u8]) -> Result<(), StoreError> {
        let lengths = u16::try_from(key.len())
            .ok()
            .zip(u8::try_from(id.len()).ok());
        let start = u32::try_from(self.octets.len()).ok();
        let (Some((key_length, id_length)), Some(start)) = (lengths, start) else {
            return Err(StoreError::TooLarge);
        };
        if self.octets.len() > MAX_OCTETS {
            return Err(StoreError::TooLarge);
        }
        self.starts.push(start);
        self.octets.extend_from_slice(&key_length.to_le_bytes());
        self.octets.push(id_length);
        self.octets.extend_from_slice(key);
        self.octets.extend_from_slice(id.as_bytes());
        Ok(())
    }

    fn sort(&mut self) {
        let mut starts = std::mem::take(&mut self.starts);
        starts.sort_unstable_by(|one, other| self.key_and_id(*one).cmp(&self.key_and_id(*other)));
        self.starts = starts;
    }

    /// What [`Results::push`] has put there.
    fn key_and_id(&self, start: u32) -> (&[u8], &str) {
        let parts = || {
            let rest = self.octets.get(start as usize..)?;
            let ([low, high, id_length], rest) = rest.split_first_chunk()?;
            let key_length = u16::from_le_bytes([*low, *high]);
            let (key, rest) = rest.split_at_checked(usize::from(key_length))?;
            let id = rest.get(..usize::from(*id_length))?;
            Some((key, std::str::from_utf8(id).ok()?))
        };
        parts().unwrap_or_default()
    }
}

fn current(place: Place<'_>) -> Result<String, StoreError> {
    let current = changes::current(place.state, place.account, place.data_type, place.store)?;
    Ok(current.state)
}

fn unsteady() -> StoreError {
    let error = io::Error::other("the records changed whenever they were read");
    StoreError::Unavailable(Box::new(error))
}
