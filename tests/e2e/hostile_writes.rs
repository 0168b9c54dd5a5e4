//! What is written that would mean something to the database (`tests/hostile.md`, row 78).

use crate::environment::sql;
use crate::http::Client;
use serde_json::{Value, json};

const USER: &str = "nina@example.org";

/// Each means something to SQL, to LIKE, or to whoever puts values into SQL.
const TEXTS: [&str; 7] = [
    "'; DROP TABLE contacts; --",
    "\" OR \"\"=\"",
    "100% _sure_",
    "back\\slash\\' and `ticks`",
    "? :name $1 ??",
    "/* no comment */ # nor this",
    "NULL",
];

fn ids(answer: &Value) -> Vec<Value> {
    answer["ids"].as_array().expect("ids").clone()
}

#[test]
fn contact_card_set_and_query_take_what_means_something_in_sql_as_text() {
    let client = Client::of(USER);
    let count = || sql("SELECT count(*) FROM contacts WHERE del = 0");
    let left = client.call(
        "ContactCard/query",
        json!({ "filter": { "note": "metacharacters" } }),
    );
    client.call("ContactCard/set", json!({ "destroy": left["ids"] }));
    let before = count();
    let mut created = Vec::new();
    for text in TEXTS {
        let card = json!({
            "@type": "Card", "version": "1.0", "uid": text, "addressBookIds": { "b0": true },
            "name": { "full": text }, "notes": { "n": { "note": "metacharacters" } },
        });
        let answer = client.call("ContactCard/set", json!({ "create": { "k": card } }));
        let id = &answer["created"]["k"]["id"];
        assert!(id.is_string(), "{text}: {answer:#}");
        created.push(id.clone());
    }
    for (text, id) in TEXTS.iter().zip(&created) {
        let card = client.call("ContactCard/get", json!({ "ids": [id] }))["list"][0].take();
        assert_eq!(
            (&card["uid"], &card["name"]["full"]),
            (&json!(text), &json!(text))
        );
        let found = client.call("ContactCard/query", json!({ "filter": { "uid": text } }));
        assert_eq!(found["ids"], json!([id]), "{text}");
        let phrase = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let found = client.call("ContactCard/query", json!({ "filter": { "name": phrase } }));
        assert!(ids(&found).contains(id), "{text}: {found}");
    }
    for pattern in ["%", "_ure", "' OR 1=1"] {
        let found = client.call("ContactCard/query", json!({ "filter": { "uid": pattern } }));
        assert_eq!(ids(&found), Vec::<Value>::new(), "{pattern}");
    }
    let group = json!({
        "@type": "Card", "version": "1.0", "kind": "group", "addressBookIds": { "b0": true },
        "name": { "full": TEXTS[0] }, "members": { TEXTS[1]: true },
    });
    let answer = client.call("ContactCard/set", json!({ "create": { "g": group } }));
    let id = &answer["created"]["g"]["id"];
    let card = client.call("ContactCard/get", json!({ "ids": [id] }))["list"][0].take();
    assert_eq!(card["name"]["full"], TEXTS[0], "{answer:#}");
    assert_eq!(card["members"], json!({ TEXTS[1]: true }));
    created.push(id.clone());
    client.call("ContactCard/set", json!({ "destroy": created }));
    assert_eq!(count(), before);
}
