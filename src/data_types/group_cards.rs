//! Cards of kind group (RFC 9553 §2.1.4) from and for hosts that keep groups outside of cards.

use super::contacts::wants_stored_card;
use crate::json;
use crate::store::{Object, Record, Selection, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A card of kind group (RFC 9553 §2.1.4) from a host that keeps groups outside of cards.
#[derive(Clone, Copy, Debug)]
pub struct GroupCard<'a> {
    pub id: &'a str,
    pub address_book_id: &'a str,
    pub uid: &'a str,
    pub name: &'a str,
    /// A UTCDate.
    pub updated: Option<&'a str>,
    /// The uids of those members who are contacts.
    pub members: &'a [&'a str],
    /// The rest of the card: further members, more about the name, and other properties.
    pub carried: &'a Object,
}

/// What the host itself says of a group.
const HOST_PROPERTIES: [&str; 9] = [
    "id",
    "addressBookIds",
    "@type",
    "version",
    "kind",
    "uid",
    "updated",
    "name",
    "members",
];

impl GroupCard<'_> {
    /// Whether a selection needs the members to be known.
    pub fn wants_members(selection: &Selection) -> bool {
        selection.wants("members")
    }

    /// Whether a selection needs what is carried to be known.
    pub fn wants_carried(selection: &Selection) -> bool {
        wants_stored_card(selection)
    }

    fn emit_name(&self, out: &mut json::Writer) {
        out.key("name");
        out.begin_object();
        out.member("full", self.name);
        let more = self.carried.get("name").and_then(Value::as_object);
        for (member, value) in more.into_iter().flatten() {
            if member != "full" {
                out.key(member);
                out.serialize(value);
            }
        }
        out.end_object();
    }

    fn emit_members(&self, out: &mut json::Writer) {
        out.key("members");
        out.begin_object();
        let others = members_of(self.carried);
        let all: BTreeSet<&str> = self.members.iter().copied().chain(others).collect();
        for uid in all {
            out.key(uid);
            out.boolean(true);
        }
        out.end_object();
    }
}

impl Record for GroupCard<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", self.id);
        if selection.wants("addressBookIds") {
            out.key("addressBookIds");
            out.begin_object();
            out.key(self.address_book_id);
            out.boolean(true);
            out.end_object();
        }
        for (property, value) in [("@type", "Card"), ("version", "1.0"), ("kind", "group")] {
            if selection.wants(property) {
                out.member(property, value);
            }
        }
        if selection.wants("uid") {
            out.member("uid", self.uid);
        }
        if let Some(updated) = self.updated
            && selection.wants("updated")
        {
            out.member("updated", updated);
        }
        if selection.wants("name") {
            self.emit_name(out);
        }
        if selection.wants("members") {
            self.emit_members(out);
        }
        for (property, value) in self.carried {
            if !HOST_PROPERTIES.contains(&property.as_str()) && selection.wants(property) {
                out.key(property);
                out.serialize(value);
            }
        }
        out.end_object();
    }
}

/// What of a group card such a host has columns for.
#[derive(Debug, PartialEq, Eq)]
pub struct GroupContent {
    pub name: String,
    /// The uids of its members.
    pub members: BTreeSet<String>,
}

impl GroupContent {
    /// # Errors
    /// `Invalid` where the card has no name, or what is no set of members.
    pub fn of(card: &Object) -> Result<Self, StoreError> {
        let name = name_of(card).filter(|name| !name.trim().is_empty());
        let members = match card.get("members") {
            None => Some(BTreeSet::new()),
            Some(members) => members.as_object().and_then(|members| {
                let all = members.values().all(|is_member| *is_member == json!(true));
                all.then(|| members.keys().cloned().collect())
            }),
        };
        match (name, members) {
            (Some(name), Some(members)) => Ok(Self { name, members }),
            (None, _) => Err(invalid("name", "a group here has a name")),
            (_, None) => Err(invalid("members", "members are a set of uids")),
        }
    }
}

/// The whole name, or what its components make.
fn name_of(card: &Object) -> Option<String> {
    let name = card.get("name")?.as_object()?;
    if let Some(full) = name.get("full") {
        return full.as_str().map(str::to_owned);
    }
    let components = name.get("components")?.as_array()?.iter();
    let is_separator = |component: &&Value| {
        component
            .get("kind")
            .is_some_and(|kind| kind == "separator")
    };
    let words = components.filter(|component| !is_separator(component));
    let words: Vec<&str> = words
        .filter_map(|word| word.get("value")?.as_str())
        .collect();
    Some(words.join(" "))
}

/// Whether a name and members say all that such a card says; its uid is left aside.
///
/// A group of a file also says in which version of vCard and by which program it was written,
/// and repeats its name in parts: nothing of that is the group's.
pub fn is_name_and_members(card: &Object) -> bool {
    let full = name_of(card).unwrap_or_default();
    let is_version = |property: &Value| property.get(0).is_some_and(|name| name == "version");
    let repeats_name = |component: &Value| {
        let value = component.get("value").and_then(Value::as_str);
        value.is_some_and(|value| full.contains(value))
    };
    let are_all = |list: Option<&Value>, test: &dyn Fn(&Value) -> bool| {
        let items = list.map(Value::as_array);
        items.is_none_or(|items| items.is_some_and(|items| items.iter().all(test)))
    };
    let is_plain_name = |name: &Object| {
        let known = ["full", "@type", "components", "isOrdered"];
        name.keys().all(|key| known.contains(&key.as_str()))
            && are_all(name.get("components"), &repeats_name)
    };
    card.iter()
        .all(|(property, value)| match property.as_str() {
            "prodId" => true,
            "vCardProps" => are_all(Some(value), &is_version),
            "name" => value.as_object().is_some_and(is_plain_name),
            property => HOST_PROPERTIES.contains(&property),
        })
}

/// The uids that a card names as its members.
pub fn members_of(card: &Object) -> impl Iterator<Item = &str> {
    let members = card.get("members").and_then(Value::as_object);
    members.into_iter().flatten().map(|(uid, _)| uid.as_str())
}

/// The card with these members only.
pub fn with_members(card: &Object, members: &BTreeSet<String>) -> Object {
    let mut card = card.clone();
    let members: Object = members
        .iter()
        .map(|uid| (uid.clone(), true.into()))
        .collect();
    match members.is_empty() {
        true => card.remove("members"),
        false => card.insert("members".to_owned(), members.into()),
    };
    card
}

/// Takes out what a carried card says of a name that the group has no more.
pub fn forget_name(card: &mut Object) {
    card.remove("name");
}

fn invalid(property: &str, reason: &str) -> StoreError {
    StoreError::Invalid {
        properties: vec![property.to_owned()],
        reason: reason.to_owned(),
    }
}

pub fn unfit_uid() -> StoreError {
    invalid("uid", "the uid is empty or too long")
}

pub fn name_is_too_long() -> StoreError {
    invalid("name", "the name is too long")
}

pub fn is_group(card: &Object) -> bool {
    card.get("kind").is_some_and(|kind| kind == "group")
}

/// What is wrong where a group would become something else, or something else a group.
pub fn kind_cannot_change() -> StoreError {
    invalid(
        "kind",
        "a contact cannot become a group here, nor a group a contact",
    )
}
