//! The parts of a Card that are written one by one, and whether two Cards differ in them.

use crate::convert::vcard::emit::is_map;
use crate::store::Object;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The way to a part: `name`, `emails/e1`, `localizations/fr/titles/t1`.
pub type Unit = Vec<String>;

/// Says, for a whole Card, what is in each part: where beneath it, and what.
pub type Units<'v> = BTreeMap<Unit, Vec<(Vec<String>, &'v Value)>>;

/// What the server says of a card, its vCard does not.
const OF_THE_SERVER: [&str; 4] = ["@type", "addressBookIds", "id", "version"];

/// The carried properties have no keys, so that they are compared as a whole.
pub const CARRIED: &str = "vCardProps";

/// How many tokens of a pointer lead to its part.
pub fn depth(tokens: &[String]) -> usize {
    let depth = match tokens.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["localizations", _, ..] => 2 + depth(tokens.get(2..).unwrap_or_default()),
        ["name", "full", ..] => 2,
        ["speakToAs", "pronouns", ..] => 3,
        ["speakToAs", ..] => 2,
        [property, ..] if is_map(property) => 2,
        _ => 1,
    };
    depth.min(tokens.len())
}

/// The part that a pointer leads into.
pub fn unit_of(tokens: &[String]) -> Unit {
    tokens.get(..depth(tokens)).unwrap_or_default().to_vec()
}

/// The tokens of a JSON pointer (RFC 6901 §3), with or without its leading slash.
pub fn tokens(pointer: &str) -> Vec<String> {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    let token = |token: &str| token.replace("~1", "/").replace("~0", "~");
    pointer.split('/').map(token).collect()
}

/// The parts of those properties that are others in the other Card. Nearly all are equal as
/// wholes, and need not be taken apart.
fn units_beside<'v>(card: &'v Object, other: &Object) -> Units<'v> {
    let mut units = Units::new();
    for (property, value) in card {
        let is_compared = !OF_THE_SERVER.contains(&property.as_str()) && property != CARRIED;
        if is_compared && other.get(property) != Some(value) {
            collect(&mut units, vec![property.clone()], value);
        }
    }
    units
}

/// The parts in other languages.
pub fn localizations(card: &Object) -> Units<'_> {
    let mut units = Units::new();
    if let Some(value) = card.get(LOCALIZATIONS) {
        collect(&mut units, vec![LOCALIZATIONS.to_owned()], value);
    }
    units
}

const LOCALIZATIONS: &str = "localizations";

fn collect<'v>(units: &mut Units<'v>, path: Unit, value: &'v Value) {
    let is_localization = path.len() == 2 && path.first().is_some_and(|it| it == "localizations");
    let has_parts = match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["localizations" | "speakToAs"] | ["speakToAs", "pronouns"] => true,
        [property] => is_map(property),
        _ => is_localization,
    };
    match value {
        Value::Object(members) if has_parts && !members.is_empty() => {
            for (name, value) in members {
                let mut path = path.clone();
                if is_localization {
                    let way = tokens(name);
                    let (unit, rest) = way.split_at(depth(&way));
                    path.extend_from_slice(unit);
                    units.entry(path).or_default().push((rest.to_vec(), value));
                } else {
                    path.push(name.clone());
                    collect(units, path, value);
                }
            }
        }
        Value::Object(members) if path == [NAME] => {
            if members.keys().any(|name| name != FULL) {
                units.entry(path).or_default().push((Vec::new(), value));
            }
            if let Some(full) = members.get(FULL) {
                let path = vec![NAME.to_owned(), FULL.to_owned()];
                units.entry(path).or_default().push((Vec::new(), full));
            }
        }
        _ => units.entry(path).or_default().push((Vec::new(), value)),
    }
}

/// A name is two parts, as it is two properties of a vCard: FN, and the rest of it, which is
/// N.
const NAME: &str = "name";
const FULL: &str = "full";

fn without_full(name: &Value) -> Value {
    let mut name = name.clone();
    if let Value::Object(members) = &mut name {
        members.remove(FULL);
    }
    name
}

/// The parts in which `found` is not `wanted`, by what `same` says of their values.
pub fn differing(
    found: &Object,
    wanted: &Object,
    same: fn(&Value, &Value) -> bool,
) -> BTreeSet<Unit> {
    let (found, wanted) = (units_beside(found, wanted), units_beside(wanted, found));
    let says = |unit: &Unit| match (found.get(unit), wanted.get(unit)) {
        (Some(found), Some(wanted)) if *unit == [NAME] => {
            found == wanted
                || found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| same(&without_full(found.1), &without_full(wanted.1)))
        }
        (Some(found), Some(wanted)) => {
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| found.0 == wanted.0 && same(found.1, wanted.1))
        }
        _ => false,
    };
    let all = found.keys().chain(wanted.keys());
    all.filter(|unit| !says(unit)).cloned().collect()
}

/// Whether `found` is `wanted`, but for what only tells how it is stored (RFC 9555 §2.15.2,
/// §2.15.3) where nothing was wanted of that.
pub fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            found.iter().all(|(name, found)| match wanted.get(name) {
                Some(wanted) if name == "vCardParams" => says_params(found, wanted),
                Some(wanted) => says(found, wanted),
                None => is_of_the_storing(name),
            }) && wanted.keys().all(|name| found.contains_key(name))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| says(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

/// Whether a member only tells how its object is stored.
pub fn is_of_the_storing(name: &str) -> bool {
    matches!(name, "vCardName" | "vCardParams")
}

fn says_params(found: &Value, wanted: &Value) -> bool {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else {
        return found == wanted;
    };
    // Any group will do that ties the same lines together (RFC 9555 §2.3.9).
    wanted
        .iter()
        .all(|(name, value)| name == "group" || found.get(name) == Some(value))
}
