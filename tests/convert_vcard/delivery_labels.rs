//! LABEL of vCard 2.1 and 3.0 and the address that it belongs to (RFC 2426 §3.2.2).

use crate::convert;
use serde_json::{Value, json};

/// What stands in the address with this street, and the labels that are carried.
fn full_of(card: &Value, street: &str) -> Value {
    let addresses = card["addresses"].as_object().expect("there are addresses");
    let mut addresses = addresses.values();
    let address = addresses.find(|address| address["components"][0]["value"] == street);
    address.expect("there is that address")["full"].clone()
}

fn carried(card: &Value) -> Vec<&Value> {
    let properties = card["vCardProps"].as_array();
    let labels = properties.into_iter().flatten();
    labels.filter(|property| property[0] == "label").collect()
}

#[test]
fn label_goes_to_the_address_of_its_type() {
    let card = convert(
        "ADR;TYPE=work,pref:;;A\r\nADR;HOME:;;B\r\nADR:;;C\r\n\
         LABEL:c\r\nLABEL;TYPE=Home:b\r\nLABEL;PREF;WORK;ENCODING=QUOTED-PRINTABLE:a=0D=0A1\r\n",
    );
    assert_eq!(full_of(&card, "A"), "a\n1");
    assert_eq!(full_of(&card, "B"), "b");
    assert_eq!(full_of(&card, "C"), "c");
    assert_eq!(carried(&card), Vec::<&Value>::new());
}

#[test]
fn labels_of_one_type_go_to_its_addresses_in_their_order() {
    let card = convert(
        "ADR;HOME:;;A\r\nADR;HOME:;;B\r\nADR;WORK:;;C\r\n\
         LABEL;HOME:a\r\nLABEL;WORK:c\r\nLABEL;HOME:b\r\n",
    );
    assert_eq!(full_of(&card, "A"), "a");
    assert_eq!(full_of(&card, "B"), "b");
    assert_eq!(full_of(&card, "C"), "c");
}

#[test]
fn label_of_fewer_than_the_addresses_is_carried() {
    let card = convert("ADR;HOME:;;A\r\nADR;HOME:;;B\r\nLABEL;HOME:a\r\n");
    assert_eq!(full_of(&card, "A"), Value::Null);
    assert_eq!(full_of(&card, "B"), Value::Null);
    assert_eq!(
        carried(&card),
        [&json!(["label", {"type": "HOME"}, "text", "a"])]
    );
}

#[test]
fn what_is_left_of_labels_and_addresses_goes_together_in_order() {
    let card = convert(
        "ADR;HOME;PREF:;;A\r\nLABEL;HOME:a\r\nADR;DOM:;;B\r\nLABEL:b\r\nADR;WORK:;;C\r\nLABEL;WORK:c\r\n",
    );
    assert_eq!(full_of(&card, "A"), "a");
    assert_eq!(full_of(&card, "B"), "b");
    assert_eq!(full_of(&card, "C"), "c");
}

#[test]
fn what_is_left_keeps_the_order_of_the_card() {
    let card = convert(
        "ADR:;;A\r\nADR;X-A:;;B\r\nLABEL;X-Z:a\r\nLABEL;DOM;X-A:b\r\nADR;PREF:;;C\r\nLABEL;HOME:c\r\n",
    );
    assert_eq!(full_of(&card, "A"), "a");
    assert_eq!(full_of(&card, "B"), "b");
    assert_eq!(full_of(&card, "C"), "c");
}

#[test]
fn type_said_twice_is_one() {
    let card = convert("ADR;HOME;HOME:;;A\r\nLABEL;HOME:a\r\nADR:;;B\r\nADR:;;C\r\n");
    assert_eq!(full_of(&card, "A"), "a");
}

#[test]
fn label_of_another_kind_than_the_address_is_carried() {
    let card = convert("ADR;HOME;PREF:;;A\r\nLABEL;WORK;PREF:a\r\n");
    assert_eq!(full_of(&card, "A"), Value::Null);
    assert_eq!(
        carried(&card),
        [&json!(["label", {"type": ["WORK", "PREF"]}, "text", "a"])]
    );
}

#[test]
fn label_goes_to_the_address_of_its_group_only() {
    let card = convert(
        "a.ADR;HOME:;;A\r\nADR;HOME:;;B\r\nLABEL;HOME:b\r\nA.LABEL;HOME:a\r\nc.LABEL;HOME:c\r\n",
    );
    assert_eq!(full_of(&card, "A"), "a");
    assert_eq!(full_of(&card, "B"), "b");
    assert_eq!(
        carried(&card),
        [&json!(["label", {"type": "HOME", "group": "c"}, "text", "c"])]
    );
}

#[test]
fn label_beside_the_parameter_of_an_address_is_carried() {
    // RFC 9555 §2.3.12
    let card = convert("ADR;HOME;LABEL=own:;;A\r\nADR;WORK:;;B\r\nLABEL;HOME:a\r\n");
    assert_eq!(full_of(&card, "A"), "own");
    assert_eq!(full_of(&card, "B"), Value::Null);
    assert_eq!(
        carried(&card),
        [&json!(["label", {"type": "HOME"}, "text", "a"])]
    );
}

#[test]
fn label_with_parameters_that_its_address_has_not_is_carried_besides() {
    for (params, carried_params) in [
        ("X-OWN=1", json!({"x-own": "1"})),
        ("PARCEL;INTL", json!({"type": ["PARCEL", "INTL"]})),
        (
            "HOME;LANGUAGE=de",
            json!({"language": "de", "type": "HOME"}),
        ),
    ] {
        let card = convert(&format!("ADR;HOME;PARCEL;DOM:;;A\r\nLABEL;{params}:a\r\n"));
        assert_eq!(full_of(&card, "A"), "a");
        assert_eq!(
            carried(&card),
            [&json!(["label", carried_params, "text", "a"])]
        );
    }
    let card = convert("ADR;HOME;PARCEL;DOM:;;A\r\nLABEL;PARCEL:a\r\n");
    assert_eq!(full_of(&card, "A"), "a");
    assert_eq!(carried(&card), Vec::<&Value>::new());
}

#[test]
fn label_of_an_unstructured_address_leaves_it_as_a_street() {
    let card = convert("ADR:Street 1\r\nLABEL:Street 1\\nTown\r\n");
    assert_eq!(full_of(&card, "Street 1"), "Street 1\nTown");
}

#[test]
fn label_without_an_address_is_carried() {
    for text in ["", "ADR;HOME:;;;;;;\r\n", "GEO:1;2\r\n"] {
        let card = convert(&format!("{text}LABEL;HOME:a\r\n"));
        assert_eq!(
            carried(&card),
            [&json!(["label", {"type": "HOME"}, "text", "a"])],
            "{text}"
        );
    }
}
