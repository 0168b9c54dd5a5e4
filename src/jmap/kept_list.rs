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

    /// Prepares for a record of so many octets, and gives up where it cannot be kept.
    pub fn make_room(&mut self, octets: u64) {
        let octets = usize::try_from(octets).unwrap_or(usize::MAX);
        if self.octets().saturating_add(octets) > self.max_octets {
            self.is_whole = false;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::references::Results;
    use crate::jmap::request::Invocation;
    use serde_json::json;

    /// A list that keeps `id` of its records.
    fn list(max_octets: usize) -> KeptList {
        let reference = json!({"resultOf": "a", "name": "Foo/get", "path": "/list/*/id"});
        let call = Invocation {
            name: "Foo/get".to_owned(),
            arguments: [("#ids".to_owned(), reference)].into_iter().collect(),
            call_id: "b".to_owned(),
        };
        let results = Results::new(&[call], max_octets);
        results.list("a").expect("it is referred to")
    }

    #[test]
    fn kept_list_reduces_its_records_to_what_is_wanted() {
        let mut list = list(1_000);
        list.push(br#"{"id":"c1","name":{"full":"Jane"}}"#);
        list.push(br#"{"name":{}}"#);
        let found = |path| list.evaluate(path, &mut 10_000);
        assert_eq!(found(""), Ok(json!([{"id": "c1"}, {}])));
        assert_eq!(found("/0/id"), Ok(json!("c1")));
        assert!(found("/2").is_err());
        assert!(found("/*/id").is_err(), "one has none");
    }

    #[test]
    fn kept_list_holds_no_more_than_its_octets() {
        let mut list = list(1_000);
        for _ in 0..10_000 {
            list.push(br#"{"id":"c1"}"#);
            assert!(list.octets() <= 1_000);
        }
        assert!(!list.is_whole());
    }

    #[test]
    fn kept_list_with_a_record_that_is_no_json_is_not_whole() {
        let mut list = list(1_000);
        list.push(b"{");
        assert!(!list.is_whole());
    }

    #[test]
    fn kept_list_takes_what_it_parses_off_the_octets() {
        let mut list = list(1_000);
        let id = "i".repeat(500);
        list.push(format!(r#"{{"id":"{id}"}}"#).as_bytes());
        assert!(list.evaluate("/0/id/x", &mut 400).is_err());
        let mut octets = 10_000;
        assert!(list.evaluate("/0/id/x", &mut octets).is_err());
        assert!(octets < 9_500, "{octets}");
    }
}
