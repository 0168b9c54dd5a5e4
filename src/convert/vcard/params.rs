//! The parameters that the conversion knows by name (RFC 9555 §2.3).

use crate::convert::charset;
use crate::convert::content_line::{Line, Param, undo_carets};
use std::borrow::Cow;

/// A parameter that means something to the conversion of some property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ParamName {
    Altid,
    Author,
    AuthorName,
    Calscale,
    Cc,
    Charset,
    Created,
    Derived,
    Encoding,
    Geo,
    Index,
    Jscomps,
    Jsptr,
    Label,
    Language,
    Level,
    MediaType,
    Phonetic,
    Pref,
    PropId,
    Script,
    ServiceType,
    SortAs,
    Type,
    Tz,
    Username,
    Value,
    Other,
}

/// A set of parameter names, such as those of a line, or those of them whose meaning
/// stands elsewhere in the converted object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParamSet(u32);

impl ParamSet {
    pub const EMPTY: Self = Self(0);

    pub const fn of(names: &[ParamName]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < names.len() {
            bits |= 1 << names[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub fn of_line(line: Line<'_>) -> Self {
        let mut set = Self::EMPTY;
        for param in line.params() {
            set.add(ParamName::of(&param));
        }
        set
    }

    pub fn add(&mut self, name: ParamName) {
        self.0 |= 1 << name as u8;
    }

    pub fn add_if(&mut self, condition: bool, name: ParamName) {
        if condition {
            self.add(name);
        }
    }

    pub fn has(self, name: ParamName) -> bool {
        self.0 & (1 << name as u8) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl ParamName {
    pub fn of(param: &Param<'_>) -> Self {
        // By far the commonest.
        if param.name.eq_ignore_ascii_case(b"TYPE") {
            return Self::Type;
        }
        let mut upper = [0; 14];
        let name = encoded_name(param.name).unwrap_or(param.name);
        let Some(upper) = upper.get_mut(..name.len()) else {
            return Self::Other;
        };
        for (to, from) in upper.iter_mut().zip(name) {
            *to = from.to_ascii_uppercase();
        }
        match &*upper {
            b"" => Self::of_bare(param.value),
            b"VALUE" => Self::Value,
            b"PREF" => Self::Pref,
            b"ALTID" => Self::Altid,
            b"AUTHOR" => Self::Author,
            b"AUTHOR-NAME" => Self::AuthorName,
            b"CALSCALE" => Self::Calscale,
            b"CC" => Self::Cc,
            b"CHARSET" => Self::Charset,
            b"CREATED" => Self::Created,
            b"DERIVED" => Self::Derived,
            b"ENCODING" => Self::Encoding,
            b"GEO" => Self::Geo,
            b"INDEX" => Self::Index,
            b"JSCOMPS" => Self::Jscomps,
            b"JSPTR" => Self::Jsptr,
            b"LABEL" => Self::Label,
            b"LANGUAGE" => Self::Language,
            b"LEVEL" => Self::Level,
            b"MEDIATYPE" => Self::MediaType,
            b"PHONETIC" => Self::Phonetic,
            b"PROP-ID" => Self::PropId,
            b"SCRIPT" => Self::Script,
            // What Apple wrote before RFC 9554 registered it.
            b"SERVICE-TYPE" | b"X-SERVICE-TYPE" => Self::ServiceType,
            b"SORT-AS" => Self::SortAs,
            b"TZ" => Self::Tz,
            b"USERNAME" | b"X-USER" => Self::Username,
            _ => Self::Other,
        }
    }

    /// vCard 2.1 leaves the names of these parameters out.
    fn of_bare(value: &[u8]) -> Self {
        let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
        if is("QUOTED-PRINTABLE") || is("BASE64") || is("8BIT") || is("7BIT") {
            Self::Encoding
        } else if is("INLINE") || is("URL") || is("CONTENT-ID") || is("CID") {
            Self::Value
        } else {
            Self::Type
        }
    }
}

/// The first value of the first parameter of this name, without quotes.
pub fn find<'c>(line: Line<'c>, name: ParamName) -> Option<&'c [u8]> {
    line.params()
        .find(|param| ParamName::of(param) == name)
        .and_then(|param| param.values().next())
}

/// The whole of the first parameter of this name as text; commas are part of it.
pub fn find_text<'c>(line: Line<'c>, name: ParamName) -> Option<Cow<'c, str>> {
    let param = line.params().find(|param| ParamName::of(param) == name)?;
    let value = unquoted(param.value);
    Some(match encoded_name(param.name) {
        Some(_) => Cow::Owned(charset::repair(&charset::undo_percents(value)).into_owned()),
        None => text(value),
    })
}

/// In front of the name of a parameter whose value is percent-encoded (RFC 3986 §2.1): for
/// hosts that end a parameter at a colon, semicolon or comma in quotes, too.
pub const ENCODED: &str = "X-PCT-";

/// The name behind that prefix.
fn encoded_name(name: &[u8]) -> Option<&[u8]> {
    let (prefix, rest) = name.split_at_checked(ENCODED.len())?;
    prefix
        .eq_ignore_ascii_case(ENCODED.as_bytes())
        .then_some(rest)
}

/// A parameter value as text, decoded from its charset and its carets.
pub fn text(value: &[u8]) -> Cow<'_, str> {
    match charset::repair(value) {
        Cow::Borrowed(text) => undo_carets(text),
        Cow::Owned(text) => Cow::Owned(undo_carets(&text).into_owned()),
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

/// Whether `VALUE` names this type.
pub fn value_is(line: Line<'_>, value_type: &str) -> bool {
    line.has_params()
        && find(line, ParamName::Value)
            .is_some_and(|value| value.eq_ignore_ascii_case(value_type.as_bytes()))
}
