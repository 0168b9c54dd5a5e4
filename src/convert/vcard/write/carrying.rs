//! What is carried besides what a Card says (RFC 9555 §2.15.1), while a card is written.

use super::draft::{Origin, Plan};
use super::jcard;
use super::owners::Owners;
use super::passes::{Patching, Reading};
use super::units::CARRIED;
use crate::convert::vcard::carried::CarriedLine;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Properties by their text: how often they are carried.
type Carried<'v> = BTreeMap<String, (usize, &'v Value)>;

impl Patching<'_> {
    /// Lets go what is carried and not wanted: the line, or the part that it expresses.
    pub fn drop_carried(
        &self,
        plan: &mut Plan,
        reading: &Reading,
        owners: &Owners,
        origins: &[Origin],
    ) {
        let mut wanted = self.carried(plan);
        for CarriedLine {
            index, property, ..
        } in &reading.carried
        {
            let left = wanted.get_mut(&property.to_string());
            match left.filter(|(left, _)| *left > 0) {
                Some((left, _)) => *left -= 1,
                None => {
                    let units = owners.units(*index);
                    match origins.get(*index) {
                        Some(Origin::Keeping) => {}
                        Some(Origin::New(of)) => plan.silent.extend(of.clone()),
                        Some(Origin::Stored(line)) if units.is_empty() => {
                            plan.lines.insert(*line);
                        }
                        _ => plan.units.extend(units.iter().cloned()),
                    }
                }
            }
        }
    }

    /// What is wanted to be carried by lines of its own, and how often.
    pub fn carried(&self, plan: &Plan) -> Carried<'_> {
        let mut carried = self.wanted_carried();
        for line in &self.stored.carried {
            if (plan.released.contains(&line.index) || plan.kept.contains(&line.index))
                && let Some((left, _)) = carried.get_mut(&line.property.to_string())
            {
                *left = left.saturating_sub(1);
            }
        }
        carried
    }

    /// The lines whose carried parameters go on with what has changed in them.
    pub fn kept(&self, plan: &Plan) -> BTreeSet<usize> {
        let may_go_on = |line: &&CarriedLine| {
            line.is_of_params
                && !plan.released.contains(&line.index)
                && self.is_rewritten(line.index, plan)
        };
        let mut lines = self.stored.carried.iter().filter(may_go_on).peekable();
        let mut kept = BTreeSet::new();
        // Mostly there are none.
        if lines.peek().is_none() {
            return kept;
        }
        let mut wanted = self.wanted_carried();
        for line in lines {
            if let Some((left, _)) = wanted.get_mut(&line.property.to_string())
                && *left > 0
            {
                *left -= 1;
                kept.insert(line.index);
            }
        }
        kept
    }

    fn wanted_carried(&self) -> Carried<'_> {
        let mut carried = Carried::new();
        let wanted = self.wanted.card.get(CARRIED).and_then(Value::as_array);
        for property in wanted.into_iter().flatten() {
            if !jcard::is_of_the_form(property) {
                carried
                    .entry(property.to_string())
                    .or_insert((0, property))
                    .0 += 1;
            }
        }
        carried
    }
}
