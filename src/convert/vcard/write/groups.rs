//! Groups and their labels: what ties lines of a card together (RFC 6350 §3.3, RFC 9555
//! §2.3.9).

use super::line::NewLine;
use super::owners::Owners;
use super::units::{CARRIED, Unit};
use super::wanted::Wanted;
use crate::convert::charset;
use crate::convert::vcard::Card;
use crate::convert::vcard::entry;
use crate::convert::vcard::rule::Target;
use crate::convert::vcard::settle::{Fate, label_text};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The groups of a card while it is written.
pub struct Groups {
    used: HashSet<String>,
    next: usize,
    /// The labels that there will be, by their groups.
    labels: HashMap<String, String>,
    /// The labels that go, by their lines.
    pub dropped: BTreeSet<usize>,
    /// The groups by which titles tell their organizations, by the keys of those.
    organizations: HashMap<String, String>,
    organization_groups: HashSet<String>,
    /// The keys of the organizations in which titles are held.
    holding: HashSet<String>,
    /// The groups whose label is carried, because their objects have none.
    labelled: HashSet<String>,
}

impl Groups {
    pub fn of(card: &Card<'_>, owners: &Owners, units: &BTreeSet<Unit>, wanted: &Wanted) -> Self {
        let mut groups = Self {
            used: HashSet::new(),
            next: 1,
            labels: HashMap::new(),
            dropped: BTreeSet::new(),
            organizations: HashMap::new(),
            organization_groups: HashSet::new(),
            holding: HashSet::new(),
            labelled: HashSet::new(),
        };
        groups.add_wanted(wanted);
        // Who keeps a label, or still wants it.
        let mut labelled: HashSet<String> = HashSet::new();
        for (index, property) in card.settled.properties.iter().enumerate() {
            let Some(line) = card.lines.line(index) else {
                continue;
            };
            if line.group().is_empty() {
                continue;
            }
            let group = folded(line.group());
            groups.used.insert(group.clone());
            if property.fate != Fate::Converts {
                continue;
            }
            let of = owners.units(index);
            let is_kept = !of.iter().any(|unit| units.contains(unit));
            if property.rule.target == Target::Organization
                && is_kept
                && let [unit] = of
                && let Some(key) = unit.last()
            {
                groups.organization_groups.insert(group.clone());
                groups.organizations.insert(key.clone(), group.clone());
            }
            let is_wanted = || {
                let label = card.label(line.group());
                let entry = of.first().and_then(|unit| wanted.at(unit));
                let entry = entry.and_then(Value::as_object);
                entry.is_some_and(|entry| {
                    let says = entry.get("label").and_then(Value::as_str);
                    label.is_some()
                        && says == label.as_deref()
                        && group_of(entry) == Some(group.clone())
                })
            };
            let is_dated = matches!(
                property.rule.target,
                Target::LabelledDate | Target::LabelledRelation
            );
            let has_label = entry::has_label(property.rule.target);
            if (is_kept && (has_label || is_dated)) || (has_label && is_wanted()) {
                labelled.insert(group);
            }
        }
        for (index, property) in card.settled.properties.iter().enumerate() {
            if property.rule.target != Target::Label || property.fate != Fate::Done {
                continue;
            }
            let Some(line) = card.lines.line(index) else {
                continue;
            };
            let group = folded(line.group());
            match labelled.contains(&group) {
                true => {
                    let text = label_text(line).into_owned();
                    groups.labels.entry(group).or_insert(text);
                }
                false => {
                    groups.dropped.insert(index);
                }
            }
        }
        groups
    }

    /// Whether a carried label is that of this group.
    pub fn is_labelled(&self, group: &str) -> bool {
        self.labelled.contains(group)
    }

    /// Adds the groups that are named in what is wanted.
    fn add_wanted(&mut self, wanted: &Wanted) {
        let carried = wanted.card.get(CARRIED).and_then(Value::as_array);
        for property in carried.into_iter().flatten() {
            let group = property
                .get(1)
                .and_then(Value::as_object)
                .and_then(group_in);
            if property.get(0).is_some_and(|name| name == "x-ablabel") {
                self.labelled.extend(group.clone());
            }
            self.used.extend(group);
        }
        let titles = wanted.card.get("titles").and_then(Value::as_object);
        for (_, title) in titles.into_iter().flatten() {
            let organization = title.get("organizationId").and_then(Value::as_str);
            self.holding.extend(organization.map(str::to_owned));
        }
        let entries = wanted.card.values().filter_map(Value::as_object);
        let entries = entries.flat_map(Map::values).filter_map(Value::as_object);
        self.used.extend(entries.filter_map(group_of));
    }

    /// A group that no line is in.
    pub fn fresh(&mut self) -> String {
        loop {
            let group = format!("item{}", self.next);
            self.next += 1;
            if self.used.insert(group.clone()) {
                return group;
            }
        }
    }

    /// Puts a line into the group that its object names and into one with its label, if it
    /// has any.
    pub fn join(
        &mut self,
        line: &mut NewLine,
        object: &Map<String, Value>,
        has_label: bool,
    ) -> Option<NewLine> {
        let own = group_of(object);
        let label = object
            .get("label")
            .and_then(Value::as_str)
            .filter(|_| has_label);
        let Some(label) = label else {
            // Another's label is none of this one.
            line.group = own.filter(|group| !has_label || !self.labels.contains_key(group));
            self.used.extend(line.group.clone());
            return None;
        };
        let there = own.as_ref().and_then(|group| self.labels.get(group));
        if there.is_some_and(|there| there == label) {
            line.group = own;
            return None;
        }
        let group = match (own, there) {
            (Some(group), None) => group,
            _ => self.fresh(),
        };
        self.used.insert(group.clone());
        self.labels.insert(group.clone(), label.to_owned());
        let mut written = NewLine::text("X-ABLABEL", label);
        written.group = Some(group.clone());
        line.group = Some(group);
        Some(written)
    }

    /// The group of the organization with this key.
    pub fn organization(&mut self, key: &str, own: Option<String>) -> String {
        if let Some(group) = self.organizations.get(key) {
            return group.clone();
        }
        let group = own.unwrap_or_else(|| self.fresh());
        self.used.insert(group.clone());
        self.organization_groups.insert(group.clone());
        self.organizations.insert(key.to_owned(), group.clone());
        group
    }

    pub fn has_organization(&self, group: &str) -> bool {
        self.organization_groups.contains(group)
    }

    /// Whether a title is held in the organization with this key.
    pub fn holds_titles(&self, key: &str) -> bool {
        self.holding.contains(key)
    }
}

/// The group that an object names, if it is one.
pub fn group_of(object: &Map<String, Value>) -> Option<String> {
    let group = group_in(object.get("vCardParams")?.as_object()?)?;
    Some(group.to_ascii_lowercase())
}

/// The group among jCard's parameters.
pub fn group_in(params: &Map<String, Value>) -> Option<String> {
    let group = params.get("group")?.as_str()?;
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let is_group = !group.is_empty() && group.bytes().all(is_name);
    is_group.then(|| group.to_owned())
}

fn folded(group: &[u8]) -> String {
    charset::repair(group).to_ascii_lowercase()
}
