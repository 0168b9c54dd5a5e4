//! FN and N, and what belongs to them (RFC 9555 §2.5.2, §2.5.5, §3.1).

use super::common::add_params;
use super::components::{Placed, members};
use super::groups::group_of;
use super::line::{NewLine, NewValue, Version};
use super::writer::{Members, Writer, text};
use crate::convert::vcard::name::NAME;
use crate::convert::vcard::params::ParamSet;
use crate::convert::vcard::rule::Target;
use serde_json::Value;

/// The full name of components without one, in the order in which most of the West says it.
fn derived(components: &[Value]) -> String {
    const SAID: [&str; 7] = [
        "title",
        "given",
        "given2",
        "surname",
        "surname2",
        "generation",
        "credential",
    ];
    let of_kind = |wanted: &'static str| {
        let all = components.iter().filter_map(members);
        all.filter(move |(kind, _)| *kind == wanted)
            .map(|(_, value)| value)
    };
    SAID.into_iter()
        .flat_map(of_kind)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The components of a Name or an Address.
pub fn components(members: &Members) -> &[Value] {
    let components = members.get("components").and_then(Value::as_array);
    components.map(Vec::as_slice).unwrap_or_default()
}

impl Writer<'_> {
    /// FN, from the components where nothing else says it.
    pub fn full_name(&mut self, name: &Members) {
        let components = components(name);
        let is_ordered = name.get("isOrdered") == Some(&Value::Bool(true));
        let mut full = match text(name, "full") {
            Some(full) => NewLine::text("FN", full),
            None if components.is_empty() => NewLine::text("FN", ""),
            None => {
                let derived = match is_ordered {
                    true => Placed::of(components, &NAME)
                        .joined(text(name, "defaultSeparator").unwrap_or(" ")),
                    false => derived(components),
                };
                let mut line = NewLine::text("FN", &derived);
                line.param("DERIVED", "TRUE");
                line
            }
        };
        if !full.is_blank() {
            self.keep_alternatives(&mut full, self.converting_to(Target::FullName));
        }
        self.lines.push(full);
    }

    fn converting_to(&self, target: Target) -> Option<usize> {
        let mut lines = self.card.converting(target.bit());
        lines.next().map(|(index, ..)| index)
    }

    /// N, and what belongs to it.
    pub fn name(&mut self, name: &Members) {
        let components = components(name);
        let placed = Placed::of(components, &NAME);
        if components.is_empty() {
            // vCard 4.0 does without.
            let blank = NewLine::new("N", placed.value(5));
            self.lines
                .extend((self.style.version < Version::Four).then_some(blank));
            return;
        }
        let mut line = NewLine::new("N", placed.value(5));
        self.order(&mut line, &placed, name);
        let sort_as = self.sort_as(&mut line, &placed, name);
        add_params(
            &mut line,
            Target::NameComponents,
            name,
            ParamSet::EMPTY,
            self.card.dialect,
            self.style,
        );
        self.keep_alternatives(&mut line, self.converting_to(Target::NameComponents));
        let group = group_of(name);
        line.group = group;
        self.lines.push(line);
        self.lines.extend(sort_as);
        if let (Some(value), Some(line)) = (placed.sounds(5), self.sound("N", name)) {
            self.lines.push(NewLine { value, ..line });
        }
    }

    /// Says the order of components, and that commas separate them.
    pub fn order(&self, line: &mut NewLine, placed: &Placed<'_>, members: &Members) {
        if members.get("isOrdered") == Some(&Value::Bool(true)) {
            line.param("JSCOMPS", &placed.order(text(members, "defaultSeparator")));
        }
        let has_list = placed.places.iter().any(|values| values.len() > 1);
        let has_comma = placed
            .places
            .iter()
            .flatten()
            .any(|value| value.contains(','));
        let dialect = self.card.dialect;
        if has_list && !has_comma && dialect.comma_is_text.contains(&line.name.as_str()) {
            line.param("VALUE", "text");
        }
    }

    /// A line that says how a name or an address sounds (RFC 9555 §2.3.15).
    pub fn sound(&self, name: &str, members: &Members) -> Option<NewLine> {
        let system = text(members, "phoneticSystem");
        let script = text(members, "phoneticScript");
        let mut line = NewLine::new(name, NewValue::default());
        line.param("PHONETIC", system.or(script.and(Some("script")))?);
        if let Some(script) = script {
            line.param("SCRIPT", script);
        }
        Some(line)
    }

    /// Says how a name is sorted: by SORT-AS, or a line of its own before vCard 4.0.
    fn sort_as(&self, line: &mut NewLine, placed: &Placed<'_>, name: &Members) -> Option<NewLine> {
        let sort_as = name.get("sortAs")?.as_object()?;
        let has = |kind: &str| placed.order.iter().any(|(_, own, ..)| *own == kind);
        if !sort_as.keys().all(|kind| has(kind)) {
            return None;
        }
        if self.style.version < Version::Four
            && sort_as.len() == 1
            && let Some(Value::String(surname)) = sort_as.get("surname")
        {
            return Some(NewLine::text("SORT-STRING", surname));
        }
        let values = NAME
            .kinds
            .iter()
            .map(|kind| text(sort_as, kind).unwrap_or_default());
        let values: Vec<&str> = values.collect();
        let last = values.iter().rposition(|value| !value.is_empty())?;
        line.param("SORT-AS", &listed(values.into_iter().take(last + 1)));
        None
    }
}

/// Texts between commas, in a parameter.
pub fn listed<'v>(values: impl Iterator<Item = &'v str>) -> String {
    let escaped = |value: &str| {
        value
            .replace('\\', "\\\\")
            .replace(',', "\\,")
            .replace(';', "\\;")
    };
    values.map(escaped).collect::<Vec<_>>().join(",")
}
