//! The rules of the source tree that can be checked.
//!
//! To change a rule, change it here, in a commit of its own that says why.

#[path = "architecture/source.rs"]
mod source;

use source::{Source, without_comments};

/// Which parts of the crate each part may name, beside itself and `json`.
///
/// The protocol names no host, and a host names no protocol. What several faces need stands
/// in `records`; what several hosts need, in `data_types`, `convert` and `store`.
const BORDERS: [(&str, &[&str]); 10] = [
    ("php", &["jmap", "hosts", "state", "store", "db"]),
    ("jmap", &["records", "data_types", "store", "state"]),
    ("records", &["data_types", "store", "state"]),
    ("data_types", &["store", "convert"]),
    ("hosts", &["data_types", "store", "convert", "db"]),
    ("convert", &["store"]),
    ("state", &["db", "store"]),
    ("store", &[]),
    ("db", &[]),
    ("json", &[]),
];

/// Parts that work for any webmail.
const HOST_AGNOSTIC: [&str; 5] = ["jmap", "records", "data_types", "state", "store"];

const HOST_NAMES: [&str; 3] = ["roundcube", "horde", "squirrelmail"];

fn crossed_borders(source: &Source) -> Vec<String> {
    let Some(part) = source.part() else {
        return Vec::new();
    };
    let Some((_, allowed)) = BORDERS.iter().find(|(from, _)| *from == part) else {
        return vec![format!("{}: `{part}` has no line in BORDERS", source.path)];
    };
    let is_allowed = |to: &str| to == part || to == "json" || allowed.contains(&to);
    let mentions = source.mentions().into_iter();
    let crossed = mentions.filter(|mention| !is_allowed(&mention.part));
    let report = |mention: source::Mention| {
        format!(
            "{}:{}: `{part}` may not use `{}`, only {allowed:?} and `json`",
            source.path, mention.line, mention.part
        )
    };
    crossed.map(report).collect()
}

fn engine_outside_php(source: &Source) -> Vec<String> {
    if source.part() == Some("php") {
        return Vec::new();
    }
    lines_with(
        source,
        &without_comments(&source.text),
        "only `php` names the engine",
        |line| line.contains("ext_php_rs"),
    )
}

fn hosts_named(source: &Source) -> Vec<String> {
    if source
        .part()
        .is_none_or(|part| !HOST_AGNOSTIC.contains(&part))
    {
        return Vec::new();
    }
    lines_with(
        source,
        &without_comments(&source.text),
        "names a webmail",
        |line| {
            let line = line.to_lowercase();
            HOST_NAMES.iter().any(|name| line.contains(name))
        },
    )
}

fn unexplained_allows(source: &Source) -> Vec<String> {
    lines_with(
        source,
        &source.text,
        "a lint is silenced without its reason on the line",
        |line| {
            let silences = ["#[allow(", "#![allow(", "#[expect(", "#![expect("];
            let line = line.trim_start();
            silences.iter().any(|silence| line.starts_with(silence))
                && !line.contains("reason = \"")
                && !line.contains("// ")
        },
    )
}

fn ignored_tests(source: &Source) -> Vec<String> {
    lines_with(
        source,
        &source.text,
        "a test is left out of the run",
        |line| line.trim_start().starts_with("#[ignore"),
    )
}

fn unfinished(source: &Source) -> Vec<String> {
    // Put together, so that this file passes.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    lines_with(
        source,
        &source.text,
        "say what is missing in the README's table",
        |line| marks.iter().any(|mark| line.contains(mark)),
    )
}

fn lines_with(
    source: &Source,
    text: &str,
    rule: &str,
    breaks: impl Fn(&str) -> bool,
) -> Vec<String> {
    let lines = text.lines().enumerate();
    let broken = lines.filter(|(_, line)| breaks(line));
    let report = |(number, line): (usize, &str)| {
        format!("{}:{}: {rule}: {}", source.path, number + 1, line.trim())
    };
    broken.map(report).collect()
}

fn assert_none(sources: &[Source], rule: fn(&Source) -> Vec<String>) {
    assert!(!sources.is_empty());
    let broken: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn rust() -> Vec<Source> {
    Source::beneath(&["src", "tests", "benches", "fuzz"], &["rs"])
}

#[test]
fn parts_of_the_crate_keep_their_borders() {
    assert_none(&Source::beneath(&["src"], &["rs"]), crossed_borders);
}

#[test]
fn only_the_extension_names_the_engine() {
    assert_none(&Source::beneath(&["src"], &["rs"]), engine_outside_php);
}

#[test]
fn what_works_for_any_webmail_names_none() {
    assert_none(&Source::beneath(&["src"], &["rs"]), hosts_named);
}

#[test]
fn silenced_lints_have_a_reason() {
    assert_none(&rust(), unexplained_allows);
}

#[test]
fn no_test_is_ignored() {
    assert_none(&rust(), ignored_tests);
}

#[test]
fn nothing_is_marked_as_unfinished() {
    let mut sources = rust();
    let folders = [
        "php",
        "roundcube-plugin",
        "horde-plugin",
        "squirrelmail-plugin",
    ];
    sources.extend(Source::beneath(&folders, &["php", "dist", "js"]));
    assert_none(&sources, unfinished);
}

/// What a rule says of a file with this text.
fn verdict(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) -> Vec<String> {
    rule(&Source {
        path: path.to_owned(),
        text: text.to_owned(),
    })
}

#[test]
fn border_rule_finds_every_way_to_name_another_part() {
    for text in [
        "use crate::jmap::Server;",
        "use crate::{json, jmap::Server};",
        "use crate::{\n    store::{Id, Object},\n    jmap,\n};",
        "fn f() -> crate::jmap::Server {}",
        "use super::super::jmap;",
        "mod tests {\n    use super::super::super::jmap;\n}",
        "mod a { mod b {} }\nuse super::super::{store, jmap};",
        "const QUOTE: char = '\"'; use crate::jmap;",
        "fn f<'a>(_: &'a str) -> crate::jmap::Server<'a> {}",
    ] {
        let found = verdict(crossed_borders, "src/records/changes.rs", text);
        assert_eq!(found.len(), 1, "{text}\n{found:?}");
        assert!(
            found[0].contains("`records` may not use `jmap`"),
            "{found:?}"
        );
    }
}

#[test]
fn border_rule_names_file_and_line() {
    let found = verdict(
        crossed_borders,
        "src/store.rs",
        "//! A port.\n\nuse super::hosts;\n",
    );
    let expected = "src/store.rs:3: `store` may not use `hosts`, only [] and `json`";
    assert_eq!(found, [expected]);
}

#[test]
fn border_rule_wants_a_line_for_every_part() {
    let found = verdict(crossed_borders, "src/util.rs", "");
    assert_eq!(found, ["src/util.rs: `util` has no line in BORDERS"]);
}

#[test]
fn border_rule_passes_what_is_allowed() {
    for text in [
        "use crate::json::Writer;\nuse crate::store::{Id, Object};\nuse super::search;",
        "use super::super::{state, records::search};",
        "/// See [`crate::jmap`].\n// use crate::jmap;\n/* use crate::jmap; /* */ crate::jmap */",
        "const TEXT: &str = \"crate::jmap \\\" crate::jmap\";",
        "const TEXT: &str = r#\"crate::jmap \" crate::jmap\"#;",
        "mod tests {\n    use super::jmap;\n    use super::super::jmap;\n}",
    ] {
        let found = verdict(crossed_borders, "src/records/changes.rs", text);
        assert!(found.is_empty(), "{text}\n{found:?}");
    }
}

#[test]
fn engine_rule_finds_code_and_passes_comments() {
    let code = "use ext_php_rs::zend;";
    assert_eq!(verdict(engine_outside_php, "src/db.rs", code).len(), 1);
    assert_eq!(
        verdict(engine_outside_php, "src/db.rs", "// ext_php_rs"),
        [""; 0]
    );
    assert_eq!(verdict(engine_outside_php, "src/php.rs", code), [""; 0]);
}

#[test]
fn host_rule_finds_names_in_code_and_passes_hosts() {
    let code = "const NAME: &str = \"Roundcube\";";
    assert_eq!(verdict(hosts_named, "src/jmap/get.rs", code).len(), 1);
    assert_eq!(
        verdict(hosts_named, "src/jmap/get.rs", "/// Roundcube has none."),
        [""; 0]
    );
    assert_eq!(verdict(hosts_named, "src/hosts/mod.rs", code), [""; 0]);
}

#[test]
fn line_rules_find_what_they_forbid() {
    let found = |rule, text: &str| verdict(rule, "src/db.rs", text).len();
    assert_eq!(found(unexplained_allows, "    #[allow(dead_code)]"), 1);
    assert_eq!(
        found(
            unexplained_allows,
            "#[allow(dead_code)] // The other half is PHP's."
        ),
        0
    );
    assert_eq!(
        found(
            unexplained_allows,
            "#[expect(dead_code, reason = \"half is PHP's\")]"
        ),
        0
    );
    assert_eq!(found(ignored_tests, "    #[ignore = \"slow\"]"), 1);
    assert_eq!(found(unfinished, concat!("// TO", "DO: more")), 1);
    assert_eq!(found(unfinished, "// What is done."), 0);
}
