//! Creates, updates and destroys records, each on its own, under the rules of their
//! declaration.
//!
//! Stores are asked for many records at once, because that is much cheaper.

use super::patch::{self, InvalidPatch};
use crate::data_types::{DataType, Ids, Property};
use crate::json;
use crate::store::{Blobs, Id, Object, Selection, Store, StoreError, StoreWriter, Update, Wanted};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// How often an update is tried against a record that others keep changing.
const ATTEMPTS: u32 = 5;

/// Why a record was not written; nothing of it has changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Patch(#[from] InvalidPatch),
    /// Another record has this value of a property that must be unique in the account.
    #[error("another record has the same {property}")]
    Taken {
        property: &'static str,
        existing: Id,
    },
}

/// A new record.
#[derive(Debug)]
pub struct Created {
    pub id: Id,
    /// What it holds beyond, or other than, what was sent.
    pub added: Object,
}

/// Stores a new record.
///
/// # Errors
/// `Invalid` names all properties that are unknown, missing or the server's to set.
pub fn create(
    data_type: &DataType,
    store: &dyn Store,
    sent: &Object,
    blobs: Blobs<'_>,
) -> Result<Created, WriteError> {
    let created = create_all(data_type, store, std::slice::from_ref(sent), blobs).pop();
    created.unwrap_or_else(|| Err(untold().into()))
}

/// Stores new records as [`create`] does, in their order, and says what came of each.
pub fn create_all(
    data_type: &DataType,
    store: &dyn Store,
    sent: &[Object],
    blobs: Blobs<'_>,
) -> Vec<Result<Created, WriteError>> {
    let mut created = Vec::with_capacity(sent.len());
    while let Some(rest) = sent.get(created.len()..).filter(|rest| !rest.is_empty()) {
        let (now, _) = rest.split_at(count_of_distinct(data_type, rest));
        created.extend(create_distinct(data_type, store, now, blobs));
    }
    created
}

/// How many records there are before one with a unique property of an earlier one. What comes
/// of that one is known when the others are stored.
fn count_of_distinct(data_type: &DataType, records: &[Object]) -> usize {
    let mut seen = HashSet::new();
    for (count, record) in records.iter().enumerate() {
        for property in data_type.properties.iter().filter(|one| one.is_unique) {
            if let Some(Value::String(value)) = record.get(property.name)
                && !seen.insert((property.name, value))
            {
                return count;
            }
        }
    }
    records.len()
}

fn create_distinct(
    data_type: &DataType,
    store: &dyn Store,
    sent: &[Object],
    blobs: Blobs<'_>,
) -> Vec<Result<Created, WriteError>> {
    let new = |sent| {
        let writer = writer(store)?;
        let object = completed(data_type, sent)?;
        check_unique(data_type, writer, &object)?;
        Ok(object)
    };
    let new: Vec<Result<Cow<'_, Object>, WriteError>> = sent.iter().map(new).collect();
    let objects: Vec<&Object> = new.iter().flatten().map(AsRef::as_ref).collect();
    let stored = writer(store).map(|writer| writer.create_all(&objects, blobs));
    let mut stored = stored.unwrap_or_default().into_iter();
    let ids = new.into_iter().map(|new| {
        new?;
        Ok(stored.next().unwrap_or_else(|| Err(untold()))?)
    });
    let ids: Vec<Result<Id, WriteError>> = ids.collect();
    let known: Vec<Id> = ids.iter().flatten().cloned().collect();
    let mut found = read_all(store, &known);
    let created = |(id, sent): (Result<Id, WriteError>, &Object)| {
        let id = id?;
        let added = match read_back(&mut found, &id) {
            Some(stored) => difference(stored, sent),
            None => Object::from_iter([("id".to_owned(), id.as_str().into())]),
        };
        Ok(Created { id, added })
    };
    ids.into_iter().zip(sent).map(created).collect()
}

/// What is stored for what was sent: without nulls, and with defaults.
fn completed<'s>(data_type: &DataType, sent: &'s Object) -> Result<Cow<'s, Object>, StoreError> {
    let mut object = Cow::Borrowed(sent);
    if sent.values().any(Value::is_null) {
        object.to_mut().retain(|_, value| !value.is_null());
    }
    let mut invalid: Vec<String> = object
        .iter()
        .filter(|(name, value)| match data_type.property(name) {
            None => !data_type.has_property(name),
            Some(property) => property.is_server_set || !has_shape(property, value),
        })
        .map(|(name, _)| name.clone())
        .collect();
    let is_missing =
        |property: &&Property| property.is_mandatory && !object.contains_key(property.name);
    let missing = data_type.properties.iter().filter(is_missing);
    invalid.extend(missing.map(|property| property.name.to_owned()));
    if !invalid.is_empty() {
        return Err(invalid_properties(invalid));
    }
    for property in data_type.properties {
        if let Some(default) = property.default
            && !object.contains_key(property.name)
        {
            object.to_mut().insert(property.name.to_owned(), default());
        }
    }
    Ok(object)
}

/// Applies PatchObjects (RFC 8620 §5.3), each to its record as it is when that is written. No
/// record is named twice.
///
/// Returns for each those properties that are not as its patch asked for them.
///
/// # Errors
/// `Store(Conflict)` when others kept changing the record meanwhile.
pub fn update_all(
    data_type: &DataType,
    store: &dyn Store,
    patches: &[(Id, Object)],
    blobs: Blobs<'_>,
) -> Vec<Result<Object, WriteError>> {
    let conflict = || Err(StoreError::Conflict.into());
    let mut updated: Vec<Result<Object, WriteError>> = std::iter::repeat_with(conflict)
        .take(patches.len())
        .collect();
    for _ in 0..ATTEMPTS {
        let (mut places, open): (Vec<_>, Vec<_>) = updated
            .iter_mut()
            .zip(patches)
            .filter(|(updated, _)| matches!(updated, Err(WriteError::Store(StoreError::Conflict))))
            .unzip();
        if open.is_empty() {
            break;
        }
        let outcomes = update_once(data_type, store, &open, blobs);
        for (place, outcome) in places.iter_mut().zip(outcomes) {
            **place = outcome;
        }
    }
    updated
}

/// What a record is and what it is to be.
struct Change {
    before: Object,
    after: Object,
}

fn update_once(
    data_type: &DataType,
    store: &dyn Store,
    patches: &[&(Id, Object)],
    blobs: Blobs<'_>,
) -> Vec<Result<Object, WriteError>> {
    let ids = patches.iter().map(|(id, _)| id.clone());
    let mut before = read_all(store, &ids.collect::<Vec<_>>());
    let default = |name: &str| {
        let default = data_type.property(name)?.default?;
        Some(default())
    };
    let change = |(id, patch): &&(Id, Object)| {
        let before = take(&mut before, id)?;
        let after = patch::apply(&before, patch, default)?;
        check_update(data_type, &before, &after, patch)?;
        if before != after {
            writer(store)?;
        }
        Ok(Change { before, after })
    };
    let changes: Vec<Result<Change, WriteError>> = patches.iter().map(change).collect();
    let updates: Vec<Update<'_>> = patches
        .iter()
        .zip(&changes)
        .filter_map(|((id, _), change)| {
            let Change { before, after } = change.as_ref().ok()?;
            (before != after).then_some(Update { id, before, after })
        })
        .collect();
    let written = writer(store).map(|writer| writer.update_all(&updates, blobs));
    let written = written.unwrap_or_default();
    let stored = updates
        .iter()
        .zip(&written)
        .filter(|(_, written)| written.is_ok());
    let stored: Vec<Id> = stored.map(|(update, _)| update.id.clone()).collect();
    let mut stored = read_all(store, &stored);
    let mut written = written.into_iter();
    let updated = |(change, (id, _)): (Result<Change, WriteError>, &&(Id, Object))| {
        let Change { before, after } = change?;
        if before == after {
            return Ok(Object::new());
        }
        written.next().unwrap_or_else(|| Err(untold()))?;
        let stored = read_back(&mut stored, id);
        Ok(stored.map_or_else(Object::new, |stored| difference(stored, &after)))
    };
    changes.into_iter().zip(patches).map(updated).collect()
}

/// Destroys records and says what came of each. None is named twice.
pub fn destroy_all(store: &dyn Store, ids: &[Id]) -> Vec<Result<(), WriteError>> {
    match writer(store) {
        Ok(writer) => {
            let mut destroyed = writer.destroy_all(ids).into_iter();
            let told = |_| Ok(destroyed.next().unwrap_or_else(|| Err(untold()))?);
            ids.iter().map(told).collect()
        }
        Err(refused) => {
            let mut found = read_all(store, ids);
            let refuse = |id| match take(&mut found, id) {
                Ok(_) => Err(refused.for_another().into()),
                Err(error) => Err(error.into()),
            };
            ids.iter().map(refuse).collect()
        }
    }
}

/// The whole record; `None` when there is none of this id.
pub fn read(store: &dyn Store, id: &Id) -> Result<Option<Object>, StoreError> {
    let mut found = read_all(store, std::slice::from_ref(id))?;
    Ok(found.remove(id))
}

/// The whole records of those ids that exist.
fn read_all(store: &dyn Store, ids: &[Id]) -> Result<HashMap<Id, Object>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(found);
    }
    let mut text = json::Writer::new();
    store.read(Wanted::Ids(ids), &Selection::ALL, &mut |record| {
        text.clear();
        record.emit(&Selection::ALL, &mut text);
        let object = serde_json::from_slice(text.as_bytes());
        let object = object.map_err(|error| StoreError::Backend(error.into()))?;
        found.extend(Id::new(record.id()).map(|id| (id, object)));
        Ok(())
    })?;
    Ok(found)
}

/// One of the records that were read.
fn take(
    found: &mut Result<HashMap<Id, Object>, StoreError>,
    id: &Id,
) -> Result<Object, StoreError> {
    match found {
        Ok(found) => found.remove(id).ok_or(StoreError::NotFound),
        Err(error) => Err(error.for_another()),
    }
}

/// What was written, as it is stored. `None` where it cannot be read, or is gone again: it has
/// been written all the same, and its client learns the rest from the next state.
fn read_back(found: &mut Result<HashMap<Id, Object>, StoreError>, id: &Id) -> Option<Object> {
    let stored = take(found, id);
    if let Err(error) = &stored {
        log::warn!("{id} was written, and then could not be read: {error}");
    }
    stored.ok()
}

fn writer(store: &dyn Store) -> Result<&dyn StoreWriter, StoreError> {
    store
        .writer()
        .ok_or(StoreError::Forbidden("this data is read-only"))
}

fn untold() -> StoreError {
    StoreError::Backend("the store did not say what came of a record".into())
}

/// Whether a property that holds ids can have this value. What else there is to be wrong with
/// a value is known to the host.
fn has_shape(property: &Property, value: &Value) -> bool {
    match (property.ids, value) {
        (Ids::No, _) | (Ids::Value, Value::String(_)) => true,
        (Ids::Value, _) => false,
        (Ids::Keys, Value::Object(ids)) => {
            let is_full = !property.is_mandatory || !ids.is_empty();
            is_full && ids.values().all(|value| *value == Value::Bool(true))
        }
        (Ids::Keys, _) => false,
    }
}

/// A property that is the server's or immutable may be sent as it is, and not otherwise.
fn check_update(
    data_type: &DataType,
    before: &Object,
    after: &Object,
    patch: &Object,
) -> Result<(), StoreError> {
    let mut invalid: Vec<String> = patch::touched(patch)
        .filter(|name| match data_type.property(name) {
            None => !data_type.has_property(name),
            Some(property) => {
                let is_fixed = property.is_server_set || property.is_immutable;
                let is_lost = property.is_mandatory && !after.contains_key(name);
                let is_misshapen = after
                    .get(name)
                    .is_some_and(|value| !has_shape(property, value));
                is_lost || is_misshapen || (is_fixed && before.get(name) != after.get(name))
            }
        })
        .collect();
    if invalid.is_empty() {
        return Ok(());
    }
    invalid.dedup();
    Err(invalid_properties(invalid))
}

/// A property that is unique is also immutable, so that only a new record can repeat one.
fn check_unique(
    data_type: &DataType,
    writer: &dyn StoreWriter,
    new: &Object,
) -> Result<(), WriteError> {
    for property in data_type.properties.iter().filter(|one| one.is_unique) {
        let Some(Value::String(value)) = new.get(property.name) else {
            continue;
        };
        if let Some(existing) = writer.find(property.name, value)? {
            return Err(WriteError::Taken {
                property: property.name,
                existing,
            });
        }
    }
    Ok(())
}

fn invalid_properties(properties: Vec<String>) -> StoreError {
    StoreError::Invalid {
        reason: "unknown, missing, of the wrong shape, or not the client's to set".to_owned(),
        properties,
    }
}

/// Those members of `stored` that `known` does not have with the same value.
fn difference(mut stored: Object, known: &Object) -> Object {
    stored.retain(|name, value| known.get(name) != Some(value));
    stored
}
