//! Creates, updates and destroys single records, under the rules of their declaration.

use super::patch::{self, InvalidPatch};
use crate::data_types::{DataType, Ids, Property};
use crate::json;
use crate::store::{Blobs, Id, Object, Selection, Store, StoreError, StoreWriter, Wanted};
use serde_json::Value;

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
    let writer = writer(store)?;
    let mut object: Object = sent.clone();
    object.retain(|_, value| !value.is_null());
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
        return Err(invalid_properties(invalid).into());
    }
    for property in data_type.properties {
        if let Some(default) = property.default {
            object.entry(property.name).or_insert_with(default);
        }
    }
    check_unique(data_type, writer, &object, None)?;
    let id = writer.create(&object, blobs)?;
    let stored = read(store, &id)?.ok_or(StoreError::NotFound)?;
    Ok(Created {
        added: difference(stored, sent),
        id,
    })
}

/// Applies a PatchObject (RFC 8620 §5.3) to the record as it is when it is written.
///
/// Returns those properties that are not as the patch asked for them.
///
/// # Errors
/// `Store(Conflict)` when others kept changing the record meanwhile.
pub fn update(
    data_type: &DataType,
    store: &dyn Store,
    id: &Id,
    patch: &Object,
    blobs: Blobs<'_>,
) -> Result<Object, WriteError> {
    let writer = writer(store)?;
    let default = |name: &str| {
        let default = data_type.property(name)?.default?;
        Some(default())
    };
    for _ in 0..ATTEMPTS {
        let before = read(store, id)?.ok_or(StoreError::NotFound)?;
        let after = patch::apply(&before, patch, default)?;
        check_update(data_type, &before, &after, patch)?;
        if after != before {
            check_unique(data_type, writer, &after, Some(id))?;
            match writer.update(id, &before, &after, blobs) {
                Err(StoreError::Conflict) => continue,
                written => written?,
            }
        }
        let stored = read(store, id)?.ok_or(StoreError::NotFound)?;
        return Ok(difference(stored, &after));
    }
    Err(StoreError::Conflict.into())
}

pub fn destroy(store: &dyn Store, id: &Id) -> Result<(), WriteError> {
    Ok(writer(store)?.destroy(id)?)
}

/// The whole record; `None` when there is none of this id.
pub fn read(store: &dyn Store, id: &Id) -> Result<Option<Object>, StoreError> {
    let mut found = None;
    let mut text = json::Writer::new();
    let wanted = [id.clone()];
    store.read(Wanted::Ids(&wanted), &Selection::ALL, &mut |record| {
        text.clear();
        record.emit(&Selection::ALL, &mut text);
        let object = serde_json::from_slice(text.as_bytes());
        found = Some(object.map_err(|error| StoreError::Backend(error.into()))?);
        Ok(())
    })?;
    Ok(found)
}

fn writer(store: &dyn Store) -> Result<&dyn StoreWriter, StoreError> {
    store
        .writer()
        .ok_or(StoreError::Forbidden("this data is read-only"))
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

fn check_unique(
    data_type: &DataType,
    writer: &dyn StoreWriter,
    object: &Object,
    own: Option<&Id>,
) -> Result<(), WriteError> {
    for property in data_type.properties.iter().filter(|one| one.is_unique) {
        let Some(Value::String(value)) = object.get(property.name) else {
            continue;
        };
        match writer.find(property.name, value)? {
            Some(existing) if Some(&existing) != own => {
                return Err(WriteError::Taken {
                    property: property.name,
                    existing,
                });
            }
            _ => {}
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
