//! One URL, told apart by method and query: session object, API, upload, download, events.
//!
//! Whoever calls has authenticated the user and counted the attempt; here begins the protocol.

use super::error::RequestError;
use super::{Body, Output, Server, blobs, dispatch, events, request, session};
use crate::state::leases::{Lease, LeaseRule};
use crate::state::now_secs;
use crate::store::StoreError;
use std::time::{Duration, Instant};

/// Nothing of a user's data belongs into a cache (RFC 8620 §2 says so of the session object),
/// and nothing of it is to be guessed at by a browser.
pub const JSON_HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
];

/// How much longer than a request may take its lease lives, should its worker be killed.
const LEASE_SECS: i64 = 10;

const PROBLEM_HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "application/problem+json"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
];

/// What the protocol needs to know of an HTTP request besides its body.
#[derive(Debug)]
pub struct HttpRequest<'a> {
    pub method: &'a str,
    /// The decoded query parameters; those that are not ours are ignored.
    pub query: &'a [(String, String)],
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_length: Option<u64>,
    pub range: Option<&'a str>,
    pub last_event_id: Option<&'a str>,
}

impl HttpRequest<'_> {
    /// The first query parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Server<'_> {
    /// Answers one HTTP request, whatever it asks for.
    pub fn answer(&self, http: &HttpRequest<'_>, body: &mut dyn Body, output: &mut dyn Output) {
        let answered = match (http.parameter("jmap"), http.method) {
            (None, "GET") => {
                let session = session::object(self).to_string();
                send(output, 200, JSON_HEADERS, session.as_bytes());
                Ok(())
            }
            (None, "POST") => self.api(http, body, output),
            (Some("upload"), "POST") => blobs::upload(self, http, body, output),
            (Some("download"), "GET") => blobs::download(self, http, output),
            (Some("events"), "GET") => events::answer(self, http, output),
            (None, _) => return not_allowed("GET, POST", output),
            (Some("upload"), _) => return not_allowed("POST", output),
            (Some("download" | "events"), _) => return not_allowed("GET", output),
            (Some(_), _) => Err(RequestError::status(404, "there is nothing here")),
        };
        if let Err(error) = answered {
            refuse(&error, output);
        }
        if let Err(error) = self.state.purge(now_secs()) {
            log::warn!("what has expired stays for now: {error}");
        }
    }

    fn api(
        &self,
        http: &HttpRequest<'_>,
        body: &mut dyn Body,
        output: &mut dyn Output,
    ) -> Result<(), RequestError> {
        if !http.content_type.is_some_and(is_json) {
            let error = RequestError::not_json("the content type is not application/json");
            return Err(error.with_status(415));
        }
        check_encoding(http)?;
        let limits = &self.settings.limits;
        let _lease = self
            .lease("api", limits.max_concurrent_requests)?
            .ok_or_else(|| RequestError::limit("maxConcurrentRequests"))?;
        let body = read_whole(http, body, limits.max_size_request)?;
        let request = request::decode(&body)?;
        drop(body);
        dispatch::run(self, request, output)
    }
}

impl<'a> Server<'a> {
    /// Counts this request among those of its kind that the user has under way; `None` when
    /// there are `max` already.
    ///
    /// Requests that a client can make last are counted: those to the API and uploads, whose
    /// limits are advertised (RFC 8620 §2), and downloads. The session object is not: it is a
    /// few hundred octets.
    pub(super) fn lease(&self, kind: &str, max: u32) -> Result<Option<Lease<'a>>, StoreError> {
        let time = self.settings.limits.request_time;
        self.lease_of(&self.settings.username, kind, max, time)
    }

    /// Counts a connection to the event source among those of the user, who may have half of
    /// them, and those of all users; `None` when there are as many as are held.
    pub(super) fn event_leases(&self) -> Result<Option<[Lease<'a>; 2]>, StoreError> {
        let limits = &self.settings.limits;
        let max = limits.max_concurrent_events;
        let user = &self.settings.username;
        let Some(own) = self.lease_of(user, "events", max.div_ceil(2), limits.event_time)? else {
            return Ok(None);
        };
        let all = self.lease_of("", "events", max, limits.event_time)?;
        Ok(all.map(|all| [own, all]))
    }

    fn lease_of(
        &self,
        account: &str,
        kind: &str,
        max: u32,
        time: Duration,
    ) -> Result<Option<Lease<'a>>, StoreError> {
        let rule = LeaseRule {
            account,
            kind,
            max: u64::from(max),
            ttl_secs: LEASE_SECS.saturating_add_unsigned(time.as_secs()),
        };
        Ok(self.state.acquire(rule, now_secs())?)
    }

    /// Whether the request's time is over.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

/// Answers with a problem details object and these headers besides.
pub(super) fn refuse_with(error: &RequestError, headers: &[(&str, &str)], output: &mut dyn Output) {
    let headers = [PROBLEM_HEADERS, headers].concat();
    send(output, error.status, &headers, &error.problem());
}

/// Answers with a problem details object.
pub fn refuse(error: &RequestError, output: &mut dyn Output) {
    refuse_with(error, &[], output);
}

/// A whole answer. Where the client has gone there is nobody left to tell.
pub(super) fn send(output: &mut dyn Output, status: u16, headers: &[(&str, &str)], body: &[u8]) {
    output.begin(status, headers);
    let _ = output.write(body);
}

fn not_allowed(methods: &str, output: &mut dyn Output) {
    let error = RequestError::status(405, format!("this address answers {methods}"));
    refuse_with(&error, &[("Allow", methods)], output);
}

/// RFC 8620 §3.1; a charset parameter changes nothing, because JSON is UTF-8.
fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// No compressed body is taken, so that none can grow when it is unpacked.
pub(super) fn check_encoding(http: &HttpRequest<'_>) -> Result<(), RequestError> {
    match http.content_encoding {
        None => Ok(()),
        Some(encoding) if encoding.trim().eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(RequestError::status(415, "the body must not be encoded")),
    }
}

/// # Errors
/// When less has come than the client said it would send.
pub(super) fn check_length(http: &HttpRequest<'_>, octets: u64) -> Result<(), RequestError> {
    match http.content_length {
        Some(length) if length != octets => Err(broke_off()),
        _ => Ok(()),
    }
}

pub(super) fn broke_off() -> RequestError {
    RequestError::status(400, "the body broke off")
}

/// # Errors
/// `limit` when the body is longer than `limit` octets, whatever it said of its length.
fn read_whole(
    http: &HttpRequest<'_>,
    body: &mut dyn Body,
    limit: u64,
) -> Result<Vec<u8>, RequestError> {
    const PIECE_OCTETS: usize = 256 * 1024;
    let too_large = || RequestError::limit("maxSizeRequest");
    if http.content_length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut whole = Vec::new();
    loop {
        let piece = body.read(PIECE_OCTETS).map_err(|_| broke_off())?;
        if piece.is_empty() {
            break;
        }
        if (whole.len() + piece.len()) as u64 > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    check_length(http, whole.len() as u64)?;
    Ok(whole)
}
