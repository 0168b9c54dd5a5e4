//! The sample pairs of `tests/data/contacts`: a vCard and the Card that it converts to.

use crate::strict_json;
use openxport::convert::vcard::{Card, Dialect, HostMembers, STANDARD};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/contacts")
}

/// The names of the files that end in `.vcf` or `.json`, without that.
pub fn names(ending: &str) -> BTreeSet<String> {
    fs::read_dir(folder())
        .expect("the folder of the samples is there")
        .map(|file| file.expect("its files can be listed").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_owned()))
        .collect()
}

pub fn vcard(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.vcf"))).expect("the vCard can be read")
}

/// Cards that Roundcube wrote are read as it writes them.
pub fn dialect(name: &str) -> &'static Dialect {
    match name.starts_with("roundcube-") {
        true => &ROUNDCUBE,
        false => &STANDARD,
    }
}

fn converted(name: &str) -> Value {
    let host = HostMembers {
        id: "c1",
        address_book_ids: &["b0"],
        uid: "uid-of-the-host",
        is_uid_taken: false,
        updated: None,
        created: None,
        blob_id: &|key, _| format!("blob-{key}"),
    };
    let mut out = Writer::new();
    Card::parse(&vcard(name), dialect(name)).emit(&host, &Selection::ALL, &mut out);
    strict_json::read(out.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}: {out:?}"))
}

#[test]
fn sample_has_its_vcard_its_card_and_its_sentence() {
    let vcards = names(".vcf");
    assert!(vcards.len() >= 40, "only {} samples", vcards.len());
    assert_eq!(vcards, names(".json"));
    let readme = fs::read_to_string(folder().join("README.md")).expect("README.md can be read");
    let explained: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(_, sentence)| sentence.ends_with('.'))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(vcards, explained);
}

#[test]
fn sample_converts_to_its_card() {
    let mut wrong = Vec::new();
    for name in names(".vcf") {
        let expected = fs::read(folder().join(format!("{name}.json"))).unwrap_or_default();
        let expected = strict_json::read(&expected).unwrap_or(Value::Null);
        let converted = converted(&name);
        if converted != expected {
            wrong.push(format!(
                "== {name} converts to\n{converted:#}\n== and not to\n{expected:#}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
