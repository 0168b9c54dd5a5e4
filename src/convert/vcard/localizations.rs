//! Properties in other languages (RFC 9555 §2.3.11) and how names sound (§2.3.15).

use super::addresses::ADDRESS;
use super::components::{Layout, Parts};
use super::emit::{Emitter, text_member};
use super::entry;
use super::followers::compare_languages;
use super::name::NAME;
use super::params::{self, ParamName};
use super::personal;
use super::rule::Target;
use super::settle::{Fate, Property};
use super::{Card, value};
use crate::convert::content_line::Line;
use std::borrow::Cow;

/// One property that is an alternative of another.
pub struct Alternative<'c> {
    /// The key in `localizations`, which is the same for all of one language.
    pub language: Cow<'c, str>,
    pub index: usize,
    pub of: usize,
}

impl Card<'_> {
    /// The properties that localize others, those of one language together.
    pub(super) fn alternatives(&self) -> Vec<Alternative<'_>> {
        let mut alternatives = Vec::new();
        for (index, property) in self.settled.properties.iter().enumerate() {
            if let Fate::Localizes(of) = property.fate
                && let Some(line) = self.lines.line(index)
                && let Some(language) = params::find(line, ParamName::Language)
            {
                alternatives.push(Alternative {
                    language: params::text(language),
                    index,
                    of: of as usize,
                });
            }
        }
        alternatives.sort_by(|left, right| compare_languages(&left.language, &right.language));
        // The first of a language spells it for the others.
        for at in 1..alternatives.len() {
            if let Some([first, other]) = alternatives.get_mut(at - 1..=at)
                && compare_languages(&first.language, &other.language).is_eq()
            {
                other.language = first.language.clone();
            }
        }
        alternatives
    }
}

impl<'c> Emitter<'c, '_> {
    pub fn localizations(&mut self) {
        let card = self.card;
        self.out.key("localizations");
        self.out.begin_object();
        let alternatives = card.alternatives();
        for of_language in alternatives.chunk_by(|left, right| left.language == right.language) {
            let Some(first) = of_language.first() else {
                continue;
            };
            self.out.key(&first.language);
            self.out.begin_object();
            for alternative in of_language {
                if let Some((line, property)) = card.property(alternative.index) {
                    self.patch(alternative, line, property);
                }
            }
            self.out.end_object();
        }
        self.out.end_object();
    }

    fn patch(&mut self, alternative: &Alternative<'c>, line: Line<'c>, property: &Property) {
        match property.rule.target {
            Target::FullName => self.out.member("name/full", &value::text(line)),
            Target::GrammaticalGender => {
                if let Some(gender) = personal::grammatical_gender(&value::text(line)) {
                    self.out.member("speakToAs/grammaticalGender", gender);
                }
            }
            Target::NameComponents if property.sounds() => {
                self.phonetics("name", alternative.of, line, &NAME);
            }
            Target::NameComponents => self.localized_name(alternative, line),
            _ => self.patch_of_entry(alternative, line, property),
        }
    }

    fn patch_of_entry(
        &mut self,
        alternative: &Alternative<'c>,
        line: Line<'c>,
        property: &Property,
    ) {
        let Some((_, main)) = self.card.property(alternative.of) else {
            return;
        };
        let Some(key) = self.key_of(alternative.of) else {
            return;
        };
        let path = format!("{}/{key}", entry::property(main.rule.target));
        let expressed = self.expressed_of(alternative.index);
        match property.rule.target {
            Target::AnniversaryPlace => {
                self.out.key(&format!("{path}/place"));
                self.place(line);
            }
            Target::Address if property.sounds() => {
                self.phonetics(&path, alternative.of, line, &ADDRESS);
            }
            target => match text_member(target) {
                // Where the text is all that differs, it is all that is patched.
                Some(member)
                    if line.group().is_empty()
                        && entry::carried(line, expressed, |_| true).is_empty() =>
                {
                    self.out
                        .member(&format!("{path}/{member}"), &value::text(line));
                }
                _ => {
                    self.out.key(&path);
                    self.entry(alternative.index, &key);
                }
            },
        }
    }

    fn localized_name(&mut self, alternative: &Alternative<'c>, line: Line<'c>) {
        let text = value::decoded(line);
        let order = params::find_text(line, ParamName::Jscomps);
        let parts = Parts::read(&text, &NAME, false, order.as_deref());
        let sounds = self.card.phonetic(alternative.index);
        let sounds_text = sounds.map(value::decoded).unwrap_or_default();
        let sound_parts = Parts::read(&sounds_text, &NAME, false, None);
        self.out.key("name/components");
        parts.write_array(self.out, sounds.map(|_| &sound_parts));
        if let Some(sounds) = sounds {
            self.phonetic_system(sounds, "name/");
        }
        let main_params = self.card.property(alternative.of);
        let main_ordered = main_params.is_some_and(|(_, main)| main.params.has(ParamName::Jscomps));
        if parts.ordered || main_ordered {
            self.out.key("name/isOrdered");
            self.out.boolean(parts.ordered);
        }
        match parts.default_separator {
            Some(separator) => self
                .out
                .member("name/defaultSeparator", &value::unescape(separator)),
            None if main_ordered => {
                self.out.key("name/defaultSeparator");
                self.out.null();
            }
            None => {}
        }
    }

    /// Patches how the components sound into those that the card has.
    fn phonetics(&mut self, path: &str, of: usize, line: Line<'c>, layout: &'static Layout) {
        let Some((main, _)) = self.card.property(of) else {
            return;
        };
        let main_text = value::decoded(main);
        let order = params::find_text(main, ParamName::Jscomps);
        let comma_is_text = self.card.comma_is_text(main, "N", &main_text);
        let mut parts = Parts::read(&main_text, layout, comma_is_text, order.as_deref());
        parts.arrange();
        let text = value::decoded(line);
        let sounds = Parts::read(&text, layout, false, None);
        self.phonetic_system(line, &format!("{path}/"));
        for (at, part) in parts.parts.iter().enumerate() {
            if let Some(sound) = sounds.at(part.position) {
                self.out.member(
                    &format!("{path}/components/{at}/phonetic"),
                    &value::unescape(sound),
                );
            }
        }
    }
}
