//! AddressBook: the books that Roundcube's configuration names.

use crate::fixture::{self, Roundcube, settings};
use crate::wire::Wire;
use serde_json::{Value, json};

// RFC 9610 §2
#[test]
fn address_book_get_returns_the_books_that_this_roundcube_has() {
    let roundcube = Roundcube::new();
    let book = |id: &str, name: &str, sort_order: u64| {
        json!({
            "id": id,
            "name": name,
            "description": null,
            "sortOrder": sort_order,
            "isDefault": id == "b0",
            "isSubscribed": true,
            "shareWith": null,
            "myRights": {"mayRead": true, "mayWrite": id == "b0", "mayShare": false,
                "mayDelete": false},
        })
    };
    assert_eq!(
        roundcube.all("AddressBook"),
        [
            book("b0", "Personal Addresses", 0),
            book("b1", "Collected Recipients", 1),
            book("b2", "Trusted Senders", 2),
        ]
    );
    assert_eq!(
        roundcube.get("AddressBook", &["b2", "b7"]),
        [book("b2", "Trusted Senders", 2)]
    );
}

#[test]
fn address_book_fingerprint_changes_with_the_configuration() {
    let roundcube = Roundcube::new();
    let fingerprint = |settings| {
        let host = roundcube.open_with(settings);
        fixture::store(&*host, "AddressBook")
            .fingerprint()
            .expect("the fingerprint is read")
    };
    let mut renamed = settings();
    renamed["address_books"][1]["name"] = "Gesammelte Empfänger".into();
    let mut fewer = settings();
    fewer["address_books"]
        .as_array_mut()
        .expect("it is one")
        .pop();
    assert_ne!(fingerprint(settings()), fingerprint(renamed));
    assert_ne!(fingerprint(settings()), fingerprint(fewer.clone()));
    assert_eq!(fingerprint(fewer).count, 2);
}

/// What comes of AddressBook/set; the books are the same afterwards.
fn set(arguments: Value) -> Value {
    let roundcube = Roundcube::new();
    let response = Wire::over(roundcube.open()).ok("AddressBook/set", arguments);
    assert_eq!(response["oldState"], response["newState"]);
    let books = roundcube.all("AddressBook");
    assert_eq!(books.len(), 3);
    assert_eq!(books[0]["isDefault"], true);
    response
}

// RFC 9610 §2.3
#[test]
fn address_book_set_is_forbidden() {
    let response = set(json!({
        "create": {"k": {"name": "New"}},
        "update": {"b0": {"name": "Renamed"}, "b1": {"isSubscribed": false},
            "b2": {"sortOrder": 7}},
        "onDestroyRemoveContents": true,
        "onSuccessSetIsDefault": "b1",
    }));
    for (map, key) in [
        ("notCreated", "k"),
        ("notUpdated", "b0"),
        ("notUpdated", "b1"),
        ("notUpdated", "b2"),
    ] {
        let error = &response[map][key];
        assert_eq!(error["type"], "forbidden", "{map} {key}: {response:#}");
    }
    let response = set(json!({"destroy": ["b0", "b1"], "onDestroyRemoveContents": true}));
    for id in ["b0", "b1"] {
        assert_eq!(
            response["notDestroyed"][id]["type"], "forbidden",
            "{response:#}"
        );
    }
}

#[test]
fn address_book_set_tells_what_is_wrong_from_what_is_forbidden() {
    let response = set(json!({
        "update": {"b9": {"name": "x"}, "b0": {"isDefault": false}, "b1": {"colour": "red"},
            "b2": {"name/x": 1}},
        "destroy": ["b8"],
    }));
    assert_eq!(
        response["notUpdated"]["b9"]["type"], "notFound",
        "{response:#}"
    );
    assert_eq!(response["notDestroyed"]["b8"]["type"], "notFound");
    assert_eq!(
        response["notUpdated"]["b0"]["properties"],
        json!(["isDefault"])
    );
    assert_eq!(
        response["notUpdated"]["b1"]["properties"],
        json!(["colour"])
    );
    assert_eq!(response["notUpdated"]["b2"]["type"], "invalidPatch");
}

#[test]
fn address_book_set_takes_what_changes_nothing() {
    let response = set(json!({"update": {"b0": {"isSubscribed": true, "sortOrder": 0}}}));
    assert_eq!(response["updated"], json!({"b0": null}), "{response:#}");
}

// It must be ignored where it is not permitted.
#[test]
fn address_book_set_leaves_the_default_book_as_it_is() {
    let response = set(json!({"onSuccessSetIsDefault": "b1"}));
    assert_eq!(response["updated"], Value::Null, "{response:#}");
}
