//! The Session object (RFC 8620 §2).

use super::{Server, Settings};
use crate::data_types::blobs::{self, BLOB_CAPABILITY};
use crate::data_types::{self, DataType};
use crate::records::sort::COLLATIONS;
use crate::store::{Account, Object, Version};
use serde_json::{Value, json};

pub const CORE: &str = "urn:ietf:params:jmap:core";

/// The whole object.
pub fn object(server: &Server<'_>) -> Value {
    let mut session = without_state(server);
    session["state"] = digest(&session).into();
    session
}

/// Changes whenever anything else in the object does.
pub fn state(server: &Server<'_>) -> String {
    digest(&without_state(server))
}

/// The URIs that a request may use, that of the core first.
pub fn capabilities(server: &Server<'_>) -> Vec<&'static str> {
    let accounts = server.host.accounts();
    let is_there = |uri: &&str| {
        let mut accounts = accounts.iter();
        accounts.any(|account| capability(server, account, uri).is_some())
    };
    let declared = data_types::capabilities().filter(is_there);
    std::iter::once(CORE).chain(declared).collect()
}

fn without_state(server: &Server<'_>) -> Value {
    let settings = server.settings;
    let mut capabilities = Object::new();
    let mut primary_accounts = Object::new();
    capabilities.insert(CORE.to_owned(), core(settings));
    for uri in self::capabilities(server).into_iter().skip(1) {
        capabilities.insert(uri.to_owned(), json!({}));
        let has_it = |account: &&Account| capability(server, account, uri).is_some();
        let primary = server
            .host
            .accounts()
            .iter()
            .filter(|account| account.is_personal)
            .find(has_it);
        if let Some(account) = primary {
            primary_accounts.insert(uri.to_owned(), account.id.as_str().into());
        }
    }
    let accounts: Object = server
        .host
        .accounts()
        .iter()
        .map(|account| (account.id.to_string(), describe(server, account)))
        .collect();
    json!({
        "capabilities": capabilities,
        "accounts": accounts,
        "primaryAccounts": primary_accounts,
        "username": settings.username,
        "apiUrl": settings.url,
        "downloadUrl": template(settings, "jmap=download&accountId={accountId}&blobId={blobId}&name={name}&type={type}"),
        "uploadUrl": template(settings, "jmap=upload&accountId={accountId}"),
        "eventSourceUrl": template(settings, "jmap=events&types={types}&closeafter={closeafter}&ping={ping}"),
    })
}

fn core(settings: &Settings) -> Value {
    let limits = &settings.limits;
    json!({
        "maxSizeUpload": limits.max_size_upload,
        "maxConcurrentUpload": limits.max_concurrent_upload,
        "maxSizeRequest": limits.max_size_request,
        "maxConcurrentRequests": limits.max_concurrent_requests,
        "maxCallsInRequest": limits.max_calls_in_request,
        "maxObjectsInGet": limits.max_objects_in_get,
        "maxObjectsInSet": limits.max_objects_in_set,
        "collationAlgorithms": COLLATIONS.map(|(name, _)| name),
    })
}

/// What the account can do under a capability; `None` where it has nothing of it.
fn capability(server: &Server<'_>, account: &Account, uri: &str) -> Option<Object> {
    let has = |data_type: &DataType| server.host.store(&account.id, data_type.name).is_some();
    let parsed = |data_type: &&&DataType| {
        let parse = data_type.parse;
        parse.is_some_and(|parse| parse.capability == uri)
    };
    if let Some(data_type) = data_types::ALL.iter().find(parsed) {
        let parse = data_type.parse.filter(|_| has(data_type));
        return parse.map(|parse| (parse.account_capability)());
    }
    if uri != BLOB_CAPABILITY {
        return server.host.capability(&account.id, uri);
    }
    let refer = data_types::ALL
        .iter()
        .filter(|data_type| !data_type.blobs.is_empty() && has(data_type));
    let names: Vec<&str> = refer.map(|data_type| data_type.name).collect();
    let max_size = server.settings.limits.max_size_upload;
    Some(blobs::account_capability(max_size, &names))
}

/// An Account object; it lists every capability that the account has anything of.
fn describe(server: &Server<'_>, account: &Account) -> Value {
    let mut capabilities = Object::from_iter([(CORE.to_owned(), json!({}))]);
    for uri in data_types::capabilities() {
        if let Some(value) = capability(server, account, uri) {
            capabilities.insert(uri.to_owned(), value.into());
        }
    }
    json!({
        "name": account.name,
        "isPersonal": account.is_personal,
        "isReadOnly": account.is_read_only,
        "accountCapabilities": capabilities,
    })
}

/// An address of ours with more in its query.
fn template(settings: &Settings, query: &str) -> String {
    let separator = if settings.url.contains('?') { '&' } else { '?' };
    format!("{}{separator}{query}", settings.url)
}

fn digest(session: &Value) -> String {
    let Version(digest) = Version::of([session.to_string().as_bytes()]);
    format!("{digest:032x}")
}
