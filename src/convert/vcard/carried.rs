//! What JSContact has no place for: `vCardProps`, written as jCard (RFC 9555 §2.15.1,
//! RFC 7095 §3.3).

use super::addresses::ADDRESS;
use super::components::{self, OF_PHONETICS, Part, Parts};
use super::delivery_labels;
use super::emit::Emitter;
use super::entry;
use super::jsprop::Applied;
use super::name::NAME;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Shape, Target};
use super::settle::{Fate, Property};
use super::value;
use super::{Card, HostMembers};
use crate::convert::charset;
use crate::convert::content_line::Line;
use crate::json::Writer;
use serde_json::Value;

/// The name under which a line goes that is no content line.
const INVALID_LINE: &str = "x-invalid-line";

/// A line that a card carries, as the property that it is.
pub struct CarriedLine {
    pub index: usize,
    pub property: Value,
    /// It has a place, and is carried for parameters that have none.
    pub is_of_params: bool,
}

pub fn carried_lines(
    card: &Card<'_>,
    host: &HostMembers<'_>,
    applied: &Applied,
) -> Vec<CarriedLine> {
    let mut carried = Vec::new();
    let mut out = Writer::new();
    for index in 0..card.lines.len() {
        out.clear();
        let mut emitter = Emitter::new(card, host, applied, &mut out);
        emitter.carried(index);
        let is_of_params = emitter.has_place(index);
        // What has just been written is an array.
        if let Ok(property) = serde_json::from_slice(out.as_bytes()) {
            carried.push(CarriedLine {
                index,
                property,
                is_of_params,
            });
        }
    }
    carried
}

impl<'c> Emitter<'c, '_> {
    pub fn carried_properties(&mut self) {
        let mark = self.out.mark();
        self.out.key("vCardProps");
        self.out.begin_array();
        let empty = self.out.as_bytes().len();
        for index in 0..self.card.lines.len() {
            self.carried(index);
        }
        let is_empty = self.out.as_bytes().len() == empty;
        self.out.end_array();
        if is_empty {
            self.out.rewind(mark);
        }
    }

    /// Writes the property with this index if it is carried.
    fn carried(&mut self, index: usize) {
        let Some((line, property)) = self.card.property(index) else {
            return;
        };
        match property.fate {
            Fate::Nested => self.nested_card(index, line),
            _ if self.is_carried(index, line, property) => self.carried_property(line, property),
            _ => {}
        }
    }

    /// Whether a property goes to `vCardProps`: it converts to nothing, or what it converts
    /// to has no place for all that it says.
    fn is_carried(&self, index: usize, line: Line<'c>, property: &Property) -> bool {
        self.has_no_place(index, line, property) || self.has_more_params(index, line, property)
    }

    /// Whether all that a property says has a place, but for its parameters.
    fn has_place(&self, index: usize) -> bool {
        let property = self.card.property(index);
        property.is_some_and(|(line, property)| !self.has_no_place(index, line, property))
    }

    /// Whether there is something in the value of a property that converts to nothing.
    fn has_no_place(&self, index: usize, line: Line<'c>, property: &Property) -> bool {
        let target = property.rule.target;
        match property.fate {
            Fate::Carried => true,
            Fate::Nested | Fate::Inside | Fate::Done => false,
            Fate::Joins(of) | Fate::Localizes(of) if property.sounds() => {
                self.sounds_more(line, property, of)
            }
            Fate::Joins(_) => false,
            Fate::Localizes(_) | Fate::Converts => match target {
                Target::NameComponents => self.name_overflows(line),
                Target::Address => self.address_overflows(line),
                _ if matches!(property.fate, Fate::Localizes(_)) => false,
                Target::Uid => self.host.is_uid_taken,
                Target::Updated => self.host.updated.is_some(),
                Target::Created => self.host.created.is_some(),
                Target::JsProp => self.applied.is_carried(index),
                Target::FullName => self.is_derived(line),
                _ => false,
            },
        }
    }

    /// Whether a property has parameters that no part of a Card says.
    fn has_more_params(&self, index: usize, line: Line<'c>, property: &Property) -> bool {
        let target = property.rule.target;
        match property.fate {
            Fate::Carried | Fate::Nested | Fate::Inside => false,
            Fate::Done => target == Target::Label && self.loses_params(line, ParamSet::EMPTY),
            Fate::Joins(_) | Fate::Localizes(_) if property.sounds() => {
                self.loses_params(line, OF_PHONETICS)
            }
            Fate::Joins(of) if target == Target::DeliveryLabel => {
                let address = self.card.lines.line(of as usize);
                address.is_none_or(|address| delivery_labels::loses_params(line, address))
            }
            Fate::Joins(_) => self.loses_params(line, ParamSet::EMPTY),
            Fate::Localizes(_) => match target {
                Target::NameComponents => {
                    let mut expressed = self.expressed_of(index);
                    expressed.add_if(self.is_ordered(line), ParamName::Jscomps);
                    self.loses_params(line, expressed)
                }
                Target::FullName | Target::GrammaticalGender | Target::AnniversaryPlace => {
                    self.loses_params(line, self.expressed_of(index))
                }
                _ => false,
            },
            Fate::Converts => match target {
                Target::JsProp => self.loses_params(line, ParamSet::of(&[ParamName::Jsptr])),
                Target::NameComponents | Target::Relation | Target::LabelledRelation => false,
                _ if !line.has_params() || !entry::property(target).is_empty() => false,
                _ => {
                    let mut expressed = self.expressed_of(index);
                    // A derived name is made anew from what it derives from.
                    expressed.add(ParamName::Derived);
                    self.loses_params(line, expressed)
                }
            },
        }
    }

    /// Whether there is a sound for a component that the name or address has not.
    fn sounds_more(&self, line: Line<'c>, property: &Property, of: u32) -> bool {
        let layout = match property.rule.target {
            Target::Address => &ADDRESS,
            _ => &NAME,
        };
        let Some(main) = self.card.lines.line(of as usize) else {
            return true;
        };
        let (main_text, sounds_text) = (value::decoded(main), value::decoded(line));
        let comma_is_text = self
            .card
            .comma_is_text(main, property.rule.name, &main_text);
        let main = Parts::read(&main_text, layout, comma_is_text, None);
        let sounds = Parts::read(&sounds_text, layout, false, None);
        let is_heard = |part: &Part<'_>| main.at(part.position).is_some();
        components::overflow(&sounds_text, layout) || !sounds.parts.iter().all(is_heard)
    }

    fn loses_params(&self, line: Line<'c>, expressed: ParamSet) -> bool {
        line.has_params() && !entry::carried(line, expressed, |_| true).is_empty()
    }

    fn carried_property(&mut self, line: Line<'c>, property: &Property) {
        self.out.begin_array();
        match line.name() {
            [] => self.out.string(INVALID_LINE),
            name => self.out.string(&charset::repair(name).to_ascii_lowercase()),
        }
        let is_base64 = !property.params.is_empty() && value::is_base64(line);
        let mut carried = entry::carried(line, ParamSet::EMPTY, |_| true);
        if is_base64 {
            carried.push(("encoding".into(), b"b"));
        }
        entry::write_params(self.out, line, carried);
        let shape = property.rule.shape;
        match params::find(line, ParamName::Value) {
            Some(value_type) => self
                .out
                .string(&params::text(value_type).to_ascii_lowercase()),
            None => self.out.string(type_name(shape)),
        }
        match shape {
            _ if is_base64 => self.out.string(&charset::repair(line.value())),
            Shape::Structured => self.structured(line),
            Shape::List => {
                for value in value::split(&value::decoded(line), b',') {
                    self.out.string(&value::unescape(value));
                }
            }
            // Nobody knows what a backslash means there.
            Shape::Unknown => self.out.string(&value::written(line)),
            _ => self.out.string(&value::text(line)),
        }
        self.out.end_array();
    }

    fn structured(&mut self, line: Line<'c>) {
        let text = value::decoded(line);
        self.out.begin_array();
        for component in value::split(&text, b';') {
            let mut values = value::split(component, b',').peekable();
            let first = values.next().unwrap_or_default();
            if values.peek().is_none() {
                self.out.string(&value::unescape(first));
                continue;
            }
            self.out.begin_array();
            self.out.string(&value::unescape(first));
            for value in values {
                self.out.string(&value::unescape(value));
            }
            self.out.end_array();
        }
        self.out.end_array();
    }

    /// Carries another card as one text, from its BEGIN to its END.
    fn nested_card(&mut self, begin: usize, line: Line<'c>) {
        let card = self.card;
        let inside = card
            .settled
            .properties
            .iter()
            .skip(begin + 1)
            .take_while(|property| property.fate == Fate::Inside)
            .count();
        let mut text = charset::repair(line.value()).into_owned();
        for index in begin + 1..=begin + inside {
            if let Some(line) = card.lines.line(index) {
                text.push('\n');
                text.push_str(&charset::repair(line.octets()));
            }
        }
        self.out.begin_array();
        self.out.string("begin");
        entry::write_params(self.out, line, Vec::new());
        self.out.string("text");
        self.out.string(&text);
        self.out.end_array();
    }
}

/// The value type that goes without saying.
pub fn type_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::List | Shape::Structured => "text",
        Shape::Uri => "uri",
        Shape::Date => "date-and-or-time",
        Shape::Timestamp => "timestamp",
        Shape::LanguageTag => "language-tag",
        Shape::Unknown => "unknown",
    }
}
