//! Puts the lines that stay and the lines that are new together to a card.

use super::groups::Groups;
use super::jcard;
use super::line::{NewLine, Style, Version};
use super::localized::{Altids, main_of};
use super::owners::Owners;
use super::patches::{self, Patches};
use super::places::{At, Places};
use super::units::{self, Unit};
use super::wanted::Wanted;
use super::writer::Writer;
use crate::convert::content_line;
use crate::convert::vcard::Card;
use crate::convert::vcard::value;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is not left as it is.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The parts that are written anew.
    pub units: BTreeSet<Unit>,
    /// The lines that go, because nobody wants what they carry.
    pub lines: BTreeSet<usize>,
    /// The parts of which a line says something else, too: only JSPROPs say them.
    pub silent: BTreeSet<Unit>,
    /// The localizations that lines say.
    pub localized: BTreeSet<Unit>,
    /// The properties that are carried besides (RFC 9555 §2.15.1).
    pub carried: Vec<Value>,
    /// The lines of which is not wanted any more what they have carried.
    pub released: BTreeSet<usize>,
    /// The lines whose parameters go to the new line in their place.
    pub kept: BTreeSet<usize>,
    /// What no line but a JSPROP says (RFC 9555 §3.2.1).
    pub patches: Patches,
}

/// Where a line of a draft comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    Stored(usize),
    /// New, for this part, if for one.
    New(Option<Unit>),
    /// New, with parameters that the old line in its place has carried.
    Keeping,
}

/// The order in which new parts are written.
const ORDER: [&[&str]; 4] = [&["uid"], &["kind"], &["name", "full"], &["name"]];

/// The card that says the plan's parts as they are wanted, and where its lines come from.
pub fn draft(
    card: &Card<'_>,
    owners: &Owners,
    wanted: &Wanted,
    plan: &Plan,
    style: Style,
) -> (Vec<u8>, Vec<Origin>) {
    let groups = Groups::of(card, owners, &plan.units, wanted);
    let goes = |index: usize| {
        plan.lines.contains(&index)
            || groups.dropped.contains(&index)
            || owners
                .units(index)
                .iter()
                .any(|unit| plan.units.contains(unit))
    };
    let kept: Vec<bool> = (0..card.lines.len()).map(|index| !goes(index)).collect();
    let mut writer = Writer {
        card,
        wanted,
        style,
        groups,
        lines: Vec::new(),
        spellings: Vec::new(),
        altids: Altids::of(card, owners),
        localized: plan.localized.iter().map(main_of).collect(),
    };
    let mut places = Places::of(card, owners, plan);
    write_parts(&mut writer, plan, &mut places);
    if !plan.localized.is_empty() {
        let localizations = units::localizations(&wanted.card);
        for unit in &plan.localized {
            let patches = localizations.get(unit).map(Vec::as_slice);
            writer.localization(unit, patches.unwrap_or_default());
            places.put(unit, writer.lines.drain(..));
        }
    }
    for property in &plan.carried {
        if let Some(line) = jcard::line(property, card.dialect) {
            places.put_last(line);
        }
    }
    for (path, value) in &plan.patches {
        places.put_patch(path, patches::line(path, value));
    }
    assemble(card, &kept, &places.into_lines(), style)
}

/// Writes the parts of the plan into their places.
fn write_parts(writer: &mut Writer<'_>, plan: &Plan, places: &mut Places<'_>) {
    let mut keywords: BTreeMap<At, Vec<String>> = BTreeMap::new();
    let rank = |unit: &&Unit| {
        let known = ORDER.iter().position(|known| *unit == known);
        known.unwrap_or(ORDER.len())
    };
    let mut units: Vec<&Unit> = plan.units.iter().collect();
    units.sort_by_key(rank);
    for unit in units {
        if let [map, keyword] = unit.as_slice()
            && map == "keywords"
        {
            if writer.wanted.at(unit).is_some() && is_plain(keyword) {
                let at = places.first(unit);
                keywords.entry(at).or_default().push(keyword.clone());
            }
            continue;
        }
        match plan.silent.contains(unit) {
            true => writer.write_form(unit),
            false => writer.write(unit, places.old(unit)),
        }
        places.put(unit, writer.lines.drain(..));
    }
    for (at, keywords) in keywords {
        writer.keywords(keywords);
        for line in writer.lines.drain(..) {
            places.put_at(at, line);
        }
    }
}

/// Whether a keyword is read from a list as it is written there.
fn is_plain(keyword: &str) -> bool {
    !keyword.is_empty() && keyword.trim() == keyword && !keyword.contains(char::is_control)
}

fn assemble(
    card: &Card<'_>,
    kept: &[bool],
    new: &BTreeMap<At, Vec<NewLine>>,
    style: Style,
) -> (Vec<u8>, Vec<Origin>) {
    let text = card.lines.text();
    let starts = card.lines.starts();
    let of_new: usize = new.values().flatten().map(NewLine::octets).sum();
    let mut out = Vec::with_capacity(text.len() + of_new);
    let mut origins = Vec::with_capacity(kept.len() + 8);
    let first = starts.first().copied().unwrap_or(text.len());
    out.extend_from_slice(text.get(..first).unwrap_or_default());
    for index in 0..=kept.len() {
        let lines_at = |at: At| new.get(&at).into_iter().flatten();
        for line in lines_at(At::Line(index)) {
            write_new(line, style, &mut out, &mut origins);
        }
        if kept.get(index) == Some(&true) {
            let from = starts.get(index).copied().unwrap_or(text.len());
            let to = starts.get(index + 1).copied().unwrap_or(text.len());
            out.extend_from_slice(text.get(from..to).unwrap_or_default());
            origins.push(Origin::Stored(index));
        }
        for line in lines_at(At::Behind(index)) {
            write_new(line, style, &mut out, &mut origins);
        }
    }
    (out, origins)
}

fn write_new(line: &NewLine, style: Style, out: &mut Vec<u8>, origins: &mut Vec<Origin>) {
    if !out.is_empty() && !matches!(out.last(), Some(b'\n' | b'\r')) {
        out.extend_from_slice(style.line_end.as_bytes());
    }
    line.write(style, out);
    let origin = match line.kept.as_str() {
        "" => Origin::New(line.unit.clone()),
        _ => Origin::Keeping,
    };
    origins.extend(std::iter::repeat_n(origin, line.count()));
}

impl Style {
    /// The way in which a card is written.
    pub fn of(card: &Card<'_>) -> Self {
        let text = card.lines.text();
        let line_end = match content_line::line_end(text) {
            b'\n' if memchr::memmem::find(text, b"\r\n").is_none() => "\n",
            b'\r' if text.contains(&b'\r') => "\r",
            _ => "\r\n",
        };
        let version = card
            .lines
            .iter()
            .find(|line| line.name().eq_ignore_ascii_case(b"VERSION"));
        let version = match version.map(value::text).as_deref().map(str::trim) {
            Some("2.1") => Version::Two,
            Some("4.0") => Version::Four,
            _ => Version::Three,
        };
        let mut long = text
            .split(|octet| matches!(octet, b'\n' | b'\r'))
            .map(<[u8]>::len);
        let is_unfolded = long.any(|octets| octets > 75);
        Self {
            version,
            line_end,
            // Folding of vCard 2.1 leaves a blank that ours does not.
            folds: card.dialect.folds && version != Version::Two && !is_unfolded,
            is_cut_in_quotes: card.dialect.cuts_quotes,
        }
    }
}
