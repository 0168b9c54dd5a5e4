//! Identities (RFC 8621 §6) and what the submission capability obliges to (§7).

use crate::environment::read;
use crate::http::Client;
use serde_json::{Value, json};

const USER: &str = "demo@example.org";

#[test]
fn identity_get_returns_signatures_reply_to_and_bcc() {
    let answer = Client::of(USER).call("Identity/get", json!({}));
    let mut list = answer["list"].as_array().cloned().unwrap_or_default();
    list.sort_by_key(|identity| identity["email"].to_string());
    for identity in &mut list {
        let id = identity["id"].take();
        assert!(id.is_string(), "{answer}");
    }
    let expected = json!([
        {
            "id": null,
            "name": "Demo Döe",
            "email": "demo@example.org",
            "replyTo": null,
            "bcc": null,
            "textSignature": "Demo Döe\n-- sent with care",
            "htmlSignature": "",
            "mayDelete": false,
        },
        {
            "id": null,
            "name": "Demo at Work",
            "email": "work@example.org",
            "replyTo": [{ "name": "Front Desk", "email": "desk@example.org" }],
            "bcc": [{ "name": null, "email": "archive@example.org" }],
            "textSignature": "Demo at Work & Co",
            "htmlSignature":
                "<p><b>Demo</b> at <a href=\"https://example.org/\">Work</a> &amp; Co</p>",
            "mayDelete": false,
        },
    ]);
    assert_eq!(Value::Array(list), expected);
}

#[test]
fn identity_get_that_fails_in_the_database_logs_no_statement() {
    // Roundcube would write the statement with the user's data in it.
    let config = json!({ "plugins": ["noise", "jmap"], "noise_table": "identities" });
    let client = Client::of(USER).with_config(&config);
    let arguments = json!({ "accountId": client.account_id() });
    let responses = client.calls(json!([["Identity/get", arguments, "i"]]));
    assert_eq!(responses[0][1]["type"], "serverFail", "{responses:?}");
    let log = read("log/errors.log");
    assert!(log.contains("noise_identities"), "{log}");
    assert!(!log.contains("SQL Query"), "{log}");
}

#[test]
fn email_submission_answers_empty_and_forbids() {
    let client = Client::of(USER);
    let got = client.call("EmailSubmission/get", json!({}));
    assert_eq!(got["list"], json!([]), "{got}");
    let found = client.call("EmailSubmission/query", json!({}));
    assert_eq!(found["ids"], json!([]), "{found}");
    let since = json!({ "sinceState": got["state"] });
    let changes = client.call("EmailSubmission/changes", since);
    assert_eq!(changes["created"], json!([]), "{changes}");
    let account_id = client.account_id();
    let create = json!({ "new": { "identityId": "i1", "emailId": "e1" } });
    let responses = client.calls(json!([
        ["EmailSubmission/set", { "accountId": account_id, "create": create }, "s"]
    ]));
    assert!(
        responses[0].to_string().contains("forbidden"),
        "{responses:?}"
    );
}
