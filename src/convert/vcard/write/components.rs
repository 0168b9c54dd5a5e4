//! N and ADR: components in their places, and their order (RFC 9555 §2.5.5, §2.6.1, §3.3.1).

use super::line::NewValue;
use crate::convert::vcard::addresses::ADDRESS;
use crate::convert::vcard::components::Layout;
use crate::convert::vcard::name::NAME;
use serde_json::Value;

const SEPARATOR: &str = "separator";

/// Components of a Name or an Address in their places.
pub struct Placed<'v> {
    pub places: Vec<Vec<String>>,
    pub order: Vec<Ordered<'v>>,
}

/// A component: its place and which one there, or none for a separator; its kind, its value,
/// and how that sounds.
pub type Ordered<'v> = (Option<(usize, usize)>, &'v str, &'v str, Option<&'v str>);

/// The place of a kind, where those of the newer kinds stand besides (RFC 9554 §2.1, §2.2).
fn place(layout: &Layout, kind: &str, has_newer: &dyn Fn(usize) -> bool) -> Option<usize> {
    let elder = layout.kinds.iter().position(|known| *known == kind)?;
    let newer = layout.kinds.iter().rposition(|known| *known == kind)?;
    Some(match newer != elder && has_newer(elder) {
        true => newer,
        false => elder,
    })
}

/// The kind and the value of a component.
pub fn members(component: &Value) -> Option<(&str, &str)> {
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
                            .push((Some((at, values.len())), kind, value, phonetic));
                        values.push(value.to_owned());
                    }
                }
                None if kind == SEPARATOR => placed.order.push((None, kind, value, phonetic)),
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
            .map(|(_, _, value, _)| *value)
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
        for (at, _, _, phonetic) in &self.order {
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
        entries.extend(self.order.iter().map(|(at, _, value, _)| match at {
            None => separator(value),
            Some((at, 0)) => at.to_string(),
            Some((at, value)) => format!("{at},{value}"),
        }));
        entries.join(";")
    }

    /// The components as one text.
    pub fn joined(&self, default_separator: &str) -> String {
        let mut joined = String::new();
        let mut was_separator = true;
        for (at, _, value, _) in &self.order {
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
