//! Binary data: upload, download and `Blob/copy` (RFC 8620 §6).
//!
//! A blob is an upload, kept in our state for a while, or lies inside a record, where the
//! host resolves its id. A blob of somebody else and one that never was look the same.

use super::arguments::{Arguments, CreatedIds, resolve_id};
use super::byte_range::Range;
use super::dispatch::account;
use super::endpoint::{
    HttpRequest, JSON_HEADERS, broke_off, check_encoding, check_length, refuse_with, send,
};
use super::error::{MethodError, RequestError, SetError};
use super::set::{or_null, out_of_time};
use super::{Body, Output, Server};
use crate::state::now_secs;
use crate::state::uploads::{Blob, UploadError, UploadRoom};
use crate::store::{Account, Id, Object, StoreError};
use serde_json::json;
use std::collections::BTreeSet;

const PIECE_OCTETS: usize = 256 * 1024;

/// Stores what the client sends as a blob of its account (RFC 8620 §6.1).
pub fn upload(
    server: &Server<'_>,
    http: &HttpRequest<'_>,
    body: &mut dyn Body,
    output: &mut dyn Output,
) -> Result<(), RequestError> {
    let account = account_of(server, http)?;
    check_encoding(http)?;
    let limits = &server.settings.limits;
    let too_large = || RequestError::limit("maxSizeUpload").with_status(413);
    if http
        .content_length
        .is_some_and(|length| length > limits.max_size_upload)
    {
        return Err(too_large());
    }
    let media_type = media_type(http.content_type)?;
    let _lease = server.lease(
        "upload",
        limits.max_concurrent_upload,
        "maxConcurrentUpload",
    )?;

    let uploader = uploader(server, account);
    let mut upload = server
        .state
        .begin_upload(room(server, &uploader), media_type)
        .map_err(StoreError::from)?;
    let mut size_octets: u64 = 0;
    loop {
        let piece = body.read(PIECE_OCTETS).map_err(|_| broke_off())?;
        if piece.is_empty() {
            break;
        }
        size_octets += piece.len() as u64;
        if size_octets > limits.max_size_upload {
            return Err(too_large());
        }
        if server.is_over() {
            return Err(RequestError::status(408, "the upload took too long"));
        }
        upload.append(&piece, now_secs()).map_err(refused)?;
    }
    check_length(http, size_octets)?;
    let blob = upload.finish(now_secs()).map_err(refused)?;
    let answer = json!({
        "accountId": account.id.as_str(),
        "blobId": blob.id,
        "type": blob.media_type,
        "size": blob.size_octets,
    });
    send(output, 201, JSON_HEADERS, answer.to_string().as_bytes());
    Ok(())
}

/// Sends a blob's octets as a file of the name and type that the client gave (RFC 8620 §6.2).
pub fn download(
    server: &Server<'_>,
    http: &HttpRequest<'_>,
    output: &mut dyn Output,
) -> Result<(), RequestError> {
    let name = http.parameter("name").unwrap_or("blob");
    check_name(name)?;
    let media_type = media_type(http.parameter("type"))?;
    let account = account_of(server, http)?;
    let id = http.parameter("blobId").unwrap_or_default();
    let source = find(server, account, id)?.ok_or_else(not_found)?;
    let size = source.size_octets();
    let range = http
        .range
        .map_or(Range::Whole, |range| Range::parse(range, size));
    let (start, end) = match range {
        Range::Whole => (0, size),
        Range::Part { start, end } => (start, end),
        Range::Unsatisfiable => {
            let total = format!("bytes */{size}");
            let error = RequestError::status(416, "the range is beyond the blob's end");
            refuse_with(&error, &[("Content-Range", &total)], output);
            return Ok(());
        }
    };
    let disposition = attachment(name);
    let length = (end - start).to_string();
    let content_range = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
    let mut headers = vec![
        ("Content-Type", media_type),
        ("Content-Length", length.as_str()),
        ("Content-Disposition", disposition.as_str()),
        ("Cache-Control", "private, immutable, max-age=31536000"),
        ("Accept-Ranges", "bytes"),
        // Whatever is inside is the user's and may be hostile to this origin.
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ];
    let status = if let Range::Part { .. } = range {
        206
    } else {
        200
    };
    if status == 206 {
        headers.push(("Content-Range", &content_range));
    }
    output.begin(status, &headers);
    source.send(server, start, end, output);
    Ok(())
}

/// `Blob/copy` (RFC 8620 §6.3).
pub fn copy(
    server: &Server<'_>,
    mut arguments: Arguments,
    created_ids: &CreatedIds,
) -> Result<Object, MethodError> {
    let from = account(
        server,
        &mut arguments,
        "fromAccountId",
        "fromAccountNotFound",
    )?;
    let to = account(server, &mut arguments, "accountId", "accountNotFound")?;
    let ids = arguments
        .optional_strings("blobIds")?
        .ok_or_else(|| MethodError::invalid_arguments("\"blobIds\" is missing"))?;
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
    let source = find(server, from, id)?;
    let uploader = uploader(server, to);
    let room = room(server, &uploader);
    let copy = match source {
        None => return Err(SetError::new("notFound")),
        Some(Source::Upload(blob)) => server.state.copy_blob(&blob, room, now_secs()),
        Some(Source::Record(octets, media_type)) => server
            .state
            .begin_upload(room, &media_type)
            .map_err(UploadError::from)
            .and_then(|mut upload| {
                upload.append(&octets, now_secs())?;
                upload.finish(now_secs())
            }),
    };
    copy.map_err(|error| match error {
        UploadError::OverQuota => SetError::new("overQuota"),
        UploadError::Expired => SetError::new("notFound"),
        UploadError::State(error) => StoreError::from(error).into(),
    })
}

/// Where a blob's octets are.
enum Source {
    Upload(Blob),
    /// Inside a record; and the media type that the record claims.
    Record(Vec<u8>, String),
}

impl Source {
    fn size_octets(&self) -> u64 {
        match self {
            Self::Upload(blob) => blob.size_octets,
            Self::Record(octets, _) => octets.len() as u64,
        }
    }

    /// Sends the octets from `start` up to `end`. The headers are out, so a failure can only
    /// cut the body short of the length that they name.
    fn send(&self, server: &Server<'_>, start: u64, end: u64, output: &mut dyn Output) {
        match self {
            Self::Record(octets, _) => {
                let part = usize::try_from(start)
                    .ok()
                    .zip(usize::try_from(end).ok())
                    .and_then(|(start, end)| octets.get(start..end));
                for piece in part.unwrap_or_default().chunks(PIECE_OCTETS) {
                    if output.write(piece).is_err() {
                        return;
                    }
                }
            }
            Self::Upload(blob) => {
                let mut at = start;
                while at < end && !server.is_over() {
                    let Ok(mut piece) = server.state.read_blob(blob, at) else {
                        return;
                    };
                    piece.truncate(usize::try_from(end - at).unwrap_or(usize::MAX));
                    at += piece.len() as u64;
                    if piece.is_empty() || output.write(&piece).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

fn find(server: &Server<'_>, account: &Account, id: &str) -> Result<Option<Source>, StoreError> {
    let Some(id) = Id::new(id) else {
        return Ok(None);
    };
    let uploader = uploader(server, account);
    let uploaded = server.state.blob(&uploader, id.as_str(), now_secs())?;
    if let Some(blob) = uploaded {
        return Ok(Some(Source::Upload(blob)));
    }
    let contents = server.host.contents(&account.id, &id)?;
    Ok(contents.map(|contents| {
        let media_type = contents.media_type.unwrap_or_default();
        Source::Record(contents.octets, media_type)
    }))
}

/// Under whom the uploads to an account are kept: they are seen by their uploader alone, also
/// where others share the account (RFC 8620 §6.1).
fn uploader(server: &Server<'_>, account: &Account) -> String {
    let own = server.host.accounts().first();
    format!("{}/{}", own.map_or("", |own| own.id.as_str()), account.id)
}

fn room<'a>(server: &Server<'_>, uploader: &'a str) -> UploadRoom<'a> {
    UploadRoom {
        account: uploader,
        quota_octets: server.settings.limits.max_uploaded_octets,
    }
}

fn account_of<'a>(
    server: &Server<'a>,
    http: &HttpRequest<'_>,
) -> Result<&'a Account, RequestError> {
    let id = http.parameter("accountId").unwrap_or_default();
    let accounts = server.host.accounts();
    let found = accounts.iter().find(|account| account.id.as_str() == id);
    found.ok_or_else(not_found)
}

fn not_found() -> RequestError {
    RequestError::status(404, "there is no such account or blob")
}

/// What a client gives to be put into a header must not be able to add another.
fn check_name(name: &str) -> Result<(), RequestError> {
    if name.len() > 4096 || name.chars().any(char::is_control) {
        return Err(RequestError::status(
            400,
            "the name has control characters or is too long",
        ));
    }
    Ok(())
}

/// The media type that a client gives, which becomes a header as it is; the one that says
/// nothing where there is none.
fn media_type(given: Option<&str>) -> Result<&str, RequestError> {
    let media_type = given.unwrap_or_default();
    let is_plain = |octet: u8| octet.is_ascii_graphic() || octet == b' ';
    if media_type.len() > 1024 || !media_type.bytes().all(is_plain) {
        return Err(RequestError::status(
            400,
            "the type is no media type or is too long",
        ));
    }
    if media_type.trim().is_empty() {
        return Ok("application/octet-stream");
    }
    Ok(media_type)
}

fn refused(error: UploadError) -> RequestError {
    match error {
        UploadError::OverQuota => RequestError::status(507, "the account's uploads are full"),
        UploadError::Expired => RequestError::status(408, "the upload took too long"),
        UploadError::State(error) => StoreError::from(error).into(),
    }
}

/// Content-Disposition with the name in both forms of RFC 6266.
fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for octet in name.bytes() {
        // attr-char of RFC 8187 §3.2.1.
        if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
            encoded.push(char::from(octet));
        } else {
            encoded.push_str(&format!("%{octet:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachment_names_are_quoted_and_encoded() {
        assert_eq!(
            attachment("a\"b;\u{fc}.jpg"),
            "attachment; filename=\"a_b;_.jpg\"; filename*=UTF-8''a%22b%3B%C3%BC.jpg"
        );
    }
}
