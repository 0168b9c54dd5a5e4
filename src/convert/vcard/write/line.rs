//! One content line to be written, in the form that its card has (RFC 6350 §3.3, RFC 2426 §4,
//! vCard 2.1 §2.1).
//!
//! Whatever a text holds, a line of it stays one line: line breaks are escaped or encoded,
//! other controls are blanks.

use super::units::Unit;
use crate::convert::content_line::Param;
use crate::convert::vcard::params::{self, ParamName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::borrow::Cow;

/// The versions that are written differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    Two,
    Three,
    Four,
}

/// How the lines of a card are written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub version: Version,
    pub line_end: &'static str,
    /// Lines of more than 75 octets are folded.
    pub folds: bool,
    /// The host's own reader ends a parameter at a colon or semicolon in quotes, too.
    pub is_cut_in_quotes: bool,
}

#[derive(Clone, Debug, Default)]
pub struct NewLine {
    /// The part for which it is written.
    pub unit: Option<Unit>,
    /// Parameters that its part does not say, as they were written.
    pub kept: String,
    pub group: Option<String>,
    pub name: String,
    /// Names in upper case.
    pub params: Vec<(String, Vec<String>)>,
    pub value: NewValue,
}

#[derive(Clone, Debug)]
pub enum NewValue {
    Text(String),
    /// Components between semicolons, each of them texts between commas.
    Texts(Vec<Vec<String>>),
    /// In which commas and semicolons are themselves.
    Uri(String),
    /// In which nothing is escaped.
    Raw(String),
    /// Octets, encoded.
    Base64(String),
    /// The lines of another card behind its `BEGIN:`.
    Nested(String),
}

impl Default for NewValue {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl NewValue {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn base64(octets: &[u8]) -> Self {
        Self::Base64(BASE64.encode(octets))
    }

    pub fn data_uri(media_type: &str, octets: &[u8]) -> Self {
        Self::Uri(format!(
            "data:{media_type};base64,{}",
            BASE64.encode(octets)
        ))
    }
}

impl NewLine {
    pub fn new(name: &str, value: NewValue) -> Self {
        Self {
            name: name.to_owned(),
            value,
            ..Self::default()
        }
    }

    pub fn text(name: &str, text: &str) -> Self {
        Self::new(name, NewValue::text(text))
    }

    pub fn is_blank(&self) -> bool {
        matches!(&self.value, NewValue::Text(text) if text.trim().is_empty())
    }

    pub fn param(&mut self, name: &str, value: &str) {
        self.params.push((name.to_owned(), vec![value.to_owned()]));
    }

    pub fn has_param(&self, name: &str) -> bool {
        self.params.iter().any(|(known, _)| known == name)
    }

    /// About how many octets it takes, where these are many.
    pub fn octets(&self) -> usize {
        match &self.value {
            NewValue::Base64(text) | NewValue::Uri(text) | NewValue::Text(text) => text.len() + 256,
            _ => 256,
        }
    }

    /// How many lines this is.
    pub fn count(&self) -> usize {
        match &self.value {
            NewValue::Nested(lines) => lines.split('\n').filter(|line| !line.is_empty()).count(),
            _ => 1,
        }
    }

    /// Appends the line with its line end.
    pub fn write(&self, style: Style, out: &mut Vec<u8>) {
        let (value, encoding) = self.value.written(style.version);
        let mut line = String::with_capacity(value.len() + self.kept.len() + 256);
        if let Some(group) = &self.group {
            line.push_str(group);
            line.push('.');
        }
        line.push_str(&self.name);
        for (name, values) in &self.params {
            write_param(name, values, style, &mut line);
        }
        line.push_str(&blank_controls(&self.kept));
        for (name, value) in encoding {
            write_param(name, &[(*value).to_owned()], style, &mut line);
        }
        line.push(':');
        line.push_str(&value);
        match self.value {
            NewValue::Nested(_) => {
                for line in line.split('\n').filter(|line| !line.is_empty()) {
                    fold(&blank_controls(line), style, out);
                }
            }
            _ => fold(&line, style, out),
        }
        if style.version == Version::Two && matches!(self.value, NewValue::Base64(_)) {
            // A blank line ends base64 in vCard 2.1.
            out.extend_from_slice(style.line_end.as_bytes());
        }
    }
}

type Encoding = &'static [(&'static str, &'static str)];

impl NewValue {
    /// The value as it stands in the line, and the parameters that say so.
    pub fn written(&self, version: Version) -> (Cow<'_, str>, Encoding) {
        match self {
            Self::Nested(lines) => (Cow::Borrowed(lines), &[]),
            Self::Base64(digits) => {
                let encoding: Encoding = match version {
                    Version::Two => &[("ENCODING", "BASE64")],
                    _ => &[("ENCODING", "b")],
                };
                (Cow::Borrowed(digits), encoding)
            }
            Self::Uri(uri) => {
                let escaped = uri.replace('\\', "\\\\").replace('\n', "\\n");
                (Cow::Owned(blank_controls(&escaped).into_owned()), &[])
            }
            // What nobody escapes is encoded where it is more than one line.
            Self::Raw(text) if !text.chars().any(is_control) => (Cow::Borrowed(text), &[]),
            Self::Raw(text) => encoded(text.clone()),
            // Before vCard 3.0 a comma in a text is no separator.
            Self::Text(text) => written_text(escaped(text, version > Version::Two), version),
            Self::Texts(components) => {
                let values = |values: &Vec<String>| {
                    let values: Vec<_> = values.iter().map(|value| escaped(value, true)).collect();
                    values.join(",")
                };
                let components: Vec<_> = components.iter().map(values).collect();
                written_text(components.join(";"), version)
            }
        }
    }
}

/// Escapes what separates values (RFC 6350 §3.4).
fn escaped(text: &str, has_commas: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if matches!(character, '\\' | ';') || (character == ',' && has_commas) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// An escaped text as it stands in a line: vCard 2.1 encodes line breaks and all but ASCII.
fn written_text(escaped: String, version: Version) -> (Cow<'static, str>, Encoding) {
    if version == Version::Two && (!escaped.is_ascii() || escaped.contains('\n')) {
        return encoded(escaped);
    }
    let text = escaped.replace('\n', "\\n");
    (Cow::Owned(blank_controls(&text).into_owned()), &[])
}

/// Quoted-printable of UTF-8 (RFC 2045 §6.7), without soft line breaks.
fn encoded(text: String) -> (Cow<'static, str>, Encoding) {
    let mut encoded = String::with_capacity(text.len() * 2);
    for octet in text.replace('\n', "\r\n").bytes() {
        match octet {
            b'=' | ..b' ' | 0x7F.. => {
                encoded.push('=');
                encoded.extend(hex_digits(octet));
            }
            octet => encoded.push(octet.into()),
        }
    }
    let encoding = &[("CHARSET", "UTF-8"), ("ENCODING", "QUOTED-PRINTABLE")];
    (Cow::Owned(encoded), encoding)
}

fn is_control(character: char) -> bool {
    character.is_ascii_control() && character != '\t'
}

fn blank_controls(text: &str) -> Cow<'_, str> {
    match text
        .bytes()
        .any(|octet| octet.is_ascii_control() && octet != b'\t')
    {
        true => Cow::Owned(text.replace(is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

/// Writes a parameter with the escapes of RFC 6868 §3.1; vCard 2.1 leaves TYPE's name out.
fn write_param(name: &str, values: &[String], style: Style, line: &mut String) {
    if name == "TYPE" && style.version == Version::Two && values.iter().all(|it| is_bare(it)) {
        for value in values {
            line.push(';');
            line.push_str(value);
        }
        return;
    }
    line.push(';');
    if let [value] = values
        && is_decoded(name)
        && (style.is_cut_in_quotes && value.contains(is_cut) || value.contains(is_unescaped))
    {
        line.push_str(params::ENCODED);
        line.push_str(name);
        line.push('=');
        line.push_str(&percent_encoded(value));
        return;
    }
    line.push_str(name);
    line.push('=');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        line.push_str(&param_value(value));
    }
}

/// Whether a value without its parameter's name is read as TYPE.
fn is_bare(value: &str) -> bool {
    let is_word = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let param = Param {
        name: b"",
        value: value.as_bytes(),
    };
    !value.is_empty() && value.bytes().all(is_word) && ParamName::of(&param) == ParamName::Type
}

/// Whether who reads this parameter decodes it: those that are read as one text.
fn is_decoded(name: &str) -> bool {
    const DECODED: [&str; 11] = [
        "AUTHOR",
        "AUTHOR-NAME",
        "GEO",
        "JSCOMPS",
        "JSPTR",
        "LABEL",
        "MEDIATYPE",
        "SERVICE-TYPE",
        "SORT-AS",
        "TZ",
        "USERNAME",
    ];
    DECODED.contains(&name)
}

/// Whether there is no escape for a character in a parameter (RFC 6868 §3.1).
fn is_unescaped(character: char) -> bool {
    is_control(character) && character != '\n'
}

fn is_cut(character: char) -> bool {
    matches!(character, ',' | ';' | ':' | '\\') || character.is_whitespace()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for octet in text.bytes() {
        match octet {
            b'-' | b'.' | b'/' | b'_' | b'~' => encoded.push(octet.into()),
            octet if octet.is_ascii_alphanumeric() => encoded.push(octet.into()),
            octet => {
                encoded.push('%');
                encoded.extend(hex_digits(octet));
            }
        }
    }
    encoded
}

fn hex_digits(octet: u8) -> [char; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [octet >> 4, octet & 15].map(|digit| DIGITS[usize::from(digit)].into())
}

fn param_value(value: &str) -> String {
    let needs_quotes = |character| matches!(character, ',' | ';' | ':' | ' ' | '\t');
    let mut written = String::with_capacity(value.len() + 2);
    for character in value.chars() {
        match character {
            '^' => written.push_str("^^"),
            '"' => written.push_str("^'"),
            '\n' => written.push_str("^n"),
            character if is_control(character) => written.push(' '),
            character => written.push(character),
        }
    }
    match written.contains(needs_quotes) {
        true => format!("\"{written}\""),
        false => written,
    }
}

/// Folds a line before its 76th octet, never within a character (RFC 6350 §3.2).
fn fold(line: &str, style: Style, out: &mut Vec<u8>) {
    const OCTETS: usize = 75;
    let mut rest = line;
    let mut room = OCTETS;
    while style.folds && rest.len() > room {
        let at = rest.floor_char_boundary(room);
        let (now, later) = rest.split_at(at);
        out.extend_from_slice(now.as_bytes());
        out.extend_from_slice(style.line_end.as_bytes());
        out.push(b' ');
        rest = later;
        room = OCTETS - 1;
    }
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(style.line_end.as_bytes());
}
