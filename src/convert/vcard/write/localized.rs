//! Parts in other languages, and how names and addresses sound there (RFC 9555 §2.3.11,
//! §2.3.15), where lines can say them.

use super::components::Placed;
use super::draft::Plan;
use super::line::NewLine;
use super::names::components;
use super::owners::Owners;
use super::units::{Unit, Units};
use super::writer::{Members, Writer};
use crate::convert::vcard::Card;
use crate::convert::vcard::addresses::ADDRESS;
use crate::convert::vcard::components::Layout;
use crate::convert::vcard::emit::text_member;
use crate::convert::vcard::entry;
use crate::convert::vcard::name::NAME;
use crate::convert::vcard::params::{self, ParamName};
use crate::convert::vcard::rule::Dialect;
use crate::convert::vcard::settle::Fate;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is wanted of a part in a language: where beneath the part, and what.
type Patches<'v> = [(Vec<String>, &'v Value)];

/// How lines say a part in another language.
enum Form {
    /// All of a property that is one text.
    Text,
    /// The components of the name.
    Components,
    /// How the components that the card has sound.
    Sounds,
    /// An entry as a whole.
    Entry,
    /// The text that is all of an entry that matters.
    Member,
    /// The place of an anniversary.
    Place,
}

impl Form {
    /// `None` where no line says these patches of a part.
    fn of(main: &[String], patches: &Patches<'_>, dialect: &Dialect) -> Option<Self> {
        let main: Vec<&str> = main.iter().map(String::as_str).collect();
        let is_sound = |(way, _): &(Vec<String>, &Value)| match way.as_slice() {
            [member] => matches!(member.as_str(), "phoneticSystem" | "phoneticScript"),
            [list, _, member] => list == "components" && member == "phonetic",
            _ => false,
        };
        let of_name = |(way, _): &(Vec<String>, &Value)| match way.as_slice() {
            [member] => NAME_MEMBERS.contains(&member.as_str()),
            _ => false,
        };
        let map = match main.as_slice() {
            ["name", "full"] | ["speakToAs", "grammaticalGender"] => return Some(Self::Text),
            ["name"] | ["addresses", _] if patches.iter().all(is_sound) => {
                return Some(Self::Sounds);
            }
            ["name"] if patches.iter().all(of_name) => return Some(Self::Components),
            ["speakToAs", "pronouns", _] => "speakToAs/pronouns",
            [map, _] => map,
            _ => return None,
        };
        match patches {
            [(way, Value::Object(_))] if way.is_empty() => Some(Self::Entry),
            [(way, Value::Object(_))] if map == "anniversaries" && *way == ["place"] => {
                Some(Self::Place)
            }
            [(way, Value::String(_))] => {
                let is_text = |member: &String| {
                    let of_map = |target| entry::property(target) == map;
                    let mut rules = dialect.rules().filter(|rule| of_map(rule.target));
                    rules.any(|rule| text_member(rule.target) == Some(member))
                };
                matches!(way.as_slice(), [member] if is_text(member)).then_some(Self::Member)
            }
            _ => None,
        }
    }
}

/// The members of a name that its N says.
const NAME_MEMBERS: [&str; 5] = [
    "components",
    "isOrdered",
    "defaultSeparator",
    "phoneticSystem",
    "phoneticScript",
];

/// The localizations among the parts of a plan that lines are to say.
pub fn sayable(
    card: &Card<'_>,
    owners: &Owners,
    plan: &Plan,
    localizations: &Units<'_>,
) -> BTreeSet<Unit> {
    let mut stored: HashSet<&Unit> = HashSet::new();
    for (index, property) in card.settled.properties.iter().enumerate() {
        if matches!(property.fate, Fate::Localizes(_)) {
            stored.extend(owners.units(index));
        }
    }
    let is_sayable = |unit: &&Unit| {
        let Some(patches) = localizations.get(*unit) else {
            return false;
        };
        let main = unit.get(2..).unwrap_or_default();
        !plan.silent.contains(*unit)
            && (card.dialect.has_languages || stored.contains(unit))
            && Form::of(main, patches, card.dialect).is_some()
    };
    let units = plan.units.iter().filter(is_localization);
    units.filter(is_sayable).cloned().collect()
}

pub fn is_localization(unit: &&Unit) -> bool {
    unit.first()
        .is_some_and(|property| property == "localizations")
        && unit.len() > 2
}

/// The part that another one localizes.
pub fn main_of(localization: &Unit) -> Unit {
    localization.get(2..).unwrap_or_default().to_vec()
}

/// Whether the alternatives of a part are told by their ALTID: of all that a vCard has once.
pub fn needs_altid(main: &Unit) -> bool {
    let path: Vec<&str> = main.iter().map(String::as_str).collect();
    !matches!(
        path[..],
        ["name", "full"] | ["speakToAs", "grammaticalGender"] | ["anniversaries", _]
    )
}

/// The ALTIDs of the parts that have alternatives.
pub struct Altids {
    used: HashSet<String>,
    stored: HashMap<Unit, String>,
    next: usize,
}

impl Altids {
    pub fn of(card: &Card<'_>, owners: &Owners) -> Self {
        let mut altids = Self {
            used: HashSet::new(),
            stored: HashMap::new(),
            next: 1,
        };
        for (index, property) in card.settled.properties.iter().enumerate() {
            if !property.params.has(ParamName::Altid) {
                continue;
            }
            let line = card.lines.line(index);
            let altid = line.and_then(|line| params::find_text(line, ParamName::Altid));
            let Some(altid) = altid.filter(|altid| !altid.is_empty()) else {
                continue;
            };
            altids.used.insert(altid.clone().into_owned());
            if property.fate == Fate::Converts {
                for unit in owners.units(index) {
                    altids
                        .stored
                        .insert(unit.clone(), altid.clone().into_owned());
                }
            }
        }
        altids
    }

    pub fn is_stored(&self, main: &Unit) -> bool {
        self.stored.contains_key(main)
    }

    /// That of a part, which is new where there is none.
    fn get(&mut self, main: &Unit) -> String {
        if let Some(altid) = self.stored.get(main) {
            return altid.clone();
        }
        while !self.used.insert(self.next.to_string()) {
            self.next += 1;
        }
        let altid = self.next.to_string();
        self.stored.insert(main.clone(), altid.clone());
        altid
    }
}

impl Writer<'_> {
    /// Writes a part in another language.
    pub fn localization(&mut self, unit: &Unit, patches: &Patches<'_>) {
        let main = main_of(unit);
        let Some(form) = Form::of(&main, patches, self.card.dialect) else {
            return;
        };
        let wanted = self.wanted;
        let of_main = wanted.at(&main).and_then(Value::as_object);
        let (map, key) = match main.as_slice() {
            [map, inner, key] => (format!("{map}/{inner}"), key.as_str()),
            [map, key] => (map.clone(), key.as_str()),
            _ => (String::new(), ""),
        };
        let first = patches.first().map(|(way, value)| (way.as_slice(), *value));
        match (form, first, of_main) {
            (Form::Text, Some((_, Value::String(text))), _) => {
                let name = match key {
                    "full" => "FN",
                    _ => "GRAMGENDER",
                };
                self.lines.push(NewLine::text(name, text));
            }
            (Form::Components, ..) => self.localized_name(patches),
            (Form::Sounds, _, Some(of_main)) => self.localized_sounds(&main, of_main, patches),
            (Form::Entry, Some((_, Value::Object(entry))), _) => {
                self.alternative(&map, key, entry);
            }
            (Form::Member, Some(([member], value)), Some(of_main)) => {
                let mut entry = Members::new();
                for own in ["kind", "vCardName"] {
                    entry.extend(of_main.get(own).map(|it| (own.to_owned(), it.clone())));
                }
                entry.insert(member.clone(), value.clone());
                self.alternative(&map, key, &entry);
            }
            (Form::Place, Some((_, Value::Object(place))), Some(of_main)) => {
                self.lines.extend(super::entries::place(of_main, place));
            }
            _ => {}
        }
        let language = unit.get(1).cloned().unwrap_or_default();
        let altid = needs_altid(&main).then(|| self.altids.get(&main));
        let name = self.lines.first().map(|line| line.name.clone());
        for line in &mut self.lines {
            if Some(&line.name) == name.as_ref() {
                line.param("LANGUAGE", &language);
                if let Some(altid) = &altid {
                    line.param("ALTID", altid);
                }
            }
        }
    }

    fn localized_name(&mut self, patches: &Patches<'_>) {
        let name: Members = (patches.iter())
            .filter_map(|(way, value)| Some((way.first()?.clone(), (*value).clone())))
            .collect();
        let placed = Placed::of(components(&name), &NAME);
        let mut line = NewLine::new("N", placed.value(5));
        self.order(&mut line, &placed, &name);
        self.lines.push(line);
        if let (Some(value), Some(line)) = (placed.sounds(5), self.sound("N", &name)) {
            self.lines.push(NewLine { value, ..line });
        }
    }

    /// How the components that the card has sound in another language.
    fn localized_sounds(&mut self, main: &Unit, of_main: &Members, patches: &Patches<'_>) {
        let (name, layout, least): (_, &'static Layout, _) = match main.len() {
            1 => ("N", &NAME, 5),
            _ => ("ADR", &ADDRESS, 7),
        };
        let mut sounding = Members::new();
        let mut parts = components(of_main).to_vec();
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            part.remove("phonetic");
        }
        for (way, value) in patches {
            match way.as_slice() {
                [_, at, _] => {
                    let part = at.parse().ok().and_then(|at: usize| parts.get_mut(at));
                    let Some(Value::Object(part)) = part else {
                        return;
                    };
                    part.insert("phonetic".to_owned(), (*value).clone());
                }
                [member] => {
                    sounding.insert(member.clone(), (*value).clone());
                }
                _ => return,
            }
        }
        let placed = Placed::of(&parts, layout);
        if let (Some(value), Some(line)) = (placed.sounds(least), self.sound(name, &sounding)) {
            self.lines.push(NewLine { value, ..line });
        }
    }

    /// Says by which ALTID lines belong together: those of a part that is localized, and of
    /// one that says how it sounds.
    pub fn add_altid(&mut self, unit: &Unit) {
        let sounds = |line: &NewLine| {
            matches!(line.name.as_str(), "N" | "ADR") && line.has_param("PHONETIC")
        };
        let is_localized = self.localized.contains(unit) && needs_altid(unit);
        if !is_localized && !self.lines.iter().any(sounds) {
            return;
        }
        let altid = self.altids.get(unit);
        let name = self.lines.first().map(|line| line.name.clone());
        for line in &mut self.lines {
            if Some(&line.name) == name.as_ref() && !line.has_param("ALTID") {
                line.param("ALTID", &altid);
            }
        }
    }
}
