//! `/set` (RFC 8620 §5.3).

use crate::memory::{Amid, Fault};
use crate::wire::Wire;
use serde_json::{Map, Value, json};

fn card(uid: &str) -> Value {
    json!({"uid": uid, "addressBookIds": {"b1": true}, "name": {"full": "Jane"}})
}

/// Two cards in one address book.
fn wire() -> Wire {
    let wire = Wire::new();
    let books = wire.host.of("a1", "AddressBook");
    books.put(
        "b1",
        json!({"name": "Personal", "myRights": {"mayRead": true}}),
    );
    wire.cards().put("c1", card("u1"));
    wire.cards().put("c2", card("u2"));
    wire
}

/// The SetError for a patch of `c1`.
fn not_updated(wire: &Wire, patch: Value) -> Value {
    let response = wire.ok("ContactCard/set", json!({"update": {"c1": patch}}));
    assert_eq!(response["updated"], Value::Null, "{response:#}");
    response["notUpdated"]["c1"].clone()
}

/// The SetError for a card that cannot be created.
fn not_created(wire: &Wire, card: Value) -> Value {
    let response = wire.ok("ContactCard/set", json!({"create": {"k": card}}));
    assert_eq!(response["created"], Value::Null, "{response:#}");
    response["notCreated"]["k"].clone()
}

#[test]
fn contact_card_set_creates_updates_and_destroys() {
    let wire = wire();
    let response = wire.ok(
        "ContactCard/set",
        json!({
            "create": {"k": card("u3")},
            "update": {"c1": {"name/full": "June", "kind": "individual"}},
            "destroy": ["c2"],
        }),
    );
    assert_eq!(response["created"], json!({"k": {"id": "c3"}}));
    assert_eq!(response["updated"], json!({"c1": null}));
    assert_eq!(response["destroyed"], json!(["c2"]));
    for name in ["notCreated", "notUpdated", "notDestroyed"] {
        assert_eq!(response[name], Value::Null, "{name}");
    }
    assert_eq!(wire.cards().get("c3"), Some(card("u3")));
    assert_eq!(wire.cards().get("c2"), None);
    let updated = wire.cards().get("c1").unwrap();
    assert_eq!(
        (&updated["name"], &updated["kind"]),
        (&json!({"full": "June"}), &json!("individual"))
    );
}

#[test]
fn contact_card_set_moves_from_the_old_state_to_the_new() {
    let wire = wire();
    let old = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    let response = wire.ok("ContactCard/set", json!({"destroy": ["c2"]}));
    let new = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    assert_eq!((&response["oldState"], &response["newState"]), (&old, &new));
    assert_ne!(old, new);
    let changes = wire.ok("ContactCard/changes", json!({"sinceState": old}));
    assert_eq!(changes["destroyed"], json!(["c2"]));
}

#[test]
fn contact_card_set_of_nothing_changes_nothing() {
    let wire = wire();
    for arguments in [
        json!({}),
        json!({"create": null, "update": {}, "destroy": []}),
    ] {
        let response = wire.ok("ContactCard/set", arguments);
        assert_eq!(response["oldState"], response["newState"]);
        for name in [
            "created",
            "updated",
            "destroyed",
            "notCreated",
            "notUpdated",
            "notDestroyed",
        ] {
            assert_eq!(response[name], Value::Null, "{name}");
        }
    }
}

#[test]
fn address_book_set_returns_what_the_server_has_added() {
    let response = wire().ok("AddressBook/set", json!({"create": {"k": {"name": "New"}}}));
    assert_eq!(
        response["created"]["k"],
        json!({
            "id": "b2", "description": null, "sortOrder": 0, "isDefault": false,
            "isSubscribed": true, "shareWith": null, "myRights": {"mayRead": true},
        })
    );
}

#[test]
fn address_book_set_restores_a_default_for_null() {
    let wire = wire();
    let books = wire.host.of("a1", "AddressBook");
    books.put("b1", json!({"name": "Personal", "sortOrder": 7}));
    wire.ok(
        "AddressBook/set",
        json!({"update": {"b1": {"sortOrder": null}}}),
    );
    assert_eq!(books.get("b1").unwrap()["sortOrder"], json!(0));
}

#[test]
fn contact_card_set_in_another_state_is_a_mismatch_and_changes_nothing() {
    let wire = wire();
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    let arguments = json!({"ifInState": "other", "destroy": ["c1"]});
    assert_eq!(wire.error("ContactCard/set", arguments), "stateMismatch");
    assert!(wire.cards().get("c1").is_some());
    wire.ok(
        "ContactCard/set",
        json!({"ifInState": state, "destroy": ["c1"]}),
    );
    assert!(wire.cards().get("c1").is_none());
}

#[test]
fn contact_card_set_of_too_many_objects_is_too_large_and_changes_nothing() {
    let mut wire = wire();
    wire.settings.limits.max_objects_in_set = 2;
    let arguments = json!({"create": {"k": card("u3")}, "destroy": ["c1", "c2"]});
    assert_eq!(wire.error("ContactCard/set", arguments), "requestTooLarge");
    assert_eq!(wire.cards().ids(), ["c1", "c2"]);
}

#[test]
fn contact_card_set_in_a_read_only_account_is_refused() {
    let arguments = json!({"accountId": "a3", "create": {"k": card("u1")}});
    assert_eq!(
        wire().error("ContactCard/set", arguments),
        "accountReadOnly"
    );
}

#[test]
fn email_submission_set_creates_none_and_finds_none() {
    let wire = wire();
    let response = wire.ok(
        "EmailSubmission/set",
        json!({
            "create": {"k": {"identityId": "i1", "emailId": "e1"}},
            "update": {"s1": {"undoStatus": "canceled"}},
            "destroy": ["s2"],
        }),
    );
    for (map, key, error) in [
        ("notCreated", "k", "forbidden"),
        ("notUpdated", "s1", "notFound"),
        ("notDestroyed", "s2", "notFound"),
    ] {
        assert_eq!(response[map][key]["type"], error, "{map}");
    }
}

#[test]
fn contact_card_set_refuses_arguments_of_the_wrong_type() {
    let wire = wire();
    for arguments in [
        json!({"create": []}),
        json!({"create": {"k": 1}}),
        json!({"update": {"c1": null}}),
        json!({"destroy": {"c1": true}}),
        json!({"destroy": [1]}),
        json!({"ifInState": 7}),
    ] {
        let error = wire.error("ContactCard/set", arguments.clone());
        assert_eq!(error, "invalidArguments", "{arguments}");
    }
}

#[test]
fn contact_card_set_does_not_find_what_is_not_there() {
    let wire = wire();
    for id in ["c9", "../c1", "#none", ""] {
        let arguments = json!({"update": {id: {"kind": "org"}}, "destroy": ["c8"]});
        let response = wire.ok("ContactCard/set", arguments);
        assert_eq!(response["notUpdated"][id]["type"], "notFound", "{id}");
        assert_eq!(response["notDestroyed"]["c8"]["type"], "notFound");
    }
}

#[test]
fn contact_card_set_destroys_a_card_that_it_is_also_to_update() {
    let wire = wire();
    let arguments = json!({"update": {"c1": {"kind": "org"}}, "destroy": ["c1", "c1"]});
    let response = wire.ok("ContactCard/set", arguments);
    assert_eq!(response["notUpdated"]["c1"]["type"], "willDestroy");
    assert_eq!(response["destroyed"], json!(["c1"]));
    assert_eq!(response["notDestroyed"], Value::Null);
}

#[test]
fn contact_card_set_refuses_a_patch_that_breaks_a_rule() {
    let wire = wire();
    for patch in [
        json!({"name": {"full": "x"}, "name/full": "y"}),
        json!({"none/full": "x"}),
        json!({"uid/x": "y"}),
        json!({"name/full/x": "y"}),
        json!({"name~2": "y"}),
    ] {
        let error = not_updated(&wire, patch.clone());
        assert_eq!(error["type"], "invalidPatch", "{patch}");
    }
    assert_eq!(wire.cards().get("c1"), Some(card("u1")));
}

#[test]
fn contact_card_set_refuses_properties_that_are_not_the_clients_to_set() {
    let wire = wire();
    for (patch, properties) in [
        (json!({"id": "c9"}), json!(["id"])),
        (json!({"uid": "other"}), json!(["uid"])),
        (json!({"uid": null}), json!(["uid"])),
        (json!({"addressBookIds": null}), json!(["addressBookIds"])),
        (
            json!({"shoeSize": 44, "uid": "x"}),
            json!(["shoeSize", "uid"]),
        ),
    ] {
        let error = not_updated(&wire, patch.clone());
        assert_eq!(error["type"], "invalidProperties", "{patch}");
        assert_eq!(error["properties"], properties, "{patch}");
    }
    assert_eq!(wire.cards().get("c1"), Some(card("u1")));
}

#[test]
fn contact_card_set_leaves_a_card_in_at_least_one_address_book() {
    // RFC 9610 §3
    let wire = wire();
    for patch in [
        json!({"addressBookIds": {}}),
        json!({"addressBookIds/b1": null}),
        json!({"addressBookIds": {"b1": false}}),
        json!({"addressBookIds": "b1"}),
    ] {
        let error = not_updated(&wire, patch.clone());
        assert_eq!(error["type"], "invalidProperties", "{patch}");
        assert_eq!(error["properties"], json!(["addressBookIds"]), "{patch}");
    }
    let error = not_created(&wire, json!({"uid": "u3", "addressBookIds": {}}));
    assert_eq!(error["properties"], json!(["addressBookIds"]));
}

#[test]
fn contact_card_set_takes_a_whole_card_as_its_patch() {
    let wire = wire();
    let arguments = json!({"ids": ["c1"]});
    let mut whole = wire.ok("ContactCard/get", arguments)["list"][0].clone();
    whole["kind"] = json!("org");
    let response = wire.ok("ContactCard/set", json!({"update": {"c1": whole}}));
    assert_eq!(response["updated"], json!({"c1": null}), "{response:#}");
    assert_eq!(wire.cards().get("c1").unwrap()["kind"], "org");
}

#[test]
fn contact_card_set_lists_all_properties_that_are_invalid_in_a_new_card() {
    let wire = wire();
    let error = not_created(&wire, json!({"id": "c9", "shoeSize": 44, "uid": "u3"}));
    assert_eq!(error["type"], "invalidProperties");
    let mut properties = error["properties"].as_array().unwrap().clone();
    properties.sort_by_key(Value::to_string);
    assert_eq!(properties, ["addressBookIds", "id", "shoeSize"]);
}

#[test]
fn contact_card_set_takes_vendor_properties() {
    // RFC 9553 §1.8.1
    let wire = wire();
    let patch = json!({"example.com:colour": "red"});
    wire.ok("ContactCard/set", json!({"update": {"c1": patch}}));
    assert_eq!(wire.cards().get("c1").unwrap()["example.com:colour"], "red");
}

#[test]
fn contact_card_set_refuses_a_uid_that_another_card_has() {
    // RFC 9610 §3
    let wire = wire();
    let error = not_created(&wire, card("u2"));
    assert_eq!(error["type"], "invalidProperties");
    assert_eq!(error["properties"], json!(["uid"]));
}

#[test]
fn contact_card_set_refuses_a_uid_that_another_new_card_has() {
    // RFC 9610 §3
    let wire = wire();
    let without_book = json!({"uid": "u4", "name": {"full": "June"}});
    let response = wire.ok(
        "ContactCard/set",
        json!({"create": {"a": card("u3"), "b": card("u3"), "c": without_book, "d": card("u4")}}),
    );
    let created = json!({"a": {"id": "c3"}, "d": {"id": "c4"}});
    assert_eq!(response["created"], created, "{response:#}");
    let error = &response["notCreated"]["b"];
    assert_eq!(error["properties"], json!(["uid"]));
    assert_eq!(error["existingId"], "c3");
}

#[test]
fn contact_card_set_reads_what_it_has_written_at_once() {
    let wire = wire();
    wire.ok("ContactCard/get", json!({"ids": []}));
    let create: serde_json::Map<String, Value> = (10..60)
        .map(|number| (format!("k{number}"), card(&format!("u{number}"))))
        .collect();
    let before = wire.cards().used().reads;
    let response = wire.ok("ContactCard/set", json!({"create": create}));
    assert_eq!(response["notCreated"], Value::Null, "{response:#}");
    assert_eq!(wire.cards().used().reads, before + 1);
    let patch = json!({"kind": "org"});
    let update: serde_json::Map<String, Value> = (10..50)
        .map(|number| (format!("c{number}"), patch.clone()))
        .collect();
    let before = wire.cards().used().reads;
    let response = wire.ok("ContactCard/set", json!({"update": update}));
    assert_eq!(response["notUpdated"], Value::Null, "{response:#}");
    assert_eq!(wire.cards().used().reads, before + 2);
}

#[test]
fn contact_card_set_fails_for_one_record_without_costing_the_others() {
    let wire = wire();
    let response = wire.ok(
        "ContactCard/set",
        json!({"create": {"bad": {"uid": "x"}, "good": card("u3")}, "destroy": ["c9", "c2"]}),
    );
    assert_eq!(response["notCreated"]["bad"]["type"], "invalidProperties");
    assert_eq!(response["created"]["good"], json!({"id": "c3"}));
    assert_eq!(response["notDestroyed"]["c9"]["type"], "notFound");
    assert_eq!(response["destroyed"], json!(["c2"]));
}

#[test]
fn contact_card_set_passes_on_what_the_host_refuses() {
    for (fault, expected) in [
        (Fault::Forbidden, "forbidden"),
        (Fault::ForbiddenFrom, "forbiddenFrom"),
        (Fault::TooLarge, "tooLarge"),
        (Fault::OverQuota, "overQuota"),
        (Fault::TooOften, "rateLimit"),
        (Fault::Singleton, "singleton"),
        (Fault::Unavailable, "serverUnavailable"),
        (Fault::Backend, "serverFail"),
    ] {
        let wire = wire();
        wire.ok("ContactCard/get", json!({"ids": []}));
        wire.cards().fail(&[fault]);
        let response = wire.ok("ContactCard/set", json!({"create": {"k": card("u3")}}));
        assert_eq!(response["notCreated"]["k"]["type"], expected);
        assert_eq!(wire.cards().ids(), ["c1", "c2"]);
    }
}

#[test]
fn contact_card_set_reapplies_a_patch_to_what_others_wrote_meanwhile() {
    let wire = wire();
    let mut meanwhile = card("u1");
    meanwhile["keywords"] = json!({"friend": true});
    wire.cards().meanwhile("c1", meanwhile);
    let response = wire.ok(
        "ContactCard/set",
        json!({"update": {"c1": {"kind": "org"}}}),
    );
    assert_eq!(response["notUpdated"], Value::Null, "{response:#}");
    let stored = wire.cards().get("c1").unwrap();
    assert_eq!(
        (&stored["kind"], &stored["keywords"]),
        (&json!("org"), &json!({"friend": true}))
    );
}

#[test]
fn contact_card_set_judges_a_patch_by_what_others_wrote_meanwhile() {
    let wire = wire();
    wire.cards().meanwhile(
        "c1",
        json!({"uid": "u1", "addressBookIds": {"b1": true}, "name": "gone"}),
    );
    let error = not_updated(&wire, json!({"name/full": "June"}));
    assert_eq!(error["type"], "invalidPatch");
}

#[test]
fn contact_card_set_gives_up_when_others_keep_writing() {
    let wire = wire();
    for write in 0..50 {
        let mut meanwhile = card("u1");
        meanwhile["notes"] = json!({"n": {"note": write.to_string()}});
        wire.cards().meanwhile("c1", meanwhile);
    }
    let error = not_updated(&wire, json!({"kind": "org"}));
    assert_eq!(error["type"], "serverUnavailable");
    assert_eq!(wire.cards().get("c1").unwrap().get("kind"), None);
}

#[test]
fn contact_card_set_resolves_creation_ids_of_an_earlier_call() {
    let wire = wire();
    let response = wire.post(&json!([
        ["AddressBook/set", {"accountId": "a1", "create": {"k": {"name": "New"}}}, "0"],
        ["ContactCard/set", {"accountId": "a1",
            "create": {"n": {"uid": "u3", "addressBookIds": {"#k": true}}},
            "update": {"c1": {"addressBookIds": {"b1": true, "#k": true}},
                "c2": {"addressBookIds/#k": true}}}, "1"],
        ["ContactCard/set", {"accountId": "a1", "update": {"#n": {"kind": "org"}}}, "2"],
        ["ContactCard/set", {"accountId": "a1", "destroy": ["#n"]}, "3"],
    ]));
    let responses = &response["methodResponses"];
    assert_eq!(
        responses[2][1]["updated"],
        json!({"c3": null}),
        "{response:#}"
    );
    assert_eq!(responses[3][1]["destroyed"], json!(["c3"]), "{response:#}");
    for id in ["c1", "c2"] {
        let books = wire.cards().get(id).unwrap()["addressBookIds"].clone();
        assert_eq!(books, json!({"b1": true, "b2": true}), "{id}");
    }
}

#[test]
fn contact_card_set_refuses_a_creation_id_under_which_nothing_was_created() {
    let wire = wire();
    let error = not_created(
        &wire,
        json!({"uid": "u3", "addressBookIds": {"#none": true}}),
    );
    assert_eq!(error["type"], "invalidProperties");
    assert_eq!(error["properties"], json!(["addressBookIds"]));
    let error = not_updated(&wire, json!({"addressBookIds/#none": true}));
    assert_eq!(error["type"], "invalidProperties");
}

#[test]
fn set_maps_a_creation_id_to_what_was_created_last() {
    // RFC 8620 §5.3, §3.3, §3.4
    let wire = wire();
    let request = json!({
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:contacts"],
        "createdIds": {"k": "c1", "other": "x1"},
        "methodCalls": [
            ["ContactCard/get", {"accountId": "a1", "ids": ["#k"], "properties": []}, "0"],
            ["ContactCard/set", {"accountId": "a1", "create": {"k": card("u3")}}, "1"],
            ["ContactCard/get", {"accountId": "a1", "ids": ["#k"], "properties": []}, "2"],
        ],
    });
    let response = wire.request(&request).json();
    let responses = &response["methodResponses"];
    assert_eq!(responses[0][1]["list"], json!([{"id": "c1"}]));
    assert_eq!(responses[2][1]["list"], json!([{"id": "c3"}]));
    assert_eq!(response["createdIds"], json!({"k": "c3", "other": "x1"}));
}

#[test]
fn set_says_that_it_was_done_in_part_when_the_new_state_cannot_be_told() {
    // RFC 8620 §3.6.2: the client must resynchronise
    let wire = wire();
    wire.ok("ContactCard/get", json!({"ids": []}));
    wire.cards().fail_next_scan(Fault::Backend);
    let error = wire.error("ContactCard/set", json!({"destroy": ["c2"]}));
    assert_eq!(error, "serverPartialFail");
    assert_eq!(wire.cards().ids(), ["c1"]);
}

#[test]
fn contact_card_set_tells_of_a_card_that_cannot_be_read_back() {
    // What is stored must not be told to be not.
    let wire = wire();
    wire.cards().amid(0, Amid::Fault(Fault::Unavailable));
    let response = wire.ok("ContactCard/set", json!({"create": {"k": card("u3")}}));
    assert_eq!(response["created"], json!({"k": {"id": "c3"}}));
    assert_eq!(wire.cards().get("c3"), Some(card("u3")));
}

#[test]
fn set_says_that_it_may_be_done_in_part_when_the_storage_failed_amid_it() {
    // RFC 8620 §3.6.2: a write whose answer was lost may be done.
    let wire = wire();
    wire.ok("ContactCard/get", json!({"ids": []}));
    wire.cards().before_read("c9", card("u9"));
    wire.cards().amid(0, Amid::Fault(Fault::Unavailable));
    wire.cards().fail_next_scan(Fault::Unavailable);
    let patch = json!({"update": {"c1": {"name/full": "June"}}});
    assert_eq!(wire.error("ContactCard/set", patch), "serverPartialFail");
}

#[test]
fn contact_card_set_orders_many_creation_ids_in_linear_time() {
    // Each book refers to the next, and names many that there are not.
    crate::wire::assert_grows_linearly(100, |number| {
        let wire = wire();
        let create: Map<String, Value> = (0..number)
            .map(|at| {
                let mut books = json!({format!("#k{}", at + 1): true});
                for padding in 0..50 {
                    books[format!("#z{padding}")] = true.into();
                }
                let card = json!({"uid": format!("n{at}"), "addressBookIds": books});
                (format!("k{at}"), card)
            })
            .collect();
        let response = wire.ok("ContactCard/set", json!({"create": create}));
        assert_eq!(response["created"], Value::Null);
    });
}
