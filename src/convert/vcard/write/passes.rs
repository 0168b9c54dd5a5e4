//! Writes a card in passes: what does not read as it is wanted is written anew.

use super::draft::{Origin, Plan, draft};
use super::jcard;
use super::line::Style;
use super::localized::{Altids, is_localization, main_of, needs_altid, sayable};
use super::owners::{Owners, unit};
use super::units::{self, CARRIED, Unit, differing, says};
use super::wanted::{Wanted, is_valid};
use super::{Unwritable, patches, unwritable};
use crate::convert::vcard::carried::{self, CarriedLine};
use crate::convert::vcard::emit::{self, Objects};
use crate::convert::vcard::params::{self, ParamName};
use crate::convert::vcard::rule::Target;
use crate::convert::vcard::{Card, HostMembers, value};
use crate::store::Object;
use serde_json::Value;
use std::collections::BTreeSet;

/// How often what reads differently is written anew.
const PASSES: usize = 12;

/// One card while it is written, until it reads as it is wanted.
pub struct Patching<'a> {
    pub card: &'a Card<'a>,
    pub host: &'a HostMembers<'a>,
    pub owners: Owners,
    pub style: Style,
    pub wanted: &'a Wanted,
    pub stored: Reading,
}

/// What a card says, as far as it is compared.
pub struct Reading {
    objects: Objects,
    pub carried: Vec<CarriedLine>,
}

impl Reading {
    pub fn of(card: &Card<'_>, host: &HostMembers<'_>) -> Self {
        let objects = emit::objects(card, host);
        let mut carried = carried::carried_lines(card, host, &objects.applied);
        carried.retain(|line| !jcard::is_of_the_form(&line.property));
        Self { objects, carried }
    }

    pub fn object(&self) -> &Object {
        let Objects { plain, patched, .. } = &self.objects;
        patched.as_ref().unwrap_or(plain)
    }
}

impl Plan {
    fn size(&self) -> usize {
        self.units.len() + self.lines.len() + self.silent.len()
    }

    pub fn is_empty(&self) -> bool {
        self.units.is_empty() && self.lines.is_empty() && self.carried.is_empty()
    }
}

impl Patching<'_> {
    /// What differs between the card and what is wanted.
    pub fn first_plan(&self, is_new: bool) -> Plan {
        let reading = &self.stored;
        let mut plan = Plan {
            units: differing(reading.object(), &self.wanted.card, PartialEq::eq),
            ..Plan::default()
        };
        plan.units.extend(self.wanted.new_media.iter().cloned());
        let origins: Vec<Origin> = (0..self.card.lines.len()).map(Origin::Stored).collect();
        self.drop_carried(&mut plan, reading, &self.owners, &origins);
        if is_new {
            plan.units.insert(unit(&["name"]));
            plan.units.insert(unit(&["name", "full"]));
        }
        if (is_new || !plan.is_empty()) && self.card.uid().is_none() {
            plan.units.insert(unit(&["uid"]));
        }
        self.settle(&mut plan);
        plan
    }

    /// Whether a line goes because of a part that it expresses.
    pub fn is_rewritten(&self, index: usize, plan: &Plan) -> bool {
        let units = self.owners.units(index);
        units.iter().any(|unit| plan.units.contains(unit))
    }

    /// Completes a plan: with the parts that share a line with its own, with what the lines
    /// that stay do not carry.
    fn settle(&self, plan: &mut Plan) {
        // A full name that nothing says is made of the components.
        let full = unit(&["name", "full"]);
        if plan.units.contains(["name".to_owned()].as_slice()) && self.wanted.at(&full).is_none() {
            plan.units.insert(full);
        }
        self.add_localized(plan);
        self.owners.close(self.card, &mut plan.units);
        self.add_holding(plan);
        plan.kept = self.kept(plan);
        let mut wanted = self.carried(plan);
        for line in &self.stored.carried {
            let stays = !plan.lines.contains(&line.index) && !self.is_rewritten(line.index, plan);
            if stays && let Some((left, _)) = wanted.get_mut(&line.property.to_string()) {
                *left = left.saturating_sub(1);
            }
        }
        plan.carried.clear();
        for (left, property) in wanted.into_values() {
            plan.carried
                .extend(std::iter::repeat_n(property.clone(), left));
        }
    }

    /// Finds the localizations that lines say, and adds the parts that need an ALTID for them.
    fn add_localized(&self, plan: &mut Plan) {
        plan.localized.clear();
        if !plan.units.iter().any(|unit| is_localization(&unit)) {
            return;
        }
        let localizations = units::localizations(&self.wanted.card);
        plan.localized = sayable(self.card, &self.owners, plan, &localizations);
        let altids = Altids::of(self.card, &self.owners);
        let mains = plan.localized.iter().map(main_of);
        let is_new = |main: &Unit| needs_altid(main) && !altids.is_stored(main);
        plan.units.extend(mains.filter(is_new));
    }

    /// Adds the organizations in which new titles are held and that stand in no group yet.
    fn add_holding(&self, plan: &mut Plan) {
        let titles = plan
            .units
            .iter()
            .filter(|unit| matches!(unit.first(), Some(it) if it == "titles"));
        let held = titles.filter_map(|unit| self.wanted.at(unit)?.get("organizationId")?.as_str());
        let held: BTreeSet<Unit> = held.map(|key| unit(&["organizations", key])).collect();
        for (index, line, _) in self.card.converting(Target::Organization.bit()) {
            let units = self.owners.units(index).iter();
            if line.group().is_empty() {
                plan.units
                    .extend(units.filter(|unit| held.contains(*unit)).cloned());
            }
        }
    }

    /// Refuses what is no valid JSContact, where it has changed.
    pub fn check(&self, plan: &Plan) -> Result<(), Unwritable> {
        let mut invalid: BTreeSet<Unit> = (plan.units.iter())
            .filter(|unit| self.wanted.at(unit).is_some() || unit.len() < 2)
            .filter(|unit| !is_valid(&self.wanted.card, unit))
            .cloned()
            .collect();
        let localizations = unit(&["localizations"]);
        let is_localized = plan
            .units
            .iter()
            .any(|unit| unit.starts_with(&localizations));
        if is_localized && !is_valid(&self.wanted.card, &localizations) {
            invalid.insert(localizations);
        }
        if !plan.carried.is_empty() && !is_valid(&self.wanted.card, &unit(&[CARRIED])) {
            invalid.insert(unit(&[CARRIED]));
        }
        match invalid.is_empty() {
            true => Ok(()),
            false => Err(unwritable(&invalid, "this is no valid JSContact")),
        }
    }

    pub fn write(&self, mut plan: Plan) -> Result<Vec<u8>, Unwritable> {
        let mut wrong = BTreeSet::new();
        let mut stalls = 0;
        for _ in 0..PASSES {
            let (text, origins) = draft(self.card, &self.owners, self.wanted, &plan, self.style);
            let card = Card::parse(&text, self.card.dialect);
            let reading = Reading::of(&card, self.host);
            wrong = self.wrong(&reading, &plan, &origins);
            if wrong.is_empty() {
                return Ok(text);
            }
            let before = plan.size();
            plan.units
                .extend(wrong.iter().filter(|unit| **unit != [CARRIED]).cloned());
            let owners = Owners::of(&card);
            self.drop_carried(&mut plan, &reading, &owners, &origins);
            self.settle(&mut plan);
            if before != plan.size() {
                continue;
            }
            // What is said in other languages, but not as it is wanted, is better not said.
            let localized = wrong.iter().filter(|unit| plan.localized.contains(*unit));
            let localized: Vec<Unit> = localized.cloned().collect();
            if !localized.is_empty() {
                plan.silent.extend(localized);
                self.settle(&mut plan);
                continue;
            }
            stalls += 1;
            if stalls % 2 == 0 {
                self.release(&mut plan, &reading, &origins);
                self.settle(&mut plan);
            } else {
                self.patch(&mut plan, &reading.objects.plain)?;
            }
        }
        Err(unwritable(&wrong, "a vCard cannot hold this"))
    }

    /// Lets go what cannot be carried beside what is wanted: what a line has said besides that
    /// is written anew, and lines that come to say something when others go.
    fn release(&self, plan: &mut Plan, reading: &Reading, origins: &[Origin]) {
        let mut carrying: BTreeSet<usize> = BTreeSet::new();
        for line in &reading.carried {
            if let Some(Origin::Stored(line)) = origins.get(line.index) {
                carrying.insert(*line);
            }
        }
        for CarriedLine { index, .. } in &self.stored.carried {
            let is_rewritten = self.is_rewritten(*index, plan);
            if is_rewritten || (!carrying.contains(index) && plan.lines.insert(*index)) {
                plan.released.insert(*index);
            }
        }
        plan.patches.clear();
    }

    /// Leaves what no other line says to JSPROPs, of which those stay that do.
    fn patch(&self, plan: &mut Plan, plain: &Object) -> Result<(), Unwritable> {
        let mut patches = patches::between(plain, &self.wanted.card);
        // An embedded blob that no line holds is nowhere.
        let lost = patches.keys().find(|path| {
            let is_media = path.first().is_some_and(|property| property == "media");
            let media = self.wanted.at(path);
            is_media && media.is_some_and(|media| media.to_string().contains("\"blobId\""))
        });
        if let Some(path) = lost {
            return Err(Unwritable::of(
                &path.join("/"),
                "this is no media of a vCard",
            ));
        }
        for (index, line, _) in self.card.converting(Target::JsProp.bit()) {
            let is_orphan = self.stored.objects.applied.is_orphan(index);
            let units = self.owners.units(index);
            if is_orphan || units.iter().any(|unit| plan.units.contains(unit)) {
                continue;
            }
            let pointer = params::find_text(line, ParamName::Jsptr).unwrap_or_default();
            let pointer = units::tokens(&pointer);
            let json: Option<Value> = serde_json::from_str(&value::text(line)).ok();
            match json {
                Some(json) if patches.get(&pointer) == Some(&json) => {
                    patches.remove(&pointer);
                }
                _ => plan.units.extend(units.iter().cloned()),
            }
        }
        plan.patches = patches;
        Ok(())
    }

    /// The parts that do not read as they are wanted.
    fn wrong(&self, reading: &Reading, plan: &Plan, origins: &[Origin]) -> BTreeSet<Unit> {
        let mut wrong = differing(reading.object(), &self.wanted.card, says);
        let mut wanted = self.carried(plan);
        let is_wanted = |line: &CarriedLine| {
            if matches!(origins.get(line.index), Some(Origin::Keeping)) {
                return true;
            }
            let left = wanted.get_mut(&line.property.to_string());
            left.is_some_and(|(left, _)| {
                *left = left.wrapping_sub(1);
                *left < usize::MAX / 2
            })
        };
        let all_wanted = reading.carried.iter().all(is_wanted);
        if !all_wanted || wanted.values().any(|(left, _)| *left != 0) {
            wrong.insert(unit(&[CARRIED]));
        }
        wrong
    }
}
