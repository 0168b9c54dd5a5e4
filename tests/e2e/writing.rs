//! What is written over JMAP is what Roundcube itself shows, finds and edits
//! (RFC 8620 §5.3, RFC 9610 §3.5).

use crate::blobs::{download, upload};
use crate::environment::sql;
use crate::http::Client;
use crate::web_page::WebPage;
use serde_json::{Value, json};

const USER: &str = "judy@example.org";

/// Creates a card in the personal address book, in the place of one that an earlier run has
/// left, and gives back its id.
fn create(client: &Client, mut card: Value) -> String {
    if let Some(uid) = card.get("uid") {
        let left = client.call("ContactCard/query", json!({"filter": {"uid": uid}}));
        client.call("ContactCard/set", json!({"destroy": left["ids"]}));
    }
    card["@type"] = "Card".into();
    card["version"] = "1.0".into();
    card["addressBookIds"] = json!({"b0": true});
    let answer = client.call("ContactCard/set", json!({"create": {"k": card}}));
    let id = answer["created"]["k"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

fn get(client: &Client, id: &str) -> Value {
    client.call("ContactCard/get", json!({"ids": [id]}))["list"][0].take()
}

/// The key of the contact's or the group's row.
fn row(id: &str) -> &str {
    &id[1..]
}

#[test]
fn contact_card_set_creates_what_roundcube_finds_and_its_editor_shows() {
    let client = Client::of(USER);
    let id = create(
        &client,
        json!({
            "uid": "urn:example:created",
            "name": {"full": "Dr. Fýnn Searchable-Name", "components": [
                {"kind": "surname", "value": "Searchable-Name"}, {"kind": "given", "value": "Fýnn"},
                {"kind": "title", "value": "Dr."}]},
            "emails": {"e1": {"address": "fynn@example.org", "contexts": {"work": true}}},
            "phones": {"p1": {"number": "+49 30 777", "features": {"mobile": true}}},
            "organizations": {"o1": {"name": "Editor, Inc; Ltd"}},
            "notes": {"n1": {"note": "one\ntwo; three"}},
        }),
    );
    let page = WebPage::login(USER);
    for words in ["searchable-name", "fynn", "editor"] {
        let found = page.show(
            "search",
            &[
                ("_source", "0"),
                ("_q", words),
                ("_headers", "*"),
                ("_scope", "0"),
                ("_remote", "1"),
            ],
        );
        assert!(found.contains("Searchable-Name"), "{words}: {found}");
    }
    let editor = page.show(
        "edit",
        &[("_source", "0"), ("_cid", row(&id)), ("_framed", "1")],
    );
    for shown in [
        "value=\"Fýnn\"",
        "value=\"Searchable-Name\"",
        "value=\"Dr.\"",
        "fynn@example.org",
        "+49 30 777",
        "Editor, Inc; Ltd",
        "two; three",
    ] {
        assert!(editor.contains(shown), "no {shown} in {editor}");
    }
}

#[test]
fn contact_card_set_and_the_editor_keep_what_the_other_does_not_know() {
    let client = Client::of(USER);
    let id = create(
        &client,
        json!({
            "uid": "urn:example:kept",
            "name": {"full": "Kept One"},
            "example.com:secret": {"deep": [1, 2]},
            "vCardProps": [["x-own", {"x-odd": "1"}, "unknown", "carried"]],
        }),
    );
    let state = client.call("ContactCard/get", json!({"ids": []}))["state"].clone();
    WebPage::login(USER).contacts(
        "save",
        &[
            ("_source", "0"),
            ("_cid", row(&id)),
            ("_name", "Edited in the page"),
            ("_framed", "1"),
        ],
    );
    let changes = client.call("ContactCard/changes", json!({"sinceState": state}));
    assert!(changes["updated"].to_string().contains(&id), "{changes}");
    let card = get(&client, &id);
    assert_eq!(card["name"]["full"], "Edited in the page", "{card:#}");
    assert_eq!(card["uid"], "urn:example:kept", "{card:#}");
    assert_eq!(
        card["example.com:secret"],
        json!({"deep": [1, 2]}),
        "{card:#}"
    );
    assert!(
        card["vCardProps"].to_string().contains("carried"),
        "{card:#}"
    );
}

#[test]
fn contact_card_set_patches_one_property_and_leaves_the_rest_of_the_row() {
    let client = Client::of(USER);
    let id = create(
        &client,
        json!({"uid": "urn:example:patched", "name": {"full": "Patch Me"},
            "phones": {"p": {"number": "1"}}, "nicknames": {"n": {"name": "Patchy"}}}),
    );
    let vcard = || {
        sql(&format!(
            "SELECT vcard FROM contacts WHERE contact_id = {}",
            row(&id)
        ))
        .join("\n")
    };
    let before = vcard();
    let answer = client.call(
        "ContactCard/set",
        json!({"update": {&id: {"phones/p/number": "22"}}}),
    );
    assert!(answer["updated"].get(&id).is_some(), "{answer:#}");
    assert!(before.contains("TEL;PROP-ID=p:1"), "{before}");
    assert_eq!(
        vcard(),
        before.replace("TEL;PROP-ID=p:1", "TEL;PROP-ID=p:22")
    );
}

#[test]
fn contact_card_set_puts_an_uploaded_photo_into_the_card() {
    // RFC 9610 §3.5
    let client = Client::of(USER);
    let png = b"\x89PNG\r\n\x1a\n-not-quite-a-picture".to_vec();
    let uploaded = upload(&client, "image/png", &png);
    let id = create(
        &client,
        json!({"uid": "urn:example:photo", "name": {"full": "Photo One"},
            "media": {"m": {"kind": "photo", "blobId": uploaded}}}),
    );
    let card = get(&client, &id);
    let media = card["media"]
        .as_object()
        .and_then(|media| media.values().next());
    let media = media.unwrap_or_else(|| panic!("{card:#}"));
    assert_eq!(media["mediaType"], "image/png", "{card:#}");
    let blob = media["blobId"].as_str().expect("it has a blob id");
    assert_eq!(download(&client, blob).body, png);
}

#[test]
fn contact_card_set_writes_groups_that_the_page_shows() {
    let client = Client::of(USER);
    let member = json!({"uid": "urn:example:member", "name": {"full": "A Member"}});
    let contact = create(&client, member);
    let group = create(
        &client,
        json!({"kind": "group", "name": {"full": "Group over JMAP"},
            "members": {"urn:example:member": true}}),
    );
    let page = WebPage::login(USER);
    let shown = page.show(
        "list",
        &[("_source", "0"), ("_gid", row(&group)), ("_remote", "1")],
    );
    assert!(shown.contains("A Member"), "{shown}");
    let answer = client.call(
        "ContactCard/set",
        json!({"update": {&group: {"name/full": "Renamed", "members": {}}}}),
    );
    assert!(answer["updated"].get(&group).is_some(), "{answer:#}");
    let card = get(&client, &group);
    assert_eq!(card["name"]["full"], "Renamed", "{card:#}");
    assert_eq!(card["members"], json!({}), "{card:#}");
    let answer = client.call("ContactCard/set", json!({"destroy": [&group, &contact]}));
    assert_eq!(
        answer["destroyed"].as_array().map(Vec::len),
        Some(2),
        "{answer:#}"
    );
    let shown = page.show("list", &[("_source", "0"), ("_remote", "1")]);
    assert!(!shown.contains("A Member"), "{shown}");
}

#[test]
fn contact_card_set_takes_text_that_ends_in_a_backslash() {
    // Roundcube's own code trips over some of it.
    let client = Client::of(USER);
    let sent = json!({
        "uid": "urn:example:backslash",
        "name": { "full": "Ann\\", "components": [
            { "kind": "surname", "value": "Ann\\" }, { "kind": "given", "value": "\\" }] },
        "organizations": { "o": { "name": "a", "units": [{ "name": "tail\\" }] } },
        "nicknames": { "k": { "name": "nick\\" } },
        "notes": { "n": { "note": "note\\" } },
    });
    let id = create(&client, sent.clone());
    let stored = get(&client, &id);
    for property in ["name", "nicknames", "notes"] {
        assert_eq!(stored[property], sent[property], "{stored:#}");
    }
    let unit = &stored["organizations"]["o"]["units"][0];
    assert_eq!(unit["name"], "tail\\", "{stored:#}");
    let page = WebPage::login(USER);
    let shown = page.show(
        "show",
        &[("_source", "0"), ("_cid", row(&id)), ("_framed", "1")],
    );
    assert!(shown.contains(">tail\\<"), "{shown}");
}

#[test]
fn contact_card_set_takes_more_words_than_a_column_of_mysql() {
    let client = Client::of(USER);
    let words: String = (0..20_000).map(|number| format!("word{number} ")).collect();
    let emails: serde_json::Map<String, Value> = (0..6_000)
        .map(|at| {
            (
                format!("e{at}"),
                json!({ "address": format!("a{at}@example.org") }),
            )
        })
        .collect();
    let sent = json!({
        "uid": "urn:example:words", "name": { "full": "\u{1f388}".repeat(100_000) },
        "notes": { "n": { "note": words.trim() } }, "emails": emails,
    });
    let id = create(&client, sent.clone());
    let stored = get(&client, &id);
    for property in ["name", "notes", "emails"] {
        assert!(stored[property] == sent[property], "{property} is another");
    }
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}
