//! N and ADR: components in their places, and their order (RFC 9555 §2.5.5, §2.6.1, §3.3.1).

use super::common::add_params;
use super::line::{NewLine, NewValue, Version};
use super::writer::{Members, Writer, text};
use crate::convert::vcard::addresses::ADDRESS;
use crate::convert::vcard::components::Layout;
use crate::convert::vcard::name::NAME;
use crate::convert::vcard::params::ParamSet;
use crate::convert::vcard::rule::Target;
use serde_json::Value;

const SEPARATOR: &str = "separator";

/// Components of a Name or an Address in their places.
pub struct Placed<'v> {
    places: Vec<Vec<String>>,
    order: Vec<Ordered<'v>>,
}

/// A component: its place and which one there, or none for a separator; its value, and how
/// that sounds.
type Ordered<'v> = (Option<(usize, usize)>, &'v str, Option<&'v str>);

/// The place of a kind, where those of the newer kinds stand besides (RFC 9554 §2.1, §2.2).
fn place(layout: &Layout, kind: &str, has_newer: &dyn Fn(usize) -> bool) -> Option<usize> {
    let elder = layout.kinds.iter().position(|known| *known == kind)?;
    let newer = layout.kinds.iter().rposition(|known| *known == kind)?;
    Some(match newer != elder && has_newer(elder) {
        true => newer,
        false => elder,
    })
}

fn members(component: &Value) -> Option<(&str, &str)> {
    Some((
        component.get("kind")?.as_str()?,
        component.get("value")?.as_str()?,
    ))
}

/// Whether a component stands in one of the places that say the same as this elder one.
fn has_newer(layout: &'static Layout, components: &[Value], elder: usize) -> bool {
    let repeat = layout.repeats.iter().find(|repeat| repeat.elder == elder);
    let mut kinds = repeat
        .into_iter()
        .flat_map(|it| it.newer)
        .filter_map(|at| layout.kinds.get(*at));
    kinds.any(|kind| {
        let is_new = layout.kinds.iter().position(|known| known == kind)
            == layout.kinds.iter().rposition(|known| known == kind);
        is_new
            && components
                .iter()
                .any(|it| members(it).is_some_and(|(own, _)| own == *kind))
    })
}

impl<'v> Placed<'v> {
    pub fn of(components: &'v [Value], layout: &'static Layout) -> Self {
        let mut placed = Self {
            places: vec![Vec::new(); layout.kinds.len()],
            order: Vec::with_capacity(components.len()),
        };
        let newer: Vec<bool> = (0..layout.kinds.len())
            .map(|at| has_newer(layout, components, at))
            .collect();
        let has_newer = |elder: usize| newer.get(elder) == Some(&true);
        for component in components {
            let Some((kind, value)) = members(component) else {
                continue;
            };
            let phonetic = component.get("phonetic").and_then(Value::as_str);
            match place(layout, kind, &has_newer) {
                Some(at) => {
                    if let Some(values) = placed.places.get_mut(at) {
                        placed
                            .order
                            .push((Some((at, values.len())), value, phonetic));
                        values.push(value.to_owned());
                    }
                }
                None if kind == SEPARATOR => placed.order.push((None, value, phonetic)),
                None => {}
            }
        }
        for repeat in layout.repeats {
            placed.repeat(repeat.elder, repeat.newer, repeat.whole, layout.kinds.len());
        }
        placed
    }

    /// Says for elder readers what stands in newer places.
    fn repeat(&mut self, elder: usize, newer: &[usize], is_whole: bool, kinds: usize) {
        let in_newer = |at: &Option<(usize, usize)>| at.is_some_and(|(at, _)| newer.contains(&at));
        let values: Vec<&str> = (self.order.iter().filter(|(at, ..)| in_newer(at)))
            .map(|(_, value, _)| *value)
            .collect();
        let Some(place) = self
            .places
            .get_mut(elder)
            .filter(|_| !values.is_empty() && kinds > 0)
        else {
            return;
        };
        match is_whole {
            true => place.push(values.join(" ")),
            false => place.extend(values.into_iter().map(str::to_owned)),
        }
    }

    /// The value, without empty components behind the first `least`.
    pub fn value(&self, least: usize) -> NewValue {
        let filled = self.places.iter().rposition(|values| !values.is_empty());
        let length = filled.map_or(least, |last| least.max(last + 1));
        let length = if length > least {
            self.places.len()
        } else {
            length
        };
        let places = self
            .places
            .iter()
            .take(length)
            .map(|values| match values.as_slice() {
                [] => vec![String::new()],
                values => values.to_vec(),
            });
        NewValue::Texts(places.collect())
    }

    /// How the components sound, each in the place of its component.
    pub fn sounds(&self, least: usize) -> Option<NewValue> {
        let mut places: Vec<Vec<String>> = vec![Vec::new(); self.places.len()];
        let mut is_any = false;
        for (at, _, phonetic) in &self.order {
            let Some(values) = at.and_then(|(at, _)| places.get_mut(at)) else {
                continue;
            };
            values.push(phonetic.unwrap_or_default().to_owned());
            is_any |= phonetic.is_some();
        }
        let placed = Self {
            places,
            order: Vec::new(),
        };
        is_any.then(|| placed.value(least))
    }

    /// The JSCOMPS that gives the order.
    pub fn order(&self, default_separator: Option<&str>) -> String {
        let separator = |text: &str| {
            let mut entry = String::from("s,");
            for character in text.chars() {
                if matches!(character, ',' | ';' | '\\') {
                    entry.push('\\');
                }
                entry.push(character);
            }
            entry
        };
        let mut entries = vec![default_separator.map(separator).unwrap_or_default()];
        entries.extend(self.order.iter().map(|(at, value, _)| match at {
            None => separator(value),
            Some((at, 0)) => at.to_string(),
            Some((at, value)) => format!("{at},{value}"),
        }));
        entries.join(";")
    }

    /// The components as one text.
    fn joined(&self, default_separator: &str) -> String {
        let mut joined = String::new();
        let mut was_separator = true;
        for (at, value, _) in &self.order {
            if !was_separator && at.is_some() {
                joined.push_str(default_separator);
            }
            joined.push_str(value);
            was_separator = at.is_none();
        }
        joined
    }
}

/// Puts components without an order of their own into that in which they are read.
pub fn arrange(components: &mut [Value], of: &str) {
    let layout: &'static Layout = match of {
        "Name" => &NAME,
        _ => &ADDRESS,
    };
    let newer: Vec<bool> = (0..layout.kinds.len())
        .map(|at| has_newer(layout, components, at))
        .collect();
    let has_newer = |elder: usize| newer.get(elder) == Some(&true);
    let key = |component: &Value| {
        let (kind, _) = members(component)?;
        let at = place(layout, kind, &has_newer)?;
        let repeat = layout
            .repeats
            .iter()
            .find(|it| it.whole && it.newer.contains(&at));
        Some((repeat.map_or(at, |repeat| repeat.elder), at))
    };
    let is_known = components.iter().all(|component| key(component).is_some());
    if is_known {
        components.sort_by_key(key);
    }
}

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

impl Writer<'_> {
    /// FN and N, which every card has (RFC 2426 §3.1, RFC 9555 §3.1).
    pub fn name(&mut self, name: Option<&Members>) {
        let none = Members::new();
        let name = name.unwrap_or(&none);
        let components = name.get("components").and_then(Value::as_array);
        let components = components.map(Vec::as_slice).unwrap_or_default();
        let is_ordered = name.get("isOrdered") == Some(&Value::Bool(true));
        let placed = Placed::of(components, &NAME);
        let mut full = match text(name, "full") {
            Some(full) => NewLine::text("FN", full),
            None if components.is_empty() => NewLine::text("FN", ""),
            None => {
                let derived = match is_ordered {
                    true => placed.joined(text(name, "defaultSeparator").unwrap_or(" ")),
                    false => derived(components),
                };
                let mut line = NewLine::text("FN", &derived);
                line.param("DERIVED", "TRUE");
                line
            }
        };
        let old = |target: Target| {
            self.card
                .converting(target.bit())
                .next()
                .map(|(index, ..)| index)
        };
        self.keep_alternatives(&mut full, old(Target::FullName));
        self.lines.push(full);
        if components.is_empty() && self.style.version == Version::Four {
            return;
        }
        let mut line = NewLine::new("N", placed.value(5));
        self.order(&mut line, &placed, name);
        let sort_as = self.sort_as(&mut line, name);
        add_params(
            &mut line,
            Target::NameComponents,
            name,
            ParamSet::EMPTY,
            self.card.dialect,
            self.style,
        );
        self.keep_alternatives(&mut line, old(Target::NameComponents));
        let group = super::groups::group_of(name);
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
    fn sound(&self, name: &str, members: &Members) -> Option<NewLine> {
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
    fn sort_as(&self, line: &mut NewLine, name: &Members) -> Option<NewLine> {
        let sort_as = name.get("sortAs")?.as_object()?;
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

impl Writer<'_> {
    /// ADR, or GEO and TZ where that is all there is; and the lines that belong to it.
    pub fn address(&mut self, line: &mut NewLine, address: &Members) -> Vec<NewLine> {
        let components = address.get("components").and_then(Value::as_array);
        let components = components.map(Vec::as_slice).unwrap_or_default();
        let placed = Placed::of(components, &ADDRESS);
        line.value = placed.value(7);
        self.order(line, &placed, address);
        if let Some(full) = text(address, "full") {
            if components.is_empty() && self.style.version < Version::Four {
                // Elder readers know no label there.
                line.value = NewValue::Texts(
                    ["", "", full, "", "", "", ""]
                        .map(|it| vec![it.to_owned()])
                        .to_vec(),
                );
                line.param("DERIVED", "TRUE");
            }
            line.param("LABEL", full);
        }
        if let Some(code) = text(address, "countryCode") {
            line.param("CC", code);
        }
        let mut followers = Vec::new();
        for (member, param) in [("coordinates", "GEO"), ("timeZone", "TZ")] {
            let Some(value) = text(address, member) else {
                continue;
            };
            match self.style.version {
                Version::Four => line.param(param, value),
                _ => followers.extend(place_line(param, value)),
            }
        }
        let says_nothing = components.is_empty()
            && !address.contains_key("full")
            && !address.contains_key("countryCode");
        if says_nothing && self.style.version < Version::Four && !followers.is_empty() {
            *line = followers.remove(0);
        }
        if !followers.is_empty() || matches!(line.name.as_str(), "GEO" | "TZ") {
            let group = super::groups::group_of(address).unwrap_or_else(|| self.groups.fresh());
            line.group = Some(group);
        }
        followers
    }
}

/// GEO or TZ as vCard 3.0 has them (RFC 2426 §3.4).
fn place_line(name: &str, value: &str) -> Option<NewLine> {
    if name == "TZ" {
        return Some(NewLine::text(name, value));
    }
    let uri = value.strip_prefix("geo:")?;
    let value = match uri.split_once(',') {
        Some((latitude, longitude)) if !longitude.contains([',', ';']) => {
            NewValue::Texts(vec![vec![latitude.to_owned()], vec![longitude.to_owned()]])
        }
        _ => NewValue::Uri(value.to_owned()),
    };
    Some(NewLine::new(name, value))
}
