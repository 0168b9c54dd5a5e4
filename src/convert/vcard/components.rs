//! The components of N and ADR (RFC 9555 §2.5.5, §2.6.1), in their order (§3.3.1).

use super::Card;
use super::emit::Emitter;
use super::params::{self, ParamName, ParamSet};
use super::value::{self, split, unescape};
use crate::convert::content_line::Line;
use crate::json::Writer;

/// What the components of a structured value are called.
pub struct Layout {
    /// The kind of each component, in the order of the value.
    pub kinds: &'static [&'static str],
    /// Components that repeat, for elder readers, what the newer components say: each with
    /// those newer ones.
    pub repeats: &'static [Repeat],
}

/// A component that elder readers know, and the components that say the same better.
pub struct Repeat {
    pub elder: usize,
    pub newer: &'static [usize],
    /// Whether the elder component is left out as a whole as soon as a newer one has a value;
    /// else those values of it are that also stand in a newer one.
    pub whole: bool,
}

/// One component value, or a separator between two.
pub struct Part<'t> {
    pub kind: &'static str,
    /// Still escaped.
    pub value: &'t str,
    /// Which component, and which value in it.
    pub position: (usize, usize),
}

/// The component values of one property.
pub struct Parts<'t> {
    pub parts: Vec<Part<'t>>,
    /// JSCOMPS gave the order.
    pub ordered: bool,
    pub default_separator: Option<&'t str>,
    /// The elder components that were left out for newer ones.
    left_out: Vec<&'static Repeat>,
}

const SEPARATOR: &str = "separator";

impl<'t> Parts<'t> {
    /// Reads a decoded value. `comma_is_text` says that components are no lists here.
    pub fn read(
        text: &'t str,
        layout: &'static Layout,
        comma_is_text: bool,
        order: Option<&'t str>,
    ) -> Self {
        let mut parts = Vec::with_capacity(8);
        for ((component, values), kind) in split(text, b';').enumerate().zip(layout.kinds) {
            if values.is_empty() {
                continue;
            }
            let separator = match comma_is_text {
                true => b';',
                false => b',',
            };
            for (at, value) in split(values, separator).enumerate() {
                if !value.trim().is_empty() {
                    parts.push(Part {
                        kind,
                        value,
                        position: (component, at),
                    });
                }
            }
        }
        let mut left_out = Vec::new();
        for repeat in layout.repeats {
            if leave_out_repeated(&mut parts, repeat) && repeat.whole {
                left_out.push(repeat);
            }
        }
        let mut read = Self {
            parts,
            ordered: false,
            default_separator: None,
            left_out,
        };
        if let Some(order) = order {
            read.order(order);
        }
        read
    }

    /// Puts the parts into the order that a JSCOMPS value gives, if that value is valid.
    fn order(&mut self, order: &'t str) {
        let mut entries = split(order, b';');
        let default_separator = match entries.next() {
            None => return,
            Some("") => None,
            Some(entry) => match entry.strip_prefix("s,") {
                Some(separator) => Some(separator),
                None => return,
            },
        };
        let mut ordered = Vec::with_capacity(self.parts.len());
        let mut positions = 0;
        for entry in entries {
            if let Some(separator) = entry.strip_prefix("s,") {
                ordered.push(Part {
                    kind: SEPARATOR,
                    value: separator,
                    position: (usize::MAX, 0),
                });
                continue;
            }
            let Some(position) = position(entry) else {
                return;
            };
            // The parts are in the order of their positions as they come from the value.
            let Ok(at) = self
                .parts
                .binary_search_by_key(&position, |part| part.position)
            else {
                return;
            };
            if let Some(part) = self.parts.get(at) {
                ordered.push(Part { ..*part });
                positions += 1;
            }
        }
        let mut named: Vec<_> = ordered
            .iter()
            .filter(|part| part.kind != SEPARATOR)
            .map(|part| part.position)
            .collect();
        named.sort_unstable();
        named.dedup();
        // Every value counts once.
        if named.len() == self.parts.len() && positions == named.len() {
            self.parts = ordered;
            self.ordered = true;
            self.default_separator = default_separator;
        }
    }

    /// Puts newer components where the elder one stood that said the same, as in the example
    /// of RFC 9555 §2.6.1, unless JSCOMPS gave the order.
    pub fn arrange(&mut self) {
        if self.ordered || self.left_out.is_empty() {
            return;
        }
        let left_out = std::mem::take(&mut self.left_out);
        let place = |component: usize| {
            let elder = left_out
                .iter()
                .find(|repeat| repeat.newer.contains(&component));
            elder.map_or(component, |repeat| repeat.elder)
        };
        self.parts
            .sort_by_key(|part| (place(part.position.0), part.position));
    }

    /// Writes `components` with what says their order.
    ///
    /// `phonetics` are the same components as they sound, of another property.
    pub fn write(&self, out: &mut Writer, phonetics: Option<&Parts<'_>>) {
        if self.parts.is_empty() {
            return;
        }
        out.key("components");
        self.write_array(out, phonetics);
        if self.ordered {
            out.key("isOrdered");
            out.boolean(true);
        }
        if let Some(separator) = self.default_separator {
            out.member("defaultSeparator", &unescape(separator));
        }
    }

    pub fn write_array(&self, out: &mut Writer, phonetics: Option<&Parts<'_>>) {
        out.begin_array();
        for part in &self.parts {
            out.begin_object();
            out.member("kind", part.kind);
            out.member("value", &unescape(part.value));
            if let Some(phonetic) = phonetics.and_then(|parts| parts.at(part.position)) {
                out.member("phonetic", &unescape(phonetic));
            }
            out.end_object();
        }
        out.end_array();
    }

    /// The value at a position of an unordered one.
    pub fn at(&self, position: (usize, usize)) -> Option<&'t str> {
        let at = self
            .parts
            .binary_search_by_key(&position, |part| part.position);
        self.parts.get(at.ok()?).map(|part| part.value)
    }
}

/// Whether there are values behind the last component that has a kind.
pub fn overflow(text: &str, layout: &Layout) -> bool {
    split(text, b';')
        .skip(layout.kinds.len())
        .any(|values| !values.trim().is_empty())
}

/// `2` or `2,1`.
fn position(entry: &str) -> Option<(usize, usize)> {
    let (component, value) = entry.split_once(',').unwrap_or((entry, "0"));
    Some((component.parse().ok()?, value.parse().ok()?))
}

/// Whether something of the elder component was left out.
fn leave_out_repeated(parts: &mut Vec<Part<'_>>, repeat: &Repeat) -> bool {
    let mut newer: Vec<&str> = parts
        .iter()
        .filter(|part| repeat.newer.contains(&part.position.0))
        .map(|part| part.value)
        .collect();
    if newer.is_empty() {
        return false;
    }
    newer.sort_unstable();
    let before = parts.len();
    parts.retain(|part| {
        part.position.0 != repeat.elder
            || !(repeat.whole || newer.binary_search(&part.value).is_ok())
    });
    parts.len() < before
}

/// The parameters of a phonetic property that its related property expresses.
pub const OF_PHONETICS: ParamSet = ParamSet::of(&[
    ParamName::Altid,
    ParamName::Language,
    ParamName::Phonetic,
    ParamName::Script,
]);

impl Card<'_> {
    /// Whether this writer leaves the commas of this property unescaped.
    ///
    /// One who escapes some comma or says that the value is text follows the rules.
    pub(super) fn comma_is_text(&self, line: Line<'_>, name: &str, text: &str) -> bool {
        self.dialect.comma_is_text.contains(&name)
            && !text.contains("\\,")
            && !params::value_is(line, "text")
    }
}

impl<'c> Emitter<'c, '_> {
    /// Writes the components of a name or an address, with how they sound where another
    /// property says so (RFC 9555 §2.3.15).
    pub fn components(&mut self, index: usize, parts: &Parts<'_>, layout: &'static Layout) {
        let card = self.card;
        let Some(phonetic) = card.phonetic(index) else {
            parts.write(self.out, None);
            return;
        };
        let text = value::decoded(phonetic);
        let sounds = Parts::read(&text, layout, false, None);
        parts.write(self.out, Some(&sounds));
        self.phonetic_system(phonetic, "");
    }

    /// Writes what system and script a phonetic property uses; the members' names get a
    /// path in front of them.
    pub fn phonetic_system(&mut self, line: Line<'c>, path: &str) {
        if let Some(system) = params::find_text(line, ParamName::Phonetic)
            && !system.eq_ignore_ascii_case("script")
        {
            self.out.member(
                &format!("{path}phoneticSystem"),
                &system.to_ascii_lowercase(),
            );
        }
        if let Some(script) = params::find_text(line, ParamName::Script) {
            self.out.member(&format!("{path}phoneticScript"), &script);
        }
    }
}
