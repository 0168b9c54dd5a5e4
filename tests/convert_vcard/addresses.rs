//! ADR with its components, places and contexts (RFC 9555 §2.6.1, §2.8).

use crate::{convert, values};
use serde_json::{Value, json};

fn address(text: &str) -> Value {
    let addresses = values(&convert(text), "addresses");
    assert_eq!(addresses.len(), 1, "{text}");
    addresses[0].clone()
}

#[test]
fn address_of_one_text_is_not_taken_apart() {
    assert_eq!(address("ADR:Street 1\r\n"), json!({"full": "Street 1"}));
    assert_eq!(
        address("ADR;LABEL=\"Street 1, Town\":Street 1\r\n"),
        json!({
            "components": [{"kind": "name", "value": "Street 1"}],
            "full": "Street 1, Town",
        })
    );
    assert_eq!(address("ADR;LABEL=Town: \r\n"), json!({"full": "Town"}));
    assert_eq!(address("ADR;CC=DE:\r\n"), json!({"countryCode": "DE"}));
}

#[test]
fn address_has_the_contexts_of_its_type() {
    // RFC 9554 §5.1, §5.2
    let address = address("ADR;TYPE=home,WORK,billing,Delivery:;;A\r\n");
    assert_eq!(
        address["contexts"],
        json!({"private": true, "work": true, "billing": true, "delivery": true})
    );
    let card = convert("TEL;TYPE=billing,delivery:1\r\n");
    assert_eq!(
        values(&card, "phones"),
        [json!({"number": "1", "vCardParams": {"type": ["billing", "delivery"]}})]
    );
}

#[test]
fn address_has_the_place_of_its_parameters() {
    // RFC 9555 §2.3.8, §2.3.23
    let address = address("ADR;GEO=\"geo:1,2\";TZ=Europe/Berlin:;;A\r\n");
    assert_eq!(address["coordinates"], "geo:1,2");
    assert_eq!(address["timeZone"], "Europe/Berlin");
    assert_eq!(address.get("vCardParams"), None);
    let card =
        convert("ADR;GEO=\"geo:1,2\";TZ=Europe/Berlin:;;A\r\nGEO:geo:3,4\r\nTZ:Europe/Paris\r\n");
    let addresses = values(&card, "addresses");
    assert_eq!(addresses.len(), 3);
    assert!(addresses.contains(&json!({"coordinates": "geo:3,4"})));
    assert!(addresses.contains(&json!({"timeZone": "Europe/Paris"})));
}

#[test]
fn place_belongs_to_no_address_where_there_are_two() {
    let card = convert("ADR:;;A\r\nADR:;;B\r\nGEO:geo:1,2\r\nTZ:Europe/Berlin\r\n");
    let addresses = values(&card, "addresses");
    assert_eq!(addresses.len(), 3);
    assert!(addresses.contains(&json!({"coordinates": "geo:1,2", "timeZone": "Europe/Berlin"})));
}

#[test]
fn place_belongs_to_the_address_of_its_group_only() {
    let card = convert("a.ADR:;;A\r\nb.ADR:;;B\r\nb.GEO:geo:1,2\r\nb.TZ:Europe/Berlin\r\n");
    for address in values(&card, "addresses") {
        let is_second = address["components"][0]["value"] == "B";
        assert_eq!(address.get("coordinates").is_some(), is_second, "{address}");
        assert_eq!(address.get("timeZone").is_some(), is_second, "{address}");
    }
}

#[test]
fn component_of_a_list_stands_once_for_each_value() {
    assert_eq!(
        address("ADR:;;a,b\\,c\r\n")["components"],
        json!([{"kind": "name", "value": "a"}, {"kind": "name", "value": "b,c"}])
    );
}

#[test]
fn components_follow_the_value_unless_an_elder_one_repeats_them() {
    // RFC 9555 §2.6.1
    let kinds = |text: &str| -> Vec<Value> {
        let address = address(text);
        let parts = address["components"].as_array().expect("components");
        parts.iter().map(|part| part["kind"].clone()).collect()
    };
    assert_eq!(
        kinds("ADR:;;;Reston;;;;;;;1;Oak\r\n"),
        ["locality", "number", "name"]
    );
    assert_eq!(
        kinds("ADR:;;1 Oak;Reston;;;;;;;1;Oak\r\n"),
        ["number", "name", "locality"]
    );
}

#[test]
fn address_or_name_of_too_many_components_is_carried_besides() {
    for (text, count) in [
        (format!("ADR:;;A{}x\r\n", ";".repeat(16)), 1),
        (format!("ADR:;;A{}\r\n", ";".repeat(16)), 0),
        ("N:a;b;c;d;e;f;g;h\r\n".to_owned(), 1),
        ("N:a;b;c;d;e;f;g; \r\n".to_owned(), 0),
    ] {
        let carried = convert(&text)["vCardProps"].as_array().map_or(0, Vec::len);
        assert_eq!(carried, count, "{text}");
    }
}

#[test]
fn order_that_names_not_each_component_once_is_none() {
    // RFC 9555 §3.3.1
    for order in [
        "", ";", ";0", ";0;0", ";0;1;1", ";0;1;2", ";0;1;s", "x;0;1", ";0;1,1", ";0;a",
    ] {
        let card = convert(&format!("N;JSCOMPS=\"{order}\":a;b\r\n"));
        assert_eq!(card["name"].get("isOrdered"), None, "{order}");
        assert_eq!(
            card["name"]["vCardParams"]["jscomps"], order,
            "{order} is kept"
        );
    }
    let card = convert("N;JSCOMPS=\";1,1;s, ;0;1\":a;b,c\r\n");
    assert_eq!(
        card["name"],
        json!({
            "components": [
                {"kind": "given", "value": "c"},
                {"kind": "separator", "value": " "},
                {"kind": "surname", "value": "a"},
                {"kind": "given", "value": "b"},
            ],
            "isOrdered": true,
        })
    );
}

#[test]
fn component_that_a_newer_one_repeats_stands_once() {
    // RFC 9554 §2.2
    let card = convert("N:x,a,b;;;;;b,a;\r\n");
    assert_eq!(
        card["name"]["components"],
        json!([
            {"kind": "surname", "value": "x"},
            {"kind": "surname2", "value": "b"},
            {"kind": "surname2", "value": "a"},
        ])
    );
}
