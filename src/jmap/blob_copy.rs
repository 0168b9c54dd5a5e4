//! `Blob/copy` (RFC 8620 §6.3).

use super::Server;
use super::arguments::resolve_id;
use super::blob_source::{Source, not_stored, room, uploader};
use super::dispatch::{OwnCall, account};
use super::error::{MethodError, SetError};
use super::set::{or_null, out_of_time};
use crate::state::now_secs;
use crate::state::uploads::{Blob, UploadError};
use crate::store::{Account, Object};
use std::collections::BTreeSet;

pub fn run(call: OwnCall<'_>) -> Result<Object, MethodError> {
    let OwnCall {
        server,
        mut arguments,
        created_ids,
        ..
    } = call;
    let from = account(
        server,
        &mut arguments,
        "fromAccountId",
        "fromAccountNotFound",
    )?;
    let to = account(server, &mut arguments, "accountId", "accountNotFound")?;
    let ids = arguments.strings("blobIds")?;
    arguments.finish()?;
    if ids.len() > server.settings.limits.max_objects_in_set {
        return Err(MethodError::new("requestTooLarge"));
    }
    if from.id == to.id {
        return Err(MethodError::invalid_arguments("both accounts are the same"));
    }
    let canonical = |id: String| resolve_id(&id, created_ids).map_or(id, |id| id.to_string());
    let ids: BTreeSet<String> = ids.into_iter().map(canonical).collect();
    let mut copied = Object::new();
    let mut not_copied = Object::new();
    for id in ids {
        let copy = if server.is_over() {
            Err(out_of_time())
        } else {
            copy_one(server, from, to, &id)
        };
        match copy {
            Ok(copy) => copied.insert(id, copy.id.into()),
            Err(error) => not_copied.insert(id, error.to_value()),
        };
    }
    Ok(Object::from_iter([
        ("fromAccountId".to_owned(), from.id.as_str().into()),
        ("accountId".to_owned(), to.id.as_str().into()),
        ("copied".to_owned(), or_null(copied)),
        ("notCopied".to_owned(), or_null(not_copied)),
    ]))
}

fn copy_one(server: &Server<'_>, from: &Account, to: &Account, id: &str) -> Result<Blob, SetError> {
    let source = Source::find(server, from, id)?;
    let uploader = uploader(server, to);
    let room = room(server, &uploader);
    let copy = match source {
        None => return Err(SetError::new("notFound")),
        Some(Source::Upload(blob)) => server.state.copy_blob(&blob, room, now_secs()),
        Some(Source::Record(contents)) => server
            .state
            .begin_upload(room, contents.media_type.as_deref().unwrap_or_default())
            .map_err(UploadError::from)
            .and_then(|mut upload| {
                upload.append(&contents.octets, now_secs())?;
                upload.finish(now_secs())
            }),
    };
    copy.map_err(not_stored)
}
