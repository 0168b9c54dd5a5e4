//! Cards of kind group (RFC 9553 §2.1.4) from and for hosts that keep groups outside of cards.

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
    /// The uids of its members.
    pub members: &'a [&'a str],
}

impl GroupCard<'_> {
    /// Whether a selection needs the members to be known.
    pub fn wants_members(selection: &Selection) -> bool {
        selection.wants("members")
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
            out.key("name");
            out.begin_object();
            out.member("full", self.name);
            out.end_object();
        }
        if selection.wants("members") {
            out.key("members");
            out.begin_object();
            for uid in self.members {
                out.key(uid);
                out.boolean(true);
            }
            out.end_object();
        }
        out.end_object();
    }
}

/// What of a group card such a host can hold.
#[derive(Debug, PartialEq, Eq)]
pub struct GroupContent {
    pub name: String,
    /// The uids of its members.
    pub members: BTreeSet<String>,
}

impl GroupContent {
    /// Its uid is the host's, so that of the card is not looked at.
    ///
    /// # Errors
    /// `Invalid` names what such a host cannot hold.
    pub fn of(card: &Object) -> Result<Self, StoreError> {
        let name = card.get("name").and_then(Value::as_object);
        let full = name.and_then(|name| name.get("full")?.as_str());
        // A group of a file also says in which version of vCard and by which program it was
        // written, and repeats its name in parts: nothing of that is the group's.
        let is_version = |property: &Value| property.get(0).is_some_and(|name| name == "version");
        let repeats_name = |component: &Value| {
            let value = component.get("value").and_then(Value::as_str);
            full.zip(value)
                .is_some_and(|(full, value)| full.contains(value))
        };
        let are_all = |list: Option<&Value>, test: &dyn Fn(&Value) -> bool| {
            let items = list.map(Value::as_array);
            items.is_none_or(|items| items.is_some_and(|items| items.iter().all(test)))
        };
        let is_name = name.is_some_and(|name| {
            let known = ["full", "@type", "components", "isOrdered"];
            name.keys().all(|key| known.contains(&key.as_str()))
                && are_all(name.get("components"), &repeats_name)
        });
        let members = match card.get("members") {
            None => Some(BTreeSet::new()),
            Some(members) => members.as_object().and_then(|members| {
                let all = members.values().all(|is_member| *is_member == json!(true));
                all.then(|| members.keys().cloned().collect())
            }),
        };
        let fits = |property: &str| match property {
            "id" | "uid" | "updated" | "addressBookIds" | "prodId" => true,
            "vCardProps" => are_all(card.get(property), &is_version),
            "@type" => card.get(property) == Some(&json!("Card")),
            "version" => card.get(property).is_some_and(Value::is_string),
            "kind" => is_group(card),
            "name" => is_name && full.is_some_and(|full| !full.trim().is_empty()),
            "members" => members.is_some(),
            _ => false,
        };
        let mut unfit: Vec<String> = card.keys().filter(|key| !fits(key)).cloned().collect();
        if !card.contains_key("name") {
            unfit.push("name".to_owned());
        }
        match (full, members) {
            (Some(full), Some(members)) if unfit.is_empty() => Ok(Self {
                name: full.to_owned(),
                members,
            }),
            _ => Err(StoreError::Invalid {
                properties: unfit,
                reason: "a group here has a full name and members, and nothing else".to_owned(),
            }),
        }
    }
}

pub fn name_is_too_long() -> StoreError {
    StoreError::Invalid {
        properties: vec!["name".to_owned()],
        reason: "the name is too long".to_owned(),
    }
}

/// What is wrong with a member that a host cannot put into a group.
pub fn no_such_member() -> StoreError {
    StoreError::Invalid {
        properties: vec!["members".to_owned()],
        reason: "members of a group here are contacts of the same address book".to_owned(),
    }
}

pub fn is_group(card: &Object) -> bool {
    card.get("kind").is_some_and(|kind| kind == "group")
}

/// What is wrong where a group would become something else, or something else a group.
pub fn kind_cannot_change() -> StoreError {
    StoreError::Invalid {
        properties: vec!["kind".to_owned()],
        reason: "a contact cannot become a group here, nor a group a contact".to_owned(),
    }
}
