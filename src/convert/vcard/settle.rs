//! Decides what becomes of each property, where that depends on the others.

use super::media::{self, Source};
use super::params::{self, ParamName, ParamSet};
use super::rule::{Dialect, Rule, Shape, Target, UNKNOWN};
use super::value;
use super::{addresses, anniversaries, dates, entry, personal};
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

impl Property {
    /// Whether this says how a name or an address sounds.
    pub fn sounds(&self) -> bool {
        self.params.has(ParamName::Phonetic)
            && matches!(self.rule.target, Target::NameComponents | Target::Address)
    }
}

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To what its rule says.
    Converts,
    /// To `vCardProps`.
    Carried,
    /// Into the object of the property with this index.
    Joins(u32),
    /// To a patch of the property with this index, in the language that LANGUAGE names.
    Localizes(u32),
    /// A BEGIN or END of the card itself, or a label that stands at its objects.
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
    /// There are properties in other languages.
    pub localizes: bool,
    /// The first label of each group, by the group.
    labels: Vec<u32>,
    /// The properties that join or localize another: that one, then this one.
    pub followers: Vec<(u32, u32)>,
    /// Where the card's language stands.
    pub language: Option<Language>,
}

/// Where the language of a card stands.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    /// In the LANGUAGE property with this index.
    Property(usize),
    /// In the LANGUAGE parameter of the name with this index.
    Param(usize),
}

/// What the first look at the properties has found that needs a second.
#[derive(Default)]
struct Found {
    groups: bool,
    params: ParamSet,
    /// Targets that occur twice, of those which may not.
    repeated: u64,
}

impl Settled {
    pub fn of(lines: &ContentLines<'_>, dialect: &Dialect) -> Self {
        let mut frame = Frame::default();
        let (mut settled, mut found) = Self::in_frame(lines, dialect, &mut frame);
        let is_nested = |property: &Property| property.fate == Fate::Nested;
        if !frame.ended && settled.properties.iter().any(is_nested) {
            // A second BEGIN took the only END: the card would be empty without it.
            let mut flat = Frame {
                flat: true,
                ..Frame::default()
            };
            (settled, found) = Self::in_frame(lines, dialect, &mut flat);
        }
        if found.groups {
            settled.settle_labels(lines);
        }
        settled.find_language(lines, found.params);
        if found.params.meets(ALTERNATIVES) || found.repeated != 0 {
            settled.settle_alternatives(lines);
        }
        settled.settle_followers(lines);
        settled
    }

    /// Looks at each property by itself.
    fn in_frame(lines: &ContentLines<'_>, dialect: &Dialect, frame: &mut Frame) -> (Self, Found) {
        let mut settled = Self {
            properties: Vec::with_capacity(lines.len()),
            ..Self::default()
        };
        let mut found = Found::default();
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
                None => fate(line, rule, params, settled.converting),
            };
            if fate == Fate::Converts {
                found.repeated |= settled.converting & rule.target.bit() & ALTERNATING;
                settled.converting |= rule.target.bit();
            }
            found.groups |= !line.group().is_empty();
            found.params = found.params.and(params);
            settled.properties.push(Property { rule, params, fate });
        }
        (settled, found)
    }

    /// The targets of the properties that convert, after some have found another fate.
    pub fn count_converting(&mut self) {
        self.converting = self
            .properties
            .iter()
            .filter(|property| property.fate == Fate::Converts)
            .fold(0, |targets, property| targets | property.rule.target.bit());
    }

    fn find_language(&mut self, lines: &ContentLines<'_>, params: ParamSet) {
        let of = |target: Target| {
            let mut properties = self.properties.iter();
            properties.position(|property| {
                property.fate == Fate::Converts
                    && property.rule.target == target
                    && (target == Target::Language || property.params.has(ParamName::Language))
            })
        };
        self.language = match self.converting & Target::Language.bit() {
            0 if params.has(ParamName::Language) => {
                // A name without a language is in the card's own, which is then not said.
                let is_said = |index: &usize| {
                    let rule = self
                        .properties
                        .get(*index)
                        .map(|property| property.rule.target);
                    !self
                        .properties
                        .iter()
                        .zip(lines.iter())
                        .any(|(property, _)| {
                            property.fate == Fate::Converts
                                && Some(property.rule.target) == rule
                                && !property.params.has(ParamName::Language)
                        })
                };
                of(Target::FullName)
                    .filter(is_said)
                    .or_else(|| of(Target::NameComponents).filter(is_said))
                    .map(Language::Param)
            }
            0 => None,
            _ => of(Target::Language).map(Language::Property),
        };
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
        match self.language? {
            Language::Property(index) => Some(lines.line(index)?.value()),
            Language::Param(index) => params::find(lines.line(index)?, ParamName::Language),
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
        let is_label = |property: &Property| {
            property.fate == Fate::Converts && property.rule.target == Target::Label
        };
        let mut labels = Vec::new();
        for (index, property) in self.properties.iter_mut().enumerate() {
            if is_label(property) {
                labels.push(narrow(index));
                property.fate = Fate::Carried;
            }
        }
        labels.sort_by(|left, right| compare_ignoring_case(group(*left), group(*right)));
        // Of several labels in one group the first counts.
        labels.dedup_by(|later, first| compare_ignoring_case(group(*later), group(*first)).is_eq());
        let mut used = Vec::new();
        for (property, line) in self.properties.iter().zip(lines.iter()) {
            if property.fate == Fate::Converts
                && entry::has_label(property.rule.target)
                && let Ok(at) = labels
                    .binary_search_by(|label| compare_ignoring_case(group(*label), line.group()))
            {
                used.extend(labels.get(at).copied());
            }
        }
        for label in used {
            if let Some(property) = self.properties.get_mut(label as usize) {
                property.fate = Fate::Done;
            }
        }
        self.labels = labels;
    }
}

/// The targets that are found by their alternatives: all but one of them go elsewhere.
const ALTERNATING: u64 =
    Target::FullName.bit() | Target::NameComponents.bit() | Target::GrammaticalGender.bit();

/// The parameters by which one property is an alternative of another.
const ALTERNATIVES: ParamSet =
    ParamSet::of(&[ParamName::Altid, ParamName::Language, ParamName::Phonetic]);

/// The targets of which a Card has one, which is the first.
const SINGLE: u64 = Target::Uid.bit()
    | Target::Kind.bit()
    | Target::Language.bit()
    | Target::ProdId.bit()
    | Target::Created.bit()
    | Target::Updated.bit();

/// What becomes of a property, as far as that is seen from itself and from which targets
/// there have been already.
fn fate(line: Line<'_>, rule: &Rule, params: ParamSet, before: u64) -> Fate {
    let separators: &[u8] = match rule.shape {
        Shape::Structured => b";,",
        Shape::List => b",",
        _ => b"",
    };
    let is_blank = line
        .value()
        .iter()
        .all(|octet| octet.is_ascii_whitespace() || separators.contains(octet));
    let says_more = rule.target == Target::Address && params.meets(addresses::SAYING);
    if (is_blank && !says_more) || before & rule.target.bit() & SINGLE != 0 {
        return Fate::Carried;
    }
    let converts = match rule.target {
        Target::Carried => false,
        Target::Label => !line.group().is_empty(),
        Target::Kind => is_kind(&value::text(line)),
        Target::Created | Target::Updated => dates::timestamp(&value::text(line)).is_some(),
        Target::Anniversary | Target::LabelledDate => anniversaries::date(line).is_some(),
        Target::AnniversaryPlace => anniversaries::is_place(line),
        Target::GrammaticalGender => personal::grammatical_gender(&value::text(line)).is_some(),
        Target::Coordinates => addresses::coordinates(&value::decoded(line)).is_some(),
        Target::TimeZone => {
            !params::value_is(line, "uri") && addresses::time_zone(&value::text(line)).is_some()
        }
        Target::CryptoKey => {
            !params::value_is(line, "text") && media::source(line) != Source::Other
        }
        Target::Media => media::source(line) != Source::Other,
        Target::JsProp => params.has(ParamName::Jsptr),
        _ => true,
    };
    match converts {
        true => Fate::Converts,
        false => Fate::Carried,
    }
}

/// RFC 9553 §2.1.4.
fn is_kind(kind: &str) -> bool {
    let kinds = [
        "individual",
        "group",
        "org",
        "location",
        "device",
        "application",
    ];
    let kind = kind.trim();
    kinds.iter().any(|known| known.eq_ignore_ascii_case(kind))
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

/// Compares names, which are ASCII, without regard to case.
pub fn compare_ignoring_case(left: &[u8], right: &[u8]) -> Ordering {
    left.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(right.iter().map(u8::to_ascii_lowercase))
}

/// An index of a line: there are fewer of them than octets, which are bounded to 32 bits.
pub fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
