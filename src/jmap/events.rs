//! The event source (RFC 8620 §7.3): answers the present states once and ends, so that no
//! worker is held. The client connects again after `retry`.

use super::endpoint::HttpRequest;
use super::error::RequestError;
use super::{Output, Server};
use crate::data_types;
use crate::records::changes;
use crate::store::{Object, StoreError};
use serde_json::json;

const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
];

/// How long a client is told to wait before it asks again, in milliseconds.
const RETRY_MILLISECONDS: u32 = 60_000;

pub fn answer(
    server: &Server<'_>,
    http: &HttpRequest<'_>,
    output: &mut dyn Output,
) -> Result<(), RequestError> {
    let types = http
        .parameter("types")
        .ok_or_else(|| RequestError::status(400, "\"types\" is missing"))?;
    if !matches!(http.parameter("closeafter"), Some("state" | "no")) {
        return Err(RequestError::status(
            400,
            "\"closeafter\" must be state or no",
        ));
    }
    if http
        .parameter("ping")
        .and_then(|ping| ping.parse::<u64>().ok())
        .is_none()
    {
        return Err(RequestError::status(
            400,
            "\"ping\" must be a number of seconds",
        ));
    }
    let changed = changed(server, types)?;
    let event = json!({ "@type": "StateChange", "changed": changed });
    let text = format!("retry: {RETRY_MILLISECONDS}\nevent: state\ndata: {event}\n\n");
    super::endpoint::send(output, 200, HEADERS, text.as_bytes());
    Ok(())
}

/// The states of the named types in every account (RFC 8620 §7.1); `*` is all types.
fn changed(server: &Server<'_>, types: &str) -> Result<Object, StoreError> {
    let is_wanted = |name: &str| types == "*" || types.split(',').any(|wanted| wanted == name);
    let mut changed = Object::new();
    for account in server.host.accounts() {
        let mut states = Object::new();
        for data_type in data_types::ALL.iter().filter(|one| is_wanted(one.name)) {
            if let Some(store) = server.host.store(&account.id, data_type.name) {
                let current = changes::current(server.state, account, data_type, store)?;
                states.insert(data_type.name.to_owned(), current.state.into());
            }
        }
        if !states.is_empty() {
            changed.insert(account.id.to_string(), states.into());
        }
    }
    Ok(changed)
}
