//! `/get` (RFC 8620 §5.1), streamed: memory does not grow with the account.

use super::arguments::resolve_id;
use super::dispatch::Call;
use super::error::{MethodError, shown};
use super::kept_list::KeptList;
use super::responses::{Failure, Responses};
use crate::records::changes;
use crate::store::{Id, Record, Selection, StoreError, Wanted};
use serde_json::json;
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
            return Err(MethodError::invalid_arguments(format!(
                "{} has no property \"{}\"",
                call.data_type.name,
                shown(property)
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
    /// What later calls refer to.
    kept: Option<KeptList>,
}

impl<'a, 'b, 'c> List<'a, 'b, 'c> {
    fn new(call: &'a Call<'a>, state: &'a str, responses: &'b mut Responses<'c>) -> Self {
        Self {
            call,
            state,
            kept: responses.results.list(call.call_id),
            responses,
            is_open: false,
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
        if let Some(kept) = &mut self.kept {
            kept.push(text.value_since(mark));
        }
        self.responses.go_on()
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
        if let Some(kept) = self.kept {
            let arguments = json!({
                "accountId": self.call.account.id.as_str(),
                "state": self.state,
                "notFound": not_found,
            });
            let results = &mut self.responses.results;
            results.keep_with_list(self.call.call_id, self.call.name, arguments, kept);
        }
        Ok(())
    }
}
