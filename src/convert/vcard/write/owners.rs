//! Which lines of a card express which parts of it.

use super::units::{Unit, tokens, unit_of};
use crate::convert::vcard::contact_points::nickname_keys;
use crate::convert::vcard::emit::targets_of;
use crate::convert::vcard::entry;
use crate::convert::vcard::keys::Keys;
use crate::convert::vcard::params::{self, ParamName};
use crate::convert::vcard::rule::Target;
use crate::convert::vcard::settle::Fate;
use crate::convert::vcard::{Card, value};
use std::collections::{BTreeSet, HashMap};

/// The parts that each line of a card expresses. Labels and what is only carried express
/// none.
pub struct Owners(Vec<Vec<Unit>>);

impl Owners {
    pub fn of(card: &Card<'_>) -> Self {
        let mut owners = vec![Vec::new(); card.lines.len()];
        let own = |owners: &mut Vec<Vec<Unit>>, index: usize, unit: Unit| {
            if let Some(units) = owners.get_mut(index) {
                units.push(unit);
            }
        };
        let mut keys: HashMap<&str, Keys<'_>> = HashMap::new();
        for (index, line, rule) in card.converting(u64::MAX) {
            let map = entry::property(rule.target);
            let unit = match rule.target {
                Target::Nickname | Target::Keywords => continue,
                Target::Member => unit(&["members", &value::text(line)]),
                Target::Relation | Target::LabelledRelation => {
                    unit(&["relatedTo", &value::text(line)])
                }
                Target::JsProp => match params::find_text(line, ParamName::Jsptr) {
                    Some(pointer) => unit_of(&tokens(&pointer)),
                    None => continue,
                },
                target => match single(target) {
                    [] if map.is_empty() => continue,
                    [] => {
                        let keys = keys
                            .entry(map)
                            .or_insert_with(|| Keys::of_lines(card.converting(targets_of(map))));
                        let mut path: Vec<&str> = map.split('/').collect();
                        path.extend(keys.get(index));
                        unit(&path)
                    }
                    path => unit(path),
                },
            };
            own(&mut owners, index, unit);
        }
        let nicknames = card.nicknames();
        for (index, key) in nickname_keys(&nicknames).iter() {
            own(&mut owners, index, unit(&["nicknames", key]));
        }
        for (index, keyword) in card.keywords() {
            own(&mut owners, index, unit(&["keywords", &keyword]));
        }
        let mut owners = Self(owners);
        owners.add_followers(card);
        owners
    }

    /// What joins a property expresses what that does. What localizes it comes first,
    /// because something may join that, too.
    fn add_followers(&mut self, card: &Card<'_>) {
        for alternative in card.alternatives() {
            let main = self.units(alternative.of).first().cloned();
            let mut path = unit(&["localizations", &alternative.language]);
            path.extend(main.unwrap_or_default());
            self.set(alternative.index, vec![path]);
        }
        for (index, property) in card.settled.properties.iter().enumerate() {
            if let Fate::Joins(of) = property.fate {
                self.set(index, self.units(of as usize).to_vec());
            }
        }
    }

    fn set(&mut self, index: usize, units: Vec<Unit>) {
        if let Some(of) = self.0.get_mut(index) {
            *of = units;
        }
    }

    pub fn units(&self, index: usize) -> &[Unit] {
        self.0.get(index).map_or(&[], Vec::as_slice)
    }

    /// Adds to the parts that are written anew those that share a line with them.
    pub fn close(&self, card: &Card<'_>, units: &mut BTreeSet<Unit>) {
        let mut lines: HashMap<Unit, Vec<usize>> = HashMap::new();
        for (index, of) in self.0.iter().enumerate().filter(|(_, of)| of.len() > 1) {
            for unit in of {
                lines.entry(unit.clone()).or_default().push(index);
            }
        }
        let mut open: Vec<Unit> = units.iter().cloned().collect();
        while let Some(unit) = open.pop() {
            for index in lines.remove(&unit).unwrap_or_default() {
                for other in self.units(index) {
                    if units.insert(other.clone()) {
                        open.push(other.clone());
                    }
                }
            }
        }
        // A patch does not apply without what it leads into.
        if card.settled.converting & Target::JsProp.bit() != 0 && !units.is_empty() {
            let leads_in = |path: &&Unit| {
                let next = units.range::<Unit, _>(*path..).next();
                next.is_some_and(|unit| unit.starts_with(path))
            };
            let whole: Vec<Unit> = self.0.iter().flatten().filter(leads_in).cloned().collect();
            units.extend(whole);
        }
    }
}

/// The part of a property of which a Card has one.
fn single(target: Target) -> &'static [&'static str] {
    match target {
        Target::Uid => &["uid"],
        Target::Kind => &["kind"],
        Target::Language => &["language"],
        Target::ProdId => &["prodId"],
        Target::Created => &["created"],
        Target::Updated => &["updated"],
        Target::FullName => &["name", "full"],
        Target::NameComponents => &["name"],
        Target::GrammaticalGender => &["speakToAs", "grammaticalGender"],
        _ => &[],
    }
}

pub fn unit(path: &[&str]) -> Unit {
    path.iter().map(|token| (*token).to_owned()).collect()
}
