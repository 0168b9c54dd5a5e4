//! JSContact to vCard (RFC 9555 §3): what has changed in a Card goes into its stored vCard.
//!
//! The Card that is stored is compared with the one that is wanted, part by part. The lines
//! that express a changed part go and new ones take their place; all others stay octet for
//! octet. The result is read back: what does not read as it was wanted is written anew, too,
//! and what no line can say becomes a JSPROP (§3.2.1). So whatever is written is read again
//! as it was wanted, or it is refused.

mod common;
mod components;
mod draft;
mod entries;
mod groups;
mod jcard;
mod line;
mod owners;
mod patches;
mod schema;
mod units;
mod wanted;
mod writer;

use super::params::{self, ParamName};
use super::rule::Target;
use super::{Card, Dialect, HostMembers, carried, emit, value};
use crate::store::{Contents, Object, StoreError};
use draft::{Origin, Plan, draft};
use line::Style;
use owners::{Owners, unit};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use units::{CARRIED, Unit, differing, says};
use wanted::{Wanted, is_valid};

/// Why a Card cannot be stored: it is none (RFC 9553).
#[derive(Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// Pointers into the Card.
    pub properties: Vec<String>,
    pub reason: String,
}

impl Unwritable {
    fn of(property: &str, reason: &str) -> Self {
        Self {
            properties: vec![property.to_owned()],
            reason: reason.to_owned(),
        }
    }
}

impl From<Unwritable> for StoreError {
    fn from(error: Unwritable) -> Self {
        Self::Invalid {
            properties: error.properties,
            reason: error.reason,
        }
    }
}

/// How often what reads differently is written anew.
const PASSES: usize = 4;

/// Makes the stored card say what `after` says. `stored` is empty for a new card.
///
/// What only the server says (`id`, `addressBookIds`) and what the host keeps elsewhere
/// (`updated`, where `host` has it) is not written. A card without a UID gets the host's.
/// Beyond `after`, `vCardName`, `vCardParams` and the VERSION in `vCardProps` may tell how
/// things are stored.
///
/// `blobs` finds a `blobId` in `media` that is none of the card's own, such as an uploaded
/// one; its octets are embedded.
///
/// # Errors
/// `Unwritable` names what is no valid JSContact; nothing else is refused.
pub fn patch(
    stored: &[u8],
    dialect: &'static Dialect,
    host: &HostMembers<'_>,
    after: &Object,
    blobs: &dyn Fn(&str) -> Option<Contents>,
) -> Result<Vec<u8>, Unwritable> {
    if u32::try_from(stored.len()).is_err() {
        return Err(Unwritable::of("", "the stored card is too large"));
    }
    let frame = new_card(after);
    let stored_text = match stored {
        [] => frame.as_bytes(),
        stored => stored,
    };
    let card = Card::parse(stored_text, dialect);
    let wanted = Wanted::of(after, host, &card, blobs)?;
    let patching = Patching {
        owners: Owners::of(&card),
        style: Style::of(&card),
        stored: Reading::of(&card, host),
        card: &card,
        host,
        wanted: &wanted,
    };
    let plan = patching.first_plan(stored.is_empty());
    if plan.is_empty() {
        return Ok(stored.to_vec());
    }
    patching.check(&plan)?;
    let mut written = patching.write(plan)?;
    if stored.starts_with(BYTE_ORDER_MARK) {
        written.splice(0..0, BYTE_ORDER_MARK.iter().copied());
    }
    Ok(written)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A card with nothing in it, in the version that is wanted, or in 3.0, which all hosts read.
fn new_card(after: &Object) -> String {
    let carried = after.get(CARRIED).and_then(Value::as_array);
    let version = carried.into_iter().flatten().find_map(|property| {
        let is_version = property.get(0)? == "version";
        property.get(3)?.as_str().filter(|_| is_version)
    });
    let version = version.filter(|version| ["2.1", "3.0", "4.0"].contains(version));
    format!(
        "BEGIN:VCARD\r\nVERSION:{}\r\nEND:VCARD\r\n",
        version.unwrap_or("3.0")
    )
}

struct Patching<'a> {
    card: &'a Card<'a>,
    host: &'a HostMembers<'a>,
    owners: Owners,
    style: Style,
    wanted: &'a Wanted,
    stored: Reading,
}

/// What a card says, as far as it is compared.
struct Reading {
    /// Without its JSPROPs, where they apply.
    plain: Object,
    patched: Option<Object>,
    /// What it carries, with the lines that do.
    carried: Vec<(usize, Value)>,
}

impl Reading {
    fn of(card: &Card<'_>, host: &HostMembers<'_>) -> Self {
        let (plain, patched) = emit::objects(card, host);
        let mut carried = carried::carried_lines(card, host, patched.is_some());
        carried.retain(|(_, property)| !jcard::is_of_the_form(property));
        Self {
            plain,
            patched,
            carried,
        }
    }

    fn object(&self) -> &Object {
        self.patched.as_ref().unwrap_or(&self.plain)
    }
}

impl Plan {
    fn size(&self) -> usize {
        self.units.len() + self.lines.len() + self.silent.len()
    }

    fn is_empty(&self) -> bool {
        self.units.is_empty() && self.lines.is_empty() && self.carried.is_empty()
    }
}

impl Patching<'_> {
    /// What differs between the card and what is wanted.
    fn first_plan(&self, is_new: bool) -> Plan {
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
        }
        if (is_new || !plan.is_empty()) && self.card.uid().is_none() {
            plan.units.insert(unit(&["uid"]));
        }
        self.settle(&mut plan);
        plan
    }

    /// Lets go what is carried and not wanted: the line, or the part that it expresses.
    fn drop_carried(
        &self,
        plan: &mut Plan,
        reading: &Reading,
        owners: &Owners,
        origins: &[Origin],
    ) {
        let mut wanted = self.carried();
        for (index, property) in &reading.carried {
            let left = wanted.get_mut(&property.to_string());
            match left.filter(|(left, _)| *left > 0) {
                Some((left, _)) => *left -= 1,
                None => {
                    let units = owners.units(*index);
                    match origins.get(*index) {
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

    /// What is wanted to be carried, and how often.
    fn carried(&self) -> BTreeMap<String, (usize, &Value)> {
        let mut carried = BTreeMap::new();
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

    /// Completes a plan: with the parts that share a line with its own, with what the lines
    /// that stay do not carry.
    fn settle(&self, plan: &mut Plan) {
        self.owners.close(self.card, &mut plan.units);
        let stays = |index: usize| {
            let units = self.owners.units(index);
            !plan.lines.contains(&index) && !units.iter().any(|unit| plan.units.contains(unit))
        };
        let mut wanted = self.carried();
        for (index, property) in &self.stored.carried {
            if stays(*index)
                && let Some((left, _)) = wanted.get_mut(&property.to_string())
            {
                *left = left.saturating_sub(1);
            }
        }
        plan.carried.clear();
        for (left, property) in wanted.into_values() {
            plan.carried
                .extend(std::iter::repeat_n(property.clone(), left));
        }
    }

    /// Refuses what is no valid JSContact, where it has changed.
    fn check(&self, plan: &Plan) -> Result<(), Unwritable> {
        let mut invalid: BTreeSet<Unit> = (plan.units.iter())
            .filter(|unit| !is_valid(&self.wanted.card, unit))
            .cloned()
            .collect();
        if !plan.carried.is_empty() && !is_valid(&self.wanted.card, &unit(&[CARRIED])) {
            invalid.insert(unit(&[CARRIED]));
        }
        match invalid.is_empty() {
            true => Ok(()),
            false => Err(unwritable(&invalid, "this is no valid JSContact")),
        }
    }

    fn write(&self, mut plan: Plan) -> Result<Vec<u8>, Unwritable> {
        let mut wrong = BTreeSet::new();
        for _ in 0..PASSES {
            let (text, origins) = draft(self.card, &self.owners, self.wanted, &plan, self.style);
            let card = Card::parse(&text, self.card.dialect);
            let reading = Reading::of(&card, self.host);
            wrong = self.wrong(&reading);
            if wrong.is_empty() {
                return Ok(text);
            }
            let before = plan.size();
            plan.units
                .extend(wrong.iter().filter(|unit| **unit != [CARRIED]).cloned());
            let owners = Owners::of(&card);
            self.drop_carried(&mut plan, &reading, &owners, &origins);
            self.settle(&mut plan);
            if before == plan.size() {
                self.patch(&mut plan, &reading.plain);
            }
        }
        Err(unwritable(&wrong, "a vCard cannot hold this"))
    }

    /// Leaves what no other line says to JSPROPs, of which those stay that do.
    fn patch(&self, plan: &mut Plan, plain: &Object) {
        let mut patches = patches::between(plain, &self.wanted.card);
        for (index, line, _) in self.card.converting(Target::JsProp.bit()) {
            if self
                .owners
                .units(index)
                .iter()
                .any(|unit| plan.units.contains(unit))
            {
                continue;
            }
            let pointer = params::find_text(line, ParamName::Jsptr).unwrap_or_default();
            let json: Option<Value> = serde_json::from_str(&value::text(line)).ok();
            let json = json.map(|json| json.to_string());
            let stays = patches.iter().position(|(other, wanted)| {
                units::tokens(other) == units::tokens(&pointer) && Some(wanted) == json.as_ref()
            });
            match stays {
                Some(at) => {
                    patches.swap_remove(at);
                }
                None => plan.units.extend(self.owners.units(index).iter().cloned()),
            }
        }
        plan.patches = patches;
    }

    /// The parts that do not read as they are wanted.
    fn wrong(&self, reading: &Reading) -> BTreeSet<Unit> {
        let mut wrong = differing(reading.object(), &self.wanted.card, says);
        let mut wanted = self.carried();
        let is_wanted = |(_, property): &(usize, Value)| {
            let left = wanted.get_mut(&property.to_string());
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

fn unwritable(units: &BTreeSet<Unit>, reason: &str) -> Unwritable {
    Unwritable {
        properties: units.iter().map(|unit| unit.join("/")).collect(),
        reason: reason.to_owned(),
    }
}
