//! Binary data over HTTP: upload and download (RFC 8620 §6.1, §6.2).

use super::blob_source::{self, PIECE_OCTETS, Source, room, uploader};
use super::byte_range::Range;
use super::endpoint::{
    HttpRequest, JSON_HEADERS, broke_off, check_encoding, check_length, refuse_with, send,
};
use super::error::RequestError;
use super::{Body, Output, Server};
use crate::state::now_secs;
use crate::state::uploads::UploadError;
use crate::store::{Account, StoreError};
use serde_json::json;

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
    let _lease = server
        .lease("upload", limits.max_concurrent_upload)?
        .ok_or_else(|| RequestError::limit("maxConcurrentUpload"))?;

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
    // No limit of RFC 8620 §2 is about downloads, so this one has no name there. Whoever reads
    // slowly holds a worker all the while.
    let _lease = server
        .lease("download", server.settings.limits.max_concurrent_download)?
        .ok_or_else(|| RequestError::status(429, "too many downloads at once"))?;
    let source = Source::find(server, account, id)?.ok_or_else(not_found)?;
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
    // The headers are out, so a failure can only cut the body short of the length that they
    // name.
    for piece in source.pieces(server, start, end) {
        let is_sent = piece.is_ok_and(|piece| !server.is_over() && output.write(&piece).is_ok());
        if !is_sent {
            break;
        }
    }
    Ok(())
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

fn media_type(given: Option<&str>) -> Result<&str, RequestError> {
    let invalid = || RequestError::status(400, "the type is no media type or is too long");
    blob_source::media_type(given).ok_or_else(invalid)
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
