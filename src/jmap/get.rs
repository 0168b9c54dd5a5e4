//! `/get` (RFC 8620 §5.1), streamed: memory does not grow with the account.

use super::arguments::{Arguments, distinct};
use super::dispatch::Call;
use super::error::{MethodError, shown};
use super::list::List;
use super::responses::{Failure, Responses};
use crate::data_types::DataType;
use crate::records::changes;
use crate::store::{Id, Selection, Wanted};
use std::collections::HashSet;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let limit = call.server.settings.limits.max_objects_in_get;
    let requested = call.arguments.optional_strings("ids")?;
    let selection = selection(&mut call.arguments, call.data_type)?;
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
            let (ids, invalid) = distinct(texts, call.created_ids);
            (Some(ids), invalid)
        }
    };
    let wanted = ids.as_deref().map_or(Wanted::All, Wanted::Ids);

    let mut list = List::new(call.name, call.call_id, call.account, responses);
    list.state = Some(&current.state);
    let mut seen: HashSet<String> = HashSet::new();
    let read = call.store.read(wanted, &selection, &mut |record| {
        if ids.is_some() {
            seen.insert(record.id().to_owned());
        }
        list.write(|text| record.emit(&selection, text))
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
pub fn selection(
    arguments: &mut Arguments,
    data_type: &DataType,
) -> Result<Selection, MethodError> {
    let Some(properties) = arguments.optional_strings("properties")? else {
        return Ok(Selection::ALL);
    };
    for property in &properties {
        if !data_type.has_property(property) {
            return Err(MethodError::invalid_arguments(format!(
                "{} has no property \"{}\"",
                data_type.name,
                shown(property)
            )));
        }
    }
    Ok(Selection::of(properties))
}
