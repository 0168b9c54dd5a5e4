//! JSContact to vCard: the sample pairs backwards (RFC 9555 §3.1).

use crate::samples::{dialect, folder, names, vcard};
use crate::strict_json;
use openxport::convert::vcard::{Card, Dialect, HostMembers, patch};
use openxport::json::Writer;
use openxport::store::{Contents, Object, Selection};
use serde_json::Value;
use std::fs;

pub fn host() -> HostMembers<'static> {
    HostMembers {
        id: "c1",
        address_book_ids: &["b0"],
        uid: "uid-of-the-host",
        is_uid_taken: false,
        updated: None,
        created: None,
        blob_id: &|key| format!("blob-{key}"),
    }
}

pub fn read(card: &[u8], dialect: &Dialect) -> Object {
    let mut out = Writer::new();
    Card::parse(card, dialect).emit(&host(), &Selection::ALL, &mut out);
    match strict_json::read(out.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{other:?} of {}", String::from_utf8_lossy(card)),
    }
}

fn sample(name: &str) -> Object {
    let json = fs::read(folder().join(format!("{name}.json"))).expect("the Card can be read");
    match strict_json::read(&json) {
        Ok(Value::Object(object)) => object,
        other => panic!("{name}: {other:?}"),
    }
}

/// vCard has one line break.
fn with_line_feeds(card: &Object) -> Object {
    let text = Value::Object(card.clone()).to_string();
    let text = text.replace("\\r\\n", "\\n").replace("\\r", "\\n");
    match serde_json::from_str(&text) {
        Ok(Value::Object(card)) => card,
        other => panic!("{other:?}"),
    }
}

/// Takes from a Card that has been read what only tells how it is stored, where the Card
/// that was wanted says nothing of that (RFC 9555 §2.15), and sorts what has no order.
pub fn comparable(mut read: Object, wanted: &Object) -> (Value, Value) {
    let mut wanted = with_line_feeds(wanted);
    for card in [&mut read, &mut wanted] {
        let Some(Value::Array(carried)) = card.get_mut("vCardProps") else {
            continue;
        };
        carried.retain(|property| !is_of_the_form(property));
        carried.sort_by_key(ToString::to_string);
        if carried.is_empty() {
            card.remove("vCardProps");
        }
    }
    let (mut read, wanted) = (Value::Object(read), Value::Object(wanted));
    strip(&mut read, &wanted);
    (read, wanted)
}

/// VERSION, and names that are empty because each vCard has them.
fn is_of_the_form(property: &Value) -> bool {
    property[0] == "version"
        || (property[0] == "fn" && (property[3] == "" || property[1]["derived"] == "TRUE"))
        || (property[0] == "n"
            && property[3]
                .as_array()
                .is_some_and(|it| it.iter().all(|it| it == "")))
}

fn strip(read: &mut Value, wanted: &Value) {
    match (read, wanted) {
        (Value::Object(read), Value::Object(wanted)) => {
            read.retain(|name, _| {
                !matches!(name.as_str(), "vCardName" | "vCardParams") || wanted.contains_key(name)
            });
            for (name, read) in read.iter_mut() {
                if let (Value::Object(read), Some(Value::Object(wanted))) =
                    (&mut *read, wanted.get(name))
                    && name == "vCardParams"
                {
                    read.retain(|name, _| wanted.contains_key(name));
                    if let Some(group) = wanted.get("group") {
                        read.insert("group".to_owned(), group.clone());
                    }
                }
                if let Some(wanted) = wanted.get(name) {
                    strip(read, wanted);
                }
            }
        }
        (Value::Array(read), Value::Array(wanted)) => {
            read.iter_mut()
                .zip(wanted)
                .for_each(|(read, wanted)| strip(read, wanted));
        }
        _ => {}
    }
}

#[test]
fn sample_written_anew_reads_as_its_card() {
    let mut wrong = Vec::new();
    for name in names(".json") {
        let wanted = sample(&name);
        let stored = vcard(&name);
        let origin = Card::parse(&stored, dialect(&name));
        let blobs = |id: &str| -> Option<Contents> { origin.media(id.strip_prefix("blob-")?) };
        match patch(b"", dialect(&name), &host(), &wanted, &blobs) {
            Ok(card) => {
                let (read, wanted) = comparable(read(&card, dialect(&name)), &wanted);
                let text = String::from_utf8_lossy(&card);
                if read != wanted {
                    wrong.push(format!(
                        "== {name}\n{text}\n{read:#}\n== and not\n{wanted:#}"
                    ));
                }
            }
            Err(error) => wrong.push(format!("== {name}: {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
