//! vCard 2.1, 3.0 and 4.0 to JSContact (RFC 9555 §2, RFC 9553, RFC 9554), for ContactCard of
//! RFC 9610.
//!
//! [`Card::parse`] reads the lines and settles what each converts to, which takes the whole
//! card: labels, addresses with their places and alternatives in other languages are
//! properties of their own in a vCard. [`Card::emit`] then writes the selected properties
//! straight as JSON, property by property.
//!
//! What has no place in JSContact is carried in `vCardProps`, `vCardParams` and `vCardName`
//! (RFC 9555 §2.15): nothing is dropped.

mod addresses;
mod anniversaries;
mod carried;
mod components;
mod contact_points;
mod dates;
mod delivery_labels;
mod emit;
mod entry;
mod followers;
mod jsprop;
mod keys;
mod localizations;
mod media;
mod name;
mod organizations;
mod params;
mod personal;
mod plain;
mod programs;
mod rule;
mod settle;
mod value;
mod write;

pub use plain::plain_text;
pub use programs::PROGRAMS;
pub use rule::{Dialect, Rule, STANDARD, Shape, Target, TypeRule};
pub use write::{Unwritable, patch};

use crate::convert::content_line::{ContentLines, Line};
use crate::json;
use crate::store::{Contents, Selection};
use params::ParamName;
use settle::{Fate, Property, Settled};
use std::borrow::Cow;

/// One vCard, parsed.
#[derive(Debug)]
pub struct Card<'a> {
    lines: ContentLines<'a>,
    dialect: &'a Dialect,
    settled: Settled,
}

/// What the host knows of a card and its vCard does not say.
pub struct HostMembers<'a> {
    /// Empty for a card that is not stored, which has none.
    pub id: &'a str,
    /// Empty for a card that is not stored, which is in none.
    pub address_book_ids: &'a [&'a str],
    /// For a card without a UID of its own (RFC 9555 §2.1.1).
    pub uid: &'a str,
    /// The card's UID is that of another card, so `uid` stands in for it and it is carried.
    pub is_uid_taken: bool,
    /// A UTCDate. Where there is one, REV is not converted but carried.
    pub updated: Option<&'a str>,
    /// A UTCDate. Where there is one, CREATED is not converted but carried.
    pub created: Option<&'a str>,
    /// The blob id of the embedded media with this key in `media` and this digest of their
    /// octets: what an id stands for never changes (RFC 8620 §6).
    pub blob_id: &'a dyn Fn(&str, u64) -> String,
}

impl<'a> Card<'a> {
    /// Reads one card, with or without its BEGIN and END.
    ///
    /// This never fails: what makes no sense is repaired or carried. A card inside the card
    /// (vCard 2.1's AGENT) or behind it is carried as text.
    pub fn parse(text: &'a [u8], dialect: &'a Dialect) -> Self {
        let lines = ContentLines::read(text);
        let settled = Settled::of(&lines, dialect);
        Self {
            lines,
            dialect,
            settled,
        }
    }

    /// The card's own UID, when it has one.
    pub fn uid(&self) -> Option<Cow<'_, str>> {
        let (_, line, _) = self.converting(Target::Uid.bit()).next()?;
        Some(value::text(line))
    }

    /// Writes the Card as one JSON object: `id` and what is selected.
    pub fn emit(&self, host: &HostMembers<'_>, selection: &Selection, out: &mut json::Writer) {
        emit::emit(self, host, selection, out);
    }

    /// The octets of the embedded media with this key in `media`: of PHOTO, LOGO or SOUND.
    pub fn media(&self, key: &str) -> Option<Contents> {
        self.embedded(key)
    }

    /// The keys in `media` of what is embedded, with the digests that blob ids are made of.
    pub fn media_keys(&self) -> impl Iterator<Item = (String, u64)> {
        let keys = self.embedded_keys().into_iter();
        keys.map(|(key, line)| (key, self.embedded_digest(line)))
    }

    fn property(&self, index: usize) -> Option<(Line<'_>, &Property)> {
        Some((self.lines.line(index)?, self.settled.properties.get(index)?))
    }

    /// The properties that convert to one of these targets, in the card's order.
    fn converting(&self, targets: u64) -> impl Iterator<Item = (usize, Line<'_>, &'static Rule)> {
        let properties = match self.settled.converting & targets {
            0 => &[],
            _ => self.settled.properties.as_slice(),
        };
        properties
            .iter()
            .enumerate()
            .filter(move |(_, property)| {
                property.fate == Fate::Converts && property.rule.target.bit() & targets != 0
            })
            .filter_map(|(index, property)| Some((index, self.lines.line(index)?, property.rule)))
    }

    /// The text of the label of this group.
    fn label(&self, group: &[u8]) -> Option<Cow<'_, str>> {
        let index = self.settled.label(&self.lines, group)?;
        Some(settle::label_text(self.lines.line(index)?))
    }

    /// The properties that join or localize the one with this index.
    fn followers(&self, index: usize) -> impl Iterator<Item = (Line<'_>, &Property)> {
        let followers = &self.settled.followers;
        let from = followers.partition_point(|(of, _)| (*of as usize) < index);
        followers
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(move |(of, _)| *of as usize == index)
            .filter_map(|(_, follower)| self.property(*follower as usize))
    }

    /// The first property of this target that joins the one with this index.
    fn joined(&self, index: usize, target: Target) -> Option<Line<'_>> {
        self.followers(index)
            .find(|(_, property)| {
                property.rule.target == target && matches!(property.fate, Fate::Joins(_))
            })
            .map(|(line, _)| line)
    }

    /// The property that says how the name or address with this index sounds.
    fn phonetic(&self, index: usize) -> Option<Line<'_>> {
        self.followers(index)
            .find(|(_, property)| matches!(property.fate, Fate::Joins(_)) && property.sounds())
            .map(|(line, _)| line)
    }

    /// Whether the property with this index is said in other languages or sounds too.
    fn has_alternatives(&self, index: usize) -> bool {
        self.followers(index)
            .any(|(_, property)| matches!(property.fate, Fate::Localizes(_)) || property.sounds())
    }

    /// The language of the card.
    fn language(&self) -> Option<Cow<'_, str>> {
        let language = params::text(self.settled.language(&self.lines)?);
        // A primary subtag alone is written small (RFC 5646 §2.1.1).
        match language.len() {
            2 | 3 => Some(Cow::Owned(language.to_ascii_lowercase())),
            _ => Some(language),
        }
    }

    /// Whether the card's `language` says what this line's LANGUAGE says.
    fn says_language(&self, line: Line<'_>) -> bool {
        let (Some(language), Some(own)) = (
            self.settled.language(&self.lines),
            params::find(line, ParamName::Language),
        ) else {
            return false;
        };
        own.eq_ignore_ascii_case(language)
    }
}
