//! Who somebody is and knows: notes, interests, pronouns, categories, relations and members
//! (RFC 9555 §2.5.4, §2.9.3, §2.9.5, §2.10, §2.11.1, §2.11.4).

use super::Card;
use super::dates;
use super::emit::Emitter;
use super::entry;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Rule, Target};
use super::value;
use crate::convert::charset;
use crate::convert::content_line::Line;

/// RFC 9553 §2.1.8.
const RELATIONS: [&str; 20] = [
    "acquaintance",
    "agent",
    "child",
    "co-resident",
    "co-worker",
    "colleague",
    "contact",
    "crush",
    "date",
    "emergency",
    "friend",
    "kin",
    "me",
    "met",
    "muse",
    "neighbor",
    "parent",
    "sibling",
    "spouse",
    "sweetheart",
];

/// RFC 9553 §2.2.4.
const GENDERS: [&str; 6] = [
    "animate",
    "common",
    "feminine",
    "inanimate",
    "masculine",
    "neuter",
];

/// The grammatical gender that this value names.
pub fn grammatical_gender(value: &str) -> Option<&'static str> {
    let value = value.trim();
    GENDERS
        .into_iter()
        .find(|gender| gender.eq_ignore_ascii_case(value))
}

/// The relation that the label of an X-ABRELATEDNAMES names, if there is a word for it.
fn labelled_relation(label: &str) -> Option<&'static str> {
    const LABELS: [(&str, &str); 13] = [
        ("assistant", "agent"),
        ("brother", "sibling"),
        ("child", "child"),
        ("daughter", "child"),
        ("father", "parent"),
        ("friend", "friend"),
        ("manager", "co-worker"),
        ("mother", "parent"),
        ("parent", "parent"),
        ("partner", "sweetheart"),
        ("sister", "sibling"),
        ("son", "child"),
        ("spouse", "spouse"),
    ];
    let known = LABELS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(label));
    known.map(|(_, relation)| *relation)
}

impl Card<'_> {
    /// The values of CATEGORIES with the indexes of their lines.
    pub(super) fn keywords(&self) -> Vec<(usize, String)> {
        let mut keywords = Vec::new();
        for (index, line, rule) in self.converting(Target::Keywords.bit()) {
            let text = value::decoded(line);
            if self.comma_is_text(line, rule.name, &text) {
                keywords.push((index, value::unescape(&text).into_owned()));
                continue;
            }
            let values = value::split(&text, b',').map(str::trim);
            keywords.extend(
                values
                    .filter(|value| !value.is_empty())
                    .map(|value| (index, value::unescape(value).into_owned())),
            );
        }
        keywords
    }
}

impl<'c> Emitter<'c, '_> {
    pub fn note(&mut self, line: Line<'c>) -> ParamSet {
        self.out.member("note", &value::text(line));
        let mut expressed = ParamSet::EMPTY;
        if !line.has_params() {
            return expressed;
        }
        let created = params::find_text(line, ParamName::Created);
        if let Some(created) = created.as_deref().and_then(dates::timestamp) {
            self.out.member("created", &dates::utc(created));
            expressed.add(ParamName::Created);
        }
        let name = params::find_text(line, ParamName::AuthorName);
        let uri = params::find_text(line, ParamName::Author);
        if name.is_some() || uri.is_some() {
            self.out.key("author");
            self.out.begin_object();
            for (member, text) in [("name", &name), ("uri", &uri)] {
                if let Some(text) = text {
                    self.out.member(member, text);
                }
            }
            self.out.end_object();
            expressed.add(ParamName::Author);
            expressed.add(ParamName::AuthorName);
        }
        expressed
    }

    pub fn personal_info(&mut self, line: Line<'c>, rule: &'static Rule) -> ParamSet {
        self.out.member("kind", rule.implies);
        self.out.member("value", &value::text(line));
        let mut expressed = ParamSet::EMPTY;
        let level = params::find_text(line, ParamName::Level).unwrap_or_default();
        let level = match level.to_ascii_lowercase().as_str() {
            "beginner" if rule.implies == "expertise" => "low",
            "average" if rule.implies == "expertise" => "medium",
            "expert" if rule.implies == "expertise" => "high",
            "low" => "low",
            "medium" => "medium",
            "high" => "high",
            _ => return expressed,
        };
        self.out.member("level", level);
        expressed.add(ParamName::Level);
        expressed
    }

    pub fn speak_to_as(&mut self) {
        let card = self.card;
        self.out.key("speakToAs");
        self.out.begin_object();
        if let Some((_, line, _)) = card.converting(Target::GrammaticalGender.bit()).next()
            && let Some(gender) = grammatical_gender(&value::text(line))
        {
            self.out.member("grammaticalGender", gender);
        }
        if card.settled.converting & Target::Pronouns.bit() != 0 {
            self.map("pronouns", Target::Pronouns.bit());
        }
        self.out.end_object();
    }

    /// CATEGORIES: each of its values once, whatever their number.
    pub fn keywords(&mut self) {
        let keywords = self.card.keywords();
        let keywords = keywords.into_iter().map(|(_, keyword)| keyword).collect();
        self.text_set("keywords", keywords);
    }

    pub fn members(&mut self) {
        let members = self.card.converting(Target::Member.bit());
        let members = members.map(|(_, line, _)| value::text(line).into_owned());
        let members = members.collect();
        self.text_set("members", members);
    }

    fn text_set(&mut self, property: &str, mut texts: Vec<String>) {
        texts.sort_unstable();
        texts.dedup();
        self.out.key(property);
        self.out.begin_object();
        for text in texts {
            self.out.key(&text);
            self.out.boolean(true);
        }
        self.out.end_object();
    }

    /// RELATED and its forerunners. Each value stands once, which `settle` has seen to.
    pub fn related_to(&mut self) {
        let card = self.card;
        let targets = Target::Relation.bit() | Target::LabelledRelation.bit();
        self.out.key("relatedTo");
        self.out.begin_object();
        for (index, line, rule) in card.converting(targets) {
            self.out.key(&value::text(line));
            self.out.begin_object();
            self.relation(line, rule);
            self.vcard_name(rule);
            self.carried_params(line, self.expressed_of(index), |value| {
                known_relation(value).is_none()
            });
            self.out.end_object();
        }
        self.out.end_object();
    }

    fn relation(&mut self, line: Line<'c>, rule: &'static Rule) {
        let label = self.card.label(line.group());
        let mut relations: Vec<&str> = entry::types(line).filter_map(known_relation).collect();
        match rule.target {
            Target::LabelledRelation => {
                relations.extend(label.as_deref().and_then(labelled_relation));
            }
            _ if !rule.implies.is_empty() => relations.push(rule.implies),
            _ => {}
        }
        relations.sort_unstable();
        relations.dedup();
        self.out.key("relation");
        self.out.begin_object();
        for relation in relations {
            self.out.key(relation);
            self.out.boolean(true);
        }
        self.out.end_object();
    }
}

fn known_relation(value: &[u8]) -> Option<&'static str> {
    let value = charset::repair(value);
    RELATIONS
        .into_iter()
        .find(|relation| relation.eq_ignore_ascii_case(&value))
}
