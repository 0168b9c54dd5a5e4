//! The Session object over the wire (RFC 8620 §2).

use crate::environment::origin;
use crate::http::{BLOB, CONTACTS, CORE, Client, PARSE, SUBMISSION};
use serde_json::json;

const USER: &str = "demo@example.org";

#[test]
fn session_names_the_account_for_each_capability() {
    let client = Client::of(USER);
    let session = client.session();
    let account_id = client.account_id();
    assert_eq!(session["username"], USER);
    assert_eq!(
        session["primaryAccounts"],
        json!({
            BLOB: account_id, CONTACTS: account_id, PARSE: account_id, SUBMISSION: account_id,
        })
    );
    let account = &session["accounts"][&account_id];
    assert_eq!(account["isPersonal"], true, "{account}");
    for capability in [BLOB, CONTACTS, PARSE, SUBMISSION] {
        assert!(session["capabilities"][capability].is_object(), "{session}");
        assert!(
            account["accountCapabilities"][capability].is_object(),
            "{account}"
        );
    }
}

#[test]
fn session_core_capability_has_every_limit() {
    let client = Client::of(USER);
    let core = &client.session()["capabilities"][CORE];
    for limit in [
        "maxSizeUpload",
        "maxConcurrentUpload",
        "maxSizeRequest",
        "maxConcurrentRequests",
        "maxCallsInRequest",
        "maxObjectsInGet",
        "maxObjectsInSet",
    ] {
        assert!(
            core[limit].as_u64().is_some_and(|value| value > 0),
            "{limit} in {core}"
        );
    }
    assert!(core["collationAlgorithms"].is_array(), "{core}");
}

#[test]
fn session_limits_are_those_of_php_where_those_are_lower() {
    // tests/services/web.sh sets post_max_size to 12M.
    let client = Client::of(USER);
    let core = &client.session()["capabilities"][CORE];
    assert_eq!(core["maxSizeUpload"], 12 << 20);
    assert_eq!(core["maxSizeRequest"], 10_000_000);
}

#[test]
fn session_urls_have_the_port_and_their_variables() {
    let client = Client::of(USER);
    let session = client.session();
    let variables: [(&str, &[&str]); 4] = [
        ("apiUrl", &[]),
        (
            "downloadUrl",
            &["{accountId}", "{blobId}", "{name}", "{type}"],
        ),
        ("uploadUrl", &["{accountId}"]),
        ("eventSourceUrl", &["{types}", "{closeafter}", "{ping}"]),
    ];
    for (url, variables) in variables {
        let template = session[url].as_str().expect(url);
        assert!(
            template.starts_with(&format!("{}/", origin())),
            "{url}: {template}"
        );
        for variable in variables {
            assert!(template.contains(variable), "{variable} in {template}");
        }
    }
}

#[test]
fn session_is_found_at_the_well_known_address() {
    // RFC 8620 §2.2
    let answer = Client::of(USER).get("/.well-known/jmap");
    assert_eq!(answer.status, 307, "{}", answer.text());
    let location = answer.header("Location").expect("a location");
    assert!(location.ends_with("/index.php?_task=jmap"), "{location}");
}

#[test]
fn session_is_not_to_be_cached() {
    let answer = Client::of(USER).get("/?_task=jmap");
    let cache_control = answer.header("Cache-Control").unwrap_or_default();
    assert!(cache_control.contains("no-store"), "{cache_control}");
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(answer.header("Set-Cookie"), None);
}

#[test]
fn core_echo_answers_its_arguments() {
    // RFC 8620 §4
    let arguments = json!({ "hello": true, "high": 5, "1": ["a", null, { "__proto__": 1.5 }] });
    let responses = Client::of(USER).calls(json!([["Core/echo", arguments, "b3ff"]]));
    assert_eq!(responses, [json!(["Core/echo", arguments, "b3ff"])]);
}

#[test]
fn session_urls_are_those_that_the_administrator_configured() {
    let client = Client::of(USER)
        .with_config(&json!({ "jmap_base_url": "https://mail.example.org/webmail/" }));
    let api_url = client.session()["apiUrl"].as_str().expect("a URL");
    assert_eq!(api_url, "https://mail.example.org/webmail/?_task=jmap");
}
