//! Identities (RFC 8621 §6) and what the submission capability obliges to (§7).

use crate::environment::{read, sql};
use crate::http::Client;
use crate::web_page::WebPage;
use serde_json::{Value, json};

const USER: &str = "demo@example.org";
/// Whose identities are written.
const WRITER: &str = "judy@example.org";
/// Whose identities no other test writes.
const ALONE: &str = "erin@example.org";

/// Creates an identity in the place of those that an earlier run has left.
fn create(client: &Client, identity: Value) -> Value {
    let all = client.call("Identity/get", json!({}));
    let left = all["list"].as_array().into_iter().flatten();
    let left: Vec<_> = left
        .filter(|left| left["email"] == identity["email"])
        .map(|left| left["id"].clone())
        .collect();
    client.call("Identity/set", json!({ "destroy": left }));
    client.call("Identity/set", json!({"create": {"k": identity}}))
}

fn id_of(answer: &Value) -> &str {
    let id = answer["created"]["k"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{answer:#}"))
}

fn get(client: &Client, id: &str) -> Value {
    client.call("Identity/get", json!({"ids": [id]}))["list"][0].take()
}

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
            "mayDelete": true,
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
            "mayDelete": true,
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

// RFC 8621 §6.3
#[test]
fn identity_set_creates_what_the_settings_page_shows_and_its_changes_are_seen() {
    let client = Client::of(ALONE);
    let answer = create(
        &client,
        json!({"name": "Judy, at \"Home\"", "email": "home@example.org",
            "replyTo": [{"name": "Doe, J.", "email": "j@example.org"}], "textSignature": "Bye <3\nJ"}),
    );
    let id = id_of(&answer);
    let page = WebPage::login(ALONE);
    let editor = page.show_settings("edit-identity", &[("_iid", &id[1..]), ("_framed", "1")]);
    for shown in [
        "value=\"Judy, at &quot;Home&quot;\"",
        "value=\"home@example.org\"",
        "&quot;Doe, J.&quot; &lt;j@example.org&gt;",
        "Bye &lt;3\nJ",
    ] {
        assert!(editor.contains(shown), "no {shown} in {editor}");
    }
    let state = client.call("Identity/get", json!({"ids": []}))["state"].clone();
    page.settings(
        "save-identity",
        &[
            ("_iid", &id[1..]),
            ("_name", "Judy in the page"),
            ("_email", "home@example.org"),
            ("_reply-to", "\"Doe, J.\" <j@example.org>"),
            ("_signature", "<p>Edited</p>"),
            ("_html_signature", "1"),
            ("_framed", "1"),
        ],
    );
    let changes = client.call("Identity/changes", json!({"sinceState": state}));
    assert_eq!(changes["updated"], json!([id]), "{changes}");
    let identity = get(&client, id);
    assert_eq!(identity["name"], "Judy in the page", "{identity:#}");
    assert_eq!(identity["htmlSignature"], "<p>Edited</p>", "{identity:#}");
    assert_eq!(identity["textSignature"], "Edited", "{identity:#}");
    let answer = client.call("Identity/set", json!({"destroy": [id]}));
    assert_eq!(answer["destroyed"], json!([id]), "{answer:#}");
    let list = page.show_settings("identities", &[]);
    assert!(!list.contains("home@example.org"), "{list}");
}

#[test]
fn identity_set_leaves_no_script_in_an_html_signature() {
    let client = Client::of(WRITER);
    let html = "<p onclick=\"alert(1)\">Hi</p><script>alert(2)</script><a href=\"javascript:alert(3)\">x</a>";
    let identity = json!({"email": "html@example.org", "htmlSignature": html});
    let answer = create(&client, identity);
    let id = id_of(&answer);
    let identity = get(&client, id);
    let stored = identity["htmlSignature"].as_str().expect("it is text");
    assert!(stored.contains("<p>Hi</p>"), "{stored}");
    assert!(!stored.contains("alert"), "{stored}");
    assert_eq!(
        answer["created"]["k"]["htmlSignature"], stored,
        "{answer:#}"
    );
    // A change of something else leaves it as it is.
    let before = sql(&format!(
        "SELECT signature FROM identities WHERE identity_id = {}",
        &id[1..]
    ));
    let patch = json!({"update": {id: {"name": "Judy in HTML"}}});
    let answer = client.call("Identity/set", patch);
    assert_eq!(answer["updated"], json!({ id: null }), "{answer:#}");
    let after = sql(&format!(
        "SELECT signature FROM identities WHERE identity_id = {}",
        &id[1..]
    ));
    assert_eq!(after, before);
}

#[test]
fn identity_set_refuses_what_is_no_address_and_names_in_ascii_what_is() {
    let client = Client::of(WRITER);
    for (property, value) in [
        ("email", json!("nobody")),
        ("email", json!("")),
        ("email", json!("a@example.org, b@example.org")),
        ("email", json!("a@example.org\r\nBcc: b@example.org")),
        (
            "replyTo",
            json!([{"email": "a@example.org"}, {"email": "nobody"}]),
        ),
        ("bcc", json!([{"email": "a b@example.org"}])),
    ] {
        let mut identity = json!({"email": "fine@example.org"});
        identity[property] = value;
        let answer = create(&client, identity);
        let error = &answer["notCreated"]["k"];
        assert_eq!(error["properties"], json!([property]), "{answer:#}");
    }
    let answer = create(&client, json!({"email": "judy@exämple.org"}));
    let created = &answer["created"]["k"];
    assert_eq!(created["email"], "judy@xn--exmple-cua.org", "{answer:#}");
    client.call("Identity/set", json!({"destroy": [created["id"]]}));
    // What is there already does not hinder a change of something else.
    let answer = create(&client, json!({"email": "odd@example.org"}));
    let id = id_of(&answer);
    sql(&format!(
        "UPDATE identities SET bcc = 'nobody' WHERE identity_id = {}",
        &id[1..]
    ));
    let answer = client.call("Identity/set", json!({"update": {id: {"name": "x"}}}));
    assert_eq!(answer["updated"], json!({ id: null }), "{answer:#}");
    client.call("Identity/set", json!({"destroy": [id]}));
}

#[test]
fn identity_set_obeys_identities_level() {
    let all = Client::of(WRITER).call("Identity/get", json!({}));
    let list = all["list"].as_array().expect("a list");
    let own = list.iter().find(|identity| identity["email"] == WRITER);
    let first = own.and_then(|identity| identity["id"].as_str());
    let first = first.unwrap_or_else(|| panic!("{all:#}"));
    for (level, not_created, not_updated) in [
        (1, json!("forbiddenFrom"), None),
        (2, json!("forbidden"), None),
        (4, json!("forbidden"), Some("forbidden")),
    ] {
        let config = json!({ "identities_level": level });
        let client = Client::of(WRITER).with_config(&config);
        let arguments = json!({
            "create": {"k": {"email": "foreign@example.com"}},
            "update": {first: {"name": format!("at level {level}")}},
        });
        let answer = client.call("Identity/set", arguments);
        assert_eq!(answer["notCreated"]["k"]["type"], not_created, "{answer:#}");
        let error = answer["notUpdated"][first]["type"].as_str();
        assert_eq!(error, not_updated, "{answer:#}");
    }
}
