//! What the objects in JSContact's maps have in common: contexts, features, preference,
//! label, and the parameters that are carried along (RFC 9555 §2.3, §2.15.2).

use super::emit::Emitter;
use super::keys;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Dialect, Rule, Shape, Target};
use super::settle::Fate;
use crate::convert::content_line::{Line, Param};
use crate::json::Writer;
use std::borrow::Cow;

/// Which of the common members an object may have (RFC 9553 §1.5).
#[derive(Clone, Copy, Default)]
pub struct Members {
    pub contexts: bool,
    /// `billing` and `delivery` are contexts too.
    pub address_contexts: bool,
    pub features: bool,
    pub pref: bool,
    pub label: bool,
    pub media_type: bool,
    pub list_as: bool,
}

/// The map that an entry of this target stands in; nothing for what is no entry.
pub fn property(target: Target) -> &'static str {
    use Target::*;
    match target {
        Nickname => "nicknames",
        Organization | OrganizationUnit => "organizations",
        Title => "titles",
        Email => "emails",
        OnlineService | OnlineUser => "onlineServices",
        Phone => "phones",
        PreferredLanguage => "preferredLanguages",
        Calendar => "calendars",
        SchedulingAddress => "schedulingAddresses",
        Address | Coordinates | TimeZone => "addresses",
        CryptoKey => "cryptoKeys",
        Directory => "directories",
        Link => "links",
        Media => "media",
        Anniversary | LabelledDate => "anniversaries",
        Note => "notes",
        PersonalInfo => "personalInfo",
        Pronouns => "speakToAs/pronouns",
        _ => "",
    }
}

/// Whether the target's object has a `label` (RFC 9553 §3.5.2).
pub fn has_label(target: Target) -> bool {
    members(target).label
}

pub fn members(target: Target) -> Members {
    use Target::*;
    let contact = Members {
        contexts: true,
        pref: true,
        label: true,
        ..Members::default()
    };
    let resource = Members {
        media_type: true,
        ..contact
    };
    match target {
        Nickname | PreferredLanguage | Pronouns => Members {
            label: false,
            ..contact
        },
        Organization | OrganizationUnit => Members {
            contexts: true,
            ..Members::default()
        },
        Email | OnlineService | OnlineUser | SchedulingAddress => contact,
        Phone => Members {
            features: true,
            ..contact
        },
        Address | Coordinates | TimeZone => Members {
            address_contexts: true,
            label: false,
            ..contact
        },
        Calendar | CryptoKey | Link | Media => resource,
        Directory => Members {
            list_as: true,
            ..resource
        },
        PersonalInfo => Members {
            label: true,
            list_as: true,
            ..Members::default()
        },
        _ => Members::default(),
    }
}

pub const CONTEXTS: [&str; 4] = ["private", "work", "billing", "delivery"];
pub const FEATURES: [&str; 8] = [
    "mobile",
    "fax",
    "main-number",
    "pager",
    "text",
    "textphone",
    "video",
    "voice",
];

/// What TYPE says of an object, as bits of `CONTEXTS` and `FEATURES`.
#[derive(Default)]
struct Types {
    contexts: u8,
    features: u8,
    preferred: bool,
    /// There are values that only `vCardParams` can hold.
    others: bool,
}

/// What one TYPE value says of an object.
enum TypeMeaning {
    Context(u8),
    Feature(u8),
    Preferred,
    /// What a dialect's value means is not all that it says.
    Dialect {
        contexts: u8,
        features: u8,
    },
    Unknown,
}

fn type_meaning(value: &[u8], members: Members, dialect: &Dialect) -> TypeMeaning {
    let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
    let bit_of = |words: &[&str], word: &str| match words.iter().position(|known| *known == word) {
        Some(at) => 1 << at,
        None => 0,
    };
    if members.contexts && is("home") {
        return TypeMeaning::Context(1);
    }
    if members.contexts && is("work") {
        return TypeMeaning::Context(2);
    }
    if members.pref && is("pref") {
        return TypeMeaning::Preferred;
    }
    if members.address_contexts && is("billing") {
        return TypeMeaning::Context(4);
    }
    if members.address_contexts && is("delivery") {
        return TypeMeaning::Context(8);
    }
    if members.features {
        if is("cell") {
            return TypeMeaning::Feature(1);
        }
        if let Some(at) = FEATURES.iter().skip(1).position(|feature| is(feature)) {
            return TypeMeaning::Feature(2 << at);
        }
    }
    let Some(own) = dialect.types.iter().find(|rule| is(rule.value)) else {
        return TypeMeaning::Unknown;
    };
    let contexts = match members.contexts {
        true => bit_of(&CONTEXTS, own.context),
        false => 0,
    };
    let features = match members.features {
        true => bit_of(&FEATURES, own.feature),
        false => 0,
    };
    TypeMeaning::Dialect { contexts, features }
}

/// The TYPE values of a parameter; a quoted list is a list too (RFC 9555 §2.7.6).
fn type_values<'c>(param: &Param<'c>) -> impl Iterator<Item = &'c [u8]> + use<'c> {
    param
        .values()
        .flat_map(|value| value.split(|octet| *octet == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|value| !value.is_empty())
}

/// The TYPE values of a line.
pub fn types<'c>(line: Line<'c>) -> impl Iterator<Item = &'c [u8]> + use<'c> {
    line.params()
        .filter(|param| ParamName::of(param) == ParamName::Type)
        .flat_map(|param| type_values(&param))
}

impl<'c> Emitter<'c, '_> {
    /// Writes the common members of an entry and the parameters that have no other place.
    ///
    /// `expressed` are the parameters that the entry's own members have said already.
    pub fn common_members(&mut self, index: usize, mut expressed: ParamSet) {
        let Some((line, property)) = self.card.property(index) else {
            return;
        };
        let members = members(property.rule.target);
        let params = property.params;
        self.vcard_name(property.rule);
        if params.is_empty() {
            if !line.group().is_empty() {
                self.label(line, members);
                self.carried_params(line, expressed, |_| true);
            }
            return;
        }
        let mut types = Types::default();
        if params.has(ParamName::Type) && !expressed.has(ParamName::Type) {
            types = self.types(line, members);
            if !types.others {
                expressed.add(ParamName::Type);
            }
        }
        self.set("contexts", &CONTEXTS, types.contexts);
        self.set("features", &FEATURES, types.features);
        let pref = params
            .has(ParamName::Pref)
            .then(|| number(line, ParamName::Pref).filter(|pref| (1..=100).contains(pref)))
            .flatten();
        if let Some(pref) = pref.or(types.preferred.then_some(1))
            && members.pref
        {
            self.out.key("pref");
            self.out.unsigned(pref);
            if number(line, ParamName::Pref) == Some(pref) {
                expressed.add(ParamName::Pref);
            }
        }
        if members.list_as
            && let Some(position) = number(line, ParamName::Index).filter(|index| *index > 0)
        {
            self.out.key("listAs");
            self.out.unsigned(position);
            expressed.add(ParamName::Index);
        }
        if members.media_type
            && !expressed.has(ParamName::MediaType)
            && let Some(media_type) = params::find_text(line, ParamName::MediaType)
        {
            self.out.member("mediaType", &media_type);
            expressed.add(ParamName::MediaType);
        }
        expressed = expressed.and(self.expressed_of(index));
        self.label(line, members);
        const TYPE_ALONE: ParamSet = ParamSet::of(&[ParamName::Type]);
        if params == TYPE_ALONE && expressed.has(ParamName::Type) && line.group().is_empty() {
            return;
        }
        let dialect = self.card.dialect;
        self.carried_params(line, expressed, |value| {
            matches!(
                type_meaning(value, members, dialect),
                TypeMeaning::Unknown | TypeMeaning::Dialect { .. }
            )
        });
    }

    /// The name of the property, where others convert to the same object (RFC 9555 §2.15.3).
    pub fn vcard_name(&mut self, rule: &Rule) {
        if rule.shape == Shape::Unknown || rule.name == "IMPP" {
            self.out
                .member("vCardName", &rule.name.to_ascii_lowercase());
        }
    }

    /// The parameters that are expressed by where the object stands: by its key, by the
    /// language of the card or of a patch, by having alternatives.
    pub fn expressed_of(&self, index: usize) -> ParamSet {
        let mut expressed = ParamSet::EMPTY;
        let Some((line, property)) = self.card.property(index) else {
            return expressed;
        };
        let is_alternative = matches!(property.fate, Fate::Localizes(_));
        expressed.add_if(
            property.params.has(ParamName::PropId)
                && !self::property(property.rule.target).is_empty()
                && keys::prop_id(line).is_some(),
            ParamName::PropId,
        );
        expressed.add_if(
            property.params.has(ParamName::Language)
                && (is_alternative || self.card.says_language(line)),
            ParamName::Language,
        );
        expressed.add_if(
            property.params.has(ParamName::Altid)
                && (is_alternative || self.card.has_alternatives(index)),
            ParamName::Altid,
        );
        expressed
    }

    fn label(&mut self, line: Line<'c>, members: Members) {
        if members.label
            && let Some(label) = self.card.label(line.group())
        {
            self.out.member("label", &label);
        }
    }

    fn types(&self, line: Line<'c>, members: Members) -> Types {
        let mut types = Types::default();
        for value in self::types(line) {
            match type_meaning(value, members, self.card.dialect) {
                TypeMeaning::Context(bit) => types.contexts |= bit,
                TypeMeaning::Feature(bit) => types.features |= bit,
                TypeMeaning::Preferred => types.preferred = true,
                TypeMeaning::Dialect { contexts, features } => {
                    types.contexts |= contexts;
                    types.features |= features;
                    types.others = true;
                }
                TypeMeaning::Unknown => types.others = true,
            }
        }
        types
    }

    /// Writes a set of words as the object that JSContact makes of it.
    fn set(&mut self, name: &str, words: &[&str], bits: u8) {
        if bits == 0 {
            return;
        }
        self.out.key(name);
        self.out.begin_object();
        for (at, word) in words.iter().enumerate() {
            if bits & (1 << at) != 0 {
                self.out.key(word);
                self.out.boolean(true);
            }
        }
        self.out.end_object();
    }

    /// Writes `vCardParams`, when there is something for it: the group's name, and the
    /// parameters that are not expressed; of TYPE, the values that `keep_type` names.
    pub fn carried_params(
        &mut self,
        line: Line<'c>,
        expressed: ParamSet,
        keep_type: impl Fn(&[u8]) -> bool,
    ) {
        let carried = carried(line, expressed, keep_type);
        if carried.is_empty() && line.group().is_empty() {
            return;
        }
        self.out.key("vCardParams");
        write_params(self.out, line, carried);
    }
}

/// Whether a parameter says how the value was written, which its JSON needs no more.
pub fn is_of_the_writing(param: &Param<'_>) -> bool {
    match ParamName::of(param) {
        ParamName::Encoding | ParamName::Charset => true,
        ParamName::Value => is_value_type(param.value),
        _ => false,
    }
}

type CarriedParam<'c> = (Cow<'c, str>, &'c [u8]);

/// The parameters that are not expressed, one by one value, with their names in lower case.
pub fn carried<'c>(
    line: Line<'c>,
    expressed: ParamSet,
    keep_type: impl Fn(&[u8]) -> bool,
) -> Vec<CarriedParam<'c>> {
    let mut carried = Vec::new();
    let mut repeated = ParamSet::EMPTY;
    for param in line.params() {
        let name = ParamName::of(&param);
        // Of all but TYPE only the first is heard.
        if is_of_the_writing(&param) || (expressed.has(name) && !repeated.has(name)) {
            repeated.add_if(name != ParamName::Type, name);
            continue;
        }
        if name == ParamName::Type {
            let kept = type_values(&param).filter(|value| keep_type(value));
            carried.extend(kept.map(|value| (Cow::Borrowed("type"), value)));
            continue;
        }
        let key: Cow<'_, str> = Cow::Owned(params::text(param.name).to_ascii_lowercase());
        carried.extend(param.values().map(|value| (key.clone(), value)));
    }
    carried
}

/// Writes the parameters as jCard does (RFC 7095 §3.3), those of one name together.
pub fn write_params<'c>(out: &mut Writer, line: Line<'c>, mut carried: Vec<CarriedParam<'c>>) {
    if !line.group().is_empty() {
        carried.insert(0, (Cow::Borrowed("group"), line.group()));
    }
    carried.sort_by(|(left, _), (right, _)| left.cmp(right));
    out.begin_object();
    for same_name in carried.chunk_by(|(left, _), (right, _)| left == right) {
        let [(name, first), others @ ..] = same_name else {
            continue;
        };
        out.key(name);
        if others.is_empty() {
            out.string(&params::text(first));
            continue;
        }
        out.begin_array();
        for (_, value) in same_name {
            out.string(&params::text(value));
        }
        out.end_array();
    }
    out.end_object();
}

/// The value types of RFC 6350 §5.2 and of vCard 2.1: the JSON's own types say the same.
fn is_value_type(value: &[u8]) -> bool {
    const TYPES: [&str; 18] = [
        "text",
        "uri",
        "date",
        "time",
        "date-time",
        "date-and-or-time",
        "timestamp",
        "boolean",
        "integer",
        "float",
        "utc-offset",
        "language-tag",
        "binary",
        "inline",
        "url",
        "cid",
        "content-id",
        "phone-number",
    ];
    TYPES
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
}

/// A parameter's value as a number that JSON holds exactly.
pub fn number(line: Line<'_>, name: ParamName) -> Option<u64> {
    std::str::from_utf8(params::find(line, name)?)
        .ok()?
        .parse()
        .ok()
        .filter(|number| *number < 1 << 53)
}
