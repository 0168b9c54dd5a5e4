//! Decides which properties go into the object of another, and which are that object in
//! another language.

use super::anniversaries;
use super::params::{self, ParamName};
use super::rule::Target;
use super::settle::{self, Fate, Property, Settled, compare_ignoring_case, narrow};
use super::value;
use crate::convert::content_line::{ContentLines, Line};
use std::borrow::Cow;
use std::cmp::Ordering;

impl Settled {
    /// Finds the alternatives of a property: in other languages, and as it sounds
    /// (RFC 9555 §2.3.1, §2.3.11, §2.3.15).
    ///
    /// Properties of which a Card has one are alternatives of each other; others are by
    /// their ALTID.
    pub fn settle_alternatives(&mut self, lines: &ContentLines<'_>) {
        let mut candidates = Vec::new();
        for (index, (property, line)) in self.properties.iter().zip(lines.iter()).enumerate() {
            let name = property.rule.name;
            let altid = match property.rule.target {
                _ if property.fate != Fate::Converts => continue,
                target if is_single(target) => &b""[..],
                target if target.bit() & LOCALIZED == 0 => continue,
                _ => match params::find(line, ParamName::Altid) {
                    None | Some(b"") => continue,
                    Some(altid) => altid,
                },
            };
            candidates.push(((name, altid), index));
        }
        candidates.sort_unstable();
        for group in candidates.chunk_by(|(left, _), (right, _)| left == right) {
            let indexes: Vec<usize> = group.iter().map(|(_, index)| *index).collect();
            self.settle_group(lines, &indexes);
        }
        self.count_converting();
    }

    fn settle_group(&mut self, lines: &ContentLines<'_>, indexes: &[usize]) {
        let single = indexes
            .first()
            .and_then(|index| self.properties.get(*index))
            .is_some_and(|property| is_single(property.rule.target));
        let Some(main) = self.main_of(lines, indexes) else {
            for index in indexes {
                self.meet(*index, Fate::Carried);
            }
            return;
        };
        let main_language = language_of(lines, main);
        // Each language once; the phonetic ones after those whose sound they are.
        let mut others: Vec<(bool, Cow<'_, str>, usize)> = indexes
            .iter()
            .filter(|index| **index != main)
            .map(|index| {
                let sounds = self.sounds(*index);
                (sounds, language_of(lines, *index), *index)
            })
            .collect();
        others.sort_by(|left, right| {
            let by_language = || compare_languages(&left.1, &right.1);
            left.0
                .cmp(&right.0)
                .then_with(by_language)
                .then(left.2.cmp(&right.2))
        });
        let fallback = match single {
            true => Fate::Carried,
            false => Fate::Converts,
        };
        let mut localized: Vec<(&str, usize)> = Vec::new();
        let mut main_sounds = false;
        let mut last: Option<(bool, &str)> = None;
        for (sounds, language, index) in &others {
            let (sounds, language, index) = (*sounds, &**language, *index);
            let is_repeated = last.is_some_and(|(other, before)| {
                other == sounds && compare_languages(before, language).is_eq()
            });
            last = Some((sounds, language));
            let in_main = language.is_empty()
                || compare_languages(language, &main_language).is_eq()
                || (main_language.is_empty() && self.is_language(lines, language));
            let fate = if is_repeated {
                (if sounds { Fate::Carried } else { fallback }, None)
            } else if !sounds {
                match in_main {
                    true => (fallback, None),
                    false => {
                        localized.push((language, index));
                        (Fate::Localizes(narrow(main)), Some(main))
                    }
                }
            } else if in_main {
                match std::mem::replace(&mut main_sounds, true) {
                    true => (Fate::Carried, None),
                    false => (Fate::Joins(narrow(main)), Some(main)),
                }
            } else {
                let known =
                    localized.binary_search_by(|(other, _)| compare_languages(other, language));
                match known.ok().and_then(|at| localized.get(at)) {
                    Some((_, of)) => (Fate::Joins(narrow(*of)), Some(*of)),
                    None => (Fate::Localizes(narrow(main)), Some(main)),
                }
            };
            let (fate, of) = fate;
            self.meet(index, fate);
            self.localizes |= matches!(fate, Fate::Localizes(_));
            if let Some(of) = of {
                self.followers.push((narrow(of), narrow(index)));
            }
        }
    }

    /// The one of the alternatives that stands in the card itself.
    fn main_of(&self, lines: &ContentLines<'_>, indexes: &[usize]) -> Option<usize> {
        let candidates = || indexes.iter().copied().filter(|index| !self.sounds(*index));
        // Of several names the plainest (RFC 9555 §2.5.2).
        let plain = candidates()
            .filter(|index| !self.has(*index, ParamName::Language))
            .min_by_key(|index| lines.line(*index).map_or(0, |line| line.params().count()));
        plain
            .or_else(|| {
                candidates().find(|index| self.is_language(lines, &language_of(lines, *index)))
            })
            .or_else(|| candidates().next())
    }

    fn is_language(&self, lines: &ContentLines<'_>, language: &str) -> bool {
        self.language(lines)
            .is_some_and(|own| compare_languages(&params::text(own), language).is_eq())
    }

    pub fn has(&self, index: usize, name: ParamName) -> bool {
        self.properties
            .get(index)
            .is_some_and(|property| property.params.has(name))
    }

    fn sounds(&self, index: usize) -> bool {
        self.properties.get(index).is_some_and(Property::sounds)
    }

    pub fn meet(&mut self, index: usize, fate: Fate) {
        if let Some(property) = self.properties.get_mut(index) {
            property.fate = fate;
        }
    }

    /// Finds the object that a property belongs into, where it is none by itself.
    pub fn settle_followers(&mut self, lines: &ContentLines<'_>) {
        let converting = self.converting;
        let any = |targets: &[Target]| targets.iter().any(|target| converting & target.bit() != 0);
        if any(&[Target::Coordinates, Target::TimeZone]) {
            self.settle_places(lines);
        }
        if any(&[Target::DeliveryLabel]) {
            self.settle_delivery_labels(lines);
        }
        if any(&[Target::AnniversaryPlace]) {
            self.settle_anniversary_places(lines);
        }
        if any(&[Target::OrganizationUnit]) && any(&[Target::Organization]) {
            self.join_first(Target::OrganizationUnit, Target::Organization);
        }
        if any(&[Target::SurnameSort]) {
            self.settle_surname_sort(lines);
        }
        if any(&[Target::LabelledDate]) {
            self.settle_labelled_dates(lines);
        }
        if any(&[Target::Relation, Target::LabelledRelation]) {
            self.settle_relations(lines);
        }
        if self.followers.is_empty() && !any(&[Target::SurnameSort, Target::AnniversaryPlace]) {
            return;
        }
        self.followers.sort_unstable();
        self.count_converting();
    }

    pub fn converting_to(&self, target: Target) -> impl Iterator<Item = usize> + '_ {
        let is_one = move |property: &Property| {
            property.fate == Fate::Converts && property.rule.target == target
        };
        (self.properties.iter().enumerate())
            .filter_map(move |(index, property)| is_one(property).then_some(index))
    }

    pub fn join(&mut self, index: usize, of: usize) {
        self.meet(index, Fate::Joins(narrow(of)));
        self.followers.push((narrow(of), narrow(index)));
    }

    fn join_first(&mut self, joining: Target, joined: Target) {
        let Some(of) = self.converting_to(joined).next() else {
            return;
        };
        let indexes: Vec<_> = self.converting_to(joining).collect();
        for index in indexes {
            self.join(index, of);
        }
    }

    /// Puts GEO and TZ at the one ADR of their group, or TZ at the one GEO
    /// (RFC 9555 §2.8.3). All that have no group are a group too.
    fn settle_places(&mut self, lines: &ContentLines<'_>) {
        let mut places: Vec<(&[u8], Target, usize)> = Vec::new();
        for target in [Target::Address, Target::Coordinates, Target::TimeZone] {
            for index in self.converting_to(target) {
                if let Some(line) = lines.line(index) {
                    places.push((line.group(), target, index));
                }
            }
        }
        // The order of the targets above is that of the sort, which is stable.
        places.sort_by(|left, right| compare_ignoring_case(left.0, right.0));
        for group in places.chunk_by(|left, right| compare_ignoring_case(left.0, right.0).is_eq()) {
            let of_target = |wanted: Target| {
                let mut found = group.iter().filter(move |(_, target, _)| *target == wanted);
                (
                    found.next().map(|(_, _, index)| *index),
                    found.next().is_none(),
                )
            };
            let address = of_target(Target::Address);
            let geo = of_target(Target::Coordinates);
            let zone = of_target(Target::TimeZone);
            let address = match address {
                (Some(index), true) => Some(index),
                _ => None,
            };
            if let (Some(geo), true, Some(address)) = (geo.0, geo.1, address)
                && !self.has(address, ParamName::Geo)
            {
                self.join(geo, address);
            }
            let of = match (address, geo) {
                (Some(address), _) => {
                    Some(address).filter(|index| !self.has(*index, ParamName::Tz))
                }
                (None, (Some(geo), true)) => Some(geo),
                _ => None,
            };
            if let (Some(zone), true, Some(of)) = (zone.0, zone.1, of) {
                self.join(zone, of);
            }
        }
    }

    /// Puts BIRTHPLACE at BDAY and DEATHPLACE at DEATHDATE; in other languages to patches.
    fn settle_anniversary_places(&mut self, lines: &ContentLines<'_>) {
        for kind in ["birth", "death"] {
            let of_kind = |settled: &Self, target| -> Vec<usize> {
                settled
                    .converting_to(target)
                    .filter(|index| {
                        settled
                            .properties
                            .get(*index)
                            .is_some_and(|property| property.rule.implies == kind)
                    })
                    .collect()
            };
            let mut places = of_kind(self, Target::AnniversaryPlace);
            let anniversary = of_kind(self, Target::Anniversary).first().copied();
            let plain = places
                .iter()
                .position(|index| !self.has(*index, ParamName::Language));
            let main = match places.is_empty() {
                true => None,
                false => Some(places.remove(plain.unwrap_or(0))),
            };
            if let Some(index) = main {
                match anniversary {
                    Some(of) => self.join(index, of),
                    // An anniversary without a date is none.
                    None => self.meet(index, Fate::Carried),
                }
            }
            places.sort_by(|left, right| {
                let language = |index: &usize| language_of(lines, *index);
                compare_languages(&language(left), &language(right)).then(left.cmp(right))
            });
            let mut last = Cow::Borrowed("");
            for index in places {
                let language = language_of(lines, index);
                let is_new = compare_languages(&language, &last).is_ne();
                last = language;
                match anniversary {
                    Some(of) if is_new => {
                        self.meet(index, Fate::Localizes(narrow(of)));
                        self.followers.push((narrow(of), narrow(index)));
                        self.localizes = true;
                    }
                    _ => self.meet(index, Fate::Carried),
                }
            }
        }
    }

    /// Puts vCard 3.0's SORT-STRING at the surname, where there is one that says nothing
    /// of its own.
    fn settle_surname_sort(&mut self, lines: &ContentLines<'_>) {
        let name = self.converting_to(Target::NameComponents).next();
        let name = name.filter(|index| {
            let surname = lines.line(*index).map(value::decoded).unwrap_or_default();
            let surname = value::split(&surname, b';').next().unwrap_or_default();
            !surname.trim().is_empty() && !self.has(*index, ParamName::SortAs)
        });
        let sorts: Vec<_> = self.converting_to(Target::SurnameSort).collect();
        for (at, index) in sorts.into_iter().enumerate() {
            match name {
                Some(of) if at == 0 => self.join(index, of),
                _ => self.meet(index, Fate::Carried),
            }
        }
    }

    /// Carries the dates whose label names no anniversary that JSContact has.
    fn settle_labelled_dates(&mut self, lines: &ContentLines<'_>) {
        let dates: Vec<_> = self.converting_to(Target::LabelledDate).collect();
        for index in dates {
            let label = lines
                .line(index)
                .and_then(|line| self.label(lines, line.group()))
                .and_then(|label| lines.line(label))
                .map(settle::label_text);
            if label
                .as_deref()
                .and_then(anniversaries::labelled_kind)
                .is_none()
            {
                self.meet(index, Fate::Carried);
            }
        }
        self.count_converting();
    }

    /// Carries all but the first relation to somebody, because who it is is its key.
    fn settle_relations(&mut self, lines: &ContentLines<'_>) {
        let text = |line: Line<'_>| value::text(line).into_owned();
        let mut relations = Vec::new();
        for target in [Target::Relation, Target::LabelledRelation] {
            for index in self.converting_to(target) {
                relations.extend(lines.line(index).map(|line| (text(line), index)));
            }
        }
        relations.sort_unstable();
        let same = |left: &(String, usize), right: &(String, usize)| {
            left.0.cmp(&right.0) == Ordering::Equal
        };
        for group in relations.chunk_by(same) {
            for (_, index) in group.iter().skip(1) {
                self.meet(*index, Fate::Carried);
            }
        }
    }
}

/// The targets whose objects can be patched in another language. Media are not among them,
/// because a blob belongs to one entry; nor is what goes into other objects.
const LOCALIZED: u64 = Target::Nickname.bit()
    | Target::Organization.bit()
    | Target::Pronouns.bit()
    | Target::Title.bit()
    | Target::Email.bit()
    | Target::OnlineService.bit()
    | Target::OnlineUser.bit()
    | Target::Phone.bit()
    | Target::PreferredLanguage.bit()
    | Target::Calendar.bit()
    | Target::SchedulingAddress.bit()
    | Target::Address.bit()
    | Target::CryptoKey.bit()
    | Target::Directory.bit()
    | Target::Link.bit()
    | Target::Note.bit()
    | Target::PersonalInfo.bit();

fn is_single(target: Target) -> bool {
    matches!(
        target,
        Target::FullName | Target::NameComponents | Target::GrammaticalGender
    )
}

/// The language that a property names, as it is read: damage that reads alike is one language.
fn language_of<'c>(lines: &'c ContentLines<'_>, index: usize) -> Cow<'c, str> {
    lines
        .line(index)
        .and_then(|line| params::find(line, ParamName::Language))
        .map(params::text)
        .unwrap_or_default()
}

/// Compares language tags, whose case says nothing (RFC 5646 §2.1.1).
pub fn compare_languages(left: &str, right: &str) -> Ordering {
    compare_ignoring_case(left.as_bytes(), right.as_bytes())
}
