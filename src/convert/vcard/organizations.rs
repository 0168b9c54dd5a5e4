//! ORG, TITLE and ROLE (RFC 9555 §2.9.4, §2.9.6).

use super::emit::Emitter;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Rule, Target};
use super::settle::compare_ignoring_case;
use super::value;
use crate::convert::content_line::Line;

impl<'c> Emitter<'c, '_> {
    pub fn organization(&mut self, index: usize, line: Line<'c>) -> ParamSet {
        let text = value::decoded(line);
        let sort_as = params::find_text(line, ParamName::SortAs).unwrap_or_default();
        let mut sort_as = value::split(&sort_as, b',').map(str::trim);
        let mut components = value::split(&text, b';');
        let name = components.next().unwrap_or_default();
        let sort_name = sort_as.next().unwrap_or_default();
        if !name.trim().is_empty() {
            self.out.member("name", &value::unescape(name));
        }
        if !sort_name.is_empty() {
            self.out.member("sortAs", &value::unescape(sort_name));
        }
        let card = self.card;
        let mut joined = card
            .followers(index)
            .filter(|(_, property)| property.rule.target == Target::OrganizationUnit)
            .peekable();
        let mut components = components.peekable();
        if components.peek().is_some() || joined.peek().is_some() {
            let mark = self.out.mark();
            self.out.key("units");
            self.out.begin_array();
            let empty = self.out.as_bytes().len();
            for unit in components {
                let sort_unit = sort_as.next().unwrap_or_default();
                if unit.trim().is_empty() {
                    continue;
                }
                self.out.begin_object();
                self.out.member("name", &value::unescape(unit));
                if !sort_unit.is_empty() {
                    self.out.member("sortAs", &value::unescape(sort_unit));
                }
                self.out.end_object();
            }
            for (line, property) in joined {
                self.out.begin_object();
                self.out.member("name", &value::text(line));
                self.vcard_name(property.rule);
                self.out.end_object();
            }
            let is_empty = self.out.as_bytes().len() == empty;
            self.out.end_array();
            if is_empty {
                self.out.rewind(mark);
            }
        }
        match sort_as.next() {
            // There are more values to sort by than units: they stay where they were.
            Some(_) => ParamSet::EMPTY,
            None => ParamSet::of(&[ParamName::SortAs]),
        }
    }

    /// An organization of which a unit is all that is known.
    pub fn organization_of_unit(&mut self, line: Line<'c>) {
        self.out.key("units");
        self.out.begin_array();
        self.out.begin_object();
        self.out.member("name", &value::text(line));
        self.out.end_object();
        self.out.end_array();
    }

    pub fn title(&mut self, line: Line<'c>, rule: &'static Rule) {
        self.out.member("kind", rule.implies);
        self.out.member("name", &value::text(line));
        if !line.group().is_empty()
            && let Some(organization) = self.organization_in_group(line.group())
        {
            self.out.member("organizationId", &organization);
        }
    }

    /// The key of the one organization of this group, if there is exactly one.
    fn organization_in_group(&mut self, group: &[u8]) -> Option<String> {
        let card = self.card;
        let groups = self.organization_groups.get_or_insert_with(|| {
            let mut groups: Vec<_> = card
                .converting(Target::Organization.bit())
                .filter(|(_, line, _)| !line.group().is_empty())
                .map(|(index, line, _)| (line.group(), index))
                .collect();
            groups.sort_by(|(left, _), (right, _)| compare_ignoring_case(left, right));
            groups
        });
        let from = groups.partition_point(|(other, _)| compare_ignoring_case(other, group).is_lt());
        let to = groups.partition_point(|(other, _)| compare_ignoring_case(other, group).is_le());
        match groups.get(from..to)? {
            [(_, index)] => {
                let index = *index;
                self.key_of(index)
            }
            _ => None,
        }
    }
}
