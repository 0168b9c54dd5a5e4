//! What is done in Roundcube's web pages is seen by `/changes` (RFC 8620 §5.2).

use crate::environment::sql;
use crate::http::Client;
use crate::web_page::WebPage;
use serde_json::{Value, json};

const USER: &str = "alice@example.org";

fn state(client: &Client) -> Value {
    client.call("ContactCard/get", json!({ "ids": [] }))["state"].clone()
}

fn changes(client: &Client, since: &Value) -> Value {
    client.call("ContactCard/changes", json!({ "sinceState": since }))
}

/// The newest contact of that name in Roundcube's table.
fn contact_id(name: &str) -> String {
    let query = format!("SELECT contact_id FROM contacts WHERE name = '{name}' ORDER BY 1 DESC");
    sql(&query)
        .first()
        .unwrap_or_else(|| panic!("no {name}"))
        .clone()
}

fn save(page: &WebPage, contact_id: &str, name: &str) {
    page.contacts(
        "save",
        &[
            ("_source", "0"),
            ("_cid", contact_id),
            ("_name", name),
            ("_framed", "1"),
        ],
    );
}

// One test, because one account has one journal, and each step needs the state before it.
#[test]
fn contact_card_changes_follows_the_web_pages() {
    let client = Client::of(USER);
    let page = WebPage::login(USER);

    let empty = state(&client);
    save(&page, "", "Web Created");
    let row = contact_id("Web Created");
    let created = changes(&client, &empty);
    let ids = created["created"].as_array().cloned().unwrap_or_default();
    assert_eq!(ids.len(), 1, "{created}");
    let card = client.call("ContactCard/get", json!({ "ids": ids }));
    assert_eq!(card["list"][0]["name"]["full"], "Web Created", "{card}");

    // Two changes, with a look in between, fall into one second of Roundcube's time stamp.
    for name in ["Web Changed", "Web Changed Again"] {
        let before = state(&client);
        save(&page, &row, name);
        assert_eq!(
            changes(&client, &before)["updated"],
            json!(ids),
            "after {name}"
        );
    }

    let before = state(&client);
    page.contacts(
        "group-create",
        &[("_source", "0"), ("_name", "Web Group"), ("_remote", "1")],
    );
    let group = changes(&client, &before)["created"].clone();
    assert_eq!(group.as_array().map(Vec::len), Some(1), "{group}");
    let groups = "SELECT contactgroup_id FROM contactgroups ORDER BY 1 DESC";
    let group_row = sql(groups).swap_remove(0);
    for action in ["group-addmembers", "group-delmembers"] {
        let before = state(&client);
        let fields = [
            ("_source", "0"),
            ("_gid", &group_row),
            ("_cid", &row),
            ("_remote", "1"),
        ];
        page.contacts(action, &fields);
        assert_eq!(
            changes(&client, &before)["updated"],
            group,
            "after {action}"
        );
    }

    let before = state(&client);
    page.contacts(
        "delete",
        &[("_source", "0"), ("_cid", &row), ("_remote", "1")],
    );
    assert_eq!(changes(&client, &before)["destroyed"], json!(ids));

    let before = state(&client);
    page.contacts("undo", &[("_source", "0"), ("_remote", "1")]);
    assert_eq!(changes(&client, &before)["created"], json!(ids));

    let all = changes(&client, &empty);
    assert_eq!(all["newState"], state(&client), "{all}");
}
