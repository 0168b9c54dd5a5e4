//! The keys of JSContact's maps, such as `emails/k7f0q3m2a` (RFC 9555 §2.1.2).
//!
//! A key is the PROP-ID of its property where there is one, else a digest of the value:
//! never the position, so that it survives that a property is added or removed elsewhere.

use super::params::{ParamName, find};
use super::rule::Rule;
use crate::convert::content_line::Line;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The properties of one map with their keys, in the card's order.
pub struct Keys<'c>(Vec<(usize, Key<'c>)>);

enum Key<'c> {
    PropId(&'c str),
    /// ASCII letters and digits.
    Digest([u8; 9]),
    Numbered(String),
}

impl Key<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::PropId(id) => id,
            Self::Digest(digits) => std::str::from_utf8(digits).unwrap_or_default(),
            Self::Numbered(key) => key,
        }
    }
}

impl<'c> Keys<'c> {
    pub fn of_lines(properties: impl Iterator<Item = (usize, Line<'c>, &'static Rule)>) -> Self {
        Self::of(properties.map(|(index, line, rule)| (index, line, rule.name, line.value())))
    }

    /// Of the indexes, lines, names and values of properties. Equal keys are told apart by a
    /// number, in the card's order.
    pub fn of<'v>(properties: impl Iterator<Item = (usize, Line<'c>, &'v str, &'v [u8])>) -> Self {
        let mut keys: Vec<_> = properties
            .map(|(index, line, name, value)| match prop_id(line) {
                Some(id) => (index, Key::PropId(id)),
                None => (index, Key::Digest(digest(name, value))),
            })
            .collect();
        if has_duplicates(&keys) {
            number_duplicates(&mut keys);
        }
        Self(keys)
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0.iter().map(|(index, key)| (*index, key.as_str()))
    }

    /// The key of the property with this index, the first if it has several.
    pub fn get(&self, index: usize) -> Option<&str> {
        let at = self.0.partition_point(|(other, _)| *other < index);
        let (found, key) = self.0.get(at)?;
        (*found == index).then(|| key.as_str())
    }
}

/// The PROP-ID, where it is a valid Id (RFC 9553 §1.4.1).
pub fn prop_id<'c>(line: Line<'c>) -> Option<&'c str> {
    if !line.has_params() {
        return None;
    }
    let id = std::str::from_utf8(find(line, ParamName::PropId)?).ok()?;
    let valid = (1..=255).contains(&id.len())
        && id
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_');
    valid.then_some(id)
}

/// Whether this is the key of a property without a PROP-ID, as long as no other has it.
pub fn is_derived(key: &str, name: &str, value: &[u8]) -> bool {
    key.as_bytes() == digest(name, value)
}

/// A letter and eight digits of base 32: 44 bits of the digest.
fn digest(name: &str, value: &[u8]) -> [u8; 9] {
    const LETTERS: &[u8; 16] = b"abcdefghijklmnop";
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut bits = xxh3_64_with_seed(value, xxh3_64(name.as_bytes()));
    let mut key = [LETTERS[(bits % 16) as usize]; 9];
    bits /= 16;
    for digit in key.iter_mut().skip(1) {
        *digit = DIGITS[(bits % 32) as usize];
        bits /= 32;
    }
    key
}

fn has_duplicates(keys: &[(usize, Key<'_>)]) -> bool {
    // A few are compared faster than sorted.
    const FEW: usize = 8;
    if keys.len() <= FEW {
        return keys.iter().enumerate().any(|(at, (_, key))| {
            let mut before = keys.iter().take(at);
            before.any(|(_, other)| other.as_str() == key.as_str())
        });
    }
    let mut sorted: Vec<&str> = keys.iter().map(|(_, key)| key.as_str()).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

fn number_duplicates(keys: &mut [(usize, Key<'_>)]) {
    // For each key in use, the number that its next duplicate tries first: each number is
    // tried once, however the keys were chosen.
    let mut used: HashMap<String, u32> = HashMap::with_capacity(keys.len());
    let mut duplicates = Vec::new();
    for (at, (_, key)) in keys.iter().enumerate() {
        match used.entry(key.as_str().to_owned()) {
            Entry::Vacant(free) => {
                free.insert(2);
            }
            Entry::Occupied(_) => duplicates.push(at),
        }
    }
    for at in duplicates {
        let Some((_, key)) = keys.get_mut(at) else {
            continue;
        };
        let mut number = used.get(key.as_str()).copied().unwrap_or(2);
        let mut numbered = numbered_key(key.as_str(), number);
        while used.contains_key(&numbered) {
            number += 1;
            numbered = numbered_key(key.as_str(), number);
        }
        used.insert(key.as_str().to_owned(), number + 1);
        used.insert(numbered.clone(), 2);
        *key = Key::Numbered(numbered);
    }
}

/// An Id has at most 255 octets, so a long one gives up its end for the number.
fn numbered_key(key: &str, number: u32) -> String {
    let suffix = format!("-{number}");
    let kept = key.get(..255 - suffix.len()).unwrap_or(key);
    format!("{kept}{suffix}")
}
