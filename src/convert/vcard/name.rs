//! The name: FN, N and what belongs to them (RFC 9555 §2.5.2, §2.5.5).

use super::components::{self, Layout, Parts, Repeat};
use super::emit::Emitter;
use super::params::{self, ParamName, ParamSet};
use super::rule::Target;
use super::value;
use crate::convert::content_line::Line;

/// N, with the components of RFC 9554 §2.2.
pub static NAME: Layout = Layout {
    kinds: &[
        "surname",
        "given",
        "given2",
        "title",
        "credential",
        "surname2",
        "generation",
    ],
    repeats: &[
        Repeat {
            elder: 0,
            newer: &[5],
            whole: false,
        },
        Repeat {
            elder: 4,
            newer: &[6],
            whole: false,
        },
    ],
};

impl<'c> Emitter<'c, '_> {
    pub fn name(&mut self) {
        self.out.key("name");
        self.out.begin_object();
        if let Some((_, line, _)) = self.card.converting(Target::FullName.bit()).next()
            && !self.is_derived(line)
        {
            self.out.member("full", &value::text(line));
        }
        if let Some((index, line, _)) = self.card.converting(Target::NameComponents.bit()).next() {
            let expressed = self.name_components(index, line);
            self.common_members(index, expressed);
        }
        self.out.end_object();
    }

    /// Whether a full name was only made of the components, which say it themselves
    /// (RFC 9555 §2.3.7): it is only carried.
    pub fn is_derived(&self, line: Line<'c>) -> bool {
        params::find(line, ParamName::Derived)
            .is_some_and(|derived| derived.eq_ignore_ascii_case(b"true"))
            && self.card.settled.converting & Target::NameComponents.bit() != 0
    }

    /// Writes the components of a N and what belongs to them.
    pub fn name_components(&mut self, index: usize, line: Line<'c>) -> ParamSet {
        let text = value::decoded(line);
        let order = params::find_text(line, ParamName::Jscomps);
        let parts = Parts::read(
            &text,
            &NAME,
            self.card.comma_is_text(line, "N", &text),
            order.as_deref(),
        );
        self.components(index, &parts, &NAME);
        let mut expressed = ParamSet::EMPTY;
        if parts.ordered {
            expressed.add(ParamName::Jscomps);
        }
        let card = self.card;
        if self.name_sort_as(line, &parts) {
            expressed.add(ParamName::SortAs);
        } else if let Some(surname) = card.joined(index, Target::SurnameSort) {
            self.out.key("sortAs");
            self.out.begin_object();
            self.out.member("surname", &value::text(surname));
            self.out.end_object();
        }
        expressed
    }

    /// Whether there are more components than have a kind: the property is carried besides.
    pub fn name_overflows(&self, line: Line<'c>) -> bool {
        components::overflow(&value::decoded(line), &NAME)
    }

    /// Whether JSCOMPS says the order of the components.
    pub fn is_ordered(&self, line: Line<'c>) -> bool {
        let order = params::find_text(line, ParamName::Jscomps);
        let text = value::decoded(line);
        order.is_some_and(|order| Parts::read(&text, &NAME, false, Some(&order)).ordered)
    }

    /// Writes `sortAs` of a SORT-AS that has a component for each of its values.
    fn name_sort_as(&mut self, line: Line<'c>, parts: &Parts<'_>) -> bool {
        let Some(sort_as) = params::find_text(line, ParamName::SortAs) else {
            return false;
        };
        let values: Vec<_> = value::split(&sort_as, b',')
            .zip(NAME.kinds)
            .filter(|(value, _)| !value.trim().is_empty())
            .collect();
        let exists = |kind: &str| parts.parts.iter().any(|part| part.kind == kind);
        if values.is_empty()
            || value::split(&sort_as, b',').count() > NAME.kinds.len()
            || !values.iter().all(|(_, kind)| exists(kind))
        {
            return false;
        }
        self.out.key("sortAs");
        self.out.begin_object();
        for (value, kind) in values {
            self.out.member(kind, &value::unescape(value.trim()));
        }
        self.out.end_object();
        true
    }
}
