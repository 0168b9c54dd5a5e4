//! Cards made at random: whatever is in them is in what they convert to.

use crate::{convert_octets, host_members, strict_json};
use openxport::convert::vcard::{Card, STANDARD, plain_text};
use openxport::data_types::Test;
use openxport::data_types::contacts::CONTACT_CARD;
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::Value;

/// A small generator of pseudo-random numbers (xorshift64*): the same seed, the same cards.
pub struct Random(u64);

impl Random {
    pub fn of_seed(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

const NAMES: &[&str] = &[
    "FN",
    "N",
    "NICKNAME",
    "PHOTO",
    "BDAY",
    "ANNIVERSARY",
    "DEATHDATE",
    "BIRTHPLACE",
    "GENDER",
    "ADR",
    "TEL",
    "EMAIL",
    "IMPP",
    "LANG",
    "LANGUAGE",
    "TZ",
    "GEO",
    "TITLE",
    "ROLE",
    "LOGO",
    "ORG",
    "MEMBER",
    "RELATED",
    "CATEGORIES",
    "NOTE",
    "PRODID",
    "REV",
    "SOUND",
    "UID",
    "URL",
    "KEY",
    "FBURL",
    "CALURI",
    "CALADRURI",
    "KIND",
    "SOURCE",
    "EXPERTISE",
    "HOBBY",
    "PRONOUNS",
    "GRAMGENDER",
    "SOCIALPROFILE",
    "CREATED",
    "CONTACT-URI",
    "ORG-DIRECTORY",
    "JSPROP",
    "LABEL",
    "X-ABLABEL",
    "X-ABDATE",
    "X-ABRELATEDNAMES",
    "X-SPOUSE",
    "X-JABBER",
    "X-ANNIVERSARY",
    "X-UNHEARD-OF",
    "AGENT",
    "SORT-STRING",
    "CLIENTPIDMAP",
    "XML",
    "VERSION",
    "X_ODD",
];

const PARAMS: &[&str] = &[
    "TYPE=home",
    "TYPE=work,pref",
    "HOME",
    "PREF=1",
    "PREF=200",
    "LANGUAGE=de",
    "LANGUAGE=en",
    "LANGUAGE=DE",
    "LANGUAGE=d^e",
    "LANGUAGE=d^^e",
    "ALTID=1",
    "ALTID=2",
    "PROP-ID=p1",
    "PROP-ID=p2",
    "PROP-ID=p1-2",
    "VALUE=uri",
    "VALUE=text",
    "SORT-AS=\"s,t\"",
    "PHONETIC=ipa",
    "SCRIPT=Latn",
    "JSCOMPS=\";1;0\"",
    "LABEL=\"the label\"",
    "GEO=\"geo:1,2\"",
    "TZ=Europe/Berlin",
    "CC=DE",
    "INDEX=3",
    "LEVEL=high",
    "MEDIATYPE=text/plain",
    "PID=1.1",
    "AUTHOR=\"mailto:a@b\"",
    "CREATED=20200101T000000Z",
    "SERVICE-TYPE=Some",
    "USERNAME=me",
    "JSPTR=\"example.com:x\"",
    "CALSCALE=gregorian",
    "DERIVED=true",
    "X-OWN=thing",
];

/// Parameters whose value must be somewhere, whatever it is.
const NAMES_OF_PARAMS: &[&str] = &[
    "TYPE",
    "X-OWN",
    "SORT-AS",
    "LABEL",
    "AUTHOR-NAME",
    "AUTHOR",
    "USERNAME",
    "SERVICE-TYPE",
    "X-USER",
    "LEVEL",
    "INDEX",
    "MEDIATYPE",
    "CALSCALE",
    "PID",
    "PREF",
    "GEO",
    "TZ",
    "CC",
    "SCRIPT",
    "CREATED",
    "PROP-ID",
    "VALUE",
    "JSPTR",
];

const VALUES: &[&str] = &[
    "2020-02-29",
    "20200229T101010Z",
    "--0229",
    "geo:1,2",
    "1;2",
    "-0500",
    "Europe/Berlin",
    "urn:uuid:4",
    "https://example.com/",
    "data:image/png;base64,iVBORw0KGgo=",
    "group",
    "neuter",
    "true",
    "{\"a\":1}",
];

/// One word that no other place of the card has, so that it can be looked for.
fn word(random: &mut Random, words: &mut Vec<String>) -> String {
    let word = format!(
        "w{:06}{}",
        words.len(),
        random.one_of(&["", "ü", "日本", "x y"])
    );
    words.push(word.clone());
    word
}

/// A value of a few words with the separators and escapes of vCard between them.
fn value(random: &mut Random, words: &mut Vec<String>) -> String {
    if random.below(4) == 0 {
        return random.one_of(VALUES).to_owned();
    }
    let mut value = word(random, words);
    for _ in 0..random.below(4) {
        value += random.one_of(&[";", ",", "\\,", "\\;", "\\n", "\\\\", ";;", ": "]);
        value += &word(random, words);
    }
    value
}

/// A card, and the words that are in it.
pub fn card(random: &mut Random) -> (String, Vec<String>) {
    let mut words = Vec::new();
    let mut text = String::from("BEGIN:VCARD\r\n");
    for _ in 0..random.below(20) {
        if random.below(4) == 0 {
            text += random.one_of(&["a.", "b.", "Item1."]);
        }
        text += random.one_of(NAMES);
        for _ in 0..random.below(4) {
            text += ";";
            match random.below(3) {
                0 => {
                    text += random.one_of(NAMES_OF_PARAMS);
                    text += "=";
                    text += &word(random, &mut words);
                }
                _ => text += random.one_of(PARAMS),
            }
        }
        text += ":";
        text += &value(random, &mut words);
        text += "\r\n";
    }
    text += "END:VCARD\r\n";
    (text, words)
}

#[test]
fn card_made_at_random_loses_no_word() {
    for seed in 1..2_000 {
        let mut random = Random::of_seed(seed);
        let (text, words) = card(&mut random);
        let card = convert_octets(text.as_bytes());
        let json = texts_of(&card);
        for word in words {
            assert!(
                json.contains(&word),
                "seed {seed}: {word} is lost of\n{text}\nin\n{card:#}"
            );
        }
    }
}

/// All names and texts of a JSON value, one after the other.
fn texts_of(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(values) => values.iter().map(texts_of).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name}\n{}", texts_of(value)))
            .collect(),
        _ => String::new(),
    }
}

#[test]
fn selected_properties_are_those_of_the_whole_card() {
    for seed in 1..300 {
        let mut random = Random::of_seed(seed);
        let (text, _) = card(&mut random);
        let whole = convert_octets(text.as_bytes());
        let members = whole.as_object().expect("a card is an object");
        for name in members.keys() {
            let mut out = Writer::new();
            Card::parse(text.as_bytes(), &STANDARD).emit(
                &host_members(),
                &Selection::of([name.as_str()]),
                &mut out,
            );
            let selected = strict_json::read(out.as_bytes()).expect("it is JSON");
            let expected = serde_json::json!({"id": whole["id"], name.as_str(): members[name]});
            assert_eq!(selected, expected, "seed {seed}: {text}");
        }
    }
}

#[test]
fn damaged_card_converts_to_json() {
    for seed in 1..1_500 {
        let mut random = Random::of_seed(seed);
        let (text, _) = card(&mut random);
        let mut octets = text.into_bytes();
        for _ in 0..random.below(8) {
            let at = random.below(octets.len());
            match random.below(3) {
                0 => octets[at] = (random.next() & 0xFF) as u8,
                1 => octets.insert(at, random.one_of(b"\r\n :;,=\"\\.^%\x00\xFF")),
                _ => octets.truncate(at + 1),
            }
        }
        convert_octets(&octets);
    }
}

/// What a search may find in the JSON, it finds in the card's plain text, where it has one.
#[test]
fn plain_text_of_a_card_has_every_word_of_its_json() {
    let mut plain = 0;
    for seed in 1..3_000 {
        let mut random = Random::of_seed(seed);
        let (mut text, _) = card(&mut random);
        for (media, base64) in [
            ("PHOTO", "ENCODING=b"),
            ("LOGO", "Base64;TYPE=png"),
            ("SOUND", "encoding=BASE64"),
        ] {
            if random.below(2) == 0 {
                text = text.replace(&format!("\n{media}"), &format!("\n{media};{base64}"));
            }
        }
        // It goes on with base64, and is a line of its own elsewhere.
        text = text.replace("\nTEL", "\nabcd/1234\r\nTEL");
        let Some(searched) = plain_text(text.as_bytes()) else {
            continue;
        };
        plain += 1;
        let searched = searched.to_lowercase();
        let card = convert_octets(text.as_bytes());
        for found in searchable(&card) {
            let letters = found.split(|c: char| !c.is_alphabetic());
            let digits = found.split(|c: char| !c.is_ascii_digit());
            for word in letters.chain(digits).map(str::to_lowercase) {
                assert!(
                    searched.contains(&word),
                    "seed {seed}: {word} of {found}\n{text}"
                );
            }
        }
    }
    assert!(plain > 500, "only {plain} cards are plain");
}

/// The strings of a card that text filters look into.
fn searchable(card: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for filter in CONTACT_CARD.filters {
        let Test::Text(paths) = filter.test else {
            continue;
        };
        for path in paths {
            visit(card, &path.split('/').collect::<Vec<_>>(), &mut found);
        }
    }
    found
}

fn visit(value: &Value, path: &[&str], found: &mut Vec<String>) {
    match (path, value) {
        ([], Value::String(text)) => found.push(text.clone()),
        (["<keys>"], Value::Object(members)) => found.extend(members.keys().cloned()),
        (["**"], _) => found.extend(texts_of(value).lines().map(str::to_owned)),
        (["*", rest @ ..], Value::Object(members)) => {
            members
                .values()
                .for_each(|member| visit(member, rest, found));
        }
        (["*", rest @ ..], Value::Array(items)) => {
            items.iter().for_each(|item| visit(item, rest, found));
        }
        ([one, rest @ ..], Value::Array(items)) if one.starts_with('[') => {
            items.iter().for_each(|item| visit(item, rest, found));
        }
        ([name, rest @ ..], Value::Array(items)) => {
            let item = name.parse().ok().and_then(|at: usize| items.get(at));
            item.into_iter().for_each(|item| visit(item, rest, found));
        }
        ([name, rest @ ..], Value::Object(members)) => {
            members
                .get(*name)
                .into_iter()
                .for_each(|member| visit(member, rest, found));
        }
        _ => {}
    }
}
