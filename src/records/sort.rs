//! Orders of records (RFC 8620 §5.5), as octets that sort the same way.

use super::date::Moment;
use super::path::Path;
use crate::data_types::{DataType, Order};
use crate::store::Object;
use unicode_normalization::char::decompose_compatible;

/// Longer values are compared by their beginning.
const MAX_KEY_OCTETS: usize = 255;

/// How text is compared (RFC 4790).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    Octet,
    AsciiCasemap,
    /// RFC 5051.
    UnicodeCasemap,
}

/// Each collation by its registered name.
pub const COLLATIONS: [(&str, Collation); 3] = [
    ("i;ascii-casemap", Collation::AsciiCasemap),
    ("i;octet", Collation::Octet),
    ("i;unicode-casemap", Collation::UnicodeCasemap),
];

impl Collation {
    pub fn by_name(name: &str) -> Option<Self> {
        COLLATIONS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, collation)| *collation)
    }
}

/// One comparison of an order.
#[derive(Debug)]
pub struct Comparator {
    path: Path,
    order: Order,
    is_ascending: bool,
    collation: Collation,
}

impl Comparator {
    /// `None` when records of this type cannot be sorted by the property.
    pub fn new(
        data_type: &DataType,
        property: &str,
        is_ascending: bool,
        collation: Collation,
    ) -> Option<Self> {
        let sort = data_type.sorts.iter().find(|sort| sort.name == property)?;
        Some(Self {
            path: Path::new(sort.path),
            order: sort.order,
            is_ascending,
            collation,
        })
    }

    /// The property that it looks into.
    pub fn property(&self) -> &'static str {
        self.path.property()
    }

    /// Appends the record's part of a sort key. What has no value comes before what has one.
    pub fn write_key(&self, record: &Object, out: &mut Vec<u8>) {
        let start = out.len();
        let value = self.path.first(record);
        match self.order {
            Order::Date => match value.and_then(Moment::parse) {
                None => out.push(0),
                Some(moment) => {
                    out.push(1);
                    out.extend_from_slice(&moment.sort_key());
                }
            },
            Order::Text => match value {
                None => out.push(0),
                Some(text) => {
                    out.push(1);
                    write_text(text, self.collation, out);
                }
            },
        }
        if !self.is_ascending
            && let Some(key) = out.get_mut(start..)
        {
            key.iter_mut().for_each(|octet| *octet = !*octet);
        }
    }
}

/// Ends with two zeros, and a zero within is followed by 255, so that "a" comes before "a b"
/// whatever follows the key.
fn write_text(text: &str, collation: Collation, out: &mut Vec<u8>) {
    let mut mapped = String::new();
    for character in text.chars() {
        if mapped.len() >= MAX_KEY_OCTETS {
            break;
        }
        match collation {
            Collation::Octet => mapped.push(character),
            Collation::AsciiCasemap => mapped.push(character.to_ascii_uppercase()),
            Collation::UnicodeCasemap => {
                decompose_compatible(titlecase(character), |part| mapped.push(part));
            }
        }
    }
    for octet in mapped.bytes() {
        out.push(octet);
        if octet == 0 {
            out.push(255);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// The titlecase mapping of RFC 5051 §2, which is the upper case for all but four digraphs;
/// those are spelt out in the next step, and sort beside each other either way.
fn titlecase(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::{Collation, write_text};

    fn sorted<'a>(collation: Collation, texts: &[&'a str]) -> Vec<&'a str> {
        let mut texts = texts.to_vec();
        texts.sort_by_key(|text| {
            let mut key = Vec::new();
            write_text(text, collation, &mut key);
            key
        });
        texts
    }

    #[test]
    fn collations_order_text_as_their_names_say() {
        let texts = ["b", "Z", "É", "a", "e", "f", "A"];
        assert_eq!(
            sorted(Collation::Octet, &texts),
            ["A", "Z", "a", "b", "e", "f", "É"]
        );
        assert_eq!(
            sorted(Collation::AsciiCasemap, &texts),
            ["a", "A", "b", "e", "f", "Z", "É"]
        );
        assert_eq!(
            sorted(Collation::UnicodeCasemap, &texts),
            ["a", "A", "b", "e", "É", "f", "Z"]
        );
    }

    #[test]
    fn shorter_text_comes_before_what_it_begins() {
        let texts = ["a\u{1}", "a\0b", "a\0", "a", ""];
        assert_eq!(
            sorted(Collation::Octet, &texts),
            ["", "a", "a\0", "a\0b", "a\u{1}"]
        );
    }
}
