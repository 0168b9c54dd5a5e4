//! Writes a card as JSON, property by property.

use super::keys::Keys;
use super::params::ParamSet;
use super::rule::{Rule, Target};
use super::{Card, HostMembers, value};
use crate::convert::content_line::Line;
use crate::json::Writer;
use crate::store::Selection;

/// The properties that are maps of objects, and what converts into them.
const MAPS: [(&str, u64); 18] = {
    use Target::*;
    [
        ("nicknames", Nickname.bit()),
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
        ("notes", Note.bit()),
        ("personalInfo", PersonalInfo.bit()),
        ("speakToAs/pronouns", Pronouns.bit()),
    ]
};

/// Writes one card. Whoever converts a property adds its methods here, in its own file.
pub struct Emitter<'c, 'o> {
    pub card: &'c Card<'c>,
    pub host: &'c HostMembers<'c>,
    pub out: &'o mut Writer,
}

pub fn emit(card: &Card<'_>, host: &HostMembers<'_>, selection: &Selection, out: &mut Writer) {
    let mut emitter = Emitter { card, host, out };
    emitter.out.begin_object();
    emitter.out.member("id", host.id);
    emitter.selected(selection);
    emitter.out.end_object();
}

impl<'c> Emitter<'c, '_> {
    fn selected(&mut self, selection: &Selection) {
        if selection.wants("addressBookIds") {
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
            self.uid();
        }
        let converting = self.card.settled.converting;
        if converting & (Target::FullName.bit() | Target::NameComponents.bit()) != 0
            && selection.wants("name")
        {
            self.name();
        }
        for (property, targets) in MAPS {
            if converting & targets != 0 && selection.wants(property) {
                self.map(property, targets);
            }
        }
        if selection.wants("vCardProps") {
            self.carried_properties();
        }
    }

    fn uid(&mut self) {
        match self.card.uid() {
            Some(uid) if !self.host.is_uid_taken => self.out.member("uid", &uid),
            _ => self.out.member("uid", self.host.uid),
        }
    }

    fn map(&mut self, property: &str, targets: u64) {
        let keys = Keys::of(self.card.converting(targets));
        self.out.key(property);
        self.out.begin_object();
        for (index, key) in keys.iter() {
            self.out.key(key);
            self.entry(index);
        }
        self.out.end_object();
    }

    fn entry(&mut self, index: usize) {
        let Some((line, property)) = self.card.property(index) else {
            return;
        };
        self.out.begin_object();
        let expressed = self.own_members(line, property.rule);
        self.common_members(index, expressed);
        self.out.end_object();
    }

    /// Writes the members that make the object what it is, and says which parameters they
    /// express.
    fn own_members(&mut self, line: Line<'c>, rule: &'static Rule) -> ParamSet {
        match rule.target {
            Target::Email => self.out.member("address", &value::text(line)),
            Target::Phone => self.out.member("number", &value::text(line)),
            _ => {}
        }
        ParamSet::EMPTY
    }
}
