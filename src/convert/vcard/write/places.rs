//! Where new lines stand: in the place of the old ones that said the same, with those of their
//! parameters that no part of a Card says.

use super::common::keep_params;
use super::draft::Plan;
use super::line::NewLine;
use super::localized::main_of;
use super::owners::Owners;
use super::units::{Unit, tokens};
use crate::convert::content_line::Line;
use crate::convert::vcard::Card;
use crate::convert::vcard::components::OF_PHONETICS;
use crate::convert::vcard::params::{self, ParamName, ParamSet};
use crate::convert::vcard::rule::Target;
use crate::convert::vcard::settle::Fate;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The new lines of a card while they are put into their places.
pub struct Places<'p> {
    card: &'p Card<'p>,
    plan: &'p Plan,
    /// The stored lines of each part that is written anew or localized, in the card's order.
    stored: HashMap<&'p Unit, Vec<usize>>,
    /// The stored JSPROPs among these lines, by where they lead.
    patches: HashMap<Vec<String>, usize>,
    end: usize,
    new: BTreeMap<At, Vec<NewLine>>,
}

/// By a stored line: where new ones stand in its place or before it, and where behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    Line(usize),
    Behind(usize),
}

impl<'p> Places<'p> {
    pub fn of(card: &'p Card<'p>, owners: &'p Owners, plan: &'p Plan) -> Self {
        let localized: BTreeSet<Unit> = plan.localized.iter().map(main_of).collect();
        let mut stored: HashMap<&Unit, Vec<usize>> = HashMap::new();
        let mut patches = HashMap::new();
        for index in 0..card.lines.len() {
            for unit in owners.units(index) {
                if plan.units.contains(unit) || localized.contains(unit) {
                    stored.entry(unit).or_default().push(index);
                }
            }
        }
        for (index, line, _) in card.converting(Target::JsProp.bit()) {
            let is_rewritten = |unit: &Unit| plan.units.contains(unit);
            if owners.units(index).iter().any(is_rewritten)
                && let Some(pointer) = params::find_text(line, ParamName::Jsptr)
            {
                patches.insert(tokens(&pointer), index);
            }
        }
        Self {
            card,
            plan,
            stored,
            patches,
            end: end(card),
            new: BTreeMap::new(),
        }
    }

    fn stored(&self, unit: &Unit) -> &[usize] {
        self.stored.get(unit).map_or(&[], Vec::as_slice)
    }

    /// The line that has told most of a part.
    pub fn old(&self, unit: &Unit) -> Option<usize> {
        let tells = |index: &&usize| {
            let property = self.card.settled.properties.get(**index);
            property.is_some_and(|it| matches!(it.fate, Fate::Converts | Fate::Localizes(_)))
        };
        self.stored(unit).iter().find(tells).copied()
    }

    /// Where a part stands whose lines have no old ones.
    pub fn first(&self, unit: &Unit) -> At {
        if let Some(index) = self.stored(unit).first() {
            return At::Line(*index);
        }
        let of = |target: Target| {
            let mut lines = self.card.converting(target.bit());
            lines.next().map(|(index, ..)| index)
        };
        // FN and N stand together.
        let beside = match unit.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["name", "full"] => of(Target::NameComponents).map(At::Line),
            ["name"] => of(Target::FullName).map(At::Behind),
            ["localizations", _, _, ..] => {
                let main = self.stored(&main_of(unit)).last();
                main.map(|index| At::Behind(*index))
            }
            _ => None,
        };
        beside.unwrap_or(At::Line(self.end))
    }

    /// Puts the lines of a part where they belong.
    pub fn put(&mut self, unit: &Unit, lines: impl Iterator<Item = NewLine>) {
        let mut old = self.stored(unit).to_vec();
        let mut at = self.first(unit);
        for line in lines {
            at = self.take_place(&line, &mut old).unwrap_or(at);
            let unit = Some(unit.clone());
            self.put_at(at, NewLine { unit, ..line });
        }
    }

    /// Puts a line that is of no one part there, in the place of an old one that is there.
    pub fn put_at(&mut self, at: At, mut line: NewLine) {
        if let At::Line(index) = at
            && let Some(old) = self.card.lines.line(index)
            && says_same(&line, old)
            && !line.is_blank()
        {
            self.keep(&mut line, index, old);
        }
        self.new.entry(at).or_default().push(line);
    }

    /// Puts a patch into the place of that of the same pointer, or to the end.
    pub fn put_patch(&mut self, pointer: &[String], line: NewLine) {
        let old = self.patches.get(pointer).copied();
        self.put_at(At::Line(old.unwrap_or(self.end)), line);
    }

    pub fn put_last(&mut self, line: NewLine) {
        self.new.entry(At::Line(self.end)).or_default().push(line);
    }

    /// The place of the first of these lines that says the same, which is then taken.
    fn take_place(&self, line: &NewLine, old: &mut Vec<usize>) -> Option<At> {
        let at = old.iter().position(|index| {
            let old = self.card.lines.line(*index);
            old.is_some_and(|old| says_same(line, old))
        });
        at.map(|at| At::Line(old.remove(at)))
    }

    fn keep(&self, line: &mut NewLine, at: usize, old: Line<'_>) {
        let target = self.card.dialect.rule(old.name()).target;
        if line.group.is_none() && GROUPED.contains(&target) && !old.group().is_empty() {
            line.group = Some(params::text(old.group()).into_owned());
        }
        if self.plan.kept.contains(&at) {
            keep_params(line, old, self.said(line, at, old));
        }
    }

    /// The parameters of an old line that tell what parts of a Card say otherwise.
    fn said(&self, line: &NewLine, at: usize, old: Line<'_>) -> ParamSet {
        let property = self.card.settled.properties.get(at);
        let is_alternative = property.is_some_and(|it| matches!(it.fate, Fate::Localizes(_)));
        let mut said = match property.map(|it| it.rule.target) {
            Some(Target::FullName) => ParamSet::of(&[ParamName::Derived]),
            Some(Target::JsProp) => ParamSet::of(&[ParamName::Jsptr]),
            _ if line.has_param("PHONETIC") => OF_PHONETICS,
            _ => ParamSet::EMPTY,
        };
        said.add_if(
            is_alternative || self.card.has_alternatives(at),
            ParamName::Altid,
        );
        said.add_if(
            is_alternative || self.card.says_language(old),
            ParamName::Language,
        );
        said
    }

    pub fn into_lines(self) -> BTreeMap<At, Vec<NewLine>> {
        self.new
    }
}

/// What no part of a Card tells the group of.
const GROUPED: [Target; 10] = [
    Target::Uid,
    Target::Kind,
    Target::Language,
    Target::ProdId,
    Target::Created,
    Target::Updated,
    Target::FullName,
    Target::GrammaticalGender,
    Target::Keywords,
    Target::Member,
];

/// Whether a line says of its part what this old one has said.
fn says_same(line: &NewLine, old: Line<'_>) -> bool {
    if !line.name.as_bytes().eq_ignore_ascii_case(old.name()) {
        return false;
    }
    match line.name.as_str() {
        "N" | "ADR" => {
            line.has_param("PHONETIC") == params::find(old, ParamName::Phonetic).is_some()
        }
        _ => true,
    }
}

/// The line that ends the card, or what would be behind its last one.
fn end(card: &Card<'_>) -> usize {
    let is_end = |index: &usize| {
        let property = card.settled.properties.get(*index);
        let line = card.lines.line(*index);
        property.is_some_and(|it| it.fate == Fate::Done)
            && line.is_some_and(|line| line.name().eq_ignore_ascii_case(b"END"))
    };
    (0..card.lines.len())
        .find(is_end)
        .unwrap_or(card.lines.len())
}
