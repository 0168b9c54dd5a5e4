//! Decides what becomes of each property, where that depends on the others.

use super::entry;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Dialect, Rule, Shape, Target, UNKNOWN};
use super::value;
use crate::convert::content_line::{ContentLines, Line};
use std::borrow::Cow;
use std::cmp::Ordering;

/// What is known of a line besides its octets.
#[derive(Debug)]
pub struct Property {
    pub rule: &'static Rule,
    pub params: ParamSet,
    pub fate: Fate,
}

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To what its rule says.
    Converts,
    /// To `vCardProps`.
    Carried,
    /// A BEGIN or END of the card itself, or a label that stands at its object.
    Done,
    /// The BEGIN of a card inside or behind the card: with it to `vCardProps`.
    Nested,
    /// Part of that other card.
    Inside,
}

/// What becomes of a whole card.
#[derive(Debug, Default)]
pub struct Settled {
    /// One for each line.
    pub properties: Vec<Property>,
    /// The targets of the properties that convert.
    pub converting: u64,
    /// The labels in use, by their group.
    labels: Vec<u32>,
    /// The property whose value or LANGUAGE is the card's language.
    language: Option<(u32, bool)>,
}

impl Settled {
    pub fn of(lines: &ContentLines<'_>, dialect: &Dialect) -> Self {
        let mut frame = Frame::default();
        let settled = Self::in_frame(lines, dialect, &mut frame);
        let nested = || {
            settled
                .properties
                .iter()
                .any(|property| property.fate == Fate::Nested)
        };
        if frame.ended || !nested() {
            return settled;
        }
        // The only END was taken by a second BEGIN: the card would be empty without it.
        let mut frame = Frame {
            flat: true,
            ..Frame::default()
        };
        Self::in_frame(lines, dialect, &mut frame)
    }

    fn in_frame(lines: &ContentLines<'_>, dialect: &Dialect, frame: &mut Frame) -> Self {
        let mut settled = Self {
            properties: Vec::with_capacity(lines.len()),
            ..Self::default()
        };
        // The targets that may stand once only, as far as they have come.
        let mut singles = 0;
        let mut groups = false;
        for line in lines.iter() {
            let rule = match line.name() {
                [] => &UNKNOWN,
                name => dialect.rule(name),
            };
            let params = match line.has_params() {
                true => ParamSet::of_line(line),
                false => ParamSet::EMPTY,
            };
            let fate = match frame.step(line, rule) {
                Some(fate) => fate,
                None => fate(line, rule, singles),
            };
            if let Fate::Converts = fate {
                settled.converting |= rule.target.bit();
                singles |= rule.target.bit() & SINGLE;
            }
            groups |= !line.group().is_empty();
            settled.properties.push(Property { rule, params, fate });
        }
        if groups {
            settled.settle_labels(lines);
        }
        settled
    }

    /// The index of the label of this group.
    pub fn label(&self, lines: &ContentLines<'_>, group: &[u8]) -> Option<usize> {
        if group.is_empty() {
            return None;
        }
        let at = self.labels.binary_search_by(|index| {
            let labelled = lines
                .line(*index as usize)
                .map_or(&[][..], |line| line.group());
            compare_ignoring_case(labelled, group)
        });
        self.labels.get(at.ok()?).map(|index| *index as usize)
    }

    /// The language of the card, as it is written there.
    pub fn language<'c>(&self, lines: &'c ContentLines<'_>) -> Option<&'c [u8]> {
        let (index, is_param) = self.language?;
        let line = lines.line(index as usize)?;
        match is_param {
            true => params::find(line, ParamName::Language),
            false => Some(line.value()),
        }
    }

    /// Puts each label at the objects of its group; one without such an object is carried.
    fn settle_labels(&mut self, lines: &ContentLines<'_>) {
        if self.converting & Target::Label.bit() == 0 {
            return;
        }
        let group = |index: u32| {
            lines
                .line(index as usize)
                .map_or(&[][..], |line| line.group())
        };
        let mut labels = Vec::new();
        for (index, property) in self.properties.iter().enumerate() {
            if property.fate == Fate::Converts && property.rule.target == Target::Label {
                labels.push(narrow(index));
            }
        }
        labels.sort_by(|left, right| compare_ignoring_case(group(*left), group(*right)));
        // Of several labels in one group the first counts.
        labels.dedup_by(|later, first| {
            compare_ignoring_case(group(*later), group(*first)) == Ordering::Equal
        });
        let mut used = vec![false; labels.len()];
        for (property, line) in self.properties.iter().zip(lines.iter()) {
            if property.fate == Fate::Converts
                && entry::has_label(property.rule.target)
                && let Ok(at) = labels
                    .binary_search_by(|label| compare_ignoring_case(group(*label), line.group()))
                && let Some(used) = used.get_mut(at)
            {
                *used = true;
            }
        }
        for property in &mut self.properties {
            if property.fate == Fate::Converts && property.rule.target == Target::Label {
                property.fate = Fate::Carried;
            }
        }
        self.converting &= !Target::Label.bit();
        let mut used = used.into_iter();
        labels.retain(|_| used.next().unwrap_or(false));
        for label in &labels {
            if let Some(property) = self.properties.get_mut(*label as usize) {
                property.fate = Fate::Done;
            }
        }
        self.labels = labels;
    }
}

/// The targets of which a Card has one.
const SINGLE: u64 = Target::Uid.bit()
    | Target::Kind.bit()
    | Target::Language.bit()
    | Target::ProdId.bit()
    | Target::Created.bit()
    | Target::Updated.bit()
    | Target::FullName.bit()
    | Target::NameComponents.bit();

/// What becomes of a property, as far as that is seen from itself.
fn fate(line: Line<'_>, rule: &Rule, singles: u64) -> Fate {
    let separators: &[u8] = match rule.shape {
        Shape::Structured => b";,",
        Shape::List => b",",
        _ => b"",
    };
    let blank = line
        .value()
        .iter()
        .all(|octet| octet.is_ascii_whitespace() || separators.contains(octet));
    if blank || singles & rule.target.bit() != 0 {
        return Fate::Carried;
    }
    let converts = match rule.target {
        Target::Label => !line.group().is_empty(),
        Target::Uid | Target::FullName | Target::NameComponents | Target::Email | Target::Phone => {
            true
        }
        _ => false,
    };
    match converts {
        true => Fate::Converts,
        false => Fate::Carried,
    }
}

/// Follows BEGIN and END, to tell the card from those inside and behind it.
#[derive(Default)]
struct Frame {
    begun: bool,
    ended: bool,
    /// How many cards deep inside the card this is.
    depth: usize,
    /// BEGIN and END do not match, so that none of them counts.
    flat: bool,
}

impl Frame {
    /// What becomes of a line because of where it stands, if that is what counts.
    fn step(&mut self, line: Line<'_>, rule: &Rule) -> Option<Fate> {
        if rule.target != Target::Frame {
            return (self.depth > 0).then_some(Fate::Inside);
        }
        let begins = line.name().eq_ignore_ascii_case(b"BEGIN");
        let is_card = line.value().trim_ascii().eq_ignore_ascii_case(b"VCARD");
        if self.depth > 0 {
            match begins {
                true => self.depth += 1,
                false => self.depth -= 1,
            }
            return Some(Fate::Inside);
        }
        if begins && !self.flat && (self.begun || !is_card) {
            self.depth = 1;
            return Some(Fate::Nested);
        }
        match begins {
            true => self.begun = true,
            false => self.ended = true,
        }
        Some(match is_card {
            true => Fate::Done,
            false => Fate::Carried,
        })
    }
}

/// The text of a label, without the wrapping of Apple's own ones: `_$!<Home>!$_`.
pub fn label_text(line: Line<'_>) -> Cow<'_, str> {
    let text = value::text(line);
    let inner = text
        .strip_prefix("_$!<")
        .and_then(|text| text.strip_suffix(">!$_"));
    match inner {
        Some(inner) => Cow::Owned(inner.to_owned()),
        None => text,
    }
}

fn compare_ignoring_case(left: &[u8], right: &[u8]) -> Ordering {
    left.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(right.iter().map(u8::to_ascii_lowercase))
}

/// An index of a line: there are fewer of them than octets, which are bounded to 32 bits.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
