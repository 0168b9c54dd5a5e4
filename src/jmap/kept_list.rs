//! The records of a `/get` response, as far as result references want them.

use super::references::{Index, Interest, add, evaluate, first_token, index, take};
use serde_json::Value;

/// Records kept as JSON text, which takes a fiftieth of the memory of a tree. One is parsed
/// when a reference passes through it.
#[derive(Debug)]
pub struct KeptList {
    interest: Interest,
    text: Vec<u8>,
    /// Where each record ends in `text`.
    ends: Vec<usize>,
    max_octets: usize,
    is_whole: bool,
}

impl KeptList {
    /// An empty list of records reduced to what `interest` names.
    pub fn new(interest: Interest, max_octets: usize) -> Self {
        Self {
            interest,
            text: Vec::new(),
            ends: Vec::new(),
            max_octets,
            is_whole: true,
        }
    }

    /// Adds a record, which is the text of a JSON object.
    pub fn push(&mut self, record: &[u8]) {
        if !self.is_whole {
            return;
        }
        let kept = serde_json::from_slice(record).and_then(|record: Value| {
            let Value::Object(mut members) = record else {
                return Ok(());
            };
            members.retain(|name, _| self.interest.keeps(name));
            serde_json::to_writer(&mut self.text, &members)
        });
        self.ends.push(self.text.len());
        self.is_whole = kept.is_ok() && self.octets() <= self.max_octets;
        if !self.is_whole {
            (self.text, self.ends) = Default::default();
        }
    }

    /// Whether all that was wanted has been kept.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub fn octets(&self) -> usize {
        self.text.len() + size_of::<usize>() * self.ends.len()
    }

    /// Applies a pointer to the array of the records; see [`evaluate`].
    pub fn evaluate(&self, path: &str, octets: &mut usize) -> Result<Value, &'static str> {
        let (which, rest) = match first_token(path) {
            None => (Index::Every, path),
            Some((token, rest)) => (index(&token)?, rest),
        };
        let mut of = |record: &[u8]| {
            take(record.len(), octets)?;
            let record: Value = serde_json::from_slice(record).map_err(|_| "it is no JSON")?;
            evaluate(&record, rest, octets)
        };
        if let Index::One(at) = which {
            return of(self.record(at).ok_or("the path leads to nothing")?);
        }
        let mut results = Vec::new();
        for at in 0..self.ends.len() {
            add(of(self.record(at).unwrap_or_default())?, &mut results);
        }
        Ok(Value::Array(results))
    }

    fn record(&self, at: usize) -> Option<&[u8]> {
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)?,
        };
        self.text.get(start..*self.ends.get(at)?)
    }
}
