//! The arguments of a method call, taken one by one and checked (RFC 8620 §3.6.2).

use super::error::{MethodError, shown};
use super::request::MAX_SAFE_INTEGER;
use crate::store::{Id, Object};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// Ids by the creation id that the client gave them (RFC 8620 §3.3).
pub type CreatedIds = BTreeMap<String, Id>;

/// Arguments that nobody has looked at yet. What is left at the end was not known.
#[derive(Debug)]
pub struct Arguments(Object);

impl Arguments {
    pub fn new(arguments: Object) -> Self {
        Self(arguments)
    }

    /// The argument's value; `None` when it is missing or null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A String that must be there.
    pub fn string(&mut self, name: &str) -> Result<String, MethodError> {
        self.optional_string(name)?
            .ok_or_else(|| MethodError::missing(name))
    }

    pub fn optional_string(&mut self, name: &str) -> Result<Option<String>, MethodError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a String")),
        }
    }

    /// A Boolean with a default.
    pub fn boolean(&mut self, name: &str, default: bool) -> Result<bool, MethodError> {
        match self.take(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(wrong(name, "a Boolean")),
        }
    }

    /// An UnsignedInt, at most 2^53−1.
    pub fn optional_unsigned(&mut self, name: &str) -> Result<Option<u64>, MethodError> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .filter(|number| *number <= MAX_SAFE_INTEGER)
                .map(Some)
                .ok_or_else(|| wrong(name, "an UnsignedInt")),
        }
    }

    /// An Int with a default of 0, within ±(2^53−1).
    pub fn integer(&mut self, name: &str) -> Result<i64, MethodError> {
        match self.take(name) {
            None => Ok(0),
            Some(value) => value
                .as_i64()
                .filter(|number| number.unsigned_abs() <= MAX_SAFE_INTEGER)
                .ok_or_else(|| wrong(name, "an Int")),
        }
    }

    /// A String[] that must be there.
    pub fn strings(&mut self, name: &str) -> Result<Vec<String>, MethodError> {
        self.optional_strings(name)?
            .ok_or_else(|| MethodError::missing(name))
    }

    pub fn optional_strings(&mut self, name: &str) -> Result<Option<Vec<String>>, MethodError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let Value::Array(items) = value else {
            return Err(wrong(name, "a String[]"));
        };
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(wrong(name, "a String[]")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A map from strings to objects, such as `create`; empty when it is missing.
    pub fn objects(&mut self, name: &str) -> Result<Vec<(String, Object)>, MethodError> {
        let Some(value) = self.take(name) else {
            return Ok(Vec::new());
        };
        let Value::Object(members) = value else {
            return Err(wrong(name, "a map"));
        };
        members
            .into_iter()
            .map(|(key, value)| match value {
                Value::Object(object) => Ok((key, object)),
                _ => Err(wrong(name, "a map of objects")),
            })
            .collect()
    }

    /// # Errors
    /// When arguments are left that the method does not have.
    pub fn finish(&self) -> Result<(), MethodError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(MethodError::invalid_arguments(format!(
                "the method has no argument \"{}\"",
                shown(name)
            ))),
        }
    }
}

/// Each id once, in two lists: those that may exist, and texts that are no Id at all.
pub fn distinct(texts: Vec<String>, created_ids: &CreatedIds) -> (Vec<Id>, Vec<String>) {
    let mut known = HashSet::new();
    let mut ids = Vec::new();
    let mut invalid = Vec::new();
    for text in texts {
        match resolve_id(&text, created_ids) {
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

/// The id that a text stands for: itself, or the record created under `#creation-id`
/// (RFC 8620 §5.3). `None` when no record can have it.
pub fn resolve_id(text: &str, created_ids: &CreatedIds) -> Option<Id> {
    match text.strip_prefix('#') {
        Some(creation_id) => created_ids.get(creation_id).cloned(),
        None => Id::new(text),
    }
}

fn wrong(name: &str, wanted: &str) -> MethodError {
    MethodError::invalid_arguments(format!("\"{name}\" must be {wanted}"))
}
