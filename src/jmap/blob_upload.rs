//! `Blob/upload` (RFC 9404 §4.1): blobs made of text, base64 and parts of other blobs.

use super::Server;
use super::arguments::{CreatedIds, resolve_id};
use super::blob_source::{Source, media_type, not_stored, room, uploader};
use super::dispatch::{OwnCall, account};
use super::error::{MethodError, SetError};
use super::set::{or_null, out_of_time};
use crate::data_types::blobs::{DataSource, NewBlob, SIZE};
use crate::state::now_secs;
use crate::state::uploads::{Blob, Upload};
use crate::store::{Account, Id, Object};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use std::collections::BTreeSet;

pub fn run(call: OwnCall<'_>) -> Result<Object, MethodError> {
    let OwnCall {
        server,
        mut arguments,
        created_ids,
        ..
    } = call;
    let account = account(server, &mut arguments, "accountId", "accountNotFound")?;
    let create = arguments.objects("create")?;
    arguments.finish()?;
    if create.len() > server.settings.limits.max_objects_in_set {
        return Err(MethodError::new("requestTooLarge"));
    }
    let mut created = Object::new();
    let mut not_created = Object::new();
    let mut waiting = Vec::new();
    for (creation_id, object) in create {
        match NewBlob::read(object) {
            Ok(blob) => waiting.push((creation_id, blob)),
            Err((property, wrong)) => {
                not_created.insert(creation_id, invalid(property, wrong).to_value());
            }
        }
    }
    // A blob comes after those of the same call that it is made of.
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|(name, _)| name.clone()).collect();
        let waits = |(_, blob): &(String, NewBlob)| {
            let mut sources = blob.sources.iter().filter_map(DataSource::creation_id);
            sources.any(|referred| names.contains(referred))
        };
        let (still_waiting, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        if ready.is_empty() {
            for (creation_id, _) in still_waiting {
                let error = invalid("data", "the blobs are made of each other".to_owned());
                not_created.insert(creation_id, error.to_value());
            }
            break;
        }
        for (creation_id, blob) in ready {
            match create_one(server, account, created_ids, blob) {
                Ok(blob) => {
                    created_ids.extend(Id::new(&*blob.id).map(|id| (creation_id.clone(), id)));
                    let members = json!({
                        "id": blob.id, "type": blob.media_type, SIZE: blob.size_octets,
                    });
                    created.insert(creation_id, members);
                }
                Err(error) => {
                    not_created.insert(creation_id, error.to_value());
                }
            }
        }
        waiting = still_waiting;
    }
    Ok(Object::from_iter([
        ("accountId".to_owned(), account.id.as_str().into()),
        ("created".to_owned(), or_null(created)),
        ("notCreated".to_owned(), or_null(not_created)),
    ]))
}

fn create_one(
    server: &Server<'_>,
    account: &Account,
    created_ids: &CreatedIds,
    blob: NewBlob,
) -> Result<Blob, SetError> {
    let media_type = media_type(blob.media_type.as_deref())
        .ok_or_else(|| invalid("type", "it is no media type or is too long".to_owned()))?;
    let uploader = uploader(server, account);
    let upload = server
        .state
        .begin_upload(room(server, &uploader), media_type)
        .map_err(|error| not_stored(error.into()))?;
    let mut growing = Growing {
        server,
        upload,
        octets_left: server.settings.limits.max_size_upload,
    };
    for (at, source) in blob.sources.into_iter().enumerate() {
        let wrong = |what: &str| invalid("data", format!("source {at}: {what}"));
        match source {
            DataSource::Text(text) => growing.append(text.as_bytes())?,
            DataSource::Base64(text) => {
                let octets = BASE64.decode(text).map_err(|_| wrong("it is no base64"))?;
                growing.append(&octets)?;
            }
            DataSource::Part {
                blob_id,
                offset,
                length,
            } => {
                let source = match resolve_id(&blob_id, created_ids) {
                    Some(id) => Source::find(server, account, id.as_str())?,
                    None => None,
                };
                let source = source.ok_or_else(|| wrong("there is no such blob"))?;
                let size = source.size_octets();
                let end = match length {
                    None => size,
                    Some(length) => offset.saturating_add(length),
                };
                if offset > size || end > size {
                    return Err(wrong("the range is not within the blob"));
                }
                growing.check(end - offset)?;
                for piece in source.pieces(server, offset, end) {
                    growing.append(&piece?)?;
                }
            }
        }
    }
    growing.upload.finish(now_secs()).map_err(not_stored)
}

/// A blob that still grows, within the limits.
struct Growing<'a> {
    server: &'a Server<'a>,
    upload: Upload<'a>,
    octets_left: u64,
}

impl Growing<'_> {
    fn append(&mut self, octets: &[u8]) -> Result<(), SetError> {
        let number = octets.len() as u64;
        self.check(number)?;
        self.octets_left -= number;
        self.upload.append(octets, now_secs()).map_err(not_stored)
    }

    /// # Errors
    /// When so many octets more cannot be stored.
    fn check(&self, octets: u64) -> Result<(), SetError> {
        if octets > self.octets_left {
            return Err(SetError {
                description: Some("the blob would be larger than maxSizeBlobSet".to_owned()),
                ..SetError::new("tooLarge")
            });
        }
        match self.server.is_over() {
            true => Err(out_of_time()),
            false => Ok(()),
        }
    }
}

fn invalid(property: &str, wrong: String) -> SetError {
    SetError {
        description: Some(wrong),
        properties: vec![property.to_owned()],
        ..SetError::new("invalidProperties")
    }
}
