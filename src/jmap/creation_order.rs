//! In which order new records are created that refer to each other (RFC 8620 §5.3).

use super::creation_ids;
use crate::data_types::DataType;
use crate::store::Object;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// The places of records in a list, each behind those that it refers to. It takes time in
/// proportion to the references.
pub struct CreationOrder {
    /// Of each, those that refer to it.
    waiting: Vec<Vec<usize>>,
    /// Of each, how many it refers to that are not done.
    awaited: Vec<usize>,
    ready: VecDeque<usize>,
}

impl CreationOrder {
    /// What is referred to and is not in the list is not waited for.
    pub fn of(data_type: &DataType, records: &[(String, Object)]) -> Self {
        let places: HashMap<&str, usize> = (records.iter().enumerate())
            .map(|(place, (creation_id, _))| (creation_id.as_str(), place))
            .collect();
        let mut order = Self {
            waiting: vec![Vec::new(); records.len()],
            awaited: Vec::with_capacity(records.len()),
            ready: VecDeque::new(),
        };
        for (place, (_, object)) in records.iter().enumerate() {
            let names = creation_ids::in_object(data_type, object);
            let others: BTreeSet<usize> = names
                .filter_map(|name| places.get(name.as_str()).copied())
                .collect();
            order.awaited.push(others.len());
            if others.is_empty() {
                order.ready.push_back(place);
            }
            for other in others {
                if let Some(waiting) = order.waiting.get_mut(other) {
                    waiting.push(place);
                }
            }
        }
        order
    }

    /// The next ones, at most so many; none when all are done or the rest is a circle.
    pub fn next(&mut self, most: usize) -> Vec<usize> {
        let count = most.min(self.ready.len());
        self.ready.drain(..count).collect()
    }

    pub fn done(&mut self, places: &[usize]) {
        for place in places {
            let waiting = self.waiting.get_mut(*place).map(std::mem::take);
            for other in waiting.unwrap_or_default() {
                let Some(awaited) = self.awaited.get_mut(other) else {
                    continue;
                };
                *awaited -= 1;
                if *awaited == 0 {
                    self.ready.push_back(other);
                }
            }
        }
    }
}
