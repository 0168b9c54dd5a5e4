//! BDAY, DEATHDATE, ANNIVERSARY and their places (RFC 9555 §2.5.1).

use super::dates::{self, Date};
use super::emit::Emitter;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Rule, Target};
use super::value;
use crate::convert::content_line::Line;

/// The labels of an X-ABDATE that name kinds which JSContact has.
pub const LABELS: [(&str, &str); 3] = [
    ("Anniversary", "wedding"),
    ("Birthday", "birth"),
    ("Wedding", "wedding"),
];

/// The kind that the label of an X-ABDATE names, if JSContact has it.
pub fn labelled_kind(label: &str) -> Option<&'static str> {
    let known = LABELS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(label));
    known.map(|(_, kind)| *kind)
}

/// The date of an anniversary that JSContact can hold.
pub fn date(line: Line<'_>) -> Option<Date> {
    match params::value_is(line, "text") {
        true => None,
        false => dates::anniversary(&value::text(line)),
    }
}

/// Whether a place is one that JSContact can hold: a text, or a geo URI.
pub fn is_place(line: Line<'_>) -> bool {
    !params::value_is(line, "uri") || is_geo(line.value())
}

fn is_geo(value: &[u8]) -> bool {
    value
        .get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"geo:"))
}

/// Whether the year only fills the place of one that is not known, as Apple writes it.
fn omits_year(line: Line<'_>, year: u32) -> bool {
    line.params().any(|param| {
        param.name.eq_ignore_ascii_case(b"X-APPLE-OMIT-YEAR")
            && params::text(param.value).parse() == Ok(year)
    })
}

impl<'c> Emitter<'c, '_> {
    pub fn anniversary(&mut self, index: usize, line: Line<'c>, rule: &'static Rule) -> ParamSet {
        let label = self.card.label(line.group());
        let kind = match rule.target {
            Target::LabelledDate => label.as_deref().and_then(labelled_kind),
            _ => Some(rule.implies),
        };
        let mut expressed = ParamSet::EMPTY;
        let (Some(kind), Some(date)) = (kind, date(line)) else {
            return expressed;
        };
        self.out.member("kind", kind);
        self.out.key("date");
        self.out.begin_object();
        match date {
            Date::Timestamp(timestamp) => {
                self.out.member("@type", "Timestamp");
                self.out.member("utc", &dates::utc(timestamp));
            }
            Date::Partial { year, month, day } => {
                let year = year.filter(|year| !omits_year(line, *year));
                for (name, part) in [("year", year), ("month", month), ("day", day)] {
                    if let Some(part) = part {
                        self.out.key(name);
                        self.out.unsigned(part.into());
                    }
                }
                if let Some(scale) = params::find_text(line, ParamName::Calscale) {
                    self.out
                        .member("calendarScale", &scale.to_ascii_lowercase());
                    expressed.add(ParamName::Calscale);
                }
            }
        }
        self.out.end_object();
        let card = self.card;
        if let Some(place) = card.joined(index, Target::AnniversaryPlace) {
            self.out.key("place");
            self.place(place);
        }
        expressed
    }

    /// Writes a place as an Address.
    pub fn place(&mut self, line: Line<'c>) {
        let member = match is_geo(line.value()) {
            true => "coordinates",
            false => "full",
        };
        self.out.begin_object();
        self.out.member(member, &value::text(line));
        self.out.end_object();
    }
}
