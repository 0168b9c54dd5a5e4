//! The README's tables say what the code declares.

use openxport::data_types::{ALL, DataType, Method};
use std::collections::BTreeSet;

const README: &str = include_str!("../README.md");
const MAKEFILE: &str = include_str!("../Makefile");

/// The cells of the row that begins with this one.
fn row(first: &str) -> Vec<&'static str> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let mut rows = README
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells);
    rows.find(|cells| cells.first() == Some(&first))
        .unwrap_or_else(|| panic!("the README has no row for {first}"))
}

/// What the README calls an ability, with the method that gives it.
const ABILITIES: [(&str, Method); 3] = [
    ("read", Method::Get),
    ("changes", Method::Changes),
    ("query", Method::Query),
];

fn abilities(data_type: &DataType) -> BTreeSet<&'static str> {
    let declared = ABILITIES
        .iter()
        .filter(|(_, method)| data_type.has(*method));
    declared.map(|(ability, _)| *ability).collect()
}

#[test]
fn readme_lists_what_each_data_type_can_do() {
    for data_type in ALL {
        let cells = row(&format!("`{}`", data_type.name));
        let words = cells[1].split(|letter: char| !letter.is_alphanumeric());
        let said: BTreeSet<&str> = words
            .filter(|word| ABILITIES.iter().any(|(ability, _)| ability == word))
            .collect();
        assert_eq!(
            said,
            abilities(data_type),
            "{}: {}",
            data_type.name,
            cells[1]
        );
    }
}

#[test]
fn readme_lists_the_capabilities_and_no_other() {
    const PREFIXES: [&str; 2] = ["urn:ietf:params:jmap:", "https://openxport.org/ns/"];
    let rows = README.lines().filter(|line| line.starts_with("| JMAP"));
    let said: BTreeSet<&str> = rows
        .filter_map(|line| {
            let mut quoted = line.split('`');
            quoted.find(|text| PREFIXES.iter().any(|prefix| text.starts_with(prefix)))
        })
        .collect();
    let mut declared: BTreeSet<&str> = openxport::data_types::capabilities().collect();
    declared.insert("urn:ietf:params:jmap:core");
    assert_eq!(said, declared);
}

#[test]
fn readme_names_only_commands_that_the_makefile_has() {
    let words: Vec<&str> = README
        .split(|letter: char| letter.is_whitespace() || letter == '`')
        .collect();
    let mut commands = words
        .windows(2)
        .filter(|pair| pair[0] == "make")
        .map(|pair| pair[1]);
    let known = |target: &str| {
        MAKEFILE
            .lines()
            .any(|line| line.starts_with(&format!("{target}:")))
    };
    let unknown: Vec<&str> = commands
        .by_ref()
        .filter(|word| {
            word.chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-')
        })
        .filter(|word| !word.is_empty() && !known(word))
        .collect();
    assert_eq!(unknown, [""; 0]);
}
