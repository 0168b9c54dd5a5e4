//! Writes a card as JSON, property by property.

use super::contact_points;
use super::dates;
use super::entry;
use super::jsprop::{self, Applied};
use super::keys::Keys;
use super::params::ParamSet;
use super::rule::{Rule, Target};
use super::{Card, HostMembers, value};
use crate::convert::content_line::Line;
use crate::json::Writer;
use crate::store::{Object, Selection};

/// The properties that are maps of objects, and what converts into them.
const MAPS: [(&str, u64); 15] = {
    use Target::*;
    [
        ("organizations", Organization.bit() | OrganizationUnit.bit()),
        ("titles", Title.bit()),
        ("emails", Email.bit()),
        ("onlineServices", OnlineService.bit() | OnlineUser.bit()),
        ("phones", Phone.bit()),
        ("preferredLanguages", PreferredLanguage.bit()),
        ("calendars", Calendar.bit()),
        ("schedulingAddresses", SchedulingAddress.bit()),
        (
            "addresses",
            Address.bit() | Coordinates.bit() | TimeZone.bit(),
        ),
        ("cryptoKeys", CryptoKey.bit()),
        ("directories", Directory.bit()),
        ("links", Link.bit()),
        ("media", Media.bit()),
        ("anniversaries", Anniversary.bit() | LabelledDate.bit()),
        ("personalInfo", PersonalInfo.bit()),
    ]
};

/// The targets of each map, for who looks up a key in it.
pub fn targets_of(property: &str) -> u64 {
    match property {
        "nicknames" => Target::Nickname.bit(),
        "notes" => Target::Note.bit(),
        "speakToAs/pronouns" => Target::Pronouns.bit(),
        _ => MAPS
            .iter()
            .find(|(name, _)| *name == property)
            .map_or(0, |(_, targets)| *targets),
    }
}

/// Whether a property is a map whose members are entries of their own.
pub fn is_map(property: &str) -> bool {
    matches!(property, "keywords" | "members" | "relatedTo") || targets_of(property) != 0
}

/// Writes one card. Whoever converts a property adds its methods here, in its own file.
pub struct Emitter<'c, 'o> {
    pub card: &'c Card<'c>,
    pub host: &'c HostMembers<'c>,
    pub out: &'o mut Writer,
    /// The JSPROPs that are applied need not be carried.
    pub applied: &'o Applied,
    /// The keys of the maps that were looked into.
    keys: Vec<(&'static str, Keys<'c>)>,
    /// The organizations that have a group, by it.
    pub organization_groups: Option<Vec<(&'c [u8], usize)>>,
}

pub fn emit(card: &Card<'_>, host: &HostMembers<'_>, selection: &Selection, out: &mut Writer) {
    // A patch needs the whole card as a tree.
    let whole = patched(card, host);
    let Some(patched) = whole.and_then(|whole| whole.patched) else {
        write(card, host, selection, &Applied::None, out);
        return;
    };
    out.begin_object();
    for (name, value) in &patched {
        if name == "id" || selection.wants(name) {
            out.key(name);
            out.serialize(value);
        }
    }
    out.end_object();
}

/// A whole card, without its JSPROPs and with those of them that apply.
pub struct Objects {
    pub plain: Object,
    /// Where any apply.
    pub patched: Option<Object>,
    pub applied: Applied,
}

pub fn objects(card: &Card<'_>, host: &HostMembers<'_>) -> Objects {
    patched(card, host).unwrap_or_else(|| Objects {
        plain: whole(card, host, &Applied::None),
        patched: None,
        applied: Applied::None,
    })
}

/// `None` when the card has no JSPROPs that apply.
fn patched(card: &Card<'_>, host: &HostMembers<'_>) -> Option<Objects> {
    if card.settled.converting & Target::JsProp.bit() == 0 {
        return None;
    }
    let patches = jsprop::Patches::of(card)?;
    let mut applied = Applied::AllBut(Vec::new());
    let mut plain = whole(card, host, &applied);
    let orphans = patches.orphans(&plain);
    if !orphans.is_empty() {
        applied = Applied::AllBut(orphans);
        plain = whole(card, host, &applied);
    }
    let mut patched = plain.clone();
    patches.apply(&mut patched);
    Some(Objects {
        plain,
        patched: Some(patched),
        applied,
    })
}

fn whole(card: &Card<'_>, host: &HostMembers<'_>, applied: &Applied) -> Object {
    let mut whole = Writer::new();
    write(card, host, &Selection::ALL, applied, &mut whole);
    // What has just been written is an object.
    serde_json::from_slice(whole.as_bytes()).unwrap_or_default()
}

fn write<'c>(
    card: &'c Card<'c>,
    host: &'c HostMembers<'c>,
    selection: &Selection,
    applied: &Applied,
    out: &mut Writer,
) {
    let mut emitter = Emitter::new(card, host, applied, out);
    emitter.out.begin_object();
    if !host.id.is_empty() {
        emitter.out.member("id", host.id);
    }
    emitter.selected(selection);
    emitter.out.end_object();
}

impl<'c, 'o> Emitter<'c, 'o> {
    pub fn new(
        card: &'c Card<'c>,
        host: &'c HostMembers<'c>,
        applied: &'o Applied,
        out: &'o mut Writer,
    ) -> Self {
        Self {
            card,
            host,
            out,
            applied,
            keys: Vec::new(),
            organization_groups: None,
        }
    }
}

impl<'c> Emitter<'c, '_> {
    fn selected(&mut self, selection: &Selection) {
        if selection.wants("addressBookIds") && !self.host.address_book_ids.is_empty() {
            self.out.key("addressBookIds");
            self.out.begin_object();
            for id in self.host.address_book_ids {
                self.out.key(id);
                self.out.boolean(true);
            }
            self.out.end_object();
        }
        for (name, value) in [("@type", "Card"), ("version", "1.0")] {
            if selection.wants(name) {
                self.out.member(name, value);
            }
        }
        if selection.wants("uid") {
            match self.card.uid() {
                Some(uid) if !self.host.is_uid_taken => self.out.member("uid", &uid),
                _ => self.out.member("uid", self.host.uid),
            }
        }
        self.single_values(selection);
        let converting = self.card.settled.converting;
        let wants =
            |targets: u64, property: &str| converting & targets != 0 && selection.wants(property);
        if wants(
            Target::FullName.bit() | Target::NameComponents.bit(),
            "name",
        ) {
            self.name();
        }
        if wants(Target::Nickname.bit(), "nicknames") {
            self.nicknames();
        }
        for (property, targets) in MAPS {
            if wants(targets, property) {
                self.map(property, targets);
            }
        }
        if wants(Target::Note.bit(), "notes") {
            self.map("notes", Target::Note.bit());
        }
        if wants(
            Target::GrammaticalGender.bit() | Target::Pronouns.bit(),
            "speakToAs",
        ) {
            self.speak_to_as();
        }
        if wants(Target::Keywords.bit(), "keywords") {
            self.keywords();
        }
        if wants(
            Target::Relation.bit() | Target::LabelledRelation.bit(),
            "relatedTo",
        ) {
            self.related_to();
        }
        if wants(Target::Member.bit(), "members") {
            self.members();
        }
        if self.card.settled.localizes && selection.wants("localizations") {
            self.localizations();
        }
        if selection.wants("vCardProps") {
            self.carried_properties();
        }
    }

    fn single_values(&mut self, selection: &Selection) {
        let card = self.card;
        let single = |target: Target| card.converting(target.bit()).next();
        if let Some((_, line, _)) = single(Target::Kind)
            && selection.wants("kind")
        {
            let kind = value::text(line).trim().to_ascii_lowercase();
            self.out.member("kind", &kind);
        }
        if let Some(language) = card.language()
            && selection.wants("language")
        {
            self.out.member("language", &language);
        }
        if let Some((_, line, _)) = single(Target::ProdId)
            && selection.wants("prodId")
        {
            self.out.member("prodId", &value::text(line));
        }
        for (property, target, host) in [
            ("created", Target::Created, self.host.created),
            ("updated", Target::Updated, self.host.updated),
        ] {
            if !selection.wants(property) {
                continue;
            }
            let own = || {
                let (_, line, _) = single(target)?;
                dates::timestamp(&value::text(line)).map(dates::utc)
            };
            match host {
                Some(utc) => self.out.member(property, utc),
                None => {
                    if let Some(utc) = own() {
                        self.out.member(property, &utc);
                    }
                }
            }
        }
    }

    pub fn map(&mut self, property: &str, targets: u64) {
        let keys = Keys::of_lines(self.card.converting(targets));
        self.out.key(property);
        self.out.begin_object();
        for (index, key) in keys.iter() {
            self.out.key(key);
            self.entry(index, key);
        }
        self.out.end_object();
    }

    /// The key of a property in its map.
    pub fn key_of(&mut self, index: usize) -> Option<String> {
        let (_, property) = self.card.property(index)?;
        let map = entry::property(property.rule.target);
        if !self.keys.iter().any(|(known, _)| *known == map) {
            let keys = match map {
                "nicknames" => contact_points::nickname_keys(&self.card.nicknames()),
                _ => Keys::of_lines(self.card.converting(targets_of(map))),
            };
            self.keys.push((map, keys));
        }
        let (_, keys) = self.keys.iter().find(|(known, _)| *known == map)?;
        keys.get(index).map(str::to_owned)
    }

    /// Writes one object of a map, or of a patch that puts it there.
    pub fn entry(&mut self, index: usize, key: &str) {
        let Some((line, property)) = self.card.property(index) else {
            return;
        };
        self.out.begin_object();
        let expressed = self.own_members(index, line, property.rule, key);
        self.common_members(index, expressed);
        self.out.end_object();
    }

    /// Writes the members that make the object what it is, and says which parameters they
    /// express.
    fn own_members(
        &mut self,
        index: usize,
        line: Line<'c>,
        rule: &'static Rule,
        key: &str,
    ) -> ParamSet {
        match rule.target {
            Target::Organization => return self.organization(index, line),
            Target::OrganizationUnit => self.organization_of_unit(line),
            Target::Title => self.title(line, rule),
            Target::OnlineService | Target::OnlineUser => return self.online_service(line, rule),
            Target::Address => return self.address(index, line),
            Target::Coordinates => self.coordinates(index, line),
            Target::TimeZone => self.time_zone(line),
            Target::CryptoKey | Target::Link | Target::Calendar | Target::Directory => {
                return self.resource(line, rule);
            }
            Target::Media => return self.media(line, rule, key),
            Target::Anniversary | Target::LabelledDate => {
                return self.anniversary(index, line, rule);
            }
            Target::Note => return self.note(line),
            Target::PersonalInfo => return self.personal_info(line, rule),
            target => {
                if let Some(member) = text_member(target) {
                    self.out.member(member, &value::text(line));
                }
            }
        }
        ParamSet::EMPTY
    }
}

/// The member that holds the whole value, of objects that are little more.
pub fn text_member(target: Target) -> Option<&'static str> {
    match target {
        Target::Email => Some("address"),
        Target::Phone => Some("number"),
        Target::PreferredLanguage => Some("language"),
        Target::SchedulingAddress => Some("uri"),
        Target::Pronouns => Some("pronouns"),
        Target::Nickname | Target::Title => Some("name"),
        Target::Note => Some("note"),
        _ => None,
    }
}
