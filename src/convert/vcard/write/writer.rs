//! The lines of one part of a Card (RFC 9555 §3.1): the reading tables, read backwards.

use super::common::{add_params, set};
use super::groups::{Groups, group_of};
use super::line::{NewLine, NewValue, Style, Version};
use super::localized::Altids;
use super::units::Unit;
use super::wanted::Wanted;
use crate::convert::vcard::Card;
use crate::convert::vcard::entry;
use crate::convert::vcard::keys;
use crate::convert::vcard::params::{self, ParamName, ParamSet};
use crate::convert::vcard::rule::{Rule, Shape, Target};
use serde_json::{Map, Value};
use std::collections::HashSet;

pub type Members = Map<String, Value>;

/// Writes the parts of one Card into one vCard.
pub struct Writer<'a> {
    /// As it is stored.
    pub card: &'a Card<'a>,
    pub wanted: &'a Wanted,
    pub style: Style,
    pub groups: Groups,
    pub lines: Vec<NewLine>,
    /// How the card spells those that were asked for.
    pub spellings: Vec<(&'static str, &'static str)>,
    pub altids: Altids,
    /// The parts that lines say in other languages, too.
    pub localized: HashSet<Unit>,
}

/// The properties that are one value, as one vCard property.
const SINGLE: [(&str, &str); 6] = [
    ("uid", "UID"),
    ("kind", "KIND"),
    ("language", "LANGUAGE"),
    ("prodId", "PRODID"),
    ("created", "CREATED"),
    ("updated", "REV"),
];

impl Writer<'_> {
    /// Writes the lines of one part. `old` is the line that has expressed it so far.
    ///
    /// What no line says is left out.
    pub fn write(&mut self, unit: &Unit, old: Option<usize>) {
        self.write_part(unit, old);
        self.add_altid(unit);
    }

    fn write_part(&mut self, unit: &Unit, old: Option<usize>) {
        let wanted = self.wanted;
        if unit.first().is_some_and(|property| property == "name") {
            let name = wanted.card.get("name").and_then(Value::as_object);
            self.name_part(unit, name);
            return;
        }
        let Some(value) = wanted.at(unit) else {
            return;
        };
        let path: Vec<&str> = unit.iter().map(String::as_str).collect();
        match (path.as_slice(), value) {
            (["speakToAs", "grammaticalGender"], Value::String(gender)) => {
                self.lines.push(NewLine::text("GRAMGENDER", gender));
            }
            (["members", uid], _) => self.member(uid),
            (["relatedTo", to], Value::Object(relation)) => self.relation(to, relation),
            (["keywords", _], _) => {}
            ([.., map, key], Value::Object(entry)) if unit.len() > 1 => {
                let map = match *map {
                    "pronouns" => "speakToAs/pronouns",
                    map => map,
                };
                self.entry(map, key, entry, Some(old));
            }
            ([property], Value::String(text)) => {
                let known = SINGLE.iter().find(|(known, _)| known == property);
                if let Some((_, name)) = known {
                    let value = match *property {
                        "created" | "updated" => NewValue::text(&timestamp(text)),
                        "uid" => NewValue::Uri(text.clone()),
                        _ => NewValue::text(text),
                    };
                    let name = self.spelling(name);
                    self.lines.push(NewLine::new(name, value));
                }
            }
            _ => {}
        }
    }

    /// Writes what a vCard must have where the part has no line of its own.
    pub fn write_form(&mut self, unit: &Unit) {
        self.name_part(unit, None);
    }

    /// FN or N, which every card has (RFC 2426 §3.1, RFC 9555 §3.1).
    fn name_part(&mut self, unit: &Unit, name: Option<&Members>) {
        let none = Members::new();
        let name = name.unwrap_or(&none);
        match unit.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["name"] => self.name(name),
            ["name", "full"] => self.full_name(name),
            _ => {}
        }
    }

    /// The name of the property that says the same as this one in this card already.
    fn spelling(&mut self, name: &'static str) -> &'static str {
        if let Some((_, known)) = self.spellings.iter().find(|(of, _)| *of == name) {
            return known;
        }
        let target = self.card.dialect.rule(name.as_bytes()).target;
        let known = self.card.converting(target.bit()).next();
        let known = known.map_or(name, |(_, _, rule)| rule.name);
        self.spellings.push((name, known));
        known
    }

    fn member(&mut self, uid: &str) {
        let name = self.spelling("MEMBER");
        self.lines
            .push(NewLine::new(name, NewValue::Uri(uid.to_owned())));
    }

    /// One line for all these keywords.
    pub fn keywords(&mut self, keywords: Vec<String>) {
        if !keywords.is_empty() {
            let value = NewValue::Texts(vec![keywords]);
            self.lines.push(NewLine::new("CATEGORIES", value));
        }
    }

    /// An entry in another language, whose key is that of the main one.
    pub fn alternative(&mut self, map: &str, key: &str, entry: &Members) {
        self.entry(map, key, entry, None);
    }

    /// `old` is the line that has expressed it so far, and `None` for an alternative.
    fn entry(&mut self, map: &str, key: &str, entry: &Members, old: Option<Option<usize>>) {
        let Some(rule) = self.rule(map, entry) else {
            return;
        };
        let mut said = ParamSet::EMPTY;
        let mut line = NewLine::new(rule.name, NewValue::default());
        let followers = self.value(&mut line, rule, key, entry, &mut said);
        let Some(followers) = followers else {
            return;
        };
        add_params(
            &mut line,
            rule.target,
            entry,
            said,
            self.card.dialect,
            self.style,
        );
        self.keep_alternatives(&mut line, old.flatten());
        let named = match rule.target {
            Target::Nickname => "NICKNAME",
            _ => rule.name,
        };
        let (written, _) = line.value.written(self.style.version);
        let has_key = self.style.version == Version::Four
            || !keys::is_derived(key, named, written.as_bytes());
        if has_key && old.is_some() {
            line.param("PROP-ID", key);
        }
        let label = match line.group {
            Some(_) => None,
            None => self
                .groups
                .join(&mut line, entry, entry::has_label(rule.target)),
        };
        let group = line.group.clone();
        self.lines.push(line);
        self.lines.extend(label);
        self.lines
            .extend(followers.into_iter().map(|follower| NewLine {
                group: follower.group.clone().or_else(|| group.clone()),
                ..follower
            }));
    }

    /// The rule by which an entry of this map is written.
    fn rule(&self, map: &str, entry: &Members) -> Option<&'static Rule> {
        let dialect = self.card.dialect;
        let fits =
            |rule: &&'static Rule| entry::property(rule.target) == map && self.implies(rule, entry);
        let named = text(entry, "vCardName")
            .map(|name| dialect.rule(name.as_bytes()))
            .filter(fits);
        named.or_else(|| {
            dialect
                .rules()
                .find(|rule| fits(rule) && is_main(rule, entry))
        })
    }

    /// Whether what the property's name implies is what the entry is.
    fn implies(&self, rule: &Rule, entry: &Members) -> bool {
        match rule.target {
            Target::OnlineUser => {
                text(entry, "service") == Some(rule.implies)
                    && entry.contains_key("user")
                    && !entry.contains_key("uri")
            }
            Target::OnlineService => true,
            Target::LabelledDate => {
                let group = group_of(entry);
                group.is_some_and(|group| self.groups.is_labelled(&group))
            }
            Target::OrganizationUnit => !entry.contains_key("name"),
            _ => text(entry, "kind").unwrap_or_default() == rule.implies,
        }
    }

    /// Keeps what makes a line one of several in other languages (RFC 9555 §2.3.11).
    pub fn keep_alternatives(&self, line: &mut NewLine, old: Option<usize>) {
        let Some((index, old)) = old.and_then(|index| Some((index, self.card.lines.line(index)?)))
        else {
            return;
        };
        let language = text(&self.wanted.card, "language");
        let is_same = language.is_some() && language == self.card.language().as_deref();
        let says_language = is_same && self.card.says_language(old);
        let kept = [
            ("LANGUAGE", ParamName::Language, says_language),
            ("ALTID", ParamName::Altid, self.card.has_alternatives(index)),
        ];
        for (name, known, is_kept) in kept {
            if is_kept
                && !line.has_param(name)
                && let Some(value) = params::find_text(old, known)
            {
                line.param(name, &value);
            }
        }
    }

    fn relation(&mut self, to: &str, relation: &Members) {
        let dialect = self.card.dialect;
        let relations: Vec<&str> = set(relation, "relation").collect();
        let is_uri = crate::convert::vcard::contact_points::is_uri(to);
        let is_labelled = group_of(relation).is_some_and(|it| self.groups.is_labelled(&it));
        let is_one = |rule: &&'static Rule| match rule.target {
            Target::Relation => rule.implies.is_empty() || relations == [rule.implies],
            Target::LabelledRelation => is_labelled,
            _ => false,
        };
        let named = text(relation, "vCardName")
            .map(|name| dialect.rule(name.as_bytes()))
            .filter(is_one);
        let rule = named.or_else(|| {
            let mut rules = dialect.rules().filter(is_one);
            rules.find(|rule| rule.shape != Shape::Unknown || !is_uri)
        });
        let Some(rule) = rule else {
            return;
        };
        let mut line = NewLine::new(
            rule.name,
            match is_uri {
                true => NewValue::Uri(to.to_owned()),
                false => NewValue::text(to),
            },
        );
        if !is_uri && rule.shape != Shape::Unknown {
            line.param("VALUE", "text");
        }
        add_params(
            &mut line,
            rule.target,
            relation,
            ParamSet::of(&[ParamName::Value]),
            dialect,
            self.style,
        );
        let is_said = !rule.implies.is_empty() || rule.target == Target::LabelledRelation;
        if !is_said && !relations.is_empty() {
            let types = line.params.iter_mut().find(|(name, _)| name == "TYPE");
            let relations = relations.iter().map(|it| (*it).to_owned());
            match types {
                Some((_, values)) => values.extend(relations),
                None => line.params.push(("TYPE".to_owned(), relations.collect())),
            }
        }
        line.group = group_of(relation);
        self.lines.push(line);
    }
}

/// Whether a rule is the one to write by where the entry does not name one.
fn is_main(rule: &Rule, entry: &Members) -> bool {
    match rule.target {
        Target::OnlineService => rule.name == "SOCIALPROFILE",
        Target::OnlineUser => entry.len() == 2 || !entry.contains_key("uri"),
        Target::OrganizationUnit | Target::Coordinates | Target::TimeZone => false,
        _ => true,
    }
}

pub fn text<'v>(members: &'v Members, name: &str) -> Option<&'v str> {
    members.get(name)?.as_str()
}

/// A UTCDateTime as vCard writes it (RFC 6350 §4.3.5).
fn timestamp(utc: &str) -> String {
    utc.replace(['-', ':'], "")
}
