//! The table in `tests/hostile.md` names tests that exist, and leaves no row out.

use std::fs;
use std::path::Path;

/// The rows that what is built so far has to withstand.
const REQUIRED: [(u8, u8); 8] = [
    (1, 30),
    (39, 40),
    (45, 47),
    (49, 56),
    (58, 58),
    (60, 73),
    (75, 75),
    (78, 81),
];

/// Where the tests of each layer are.
const LAYERS: [(&str, &[&str]); 6] = [
    ("unit", &["src/"]),
    ("conversion", &["tests/convert_vcard/"]),
    ("contract", &["tests/contract/"]),
    (
        "host",
        &["tests/hosts_roundcube/", "tests/hosts_roundcube_mariadb/"],
    ),
    ("php", &["php/tests/"]),
    ("wire", &["tests/e2e/", "tests/e2e_faults/"]),
];

/// One line of the table.
#[derive(Debug)]
struct Row<'a> {
    number: u8,
    what: &'a str,
    path: &'a str,
    test: &'a str,
    layer: &'a str,
}

impl<'a> Row<'a> {
    /// # Errors
    /// With the line, when it is none of the table.
    fn parse(line: &'a str) -> Result<Self, String> {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", number, what, test, layer, ""] = cells[..] else {
            return Err(format!("no row: {line}"));
        };
        let number = number.parse().map_err(|_| format!("no number: {line}"))?;
        let (path, test) = test
            .split_once(": ")
            .ok_or_else(|| format!("no test: {line}"))?;
        Ok(Self {
            number,
            what,
            path,
            test,
            layer,
        })
    }

    /// What is wrong with the row; `source` is the text of the file that it names.
    fn fault(&self, source: Option<&str>) -> Option<String> {
        let place = format!("row {}, {}: {}", self.number, self.path, self.test);
        let folders = LAYERS.iter().find(|(layer, _)| *layer == self.layer);
        let is_in_layer = |(_, folders): &(&str, &[&str])| {
            let mut folders = folders.iter();
            folders.any(|folder| self.path.starts_with(folder))
        };
        if !folders.is_some_and(is_in_layer) {
            return Some(format!("{place}: this is no test of layer {}", self.layer));
        }
        if self.what.is_empty() {
            return Some(format!("{place}: it does not say what is tried"));
        }
        match source {
            None => Some(format!("{place}: there is no such file")),
            Some(source) if !has_test(self.path, source, self.test) => {
                Some(format!("{place}: there is no such test"))
            }
            Some(_) => None,
        }
    }
}

fn has_test(path: &str, source: &str, test: &str) -> bool {
    if path.ends_with(".php") {
        let name = test.replace('\'', "\\'");
        let call = format!("test('{name}', ");
        return source.lines().any(|line| line.starts_with(&call));
    }
    let function = format!("fn {test}() {{");
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if is_test && line == function {
            return true;
        }
        // Other attributes and comments may stand between the two.
        is_test =
            line == "#[test]" || is_test && (line.starts_with("#[") || line.starts_with("//"));
    }
    false
}

fn rows(table: &str) -> Vec<Result<Row<'_>, String>> {
    let body = table.split_once("|---|---|---|---|\n");
    let (_, body) = body.expect("there is a table");
    body.lines().map(Row::parse).collect()
}

fn missing(rows: &[Row<'_>]) -> Vec<u8> {
    let required = REQUIRED.iter().flat_map(|(first, last)| *first..=*last);
    let is_there = |number: &u8| rows.iter().any(|row| row.number == *number);
    required.filter(|number| !is_there(number)).collect()
}

#[test]
fn every_row_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("tests/hostile.md")).expect("the table is there");
    let fault = |row: Result<Row<'_>, String>| match row {
        Ok(row) => row.fault(fs::read_to_string(root.join(row.path)).ok().as_deref()),
        Err(fault) => Some(fault),
    };
    let faults: Vec<String> = rows(&table).into_iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_row_is_left_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("tests/hostile.md")).expect("the table is there");
    let rows: Vec<Row<'_>> = rows(&table).into_iter().flatten().collect();
    assert_eq!(missing(&rows), []);
    let in_order = rows.is_sorted_by_key(|row| row.number);
    assert!(in_order, "the rows are in the order of their numbers");
}

#[test]
fn row_of_a_test_that_is_not_there_is_a_fault() {
    let rust = "    #[test]\n    // §2\n    #[cfg(unix)]\n    fn a_test() {\n}\nfn helper() {\n";
    let php = "test('what isn\\'t there', function (): void {\n";
    let fault = |line: &str, source: Option<&str>| Row::parse(line).unwrap().fault(source);
    for (test, source, is_there) in [
        ("tests/e2e/a.rs: a_test | wire", Some(rust), true),
        ("tests/e2e/a.rs: a_tests | wire", Some(rust), false),
        ("tests/e2e/a.rs: a_tes | wire", Some(rust), false),
        ("tests/e2e/a.rs: helper | wire", Some(rust), false),
        ("tests/e2e/a.rs: a_test | wire", None, false),
        ("tests/e2e/a.rs: a_test | php", Some(rust), false),
        ("tests/e2e/a.rs: a_test | none", Some(rust), false),
        ("php/tests/A.php: what isn't there | php", Some(php), true),
        ("php/tests/A.php: what isn't | php", Some(php), false),
    ] {
        let line = format!("| 1 | a | {test} |");
        assert_eq!(fault(&line, source).is_none(), is_there, "{line}");
    }
    assert!(fault("| 1 | | tests/e2e/a.rs: a_test | wire |", Some(rust)).is_some());
    for line in [
        "",
        "| 1 | a | b |",
        "| x | a | p: t | unit |",
        "| 1 | a | t | unit |",
    ] {
        assert!(Row::parse(line).is_err(), "{line}");
    }
}

#[test]
fn row_that_is_left_out_is_missed() {
    let all: Vec<String> = (1..=81)
        .filter(|number| *number != 46)
        .map(|number| format!("| {number} | a | tests/e2e/a.rs: a_test | wire |"))
        .collect();
    let rows: Vec<Row<'_>> = all.iter().map(|line| Row::parse(line).unwrap()).collect();
    assert_eq!(missing(&rows), [46]);
}
