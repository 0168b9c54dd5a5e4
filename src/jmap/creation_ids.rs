//! `#creation-id` in place of an id inside records and patches (RFC 8620 §5.3).

use super::arguments::{CreatedIds, resolve_id};
use super::error::SetError;
use crate::data_types::{DataType, Ids};
use crate::store::Object;
use serde_json::Value;

/// The creation ids that an object refers to, without the `#`.
pub fn in_object<'a>(
    data_type: &'a DataType,
    object: &'a Object,
) -> impl Iterator<Item = String> + 'a {
    data_type
        .properties
        .iter()
        .filter_map(|property| Some((property.ids, object.get(property.name)?)))
        .flat_map(|(ids, value)| match (ids, value) {
            (Ids::Value, Value::String(text)) => vec![text.as_str()],
            (Ids::Keys, Value::Object(members)) => members.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        })
        .filter_map(|text| text.strip_prefix('#').map(str::to_owned))
}

/// The properties of the object that refer to creation ids.
pub fn properties(data_type: &DataType, object: &Object) -> Vec<String> {
    let refers = |name: &str| {
        let alone = object
            .get(name)
            .map(|value| (name.to_owned(), value.clone()));
        let alone = Object::from_iter(alone);
        in_object(data_type, &alone).next().is_some()
    };
    let names = data_type.properties.iter().map(|property| property.name);
    names
        .filter(|name| refers(name))
        .map(str::to_owned)
        .collect()
}

/// Puts ids in the place of creation ids.
///
/// # Errors
/// `invalidProperties` when nothing has been created under one of them.
pub fn resolve_object(
    data_type: &DataType,
    mut object: Object,
    created_ids: &CreatedIds,
) -> Result<Object, SetError> {
    for property in data_type.properties {
        let Some(value) = object.get_mut(property.name) else {
            continue;
        };
        resolve_value(property.ids, value, created_ids).ok_or_else(|| unknown(property.name))?;
    }
    Ok(object)
}

/// The same for a PatchObject, whose pointers may hold creation ids too.
///
/// # Errors
/// `invalidProperties` when nothing has been created under one of them.
pub fn resolve_patch(
    data_type: &DataType,
    patch: Object,
    created_ids: &CreatedIds,
) -> Result<Object, SetError> {
    let mut resolved = Object::new();
    for (pointer, mut value) in patch {
        let (name, rest) = match pointer.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (pointer.as_str(), None),
        };
        let ids = data_type
            .property(name)
            .map_or(Ids::No, |property| property.ids);
        let pointer = match (ids, rest) {
            (Ids::Keys, Some(key)) if key.starts_with('#') => {
                let id = resolve_id(key, created_ids).ok_or_else(|| unknown(name))?;
                format!("{name}/{id}")
            }
            (_, None) => {
                resolve_value(ids, &mut value, created_ids).ok_or_else(|| unknown(name))?;
                pointer
            }
            _ => pointer,
        };
        resolved.insert(pointer, value);
    }
    Ok(resolved)
}

fn resolve_value(ids: Ids, value: &mut Value, created_ids: &CreatedIds) -> Option<()> {
    match (ids, value) {
        (Ids::Value, Value::String(text)) if text.starts_with('#') => {
            *text = resolve_id(text, created_ids)?.to_string();
        }
        (Ids::Keys, Value::Object(members)) => {
            for (key, value) in std::mem::take(members) {
                let key = match key.starts_with('#') {
                    true => resolve_id(&key, created_ids)?.to_string(),
                    false => key,
                };
                members.insert(key, value);
            }
        }
        _ => {}
    }
    Some(())
}

fn unknown(property: &str) -> SetError {
    SetError {
        description: Some("nothing has been created under this creation id".to_owned()),
        properties: vec![property.to_owned()],
        ..SetError::new("invalidProperties")
    }
}
