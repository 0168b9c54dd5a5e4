//! What makes an entry what it is: its value and the parameters that belong to it
//! (RFC 9555 §2.5 to §2.13).

use super::groups::group_of;
use super::line::{NewLine, NewValue, Version};
use super::names::listed;
use super::writer::{Members, Writer, text};
use crate::convert::vcard::contact_points::is_uri;
use crate::convert::vcard::emit::text_member;
use crate::convert::vcard::media;
use crate::convert::vcard::params::{ParamName, ParamSet};
use crate::convert::vcard::rule::{Rule, Target};
use serde_json::Value;
use std::borrow::Cow;

impl Writer<'_> {
    /// Says the members that make the entry what it is; which lines belong to it. `None`
    /// where no line can.
    pub fn value(
        &mut self,
        line: &mut NewLine,
        rule: &'static Rule,
        key: &str,
        entry: &Members,
        said: &mut ParamSet,
    ) -> Option<Vec<NewLine>> {
        let own = |member: &str| text(entry, member);
        let mut followers = Vec::new();
        match rule.target {
            Target::SchedulingAddress | Target::Calendar | Target::Directory | Target::Link => {
                line.value = NewValue::Uri(own("uri")?.to_owned());
            }
            Target::CryptoKey => {
                line.value = NewValue::Uri(own("uri")?.to_owned());
                self.say_uri(line);
            }
            Target::Media => self.media(line, rule, key, entry, said)?,
            Target::OrganizationUnit => {
                let units = entry.get("units").and_then(Value::as_array)?;
                let [unit] = units.as_slice() else {
                    return None;
                };
                line.value = NewValue::text(unit.get("name")?.as_str()?);
            }
            Target::Organization => followers = self.organization(line, key, entry),
            Target::OnlineService | Target::OnlineUser => online_service(line, rule, entry)?,
            Target::Address => followers = self.address(line, entry),
            Target::Anniversary => followers = self.anniversary(line, entry)?,
            Target::LabelledDate => {
                self.anniversary(line, entry)?;
                line.group = group_of(entry);
            }
            Target::PersonalInfo => {
                line.value = NewValue::text(own("value")?);
                if let Some(level) = own("level") {
                    line.param("LEVEL", vcard_level(rule.implies, level));
                }
            }
            Target::Phone => {
                let number = own("number")?;
                line.value = NewValue::text(number);
                if self.style.version == Version::Four && is_uri(number) {
                    line.value = NewValue::Uri(number.to_owned());
                    self.say_uri(line);
                }
            }
            Target::Nickname => {
                line.value = NewValue::Texts(vec![vec![own("name")?.to_owned()]]);
            }
            target => line.value = NewValue::text(own(text_member(target)?)?),
        }
        match rule.target {
            Target::Title => self.hold_title(line, entry),
            Target::Note => add_author(line, entry),
            _ => {}
        }
        Some(followers)
    }

    fn say_uri(&self, line: &mut NewLine) {
        match (self.style.version, line.name.as_str()) {
            (Version::Two, _) => line.param("VALUE", "URL"),
            (Version::Four, "PHOTO" | "LOGO" | "SOUND" | "KEY") => {}
            _ => line.param("VALUE", "uri"),
        }
    }

    /// PHOTO, LOGO or SOUND: elsewhere, or as octets in the form of the card's version.
    fn media(
        &self,
        line: &mut NewLine,
        rule: &Rule,
        key: &str,
        entry: &Members,
        said: &mut ParamSet,
    ) -> Option<()> {
        if !entry.contains_key("blobId") {
            line.value = NewValue::Uri(text(entry, "uri")?.to_owned());
            self.say_uri(line);
            return Some(());
        }
        let contents = match self.wanted.contents.get(key) {
            Some(contents) => Cow::Borrowed(contents),
            None => {
                let line = self.wanted.embedded.get(key)?;
                Cow::Owned(self.card.embedded_at(*line)?)
            }
        };
        let own = text(entry, "mediaType").filter(|own| media::is_media_type(own));
        let media_type = own.or(contents.media_type.as_deref()).unwrap_or_default();
        said.add(ParamName::MediaType);
        if self.style.version == Version::Four {
            line.value = NewValue::data_uri(media_type, &contents.octets);
            return Some(());
        }
        line.value = NewValue::base64(&contents.octets);
        let tree = match rule.implies {
            "sound" => "audio",
            _ => "image",
        };
        match media_type.split_once('/') {
            Some((own, format)) if own == tree => line.param("TYPE", &format.to_ascii_uppercase()),
            _ => line.param("MEDIATYPE", media_type),
        }
        Some(())
    }

    /// ORG with its units, or the host's own property for those.
    fn organization(&mut self, line: &mut NewLine, key: &str, entry: &Members) -> Vec<NewLine> {
        let units = entry.get("units").and_then(Value::as_array);
        let units: Vec<&Members> = units
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect();
        let name =
            |members: &Members, member: &str| text(members, member).unwrap_or_default().to_owned();
        let mut values = vec![name(entry, "name")];
        let mut sorts = vec![name(entry, "sortAs")];
        let is_only = self
            .wanted
            .at(&["organizations".to_owned()])
            .and_then(Value::as_object)
            .is_some_and(|all| all.len() == 1);
        let own = self
            .card
            .dialect
            .rules()
            .find(|rule| rule.target == Target::OrganizationUnit);
        let is_plain = |unit: &&Members| !unit.contains_key("sortAs");
        let mut followers = Vec::new();
        match own {
            Some(own) if is_only && units.iter().all(is_plain) => {
                let lines = units
                    .iter()
                    .map(|unit| NewLine::new(own.name, NewValue::text(&name(unit, "name"))));
                followers.extend(lines);
            }
            _ => {
                values.extend(units.iter().map(|unit| name(unit, "name")));
                sorts.extend(units.iter().map(|unit| name(unit, "sortAs")));
            }
        }
        line.value = NewValue::Texts(values.into_iter().map(|value| vec![value]).collect());
        if let Some(last) = sorts.iter().rposition(|sort| !sort.is_empty()) {
            line.param(
                "SORT-AS",
                &listed(sorts.iter().take(last + 1).map(String::as_str)),
            );
        }
        if self.groups.holds_titles(key) {
            line.group = Some(self.groups.organization(key, group_of(entry)));
        }
        followers
    }

    /// Puts a title into the group of the organization in which it is held.
    fn hold_title(&mut self, line: &mut NewLine, entry: &Members) {
        let own = group_of(entry);
        line.group = match text(entry, "organizationId") {
            Some(key)
                if self
                    .wanted
                    .at(&["organizations".into(), key.into()])
                    .is_some() =>
            {
                Some(self.groups.organization(key, own))
            }
            _ => own.filter(|group| !self.groups.has_organization(group)),
        };
    }

    fn anniversary(&mut self, line: &mut NewLine, entry: &Members) -> Option<Vec<NewLine>> {
        let date = entry.get("date")?.as_object()?;
        let is_elder = self.style.version < Version::Four;
        let part = |name: &str| date.get(name).and_then(Value::as_u64);
        let value = match (text(date, "utc"), part("year"), part("month"), part("day")) {
            (Some(utc), ..) if is_elder => {
                line.param("VALUE", "date-time");
                utc.to_owned()
            }
            (Some(utc), ..) => utc.replace(['-', ':'], ""),
            (None, Some(year), Some(month), Some(day)) if is_elder => {
                if self.style.version == Version::Three {
                    line.param("VALUE", "date");
                }
                format!("{year:04}-{month:02}-{day:02}")
            }
            (None, Some(year), Some(month), Some(day)) => format!("{year:04}{month:02}{day:02}"),
            (None, Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
            (None, Some(year), None, None) => format!("{year:04}"),
            (None, None, Some(month), Some(day)) => format!("--{month:02}{day:02}"),
            _ => return None,
        };
        line.value = NewValue::text(&value);
        if let Some(scale) = text(date, "calendarScale") {
            line.param("CALSCALE", scale);
        }
        let place = entry.get("place").and_then(Value::as_object);
        Some(
            place
                .and_then(|it| self::place(entry, it))
                .into_iter()
                .collect(),
        )
    }
}

/// BIRTHPLACE or DEATHPLACE, of this place of an anniversary.
pub fn place(anniversary: &Members, place: &Members) -> Option<NewLine> {
    let name = match text(anniversary, "kind")? {
        "birth" => "BIRTHPLACE",
        "death" => "DEATHPLACE",
        _ => return None,
    };
    match (text(place, "full"), text(place, "coordinates")) {
        (Some(full), None) => Some(NewLine::text(name, full)),
        (None, Some(uri)) => {
            let mut line = NewLine::new(name, NewValue::Uri(uri.to_owned()));
            line.param("VALUE", "uri");
            Some(line)
        }
        _ => None,
    }
}

/// SOCIALPROFILE and its kin.
fn online_service(line: &mut NewLine, rule: &Rule, entry: &Members) -> Option<()> {
    let (uri, user) = (text(entry, "uri"), text(entry, "user"));
    if rule.target == Target::OnlineUser {
        line.value = NewValue::text(user?);
        return Some(());
    }
    if let Some(service) = text(entry, "service") {
        line.param("SERVICE-TYPE", service);
    }
    match (uri, user) {
        (Some(uri), user) => {
            line.value = NewValue::Uri(uri.to_owned());
            if let Some(user) = user {
                line.param("USERNAME", user);
            }
        }
        (None, user) => {
            line.value = NewValue::text(user?);
            line.param("VALUE", "text");
        }
    }
    Some(())
}

/// The level of an expertise has words of its own (RFC 9555 §2.10.1).
fn vcard_level<'l>(kind: &str, level: &'l str) -> &'l str {
    match (kind, level) {
        ("expertise", "low") => "beginner",
        ("expertise", "medium") => "average",
        ("expertise", "high") => "expert",
        (_, level) => level,
    }
}

fn add_author(line: &mut NewLine, entry: &Members) {
    if let Some(created) = text(entry, "created") {
        line.param("CREATED", &created.replace(['-', ':'], ""));
    }
    let author = entry.get("author").and_then(Value::as_object);
    for (member, param) in [("name", "AUTHOR-NAME"), ("uri", "AUTHOR")] {
        if let Some(value) = author.and_then(|author| text(author, member)) {
            line.param(param, value);
        }
    }
}
