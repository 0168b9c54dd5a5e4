//! `ContactCard/query` (RFC 8620 §5.5, RFC 9610 §3.3).

use crate::wire::Wire;
use serde_json::{Value, json};

/// Two books with three cards.
pub fn wire() -> Wire {
    let wire = Wire::new();
    for book in ["b1", "b2"] {
        let books = wire.host.of("a1", "AddressBook");
        books.put(book, json!({"name": book}));
    }
    let cards = wire.cards();
    cards.put(
        "c1",
        json!({
            "@type": "Card", "version": "1.0", "uid": "urn:uuid:1",
            "addressBookIds": {"b1": true},
            "updated": "2024-01-01T00:00:00Z",
            "name": {"full": "Jane van Doe", "components": [
                {"kind": "given", "value": "Jane"}, {"kind": "surname", "value": "van Doe"},
            ]},
            "emails": {"e1": {"address": "jane@example.com", "label": "private one"}},
            "phones": {"p1": {"number": "+49 30 1234", "label": "desk"}},
            "organizations": {"o1": {"name": "ACME"}},
        }),
    );
    cards.put(
        "c2",
        json!({
            "@type": "Card", "version": "1.0", "uid": "urn:uuid:2",
            "addressBookIds": {"b1": true, "b2": true},
            "updated": "2024-01-02T00:00:00Z", "created": "2023-05-01T10:00:00Z",
            "name": {"full": "Émile Zola", "components": [
                {"kind": "given", "value": "Émile"}, {"kind": "surname", "value": "Zola"},
                {"kind": "surname2", "value": "Second"},
            ]},
            "nicknames": {"n1": {"name": "Milou"}},
            "onlineServices": {"s1": {"service": "Mastodon", "uri": "https://social.example/@z",
                "user": "@z", "label": "public"}},
            "addresses": {"a1": {"full": "1 Main Street", "components": [
                {"kind": "locality", "value": "Paris"}]}},
            "notes": {"x": {"note": "Met at \"the\" fair\nin 1898"}},
            "keywords": {"friend": true},
        }),
    );
    cards.put(
        "c3",
        json!({
            "@type": "Card", "version": "1.0", "uid": "urn:uuid:3", "kind": "group",
            "addressBookIds": {"b2": true},
            "updated": "2024-01-03T00:00:00Z", "created": "2023-06-01T10:00:00Z",
            "name": {"full": "Writers"},
            "members": {"urn:uuid:2": true},
        }),
    );
    wire
}

pub fn ids(wire: &Wire, arguments: Value) -> Vec<String> {
    let response = wire.ok("ContactCard/query", arguments);
    let ids = response["ids"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Asserts what each filter finds, in the order of ids.
fn assert_finds(cases: &[(Value, &[&str])]) {
    let wire = wire();
    for (filter, expected) in cases {
        assert_eq!(ids(&wire, json!({"filter": filter})), *expected, "{filter}");
    }
}

#[test]
fn contact_card_query_without_a_filter_finds_all() {
    // RFC 8620 §5.5
    assert_finds(&[
        (Value::Null, &["c1", "c2", "c3"]),
        (json!({}), &["c1", "c2", "c3"]),
    ]);
}

#[test]
fn contact_card_query_filters_by_address_book_uid_member_and_kind() {
    // RFC 9610 §3.3.1
    assert_finds(&[
        (json!({"inAddressBook": "b1"}), &["c1", "c2"]),
        (json!({"inAddressBook": "b"}), &[]),
        (json!({"uid": "urn:uuid:2"}), &["c2"]),
        (json!({"uid": "URN:UUID:2"}), &[]),
        (json!({"uid": "urn:uuid"}), &[]),
        (json!({"hasMember": "urn:uuid:2"}), &["c3"]),
        (json!({"hasMember": "urn:uuid:3"}), &[]),
        (json!({"kind": "group"}), &["c3"]),
    ]);
}

#[test]
fn contact_card_query_filters_by_dates() {
    // RFC 9610 §3.3.1: before is exclusive, after is inclusive; what is absent does not match
    assert_finds(&[
        (json!({"updatedBefore": "2024-01-02T00:00:00Z"}), &["c1"]),
        (
            json!({"updatedAfter": "2024-01-02T00:00:00Z"}),
            &["c2", "c3"],
        ),
        (json!({"createdBefore": "2023-06-01T10:00:00Z"}), &["c2"]),
        (json!({"createdAfter": "2023-06-01T10:00:00Z"}), &["c3"]),
        (
            json!({"createdAfter": "1970-01-01T00:00:00Z"}),
            &["c2", "c3"],
        ),
    ]);
}

#[test]
fn contact_card_query_filters_by_the_text_of_each_property() {
    // RFC 9610 §3.3.1
    assert_finds(&[
        (json!({"name": "DOE"}), &["c1"]),
        (json!({"name": "writ"}), &["c3"]),
        (json!({"name/given": "émile"}), &["c2"]),
        (json!({"name/given": "zola"}), &[]),
        (json!({"name/surname": "zola"}), &["c2"]),
        (json!({"name/surname": "second"}), &[]),
        (json!({"name/surname2": "second"}), &["c2"]),
        (json!({"nickname": "milou"}), &["c2"]),
        (json!({"organization": "acme"}), &["c1"]),
        (json!({"email": "EXAMPLE.com"}), &["c1"]),
        (json!({"email": "private"}), &["c1"]),
        (json!({"phone": "1234"}), &["c1"]),
        (json!({"phone": "desk"}), &["c1"]),
        (json!({"onlineService": "mastodon"}), &["c2"]),
        (json!({"onlineService": "social.example"}), &["c2"]),
        (json!({"onlineService": "@z"}), &["c2"]),
        (json!({"onlineService": "public"}), &["c2"]),
        (json!({"address": "main"}), &["c2"]),
        (json!({"address": "paris"}), &["c2"]),
        (json!({"note": "fair"}), &["c2"]),
        (json!({"note": "paris"}), &[]),
    ]);
}

#[test]
fn contact_card_query_text_finds_text_anywhere_in_the_card() {
    // RFC 9610 §3.3.1: each token may be found in another place, but all must be
    assert_finds(&[
        (json!({"text": "jane acme"}), &["c1"]),
        (json!({"text": "jane paris"}), &[]),
        (json!({"text": "friend"}), &["c2"]),
        (json!({"text": "\"fair in 1898\""}), &["c2"]),
        (json!({"text": "'in fair'"}), &[]),
        (json!({"text": "\"\\\"the\\\" fair\""}), &["c2"]),
        (json!({"text": ""}), &["c1", "c2", "c3"]),
    ]);
}

#[test]
fn contact_card_query_text_ignores_what_is_no_text_of_the_card() {
    assert_finds(&[
        (json!({"text": "Card"}), &[]),
        (json!({"text": "surname"}), &[]),
        (json!({"text": "b1"}), &[]),
        (json!({"text": "1.0"}), &[]),
    ]);
}

#[test]
fn contact_card_query_combines_conditions() {
    // RFC 8620 §5.5; RFC 9610 §3.3.1: several properties must all apply
    let acme = json!({"organization": "acme"});
    let paris = json!({"address": "paris"});
    let of =
        |operator: &str, conditions: Value| json!({"operator": operator, "conditions": conditions});
    assert_finds(&[
        (
            json!({"inAddressBook": "b1", "organization": "acme"}),
            &["c1"],
        ),
        (json!({"inAddressBook": "b2", "organization": "acme"}), &[]),
        (of("AND", json!([acme, paris])), &[]),
        (of("AND", json!([])), &["c1", "c2", "c3"]),
        (of("OR", json!([acme, paris])), &["c1", "c2"]),
        (of("OR", json!([])), &[]),
        (of("NOT", json!([acme, paris])), &["c3"]),
        (of("NOT", json!([])), &["c1", "c2", "c3"]),
        (
            of("NOT", json!([of("OR", json!([acme, {"kind": "group"}]))])),
            &["c2"],
        ),
    ]);
}

#[test]
fn contact_card_query_resolves_a_created_id_in_a_filter() {
    // RFC 8620 §5.3: a creation id may stand wherever an Id may
    let wire = wire();
    let response = wire.post(&json!([
        ["AddressBook/set", {"accountId": "a1", "create": {"k": {"name": "New"}}}, "0"],
        ["ContactCard/set", {"accountId": "a1", "create": {"card": {
            "addressBookIds": {"#k": true}, "uid": "u"}}}, "1"],
        ["ContactCard/query", {"accountId": "a1", "filter": {"inAddressBook": "#k"}}, "2"],
    ]));
    let card = &response["methodResponses"][1][1]["created"]["card"]["id"];
    assert_eq!(response["methodResponses"][2][1]["ids"], json!([card]));
}

#[test]
fn contact_card_query_refuses_a_filter_that_is_none() {
    // RFC 8620 §3.6.2, §5.5
    let wire = wire();
    for filter in [
        json!([]),
        json!("text"),
        json!({"operator": "XOR", "conditions": []}),
        json!({"operator": 1, "conditions": []}),
        json!({"operator": "AND"}),
        json!({"operator": "AND", "conditions": {}}),
        json!({"operator": "AND", "conditions": [1]}),
        json!({"operator": "AND", "conditions": [], "text": "x"}),
        json!({"text": 1}),
        json!({"text": null}),
        json!({"updatedBefore": "yesterday"}),
        json!({"updatedAfter": 7}),
    ] {
        let arguments = json!({"filter": filter});
        assert_eq!(
            wire.error("ContactCard/query", arguments),
            "invalidArguments",
            "{filter}"
        );
    }
}

#[test]
fn contact_card_query_does_not_support_a_filter_beyond_its_declaration_and_limits() {
    // RFC 8620 §5.5
    let wire = wire();
    let mut deep = json!({});
    for _ in 0..24 {
        deep = json!({"operator": "AND", "conditions": [deep]});
    }
    let wide = json!({"operator": "OR", "conditions": vec![json!({}); 10_000]});
    let wordy = json!({"text": "a ".repeat(1_000)});
    for filter in [json!({"shoeSize": "44"}), deep, wide, wordy] {
        let arguments = json!({"filter": filter});
        assert_eq!(
            wire.error("ContactCard/query", arguments),
            "unsupportedFilter"
        );
    }
}

#[test]
fn contact_card_query_sorts_by_each_property() {
    // RFC 9610 §3.3.2; what has no value comes first
    let wire = wire();
    for (property, expected) in [
        ("created", ["c1", "c2", "c3"]),
        ("updated", ["c1", "c2", "c3"]),
        ("name/given", ["c3", "c2", "c1"]),
        ("name/surname", ["c3", "c1", "c2"]),
        ("name/surname2", ["c1", "c3", "c2"]),
    ] {
        let sort = json!([{"property": property}]);
        assert_eq!(ids(&wire, json!({"sort": sort})), expected, "{property}");
    }
}

#[test]
fn contact_card_query_sorts_descending_and_by_further_comparators() {
    // RFC 8620 §5.5
    let wire = wire();
    let sort = json!([{"property": "updated", "isAscending": false}]);
    assert_eq!(ids(&wire, json!({"sort": sort})), ["c3", "c2", "c1"]);
    let sort = json!([
        {"property": "name/surname2"},
        {"property": "updated", "isAscending": false},
    ]);
    assert_eq!(ids(&wire, json!({"sort": sort})), ["c3", "c1", "c2"]);
}

#[test]
fn contact_card_query_sorts_by_the_collation_asked_for() {
    // RFC 8620 §5.5, RFC 4790
    let wire = wire();
    for (collation, expected) in [
        ("i;octet", ["c3", "c1", "c2"]),
        ("i;ascii-casemap", ["c3", "c1", "c2"]),
        ("i;unicode-casemap", ["c3", "c2", "c1"]),
    ] {
        let sort = json!([{"property": "name/given", "collation": collation}]);
        assert_eq!(ids(&wire, json!({"sort": sort})), expected, "{collation}");
    }
}

#[test]
fn contact_card_query_does_not_support_an_unknown_sort_or_collation() {
    // RFC 8620 §5.5
    let wire = wire();
    for sort in [
        json!([{"property": "shoeSize"}]),
        json!([{"property": "updated", "collation": "i;none"}]),
        json!(vec![json!({"property": "updated"}); 17]),
    ] {
        let arguments = json!({"sort": sort});
        assert_eq!(
            wire.error("ContactCard/query", arguments),
            "unsupportedSort"
        );
    }
}

#[test]
fn contact_card_query_refuses_a_sort_that_is_none() {
    // RFC 8620 §3.6.2
    let wire = wire();
    for sort in [
        json!({}),
        json!(["updated"]),
        json!([{}]),
        json!([{"property": 1}]),
        json!([{"property": "updated", "isAscending": "no"}]),
        json!([{"property": "updated", "collation": 1}]),
        json!([{"property": "updated", "other": 1}]),
    ] {
        let arguments = json!({"sort": sort});
        assert_eq!(
            wire.error("ContactCard/query", arguments),
            "invalidArguments",
            "{sort}"
        );
    }
}

#[test]
fn contact_card_query_returns_the_part_of_the_results_that_is_asked_for() {
    // RFC 8620 §5.5
    let wire = wire();
    for (window, position, expected) in [
        (json!({"position": 1}), 1, &["c2", "c3"] as &[_]),
        (json!({"position": 3}), 3, &[]),
        (
            json!({"position": 9_007_199_254_740_991_u64}),
            9_007_199_254_740_991_u64,
            &[],
        ),
        (json!({"position": -1}), 2, &["c3"]),
        (json!({"position": -9}), 0, &["c1", "c2", "c3"]),
        (json!({"limit": 2}), 0, &["c1", "c2"]),
        (json!({"limit": 0}), 0, &[]),
        (json!({"position": 1, "limit": 1}), 1, &["c2"]),
        (json!({"anchor": "c2"}), 1, &["c2", "c3"]),
        (json!({"anchor": "c2", "position": 7}), 1, &["c2", "c3"]),
        (json!({"anchor": "c2", "anchorOffset": 1}), 2, &["c3"]),
        (
            json!({"anchor": "c2", "anchorOffset": -1, "limit": 1}),
            0,
            &["c1"],
        ),
        (
            json!({"anchor": "c2", "anchorOffset": -9_007_199_254_740_991_i64}),
            0,
            &["c1", "c2", "c3"],
        ),
        (json!({"anchorOffset": 2}), 0, &["c1", "c2", "c3"]),
    ] {
        let response = wire.ok("ContactCard/query", window.clone());
        assert_eq!(response["position"], json!(position), "{window}");
        assert_eq!(response["ids"], json!(expected), "{window}");
    }
}

#[test]
fn contact_card_query_calculates_the_total_only_when_asked() {
    // RFC 8620 §5.5
    let wire = wire();
    let arguments = json!({"filter": {"inAddressBook": "b1"}, "limit": 1});
    let response = wire.ok("ContactCard/query", arguments);
    assert_eq!(response.get("total"), None);
    let arguments = json!({"filter": {"inAddressBook": "b1"}, "limit": 1, "calculateTotal": true});
    let response = wire.ok("ContactCard/query", arguments);
    assert_eq!(response["total"], json!(2));
}

#[test]
fn contact_card_query_says_when_the_server_has_set_the_limit() {
    // RFC 8620 §5.5
    let mut wire = wire();
    wire.settings.limits.max_objects_in_get = 2;
    let limit_of = |arguments| {
        let response = wire.ok("ContactCard/query", arguments);
        (
            response["ids"].as_array().unwrap().len(),
            response.get("limit").cloned(),
        )
    };
    assert_eq!(limit_of(json!({"limit": 2})), (2, None));
    assert_eq!(limit_of(json!({"limit": 3})), (2, Some(json!(2))));
    assert_eq!(limit_of(json!({})), (2, Some(json!(2))));
}

#[test]
fn contact_card_query_refuses_arguments_out_of_range() {
    // RFC 8620 §3.6.2, §1.3
    let wire = wire();
    for arguments in [
        json!({"limit": -1}),
        json!({"limit": "1"}),
        json!({"limit": 1.5}),
        json!({"position": "1"}),
        json!({"anchor": 7}),
        json!({"anchor": "c1", "anchorOffset": 0.5}),
        json!({"calculateTotal": 1}),
        json!({"unknown": true}),
    ] {
        assert_eq!(
            wire.error("ContactCard/query", arguments.clone()),
            "invalidArguments",
            "{arguments}"
        );
    }
}

#[test]
fn contact_card_query_does_not_find_an_anchor_that_is_no_result() {
    // RFC 8620 §5.5
    let wire = wire();
    for anchor in ["c9", "c3", "../c1", "#none"] {
        let arguments = json!({"anchor": anchor, "filter": {"inAddressBook": "b1"}});
        assert_eq!(wire.error("ContactCard/query", arguments), "anchorNotFound");
    }
}

#[test]
fn contact_card_query_state_changes_with_the_results() {
    // RFC 8620 §5.5
    let wire = wire();
    let state = |wire: &Wire| wire.ok("ContactCard/query", json!({}))["queryState"].clone();
    let first = state(&wire);
    assert_eq!(state(&wire), first);
    wire.cards().take("c2");
    assert_ne!(state(&wire), first);
}

#[test]
fn email_submission_query_finds_nothing() {
    // RFC 8621 §7.3: whoever offers identities answers for submissions, too
    let wire = wire();
    let arguments = json!({
        "filter": {"identityIds": ["i1"], "undoStatus": "final", "after": "2024-01-01T00:00:00Z"},
        "sort": [{"property": "sentAt"}],
    });
    let response = wire.ok("EmailSubmission/query", arguments);
    assert_eq!(response["ids"], json!([]));
}
