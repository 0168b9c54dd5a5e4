//! `ContactCard/queryChanges` (RFC 8620 §5.6).

use crate::query::{ids, wire};
use serde_json::{Value, json};

/// What a client does with the answer (RFC 8620 §5.6): splice out, splice in.
fn apply(cached: &[String], changes: &Value) -> Vec<String> {
    let removed = changes["removed"].as_array().unwrap();
    let is_removed = |id: &&String| removed.iter().any(|removed| removed == id.as_str());
    let mut ids: Vec<String> = cached
        .iter()
        .filter(|id| !is_removed(id))
        .cloned()
        .collect();
    for added in changes["added"].as_array().unwrap() {
        let index = usize::try_from(added["index"].as_u64().unwrap()).unwrap();
        ids.insert(index, added["id"].as_str().unwrap().to_owned());
    }
    ids
}

#[test]
fn contact_card_query_changes_lead_from_the_old_results_to_the_new() {
    // RFC 8620 §5.6
    for arguments in [
        json!({}),
        json!({"filter": {"inAddressBook": "b1"}}),
        json!({"sort": [{"property": "name/surname"}]}),
        json!({"filter": {"text": "e"}, "sort": [{"property": "updated", "isAscending": false}]}),
    ] {
        let wire = wire();
        for key in 4..12 {
            let card = json!({"addressBookIds": {"b1": true}, "updated": "2024-02-01T00:00:00Z",
                "name": {"full": format!("Eve {key}")}});
            wire.cards().put(&format!("c{key}"), card);
        }
        let old = wire.ok("ContactCard/query", arguments.clone());
        let old_ids = ids(&wire, arguments.clone());
        wire.cards().take("c5");
        wire.cards().take("c1");
        wire.cards().put(
            "c7",
            json!({"addressBookIds": {"b9": true}, "updated": "2025-01-01T00:00:00Z",
                "name": {"components": [{"kind": "surname", "value": "Abel"}]}}),
        );
        wire.cards().put(
            "c99",
            json!({"addressBookIds": {"b1": true}, "name": {"full": "Newest"}}),
        );
        let mut since = arguments.clone();
        since["sinceQueryState"] = old["queryState"].clone();
        since["calculateTotal"] = json!(true);
        let changes = wire.ok("ContactCard/queryChanges", since);
        let new_ids = ids(&wire, arguments.clone());
        assert_eq!(apply(&old_ids, &changes), new_ids, "{changes:#}");
        assert_eq!(changes["total"], json!(new_ids.len()));
        assert_eq!(changes["oldQueryState"], old["queryState"]);
        let new = wire.ok("ContactCard/query", arguments);
        assert_eq!(changes["newQueryState"], new["queryState"]);
    }
}

#[test]
fn contact_card_query_changes_put_right_what_the_query_saw_too_early() {
    // RFC 8620 §5.6: "removed" may have extra ids that may have been in the old results
    for arguments in [json!({}), json!({"sort": [{"property": "updated"}]})] {
        let wire = wire();
        let early = json!({"updated": "2024-01-01T12:00:00Z"});
        wire.cards().before_read("c11", early);
        let query = wire.ok("ContactCard/query", arguments.clone());
        let seen: Vec<String> = serde_json::from_value(query["ids"].clone()).unwrap();
        assert!(seen.contains(&"c11".to_owned()), "{query:#}");
        wire.cards().put("c10", json!({}));
        let mut since = arguments.clone();
        since["sinceQueryState"] = query["queryState"].clone();
        let changes = wire.ok("ContactCard/queryChanges", since);
        assert_eq!(apply(&seen, &changes), ids(&wire, arguments), "{changes:#}");
    }
}

#[test]
fn contact_card_query_changes_are_those_of_one_moment() {
    // RFC 8620 §5.6: the indexes are those in the results at the new state
    let wire = wire();
    let old = wire.ok("ContactCard/query", json!({}));
    let seen: Vec<String> = serde_json::from_value(old["ids"].clone()).unwrap();
    wire.cards().put("c4", json!({}));
    wire.cards().before_read("c0", json!({}));
    let arguments = json!({"sinceQueryState": old["queryState"]});
    let changes = wire.ok("ContactCard/queryChanges", arguments);
    assert_eq!(apply(&seen, &changes), ids(&wire, json!({})), "{changes:#}");
    assert_eq!(
        changes["newQueryState"],
        wire.ok("ContactCard/query", json!({}))["queryState"]
    );
}

#[test]
fn contact_card_query_changes_without_filter_and_sort_leave_updated_cards_in_place() {
    // RFC 8620 §5.6: nothing that is asked for can have changed
    let wire = wire();
    let state = wire.ok("ContactCard/query", json!({}))["queryState"].clone();
    wire.cards().put("c2", json!({"uid": "urn:uuid:2"}));
    let changes = wire.ok(
        "ContactCard/queryChanges",
        json!({"sinceQueryState": state}),
    );
    assert_eq!(
        (&changes["removed"], &changes["added"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(changes.get("total"), None);
}

#[test]
fn contact_card_query_changes_stop_after_up_to_id_where_nothing_moves() {
    // RFC 8620 §5.6
    let wire = wire();
    let state = wire.ok("ContactCard/query", json!({}))["queryState"].clone();
    wire.cards().take("c1");
    wire.cards().take("c3");
    wire.cards().put("c11", json!({}));
    wire.cards().put("c4", json!({}));
    let arguments = json!({"sinceQueryState": state, "upToId": "c2"});
    let changes = wire.ok("ContactCard/queryChanges", arguments);
    assert_eq!(changes["removed"], json!(["c1", "c11"]));
    assert_eq!(changes["added"], json!([{"id": "c11", "index": 0}]));
}

#[test]
fn contact_card_query_changes_ignore_up_to_id_where_something_may_move() {
    // RFC 8620 §5.6
    let wire = wire();
    let sort = json!([{"property": "updated"}]);
    let state = wire.ok("ContactCard/query", json!({"sort": sort}))["queryState"].clone();
    wire.cards()
        .put("c9", json!({"updated": "2030-01-01T00:00:00Z"}));
    let arguments = json!({"sinceQueryState": state, "sort": sort, "upToId": "c1"});
    let changes = wire.ok("ContactCard/queryChanges", arguments);
    assert_eq!(changes["added"], json!([{"id": "c9", "index": 3}]));
}

#[test]
fn contact_card_query_changes_are_too_many_above_max_changes() {
    // RFC 8620 §5.6: each item in removed or added is one change
    let wire = wire();
    let filter = json!({"inAddressBook": "b1"});
    let state = wire.ok("ContactCard/query", json!({"filter": filter}))["queryState"].clone();
    wire.cards()
        .put("c2", json!({"addressBookIds": {"b1": true}}));
    let arguments = |max| json!({"sinceQueryState": state, "filter": filter, "maxChanges": max});
    wire.ok("ContactCard/queryChanges", arguments(2));
    assert_eq!(
        wire.error("ContactCard/queryChanges", arguments(1)),
        "tooManyChanges"
    );
    assert_eq!(
        wire.error("ContactCard/queryChanges", arguments(0)),
        "invalidArguments"
    );
}

#[test]
fn contact_card_query_changes_cannot_be_calculated_from_a_foreign_state() {
    // RFC 8620 §5.6
    let wire = wire();
    for state in ["", "x", "0123456789ab-1"] {
        let arguments = json!({"sinceQueryState": state});
        assert_eq!(
            wire.error("ContactCard/queryChanges", arguments),
            "cannotCalculateChanges"
        );
    }
}
