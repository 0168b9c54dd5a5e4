//! What Roundcube's columns cannot hold, in the plugin's own table, beside a real Roundcube.

use crate::environment::read;
use crate::http::Client;
use crate::web_page::WebPage;
use serde_json::{Value, json};

/// Whose contacts and identities no other test writes.
const USER: &str = "dave@example.org";

fn group(uid: &str) -> Value {
    json!({
        "@type": "Card", "version": "1.0", "kind": "group", "uid": uid,
        "addressBookIds": {"b0": true}, "name": {"full": format!("Group of {uid}")},
        "members": {"urn:example:elsewhere": true},
        "notes": {"n": {"note": "Zoë 🎈"}},
    })
}

/// Removes what an earlier run has left.
fn clear(client: &Client, uid: &str) {
    let left = client.call("ContactCard/query", json!({"filter": {"uid": uid}}));
    client.call("ContactCard/set", json!({"destroy": left["ids"]}));
}

#[test]
fn contact_card_set_keeps_all_of_a_group_that_the_page_renames() {
    let client = Client::of(USER);
    clear(&client, "urn:example:kept");
    let create = json!({"create": {"k": group("urn:example:kept")}});
    let answer = client.call("ContactCard/set", create.clone());
    let id = answer["created"]["k"]["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{answer:#}"));
    let again = client.call("ContactCard/set", create);
    assert_eq!(again["notCreated"]["k"]["existingId"], id, "{again:#}");
    let state = client.call("ContactCard/get", json!({"ids": []}))["state"].clone();
    let name = [
        ("_source", "0"),
        ("_gid", &id[1..]),
        ("_name", "Renamed in the page"),
        ("_remote", "1"),
    ];
    WebPage::login(USER).contacts("group-rename", &name);
    let changes = client.call("ContactCard/changes", json!({"sinceState": state}));
    assert!(changes["updated"].to_string().contains(id), "{changes}");
    let patch = json!({"update": {id: {"keywords": {"k": true}}}});
    let answer = client.call("ContactCard/set", patch);
    assert!(answer["updated"].get(id).is_some(), "{answer:#}");
    let card = client.call("ContactCard/get", json!({"ids": [id]}))["list"][0].take();
    let mut wanted = group("urn:example:kept");
    wanted["name"]["full"] = "Renamed in the page".into();
    wanted["keywords"] = json!({"k": true});
    for (property, value) in wanted.as_object().expect("it is an object") {
        assert_eq!(&card[property], value, "{property} of {card:#}");
    }
    clear(&client, "urn:example:kept");
}

#[test]
fn identity_set_keeps_both_signatures_until_the_page_edits_one() {
    let client = Client::of(USER);
    let all = client.call("Identity/get", json!({}));
    let id = all["list"][0]["id"].as_str().expect("there is one");
    let patch = json!({"htmlSignature": "<b>Dave</b>", "textSignature": "-- \nDave ☎"});
    let answer = client.call("Identity/set", json!({"update": {id: patch}}));
    assert!(answer["updated"].get(id).is_some(), "{answer:#}");
    let signatures = || {
        let got = client.call("Identity/get", json!({"ids": [id]}));
        let identity = &got["list"][0];
        (
            identity["htmlSignature"].clone(),
            identity["textSignature"].clone(),
        )
    };
    assert_eq!(signatures(), (json!("<b>Dave</b>"), json!("-- \nDave ☎")));
    let fields = [
        ("_iid", &id[1..]),
        ("_name", "Dave"),
        ("_email", USER),
        ("_signature", "<b>Dave at home</b>"),
        ("_html_signature", "1"),
        ("_framed", "1"),
    ];
    WebPage::login(USER).settings("save-identity", &fields);
    let (html, text) = signatures();
    assert_eq!(
        (html, text),
        (json!("<b>Dave at home</b>"), json!("Dave at home"))
    );
}

#[test]
fn a_missing_table_is_told_to_the_administrator_and_hinders_nothing_else() {
    let config = json!({ "plugins": ["noise", "jmap"], "noise_table": "jmap_carried" });
    let client = Client::of(USER).with_config(&config);
    let uid = "urn:example:no-table";
    let answer = client.call("ContactCard/set", json!({"create": {"k": group(uid)}}));
    let error = &answer["notCreated"]["k"];
    assert_eq!(error["type"], "serverUnavailable", "{answer:#}");
    let log = read("log/errors.log");
    assert!(log.contains("jmap_carried is missing"), "{log}");
    assert!(log.contains("bin/updatedb.sh --package=jmap"), "{log}");
    let mut contact = group(uid);
    for property in ["kind", "members"] {
        contact
            .as_object_mut()
            .expect("it is an object")
            .remove(property);
    }
    let plain = json!({"kind": "group", "addressBookIds": {"b0": true}, "name": {"full": "Plain"}});
    for card in [contact, plain] {
        let answer = client.call("ContactCard/set", json!({"create": {"k": card}}));
        let id = &answer["created"]["k"]["id"];
        assert!(id.is_string(), "{answer:#}");
        let answer = client.call("ContactCard/set", json!({"destroy": [id]}));
        assert_eq!(answer["destroyed"], json!([id]), "{answer:#}");
    }
    let page = WebPage::login(USER).show("list", &[("_source", "0"), ("_remote", "1")]);
    assert!(page.contains("set_rowcount"), "{page}");
}
