//! What a Card may hold (RFC 9553 §2), to refuse what is none and to pass over what goes
//! without saying.

use super::units::tokens;
use serde_json::Value;

/// What a property holds.
#[derive(Clone, Copy)]
pub enum Holds {
    Text,
    Boolean,
    /// From, to.
    Number(u64, u64),
    Utc,
    /// `String[Boolean]`, each of them true.
    Set,
    TextMap,
    Object(&'static Type),
    Map(&'static Type),
    List(&'static Type),
    /// A PartialDate or a Timestamp.
    Date,
    /// `String[PatchObject]`.
    Patches,
    /// jCard's parameters (RFC 9555 §2.15.2).
    Params,
    /// jCard's properties (RFC 9555 §2.15.1).
    Properties,
}

use Holds::*;

pub struct Type {
    pub name: &'static str,
    members: &'static [(&'static str, Holds)],
    mandatory: &'static [&'static str],
}

const PREF: Holds = Number(1, 100);
const POSITION: Holds = Number(1, (1 << 53) - 1);

/// What objects of most types may have, and no type has as something else (RFC 9553 §1.5,
/// RFC 9555 §2.15).
const ANYWHERE: &[(&str, Holds)] = &[
    ("contexts", Set),
    ("kind", Text),
    ("label", Text),
    ("listAs", POSITION),
    ("mediaType", Text),
    ("name", Text),
    ("phonetic", Text),
    ("phoneticScript", Text),
    ("phoneticSystem", Text),
    ("pref", PREF),
    ("uri", Text),
    ("vCardName", Text),
    ("vCardParams", Params),
];

const fn plain(name: &'static str, mandatory: &'static [&'static str]) -> Type {
    Type {
        name,
        members: &[
            ("address", Text),
            ("language", Text),
            ("note", Text),
            ("number", Text),
            ("pronouns", Text),
            ("value", Text),
        ],
        mandatory,
    }
}

pub static CARD: Type = Type {
    name: "Card",
    members: &[
        ("created", Utc),
        ("kind", Text),
        ("language", Text),
        ("members", Set),
        ("prodId", Text),
        ("relatedTo", Map(&RELATION)),
        ("uid", Text),
        ("updated", Utc),
        ("name", Object(&NAME)),
        ("nicknames", Map(&NICKNAME)),
        ("organizations", Map(&ORGANIZATION)),
        ("speakToAs", Object(&SPEAK_TO_AS)),
        ("titles", Map(&TITLE)),
        ("emails", Map(&EMAIL)),
        ("onlineServices", Map(&ONLINE_SERVICE)),
        ("phones", Map(&PHONE)),
        ("preferredLanguages", Map(&LANGUAGE)),
        ("calendars", Map(&CALENDAR)),
        ("schedulingAddresses", Map(&SCHEDULING)),
        ("addresses", Map(&ADDRESS)),
        ("cryptoKeys", Map(&CRYPTO_KEY)),
        ("directories", Map(&DIRECTORY)),
        ("links", Map(&LINK)),
        ("media", Map(&MEDIA)),
        ("localizations", Patches),
        ("anniversaries", Map(&ANNIVERSARY)),
        ("keywords", Set),
        ("notes", Map(&NOTE)),
        ("personalInfo", Map(&PERSONAL)),
        ("vCardProps", Properties),
    ],
    mandatory: &[],
};
static RELATION: Type = Type {
    name: "Relation",
    members: &[("relation", Set)],
    mandatory: &["relation"],
};
static NAME: Type = Type {
    name: "Name",
    members: &[
        ("components", List(&NAME_COMPONENT)),
        ("isOrdered", Boolean),
        ("defaultSeparator", Text),
        ("full", Text),
        ("sortAs", TextMap),
    ],
    mandatory: &[],
};
static NAME_COMPONENT: Type = plain("NameComponent", &["kind", "value"]);
static NICKNAME: Type = plain("Nickname", &["name"]);
static ORGANIZATION: Type = Type {
    name: "Organization",
    members: &[("units", List(&UNIT)), ("sortAs", Text)],
    mandatory: &[],
};
static UNIT: Type = Type {
    name: "OrgUnit",
    members: &[("sortAs", Text)],
    mandatory: &["name"],
};
static SPEAK_TO_AS: Type = Type {
    name: "SpeakToAs",
    members: &[("grammaticalGender", Text), ("pronouns", Map(&PRONOUNS))],
    mandatory: &[],
};
static PRONOUNS: Type = plain("Pronouns", &["pronouns"]);
static TITLE: Type = Type {
    name: "Title",
    members: &[("organizationId", Text)],
    mandatory: &["kind", "name"],
};
static EMAIL: Type = plain("EmailAddress", &["address"]);
static ONLINE_SERVICE: Type = Type {
    name: "OnlineService",
    members: &[("service", Text), ("user", Text)],
    mandatory: &[],
};
static PHONE: Type = Type {
    name: "Phone",
    members: &[("number", Text), ("features", Set)],
    mandatory: &["number"],
};
static LANGUAGE: Type = plain("LanguagePref", &["language"]);
static CALENDAR: Type = plain("Calendar", &["uri"]);
static SCHEDULING: Type = plain("SchedulingAddress", &["uri"]);
static ADDRESS: Type = Type {
    name: "Address",
    members: &[
        ("components", List(&ADDRESS_COMPONENT)),
        ("isOrdered", Boolean),
        ("countryCode", Text),
        ("coordinates", Text),
        ("timeZone", Text),
        ("full", Text),
        ("defaultSeparator", Text),
    ],
    mandatory: &[],
};
static ADDRESS_COMPONENT: Type = plain("AddressComponent", &["kind", "value"]);
static CRYPTO_KEY: Type = plain("CryptoKey", &["uri"]);
static DIRECTORY: Type = plain("Directory", &["uri"]);
static LINK: Type = plain("Link", &["uri"]);
static MEDIA: Type = Type {
    name: "Media",
    // RFC 9610 §3
    members: &[("blobId", Text)],
    mandatory: &["kind"],
};
static ANNIVERSARY: Type = Type {
    name: "Anniversary",
    members: &[("date", Date), ("place", Object(&ADDRESS))],
    mandatory: &["date", "kind"],
};
static PARTIAL_DATE: Type = Type {
    name: "PartialDate",
    members: &[
        ("year", Number(0, 9999)),
        ("month", Number(1, 12)),
        ("day", Number(1, 31)),
        ("calendarScale", Text),
    ],
    mandatory: &[],
};
static TIMESTAMP: Type = Type {
    name: "Timestamp",
    members: &[("utc", Utc)],
    mandatory: &["utc"],
};
static NOTE: Type = Type {
    name: "Note",
    members: &[
        ("note", Text),
        ("created", Utc),
        ("author", Object(&AUTHOR)),
    ],
    mandatory: &["note"],
};
static AUTHOR: Type = plain("Author", &[]);
static PERSONAL: Type = Type {
    name: "PersonalInfo",
    members: &[("value", Text), ("level", Text)],
    mandatory: &["kind", "value"],
};

impl Type {
    /// What a property of this name holds, where it is known.
    pub fn holds(&self, name: &str) -> Option<Holds> {
        let named = |members: &'static [(&'static str, Holds)]| {
            members.iter().find(|(known, _)| *known == name)
        };
        let known = named(self.members).or_else(|| match std::ptr::eq(self, &CARD) {
            true => None,
            false => named(ANYWHERE),
        });
        known.map(|(_, holds)| *holds)
    }

    /// Whether this is an object of this type. What is not known may be in it.
    fn accepts(&self, value: &Value) -> bool {
        let Value::Object(members) = value else {
            return false;
        };
        let is_type = match members.get("@type") {
            Some(name) => name == self.name,
            None => !std::ptr::eq(self, &TIMESTAMP),
        };
        is_type
            && self
                .mandatory
                .iter()
                .all(|name| members.contains_key(*name))
            && members.iter().all(|(name, value)| match self.holds(name) {
                Some(holds) => holds.accepts(value),
                None => true,
            })
    }
}

impl Holds {
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Boolean => value.is_boolean(),
            Number(from, to) => value
                .as_u64()
                .is_some_and(|number| (from..=to).contains(&number)),
            Utc => value.as_str().is_some_and(is_utc),
            Set => each(value, |value| *value == Value::Bool(true)),
            TextMap => each(value, Value::is_string),
            Object(kind) => kind.accepts(value),
            Map(kind) => each(value, |value| kind.accepts(value)),
            List(kind) => {
                let items = value.as_array();
                items.is_some_and(|items| items.iter().all(|item| kind.accepts(item)))
            }
            Date => PARTIAL_DATE.accepts(value) || TIMESTAMP.accepts(value),
            Patches => each(value, is_patch),
            Params => each(value, |value| match value {
                Value::Array(values) => values.iter().all(Value::is_string),
                value => value.is_string(),
            }),
            Properties => value.as_array().is_some_and(|properties| {
                let is_property = |property: &Value| {
                    matches!(
                        property.as_array().map(Vec::as_slice),
                        Some([Value::String(_), params, Value::String(_), _, ..])
                            if Params.accepts(params)
                    )
                };
                properties.iter().all(is_property)
            }),
        }
    }

    /// What the members of an object or the items of an array hold.
    pub fn inner(self) -> Option<&'static Type> {
        match self {
            Object(kind) | Map(kind) | List(kind) => Some(kind),
            Date => Some(&PARTIAL_DATE),
            _ => None,
        }
    }
}

/// Whether this may patch a Card (RFC 9553 §1.4.3, §2.7.1); what it leads to may be missing.
fn is_patch(value: &Value) -> bool {
    let Some(patches) = value.as_object() else {
        return false;
    };
    let mut ways: Vec<Vec<String>> = patches.keys().map(|way| tokens(way)).collect();
    ways.sort_unstable();
    let conflicts = ways
        .windows(2)
        .any(|pair| matches!(pair, [first, second] if second.starts_with(first)));
    let is_of_the_card = |way: &Vec<String>| {
        way.first()
            .is_some_and(|property| property != "localizations")
    };
    !conflicts && ways.iter().all(is_of_the_card)
}

fn each(value: &Value, accepts: impl Fn(&Value) -> bool) -> bool {
    let members = value.as_object();
    members.is_some_and(|members| members.values().all(accepts))
}

/// RFC 9553 §1.4.5.
fn is_utc(text: &str) -> bool {
    text.ends_with('Z') && text.contains('T') && super::super::dates::timestamp(text).is_some()
}
