//! `Blob/lookup` (RFC 9404 §4.3): which records refer to a blob.

use super::arguments::distinct;
use super::dispatch::{OwnCall, account};
use super::error::{MethodError, shown};
use crate::data_types::{self, DataType};
use crate::records::blob_references::{Referring, find_referring};
use crate::store::{Object, StoreError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub fn run(call: OwnCall<'_>) -> Result<Object, MethodError> {
    let OwnCall {
        server,
        mut arguments,
        using,
        created_ids,
        ..
    } = call;
    let account = account(server, &mut arguments, "accountId", "accountNotFound")?;
    let type_names = arguments.strings("typeNames")?;
    let ids = arguments.strings("ids")?;
    arguments.finish()?;
    if ids.len() as u64 > server.settings.limits.max_objects_in_get {
        return Err(MethodError::new("requestTooLarge"));
    }
    let mut types: BTreeMap<&'static str, &'static DataType> = BTreeMap::new();
    for name in &type_names {
        let known = data_types::by_name(name)
            .filter(|known| !known.blobs.is_empty() && using.contains(known.capability));
        let unknown = || {
            let name = shown(name);
            let why = format!("\"{name}\" is no data type in use that refers to blobs");
            MethodError::described("unknownDataType", why)
        };
        let known = known.ok_or_else(unknown)?;
        types.insert(known.name, known);
    }
    let (known, never) = distinct(ids, created_ids);
    let blobs: BTreeSet<String> = known.iter().map(|id| id.to_string()).collect();
    let mut found: BTreeMap<&str, Referring> = BTreeMap::new();
    for (name, data_type) in types {
        let referring = match server.host.store(&account.id, name) {
            Some(store) if !blobs.is_empty() => {
                find_referring(data_type, store, &blobs, &mut || match server.is_over() {
                    true => Err(StoreError::Stopped("the request took longer than it may")),
                    false => Ok(()),
                })?
            }
            _ => Referring::new(),
        };
        found.insert(name, referring);
    }
    // Of a blob that is not the user's, and of one that never was, there is nothing to say.
    let info = |id: &str| {
        let of_type = |(name, referring): (&&str, &Referring)| {
            let records = referring
                .get(id)
                .map_or(json!([]), |records| json!(records));
            ((*name).to_owned(), records)
        };
        json!({"id": id, "matchedIds": Value::Object(found.iter().map(of_type).collect())})
    };
    let ids = known.iter().map(|id| id.as_str());
    let list: Vec<Value> = ids
        .chain(never.iter().map(String::as_str))
        .map(info)
        .collect();
    Ok(Object::from_iter([
        ("accountId".to_owned(), account.id.as_str().into()),
        ("list".to_owned(), list.into()),
    ]))
}
