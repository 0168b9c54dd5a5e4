//! The columns beside a vCard are those that the installed Roundcube's own code makes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use openxport::hosts::roundcube::columns::{self, Columns};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/hosts_roundcube/columns.php"
);

/// What Roundcube's code says of each card; `None` where it fails.
fn of_roundcube(vcards: &[Vec<u8>]) -> Vec<Option<Columns>> {
    let encoded: Vec<_> = vcards.iter().map(|vcard| BASE64.encode(vcard)).collect();
    let mut php = Command::new("php8.2")
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("php8.2 and roundcube-core are installed");
    let mut input = php.stdin.take().expect("it is piped");
    let writing = std::thread::spawn(move || {
        let json = serde_json::to_vec(&encoded).expect("it is JSON");
        input.write_all(&json).expect("PHP reads");
    });
    let output = php.wait_with_output().expect("PHP ends");
    writing.join().expect("PHP has read");
    assert!(output.status.success(), "{output:?}");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("PHP answers");
    let read = |answer| serde_json::from_value(answer).expect("the columns are texts");
    answers.into_iter().map(read).collect()
}

/// Holds our columns against Roundcube's and says how many of them are ours.
fn compare(vcards: &[Vec<u8>]) -> usize {
    let mut made = 0;
    for (vcard, theirs) in vcards.iter().zip(of_roundcube(vcards)) {
        if let Some(ours) = columns::of(vcard) {
            made += 1;
            assert_eq!(Some(ours), theirs, "{}", String::from_utf8_lossy(vcard));
        }
    }
    made
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("it is small") % count
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn text(&mut self, pieces: &[&str], max: usize) -> String {
        (0..self.below(max + 1)).map(|_| self.one(pieces)).collect()
    }
}

const NAMES: &[&str] = &[
    "FN",
    "N",
    "NICKNAME",
    "ORG",
    "TEL",
    "URL",
    "NOTE",
    "EMAIL",
    "ADR",
    "TITLE",
    "X-DEPARTMENT",
    "X-MAIDENNAME",
    "X-JABBER",
    "X-ICQ",
    "X-SKYPE",
    "X-SKYPE-USERNAME",
    "X-YAHOO",
    "X-SPOUSE",
    "BDAY",
    "CATEGORIES",
    "UID",
    "X-OTHER",
    "fn",
    "Email",
];

const PARAMS: &[&str] = &[
    "",
    "",
    "",
    ";TYPE=home",
    ";TYPE=work",
    ";TYPE=work,fax",
    ";TYPE=HOME;TYPE=pref",
    ";TYPE=cell",
    ";TYPE=pref",
    ";TYPE=internet,pref",
    ";TYPE=internet,work",
    ";PREF=1",
    ";PROP-ID=e1",
    ";type=iPhone",
    ";TYPE=work;TYPE=fax",
    ";TYPE=fax,work",
    ";LANGUAGE=de",
    ";TYPE=x-y;X=a=b",
];

const ODD_PARAMS: &[&str] = &[
    ";CELL",
    ";TYPE=",
    ";TYPE=0",
    ";TYPE=\"a:b\"",
    ";ENCODING=QUOTED-PRINTABLE",
    ";ENCODING=b",
    ";0=x",
    ";TYPE=a\\,b",
    "; TYPE=x",
    ";BASE64",
    ";TYPE=a=b",
    ";;TYPE=home",
    ";TYPE=,x",
];

/// Of which texts are put together that Roundcube reads as everybody does.
const PIECES: &[&str] = &[
    "Jo",
    "Walker",
    " ",
    " ",
    ";",
    "\\;",
    "\\,",
    "\\n",
    "\\\\",
    "\\N",
    ",",
    ".",
    "-",
    "+44",
    "7700",
    "1",
    "a",
    "0",
    "b c",
    "@example.com",
    "://",
    "ae",
    "oe",
    "ue",
    "Straße",
    "Æsir",
    "Œuvre",
    "é",
    "Ä",
    "ñ",
    "Łódź",
    "Ő",
    "ř",
    "ŷ",
    "Ÿ",
    "Ж",
    "Щука",
    "ά",
    "ς",
    "日本",
    "カー",
    "한글",
    "\u{1f600}",
    "’",
    "–",
    "€",
    "½",
    "²",
    "_",
    "'",
    "\"",
    "/",
    "?",
    "(",
    ")",
    "x",
    "10.5",
    "3 - 4",
    ":",
    "=",
    "%",
    "  ",
    "&",
    "ẞ",
];

/// And those that nobody expects.
const ODD_PIECES: &[&str] = &[
    "\\",
    "\t",
    "\u{a0}",
    "\u{ad}",
    "\u{85}",
    "\u{2028}",
    "İ",
    "Σ",
    "\u{300}",
    "\u{660}",
    "\u{7f}",
    "\r",
    "item1.",
    "\r\n ",
    "\r\n\r\n",
    "X-WAB-GENDER:2",
    "\u{3000}",
    "ﬀ",
    "\u{1}",
    "×",
    "=\r\n",
];

fn random_card(random: &mut Random, is_odd: bool) -> Vec<u8> {
    let mut card = "BEGIN:VCARD\r\nVERSION:3.0\r\n".to_owned();
    for _ in 0..=random.below(9) {
        card += random.one(NAMES);
        for _ in 0..random.below(3) {
            card += match is_odd && random.below(4) == 0 {
                true => random.one(ODD_PARAMS),
                false => random.one(PARAMS),
            };
        }
        card.push(':');
        for component in 0..random.below(9) {
            card += if component > 0 { ";" } else { "" };
            card += &random.text(PIECES, 6);
            if is_odd && random.below(6) == 0 {
                card += random.one(ODD_PIECES);
            }
        }
        card += "\r\n";
    }
    card += "END:VCARD";
    card += random.one(&["", "\r\n"]);
    card.into_bytes()
}

#[test]
fn columns_of_the_samples_are_those_of_roundcube() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/contacts");
    let mut vcards = Vec::new();
    for entry in std::fs::read_dir(folder).expect("there are samples") {
        let path = entry.expect("it is read").path();
        if path.extension().is_some_and(|extension| extension == "vcf") {
            vcards.push(std::fs::read(path).expect("it is read"));
        }
    }
    let made = compare(&vcards);
    assert!(made * 5 > vcards.len() * 2, "{made} of {}", vcards.len());
}

#[test]
fn columns_of_random_cards_are_those_of_roundcube() {
    let mut random = Random(0x5eed);
    let vcards: Vec<_> = (0..6_000)
        .map(|_| random_card(&mut random, false))
        .collect();
    let made = compare(&vcards);
    assert!(made > 4_000, "{made}");
}

#[test]
fn columns_of_odd_cards_are_those_of_roundcube_or_not_known() {
    let mut random = Random(0x0dd);
    let vcards: Vec<_> = (0..6_000).map(|_| random_card(&mut random, true)).collect();
    let made = compare(&vcards);
    assert!(made > 600, "{made}");
}

#[test]
fn columns_of_each_character_are_those_of_roundcube_or_not_known() {
    let characters = (' '..='\u{24ff}')
        .chain('\u{3000}'..='\u{31ff}')
        .chain('\u{4dff}'..='\u{4e0f}');
    let vcards: Vec<_> = characters
        .map(|char| {
            format!("FN:{char}{char}a {char} X{char}1.2{char}3 \u{e9}{char}\r\n").into_bytes()
        })
        .collect();
    let made = compare(&vcards);
    assert!(made > 1_000, "{made}");
}
