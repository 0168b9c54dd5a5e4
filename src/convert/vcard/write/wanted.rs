//! The Card that is to be stored, as it will be read: without what goes without saying, and
//! with its blobs at hand.

use super::Unwritable;
use super::components;
use super::schema::{CARD, Holds, Type};
use super::units::{Unit, tokens};
use crate::convert::vcard::{Card, HostMembers, emit, media};
use crate::store::{Contents, Id, Object};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The Card that is to be stored.
pub struct Wanted {
    pub card: Object,
    /// Of the media that are not in the card under their keys yet.
    pub contents: BTreeMap<String, Contents>,
    /// The lines of those that are.
    pub embedded: BTreeMap<String, usize>,
    /// The media whose contents are not those that the card has under this key.
    pub new_media: BTreeSet<Unit>,
}

impl Wanted {
    /// `before` is what the stored card says.
    pub fn of(
        after: &Object,
        host: &HostMembers<'_>,
        stored: &Card<'_>,
        before: &Object,
        blobs: &dyn Fn(&str) -> Option<Contents>,
    ) -> Result<Self, Unwritable> {
        let mut card = after.clone();
        card.retain(|_, value| !value.is_null());
        // RFC 9553 §2.1.1, §2.1.2
        for (name, only) in [("@type", "Card"), ("version", "1.0")] {
            if card.get(name).is_some_and(|value| value != only) {
                return Err(Unwritable::of(name, "this is no Card of version 1.0"));
            }
        }
        for (name, host) in [("updated", host.updated), ("created", host.created)] {
            if let Some(utc) = host {
                card.insert(name.to_owned(), utc.into());
            }
        }
        card.entry("uid").or_insert_with(|| host.uid.into());
        let mut wanted = Self {
            card,
            contents: BTreeMap::new(),
            embedded: stored.embedded_keys().into_iter().collect(),
            new_media: BTreeSet::new(),
        };
        wanted.embed(host, stored, blobs)?;
        if let Some(mut localizations) = wanted.card.remove(LOCALIZATIONS) {
            if before.get(LOCALIZATIONS) != Some(&localizations) {
                settle_localizations(&mut localizations, &wanted.card);
            }
            wanted.card.insert(LOCALIZATIONS.to_owned(), localizations);
        }
        for (name, value) in &mut wanted.card {
            let same = before.get(name);
            match (CARD.holds(name), value) {
                (_, value) if same == Some(value) => {}
                // What has not changed stays as it is, whatever that is.
                (Some(Holds::Map(kind)), Value::Object(members)) => {
                    let changed = members
                        .iter_mut()
                        .filter(|(key, value)| same.and_then(|same| same.get(key)) != Some(value));
                    changed.for_each(|(_, value)| settle_object(value, kind));
                }
                (Some(holds), value) => settle(value, holds),
                (None, _) => {}
            }
        }
        wanted
            .card
            .retain(|name, value| !is_empty(value, CARD.holds(name)));
        Ok(wanted)
    }

    /// Finds the octets of blobs and of data URIs, which are blobs when they are read.
    fn embed(
        &mut self,
        host: &HostMembers<'_>,
        stored: &Card<'_>,
        blobs: &dyn Fn(&str) -> Option<Contents>,
    ) -> Result<(), Unwritable> {
        let Some(Value::Object(media)) = self.card.get_mut("media") else {
            return Ok(());
        };
        let own: BTreeMap<String, (&String, usize)> = (self.embedded.iter())
            .map(|(key, line)| {
                let digest = stored.embedded_digest(*line);
                ((host.blob_id)(key, digest), (key, *line))
            })
            .collect();
        for (key, entry) in media.iter_mut() {
            let Value::Object(entry) = entry else {
                continue;
            };
            let contents = match (entry.get("blobId"), entry.get("uri")) {
                (Some(Value::String(id)), _) => match own.get(id) {
                    Some((own, _)) if *own == key => continue,
                    Some((_, line)) => stored.embedded_at(*line),
                    None => blobs(id),
                },
                (None, Some(Value::String(uri))) if uri.get(..5).is_some_and(is_data) => {
                    media::contents_of_data(uri)
                }
                _ => continue,
            };
            let contents = contents.filter(|contents| !contents.octets.is_empty());
            let Some(mut contents) = contents else {
                return Err(Unwritable::of("media", "there is no such blob"));
            };
            entry.remove("uri");
            let blob_id = (host.blob_id)(key, media::digest_of(&contents.octets));
            entry.insert("blobId".to_owned(), blob_id.into());
            if let Some(Value::String(media_type)) = entry.get("mediaType") {
                contents.media_type = Some(media_type.clone());
            }
            let known = contents
                .media_type
                .filter(|known| media::is_media_type(known));
            let media_type = known.unwrap_or_else(|| media::type_of_octets(&contents.octets));
            entry.insert("mediaType".to_owned(), media_type.clone().into());
            contents.media_type = Some(media_type);
            self.contents.insert(key.clone(), contents);
            self.new_media.insert(vec!["media".to_owned(), key.clone()]);
        }
        Ok(())
    }
}

const LOCALIZATIONS: &str = "localizations";

/// Takes away in other languages, too, what goes without saying, and says what does not go
/// without in the N of a language.
fn settle_localizations(localizations: &mut Value, card: &Object) {
    let languages = localizations.as_object_mut().into_iter().flatten();
    for patches in languages.filter_map(|(_, patches)| patches.as_object_mut()) {
        settle_name(patches, card.get("name"));
        for (pointer, value) in patches.iter_mut() {
            let way = tokens(pointer);
            let mut way = way.iter();
            let first = way.next().and_then(|name| CARD.holds(name));
            let holds = way.try_fold(first, |holds, token| match holds? {
                Holds::Object(kind) => Some(kind.holds(token)),
                Holds::Map(kind) => Some(Some(Holds::Object(kind))),
                _ => None,
            });
            if let Some(Some(holds)) = holds {
                settle(value, holds);
            }
        }
        let is_ordered = patches.get("name/isOrdered") == Some(&Value::Bool(true));
        if let Some(Value::Array(components)) = patches.get_mut("name/components")
            && !is_ordered
        {
            components::arrange(components, "Name");
        }
    }
}

/// Says a name member by member, where it replaces all that the card's name says; and whether
/// its components are ordered, where the card's are.
fn settle_name(patches: &mut Object, of_card: Option<&Value>) {
    let none = Object::new();
    let of_card = of_card.and_then(Value::as_object).unwrap_or(&none);
    let is_replaced = |name: &Object| of_card.keys().all(|member| name.contains_key(member));
    // Where the card has no name, none of its members can be patched.
    let is_alone = !of_card.is_empty() && !patches.keys().any(|way| way.starts_with("name/"));
    if is_alone
        && matches!(patches.get("name"), Some(Value::Object(name)) if is_replaced(name))
        && let Some(Value::Object(mut name)) = patches.remove("name")
    {
        name.remove("@type");
        let members = name.into_iter();
        patches.extend(members.map(|(member, value)| (format!("name/{member}"), value)));
    }
    if patches.contains_key("name/components") && of_card.get("isOrdered") == Some(&true.into()) {
        for member in ["isOrdered", "defaultSeparator"] {
            let pointer = format!("name/{member}");
            let value = of_card.get(member).cloned().unwrap_or_default();
            patches.entry(pointer).or_insert(value);
        }
    }
}

fn is_data(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("data:")
}

/// Takes away what goes without saying, and all line breaks but the one that vCard has.
fn settle(value: &mut Value, holds: Holds) {
    match value {
        Value::String(text) if text.contains('\r') => {
            *text = text.replace("\r\n", "\n").replace('\r', "\n");
        }
        Value::Array(items) => {
            if let Holds::List(kind) = holds {
                items.iter_mut().for_each(|item| settle_object(item, kind));
            }
        }
        Value::Object(members) => match holds {
            Holds::Map(kind) => {
                members
                    .values_mut()
                    .for_each(|member| settle_object(member, kind));
            }
            Holds::Object(kind) => settle_object(value, kind),
            Holds::Date if !members.contains_key("utc") => {
                holds
                    .inner()
                    .into_iter()
                    .for_each(|kind| settle_object(value, kind));
            }
            _ => {}
        },
        _ => {}
    }
}

fn settle_object(value: &mut Value, kind: &'static Type) {
    let Value::Object(members) = value else {
        return;
    };
    for (name, value) in members.iter_mut() {
        if let Some(holds) = kind.holds(name) {
            settle(value, holds);
        }
    }
    if members.get("isOrdered") != Some(&Value::Bool(true))
        && let Some(Value::Array(components)) = members.get_mut("components")
    {
        components::arrange(components, kind.name);
    }
    let goes_without_saying = |name: &str, value: &Value| match name {
        "@type" => value == kind.name,
        "isOrdered" => *value == Value::Bool(false),
        "relation" => false,
        _ => is_empty(value, kind.holds(name)),
    };
    members.retain(|name, value| !goes_without_saying(name, value));
    match kind.name {
        "Title" => {
            members.entry("kind").or_insert_with(|| "title".into());
        }
        "Relation" => {
            members
                .entry("relation")
                .or_insert_with(|| Map::new().into());
        }
        _ => {}
    }
}

/// Whether this says what its absence does: an empty object or array where one may be.
fn is_empty(value: &Value, holds: Option<Holds>) -> bool {
    use Holds::{List, Map, Object, Params, Patches, Properties, Set, TextMap};
    match (value, holds) {
        (Value::Object(members), Some(Map(_) | Object(_) | Params | Patches | Set | TextMap)) => {
            members.is_empty()
        }
        (Value::Array(items), Some(List(_) | Properties)) => items.is_empty(),
        _ => false,
    }
}

/// Whether a part of a Card is what RFC 9553 says it is.
pub fn is_valid(card: &Object, unit: &Unit) -> bool {
    let mut holds: Option<Holds> = None;
    let mut value: Option<&Value> = None;
    for (at, token) in unit.iter().enumerate() {
        holds = match (at, holds) {
            (0, _) => CARD.holds(token),
            (_, Some(Holds::Object(kind))) => kind.holds(token),
            (_, Some(Holds::Map(kind))) => Some(Holds::Object(kind)),
            // One member is looked at, or a card of many would be looked at for each.
            (_, Some(Holds::Set)) => {
                let member = value.and_then(|value| value.get(token));
                return member.is_none_or(|member| *member == Value::Bool(true));
            }
            (_, Some(Holds::TextMap)) => {
                let member = value.and_then(|value| value.get(token));
                return member.is_none_or(Value::is_string);
            }
            // A patch is looked at as a whole.
            _ => break,
        };
        value = match at {
            0 => card.get(token),
            _ => value.and_then(|value| value.get(token)),
        };
    }
    let id = match unit.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["keywords" | "members" | "relatedTo" | "localizations", ..] => None,
        ["speakToAs", "pronouns", key] => Some(key),
        [property, key] if emit::is_map(property) => Some(key),
        _ => None,
    };
    if id.is_some_and(|id| Id::new(id).is_none()) {
        return false;
    }
    match (holds, value) {
        (Some(holds), Some(value)) => holds.accepts(value),
        _ => true,
    }
}

impl Wanted {
    /// What is wanted of a part that has one place.
    pub fn at(&self, unit: &[String]) -> Option<&Value> {
        let (first, rest) = unit.split_first()?;
        rest.iter()
            .try_fold(self.card.get(first)?, |value, token| value.get(token))
    }
}
