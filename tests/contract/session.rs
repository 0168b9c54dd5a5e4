//! The Session object (RFC 8620 §2).

use crate::memory::{BARE, HOME, SHARED, WORK};
use crate::wire::{CORE, Head, Pieces, Wire};
use openxport::store::Account;
use serde_json::{Value, json};

const CONTACTS: &str = "urn:ietf:params:jmap:contacts";
const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
const BLOB: &str = "urn:ietf:params:jmap:blob";
const PARSE: &str = "https://openxport.org/ns/contacts-parse";

#[test]
fn session_has_exactly_the_members_of_rfc_8620() {
    let wire = Wire::new();
    let mut session = wire.session();
    let state = session["state"].take();
    assert!(!state.as_str().unwrap().is_empty());
    let contacts = &session["accounts"][HOME]["accountCapabilities"][CONTACTS];
    let submission = &session["accounts"][HOME]["accountCapabilities"][SUBMISSION];
    let blob = &session["accounts"][HOME]["accountCapabilities"][BLOB];
    let bare = &session["accounts"][BARE]["accountCapabilities"][BLOB];
    let parse = &session["accounts"][HOME]["accountCapabilities"][PARSE];
    assert!(parse.is_object());
    assert!(contacts.is_object() && submission.is_object() && blob.is_object());
    let account = |name: &str, is_personal: bool, is_read_only: bool, capabilities: Value| {
        json!({
            "name": name,
            "isPersonal": is_personal,
            "isReadOnly": is_read_only,
            "accountCapabilities": capabilities,
        })
    };
    assert_eq!(
        session,
        json!({
            "capabilities": {
                CORE: {
                    "maxSizeUpload": 50_000_000,
                    "maxConcurrentUpload": 4,
                    "maxSizeRequest": 10_000_000,
                    "maxConcurrentRequests": 8,
                    "maxCallsInRequest": 32,
                    "maxObjectsInGet": 500_000,
                    "maxObjectsInSet": 1_000,
                    "collationAlgorithms": ["i;ascii-casemap", "i;octet", "i;unicode-casemap"],
                },
                CONTACTS: {},
                SUBMISSION: {},
                BLOB: {},
                PARSE: {},
            },
            "accounts": {
                HOME: account(
                    "jane@example.com",
                    true,
                    false,
                    json!({ CORE: {}, CONTACTS: contacts, SUBMISSION: submission, BLOB: blob, PARSE: parse }),
                ),
                WORK: account(
                    "team@example.com",
                    false,
                    false,
                    json!({ CORE: {}, CONTACTS: contacts, BLOB: blob, PARSE: parse }),
                ),
                SHARED: account(
                    "all@example.com",
                    false,
                    true,
                    json!({ CORE: {}, CONTACTS: contacts, BLOB: blob, PARSE: parse }),
                ),
                BARE: account("none@example.com", false, false, json!({ CORE: {}, BLOB: bare })),
            },
            "primaryAccounts": { CONTACTS: HOME, SUBMISSION: HOME, BLOB: HOME, PARSE: HOME },
            "username": "jane@example.com",
            "apiUrl": "https://example.com/jmap",
            "downloadUrl": "https://example.com/jmap?jmap=download&accountId={accountId}&blobId={blobId}&name={name}&type={type}",
            "uploadUrl": "https://example.com/jmap?jmap=upload&accountId={accountId}",
            "eventSourceUrl": "https://example.com/jmap?jmap=events&types={types}&closeafter={closeafter}&ping={ping}",
            "state": null,
        })
    );
}

#[test]
fn session_urls_extend_the_query_that_the_address_has() {
    let mut wire = Wire::new();
    wire.settings.url = "https://example.com:8443/mail/?_task=jmap".to_owned();
    let session = wire.session();
    assert_eq!(session["apiUrl"], wire.settings.url);
    for url in ["downloadUrl", "uploadUrl", "eventSourceUrl"] {
        let url = session[url].as_str().unwrap();
        let rest = url.strip_prefix(&wire.settings.url).unwrap();
        assert!(rest.starts_with("&jmap="), "{url}");
        assert_eq!(url.matches('?').count(), 1, "{url}");
    }
}

#[test]
fn session_state_changes_with_anything_else_in_the_object() {
    let mut wire = Wire::new();
    let mut states = vec![wire.session()["state"].clone()];
    assert_eq!(wire.session()["state"], states[0], "it stays otherwise");
    wire.settings.limits.max_calls_in_request += 1;
    states.push(wire.session()["state"].clone());
    wire.host.accounts[1].name = "crew@example.com".to_owned();
    states.push(wire.session()["state"].clone());
    wire.host.accounts[1].is_read_only = true;
    states.push(wire.session()["state"].clone());
    wire.host.accounts.truncate(2);
    states.push(wire.session()["state"].clone());
    wire.settings.url.push('2');
    states.push(wire.session()["state"].clone());
    for (at, state) in states.iter().enumerate() {
        assert!(!states[..at].contains(state), "{states:?}");
    }
}

#[test]
fn session_state_is_that_of_every_response() {
    // RFC 8620 §3.4
    let wire = Wire::new();
    assert_eq!(
        wire.post(&json!([]))["sessionState"],
        wire.session()["state"]
    );
}

#[test]
fn session_lists_no_capability_that_no_account_has() {
    let mut wire = Wire::new();
    wire.host.accounts.remove(0);
    let session = wire.session();
    assert!(session["capabilities"].get(SUBMISSION).is_none());
    assert_eq!(session["capabilities"][CONTACTS], json!({}));
    let request = json!({"using": [SUBMISSION], "methodCalls": []});
    assert_eq!(wire.request(&request).problem(), "unknownCapability");
}

#[test]
fn session_has_no_primary_account_where_none_is_the_users() {
    let mut wire = Wire::new();
    wire.host.accounts.remove(0);
    assert_eq!(wire.session()["primaryAccounts"], json!({}));
}

#[test]
fn session_of_a_user_without_accounts_is_whole() {
    let mut wire = Wire::new();
    wire.host.accounts = Vec::<Account>::new();
    let session = wire.session();
    assert_eq!(session["accounts"], json!({}));
    let capabilities = session["capabilities"].as_object().unwrap();
    assert_eq!(capabilities.keys().collect::<Vec<_>>(), [CORE]);
}

#[test]
fn session_and_every_refusal_may_not_be_stored_nor_sniffed() {
    // RFC 8620 §2 asks it of the session object; errors and responses tell no less.
    let wire = Wire::new();
    let nowhere = [("jmap", "elsewhere")];
    for answer in [
        wire.send(&Head::get(&[]), &mut Pieces::of(b"")),
        wire.send(&Head::get(&nowhere), &mut Pieces::of(b"")),
        wire.http(b"{"),
        wire.request(&json!({"using": [CORE], "methodCalls": []})),
    ] {
        let cache_control = answer.header("Cache-Control").unwrap();
        assert!(cache_control.contains("no-store"), "{answer:?}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    }
}

#[test]
fn no_answer_allows_another_origin() {
    // The browser's same-origin rule is all that keeps other sites out.
    let wire = Wire::new();
    for method in ["GET", "POST", "OPTIONS", "TRACE"] {
        let head = Head {
            method,
            ..Head::POST
        };
        let answer = wire.send(&head, &mut Pieces::of(b"{}"));
        let names = answer.headers.iter().map(|(name, _)| name.to_lowercase());
        for name in names {
            assert!(!name.starts_with("access-control-"), "{method}: {name}");
        }
    }
}
