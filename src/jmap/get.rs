//! `/get` (RFC 8620 §5.1), streamed: memory does not grow with the account.

use super::arguments::resolve_id;
use super::dispatch::Call;
use super::error::MethodError;
use super::references::Interest;
use super::responses::{Failure, Responses};
use crate::json::Mark;
use crate::records::changes;
use crate::store::{Id, Object, Record, Selection, StoreError, Wanted};
use serde_json::{Value, json};
use std::collections::HashSet;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let limit = call.server.settings.limits.max_objects_in_get;
    let requested = call.arguments.optional_strings("ids")?;
    let selection = selection(&mut call)?;
    call.arguments.finish()?;
    if requested
        .as_ref()
        .is_some_and(|ids| ids.len() as u64 > limit)
    {
        return Err(MethodError::new("requestTooLarge").into());
    }
    let current = changes::current(call.server.state, call.account, call.data_type, call.store)?;
    if requested.is_none() && current.count > limit {
        return Err(MethodError::described(
            "requestTooLarge",
            "there are more records than maxObjectsInGet: use /query",
        )
        .into());
    }
    let (ids, mut missing) = match requested {
        None => (None, Vec::new()),
        Some(texts) => {
            let (ids, invalid) = distinct(texts, &call);
            (Some(ids), invalid)
        }
    };
    let wanted = ids.as_deref().map_or(Wanted::All, Wanted::Ids);

    let mut list = List::new(&call, &current.state, responses);
    let mut seen: HashSet<String> = HashSet::new();
    let read = call.store.read(wanted, &selection, &mut |record| {
        if ids.is_some() {
            seen.insert(record.id().to_owned());
        }
        list.write(record, &selection)
    });
    if let Err(error) = read {
        return Err(list.fail(error));
    }
    missing.extend(
        ids.iter()
            .flatten()
            .map(Id::to_string)
            .filter(|id| !seen.contains(id)),
    );
    list.finish(missing)
}

/// The asked properties; unknown ones are invalid.
fn selection(call: &mut Call<'_>) -> Result<Selection, MethodError> {
    let Some(properties) = call.arguments.optional_strings("properties")? else {
        return Ok(Selection::ALL);
    };
    for property in &properties {
        if !call.data_type.has_property(property) {
            let shown: String = property.chars().take(100).collect();
            return Err(MethodError::invalid_arguments(format!(
                "{} has no property \"{shown}\"",
                call.data_type.name
            )));
        }
    }
    Ok(Selection::of(properties))
}

/// Each id once, in two lists: those that may exist, and texts that are no Id at all.
fn distinct(texts: Vec<String>, call: &Call<'_>) -> (Vec<Id>, Vec<String>) {
    let mut known = HashSet::new();
    let mut ids = Vec::new();
    let mut invalid = Vec::new();
    for text in texts {
        match resolve_id(&text, call.created_ids) {
            Some(id) => {
                if known.insert(id.to_string()) {
                    ids.push(id);
                }
            }
            None => {
                if known.insert(text.clone()) {
                    invalid.push(text);
                }
            }
        }
    }
    (ids, invalid)
}

/// The response under way.
struct List<'a, 'b, 'c> {
    call: &'a Call<'a>,
    state: &'a str,
    responses: &'b mut Responses<'c>,
    is_open: bool,
    keep: Option<Keep>,
}

/// What later calls refer to.
struct Keep {
    interest: Interest,
    list: Vec<Value>,
    octets: usize,
    overflowed: bool,
}

impl<'a, 'b, 'c> List<'a, 'b, 'c> {
    fn new(call: &'a Call<'a>, state: &'a str, responses: &'b mut Responses<'c>) -> Self {
        let keep = responses.interest(call.call_id).map(|interest| Keep {
            interest,
            list: Vec::new(),
            octets: 0,
            overflowed: false,
        });
        Self {
            call,
            state,
            responses,
            is_open: false,
            keep,
        }
    }

    /// Writes what comes before the records. It waits for the first of them, because until
    /// then a failure of the storage is still a method error.
    fn open(&mut self) {
        if self.is_open {
            return;
        }
        self.is_open = true;
        let text = self.responses.open(self.call.name);
        text.begin_object();
        text.member("accountId", self.call.account.id.as_str());
        text.member("state", self.state);
        text.key("list");
        text.begin_array();
    }

    fn write(&mut self, record: &dyn Record, selection: &Selection) -> Result<(), StoreError> {
        self.open();
        let text = self.responses.text();
        let mark = text.mark();
        record.emit(selection, text);
        self.keep(mark);
        self.responses.go_on()
    }

    fn keep(&mut self, mark: Mark) {
        let Some(keep) = &mut self.keep else { return };
        if !keep.interest.list || keep.overflowed {
            return;
        }
        let record = self.responses.text().value_since(mark);
        let Ok(Value::Object(mut record)) = serde_json::from_slice(record) else {
            return;
        };
        record.retain(|name, _| keep.interest.keeps(name));
        let record = Value::Object(record);
        keep.octets += record.to_string().len();
        keep.overflowed = keep.octets > self.responses.results.octets_left();
        keep.list.push(record);
    }

    fn fail(self, error: StoreError) -> Failure {
        if self.is_open {
            self.responses.break_off(error)
        } else {
            error.into()
        }
    }

    fn finish(mut self, not_found: Vec<String>) -> Result<(), Failure> {
        self.open();
        let text = self.responses.text();
        text.end_array();
        text.key("notFound");
        text.serialize(&not_found);
        text.end_object();
        self.responses.close(self.call.call_id)?;
        let Some(keep) = self.keep else { return Ok(()) };
        let results = &mut self.responses.results;
        if keep.overflowed {
            results.keep_nothing(self.call.call_id, self.call.name);
            return Ok(());
        }
        let mut arguments = Object::new();
        arguments.insert("accountId".into(), json!(self.call.account.id.as_str()));
        arguments.insert("state".into(), json!(self.state));
        arguments.insert("list".into(), Value::Array(keep.list));
        arguments.insert("notFound".into(), json!(not_found));
        results.keep(self.call.call_id, self.call.name, arguments.into());
        Ok(())
    }
}
