//! The columns beside a vCard, which Roundcube's lists and its search use.
//!
//! Roundcube reads a vCard in its own way (`rcube_vcard::get_assoc()`) and makes the columns
//! of what it has read (`rcube_contacts::convert_save_data()`). Most cards hold nothing of
//! which that way is odd; of these the columns are made here, as it makes them.

use super::words;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashSet;

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Columns {
    pub name: String,
    pub email: String,
    pub firstname: String,
    pub surname: String,
    pub words: String,
}

/// The fields that Roundcube searches, by the properties that they stand in, in the order in
/// which it looks at these. It has others, of which nothing gets into a column.
const FIELDS: [(&str, &str); 15] = [
    ("TEL", "phone"),
    ("URL", "website"),
    ("NOTE", "notes"),
    ("EMAIL", "email"),
    ("ADR", "address"),
    ("TITLE", "jobtitle"),
    ("X-DEPARTMENT", "department"),
    ("X-MAIDENNAME", "maidenname"),
    ("X-JABBER", "im:jabber"),
    ("X-ICQ", "im:icq"),
    ("X-MSN", "im:msn"),
    ("X-AIM", "im:aim"),
    ("X-YAHOO", "im:yahoo"),
    ("X-SKYPE", "im:skype"),
    ("X-SKYPE-USERNAME", "im:skype"),
];

/// The properties of which Roundcube takes the first: their first components.
const NAMES: [&str; 4] = ["FN", "N", "NICKNAME", "ORG"];

/// A text of fewer octets is not searched for.
const MIN_OCTETS: usize = 3;

/// What Roundcube stores beside this card. `None` where only its own code knows.
pub fn of(vcard: &[u8]) -> Option<Columns> {
    let text = std::str::from_utf8(vcard).ok()?;
    if is_rewritten(text) {
        return None;
    }
    let mut card = Fields::default();
    let text = text.strip_suffix('\n').unwrap_or(text);
    for line in text.split('\n') {
        card.add(line.strip_suffix('\r').unwrap_or(line))?;
    }
    card.columns()
}

/// Whether Roundcube replaces something in the text before it looks at its lines
/// (`rcube_vcard::cleanup()`).
fn is_rewritten(text: &str) -> bool {
    let is_item = |at: usize| {
        let item = text.as_bytes().get(at..at + 4);
        let behind = text.get(at + 4..).unwrap_or_default();
        item.is_some_and(|item| item.eq_ignore_ascii_case(b"item"))
            && behind
                .trim_start_matches(|char: char| char.is_ascii_digit())
                .starts_with('.')
    };
    memchr::memchr2_iter(b'i', b'I', text.as_bytes()).any(is_item) || text.contains("X-WAB-GENDER:")
}

/// The values of one of [`FIELDS`], under their subtypes.
type BySubtype<'c> = Vec<(Cow<'c, str>, Vec<Cow<'c, str>>)>;

/// What Roundcube reads out of a card.
#[derive(Default)]
struct Fields<'c> {
    /// The components of each of [`NAMES`].
    names: [Option<Vec<Cow<'c, str>>>; NAMES.len()],
    fields: [BySubtype<'c>; FIELDS.len()],
}

impl<'c> Fields<'c> {
    /// `None` where the line is read in an odd way, or has odd consequences.
    fn add(&mut self, line: &'c str) -> Option<()> {
        let is_odd = |octet: u8| octet < b' ' || octet == 0x7f;
        // A blank continues the line before, and an empty line joins its neighbours.
        if line.is_empty() || line.starts_with(' ') || line.bytes().any(is_odd) {
            return None;
        }
        let Some((prefix, data)) = line.split_once(':') else {
            return Some(());
        };
        if !prefix
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && octet != b'\\')
        {
            return None;
        }
        let (name, params) = prefix.split_once(';').unwrap_or((prefix, ""));
        let components = components(data)?;
        // Whatever its name is, a line may go on in the next, or Roundcube take a parameter for
        // a component of its value.
        let goes_on = || params.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
        let is_number = |param: &str| param.starts_with(|char: char| char.is_ascii_digit());
        if !params.is_empty() && (goes_on() || params.split(';').any(is_number)) {
            return None;
        }
        let name = name.to_ascii_uppercase();
        let names = NAMES.iter().position(|known| *known == name);
        let field = FIELDS.iter().position(|(known, _)| *known == name);
        if names.is_none() && field.is_none() {
            return Some(());
        }
        let subtype = subtype(params)?;
        if matches!(components.as_slice(), [only] if only.is_empty()) {
            return Some(());
        }
        if let Some(of) = names.and_then(|at| self.names.get_mut(at)) {
            of.get_or_insert(components);
        } else if let Some((_, name)) = field.and_then(|at| FIELDS.get(at)) {
            let value = match *name {
                "address" => components.get(2..7)?.join(" ").into(),
                _ => components.into_iter().next()?,
            };
            let subtype = match (*name, subtype) {
                ("phone" | "email" | "address" | "website", None) => "other".into(),
                (name, _) if name.starts_with("im:") => "".into(),
                (_, subtype) => subtype.unwrap_or_default(),
            };
            let of = self.fields.get_mut(field?)?;
            match of.iter_mut().find(|(known, _)| *known == subtype) {
                Some((_, values)) => values.push(value),
                None => of.push((subtype, vec![value])),
            }
        }
        Some(())
    }

    fn columns(&self) -> Option<Columns> {
        let component = |name: usize, at: usize| {
            let components = self.names.get(name).and_then(Option::as_ref);
            components
                .and_then(|components| components.get(at))
                .map_or("", |text| text)
        };
        let (surname, first_name) = (component(1, 0), component(1, 1));
        let organization = component(3, 0);
        let is_named = [component(0, 0), surname, first_name]
            .iter()
            .any(|name| !name.trim_matches(BLANKS).is_empty());
        let name = match is_named || organization.is_empty() {
            true => component(0, 0),
            false => organization,
        };
        let mut words = Words::default();
        for text in [
            name,
            first_name,
            surname,
            component(1, 2),
            component(2, 0),
            organization,
        ] {
            words.add(text)?;
        }
        let mut emails = Vec::new();
        for ((_, field), of) in FIELDS.iter().zip(&self.fields) {
            for text in of.iter().flat_map(|(_, values)| values) {
                match *field {
                    "address" => words.add_any(text)?,
                    _ => words.add(text)?,
                }
                if *field == "email" {
                    emails.push(text.as_ref());
                }
            }
        }
        Some(Columns {
            name: name.to_owned(),
            email: emails.join(","),
            firstname: first_name.to_owned(),
            surname: surname.to_owned(),
            words: words.joined(),
        })
    }
}

/// What TYPE says that a value is for, as Roundcube calls it. The outer `None` is for
/// parameters that it reads in an odd way.
fn subtype(params: &str) -> Option<Option<Cow<'_, str>>> {
    let mut types: Vec<String> = Vec::new();
    for param in params.split(';').filter(|param| !param.is_empty()) {
        let (name, value) = param.split_once('=')?;
        let is_odd = name.is_empty()
            || name.eq_ignore_ascii_case("ENCODING")
            || name.eq_ignore_ascii_case("BASE64")
            || matches!(value, "" | "0")
            || value.starts_with('=');
        if is_odd {
            return None;
        }
        if name.eq_ignore_ascii_case("TYPE") {
            for kind in value.split(',') {
                let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
                if matches!(kind, "" | "0") || !kind.bytes().all(is_plain) {
                    return None;
                }
                types.push(kind.to_ascii_lowercase());
            }
        }
    }
    let says_use = |kind: &&String| !matches!(kind.as_str(), "internet" | "pref");
    let uses: Vec<&str> = types.iter().filter(says_use).map(String::as_str).collect();
    let known = match uses.as_slice() {
        ["iphone" | "cell"] => Some("mobile".into()),
        ["work", "fax"] => Some("workfax".into()),
        [first, ..] => Some((*first).to_owned().into()),
        [] => types.pop().map(Cow::from),
    };
    Some(known)
}

/// What PHP's `trim()` takes away.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\u{b}'];

/// The components of a value between semicolons, without their escapes
/// (`rcube_vcard::vcard_unquote()`).
fn components(data: &str) -> Option<Vec<Cow<'_, str>>> {
    if memchr::memchr2(b';', b'\\', data.as_bytes()).is_none() {
        return Some(vec![Cow::Borrowed(data.trim_matches(BLANKS))]);
    }
    let mut components = Vec::new();
    let mut begin = 0;
    let mut is_escaped = false;
    for (at, octet) in data.bytes().enumerate() {
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b';' => {
                components.push(unescaped(data.get(begin..at)?)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    components.push(unescaped(data.get(begin..)?)?);
    Some(components)
}

/// `None` for a text that ends amid an escape, which Roundcube cannot read.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim_matches(BLANKS);
    let Some((first, rest)) = text.split_once('\\') else {
        return Some(Cow::Borrowed(text));
    };
    let mut plain = first.to_owned();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            'n' | 'N' => plain.push('\n'),
            char => plain.push(char),
        }
        let rest = chars.as_str();
        let Some((next, behind)) = rest.split_once('\\') else {
            plain.push_str(rest);
            return Some(Cow::Owned(plain));
        };
        plain.push_str(next);
        chars = behind.chars();
    }
}

/// Words for the search, each once.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn add(&mut self, text: &str) -> Option<()> {
        match text.len() < MIN_OCTETS {
            true => Some(()),
            false => self.add_any(text),
        }
    }

    fn add_any(&mut self, text: &str) -> Option<()> {
        self.0.push(words::normalized(text)?);
        Some(())
    }

    /// Roundcube puts a blank before each text, and takes what stands before the first for a
    /// word, too.
    fn joined(&self) -> String {
        let mut seen = HashSet::from([""]);
        let mut joined = String::new();
        for word in self.0.iter().flat_map(|text| text.split(' ')) {
            if seen.insert(word) {
                joined.push(' ');
                joined.push_str(word);
            }
        }
        joined
    }
}
