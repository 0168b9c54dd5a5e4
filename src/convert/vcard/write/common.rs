//! What entries have in common, as parameters (RFC 9555 §2.3, §2.15.2).

use super::line::{NewLine, Style, Version};
use crate::convert::charset;
use crate::convert::content_line::{Line, Param};
use crate::convert::vcard::entry::{self, CONTEXTS, FEATURES, members};
use crate::convert::vcard::params::{ParamName, ParamSet};
use crate::convert::vcard::rule::{Dialect, Target};
use serde_json::{Map, Value};

/// Adds the parameters that say the common members of an object of this target, and those
/// that it carries; those in `said` are said otherwise.
pub fn add_params(
    line: &mut NewLine,
    target: Target,
    object: &Map<String, Value>,
    said: ParamSet,
    dialect: &Dialect,
    style: Style,
) {
    let members = members(target);
    let carried = carried(object);
    let of_type = carried.iter().find(|(name, _)| name == "TYPE");
    let mut types: Vec<String> = of_type
        .map(|(_, values)| values.clone())
        .unwrap_or_default();
    if members.contexts || members.features {
        let contexts = set(object, "contexts").filter(|word| {
            CONTEXTS.contains(word)
                && (members.address_contexts || matches!(*word, "private" | "work"))
        });
        let features =
            set(object, "features").filter(|word| members.features && FEATURES.contains(word));
        add_types(&mut types, contexts.collect(), features.collect(), dialect);
    }
    let pref = object
        .get("pref")
        .and_then(Value::as_u64)
        .filter(|_| members.pref);
    if pref == Some(1) && style.version < Version::Four && !says(&types, "pref") {
        types.push("pref".to_owned());
    }
    if !types.is_empty() {
        line.params.push(("TYPE".to_owned(), types));
    }
    if let Some(pref) = pref
        && (pref != 1 || style.version == Version::Four)
    {
        line.param("PREF", &pref.to_string());
    }
    if members.list_as
        && let Some(position) = object.get("listAs").and_then(Value::as_u64)
    {
        line.param("INDEX", &position.to_string());
    }
    if members.media_type
        && !said.has(ParamName::MediaType)
        && let Some(Value::String(media_type)) = object.get("mediaType")
    {
        line.param("MEDIATYPE", media_type);
    }
    let own: Vec<String> = line.params.iter().map(|(name, _)| name.clone()).collect();
    for (name, values) in carried {
        let known = ParamName::of(&Param {
            name: name.as_bytes(),
            value: b"",
        });
        let is_said = said.has(known)
            || matches!(
                known,
                ParamName::Type | ParamName::PropId | ParamName::Charset | ParamName::Encoding
            )
            || own.contains(&name);
        if !is_said {
            line.params.push((name, values));
        }
    }
}

/// Adds the TYPE values of those contexts and features that the values do not say already.
fn add_types(
    types: &mut Vec<String>,
    mut contexts: Vec<&str>,
    mut features: Vec<&str>,
    dialect: &Dialect,
) {
    for value in types.iter() {
        let rule = dialect
            .types
            .iter()
            .find(|rule| value.eq_ignore_ascii_case(rule.value));
        if let Some(rule) = rule {
            contexts.retain(|context| *context != rule.context);
            features.retain(|feature| *feature != rule.feature);
        }
    }
    let is_all = |words: &[&str], word: &str| match word {
        "" => words.is_empty(),
        word => words == [word],
    };
    let own = dialect.types.iter().find(|rule| {
        rule.is_written && is_all(&contexts, rule.context) && is_all(&features, rule.feature)
    });
    if let Some(own) = own {
        types.insert(0, own.value.to_owned());
        return;
    }
    let mut words: Vec<String> = Vec::new();
    for (word, written) in contexts
        .into_iter()
        .map(|it| (it, "home"))
        .chain(features.into_iter().map(|it| (it, "cell")))
    {
        let written = match word {
            "private" | "mobile" => written,
            word => word,
        };
        if !says(types, written) {
            words.push(written.to_owned());
        }
    }
    types.splice(0..0, words);
}

/// Adds the parameters of an old line, as they are written there, to the line in its place;
/// not those that are `said`.
pub fn keep_params(line: &mut NewLine, old: Line<'_>, said: ParamSet) {
    for param in old.params() {
        if said.has(ParamName::of(&param)) || entry::is_of_the_writing(&param) {
            continue;
        }
        let name = charset::repair(param.name);
        line.kept.push(';');
        line.kept.push_str(&name);
        if !name.is_empty() {
            line.kept.push('=');
        }
        line.kept.push_str(&charset::repair(param.value));
    }
}

fn says(types: &[String], word: &str) -> bool {
    types.iter().any(|value| value.eq_ignore_ascii_case(word))
}

/// The words of a set.
pub fn set<'v>(
    object: &'v Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'v str> + use<'v> {
    let members = object.get(name).and_then(Value::as_object);
    members.into_iter().flatten().map(|(word, _)| word.as_str())
}

/// The parameters that an object carries, with their names in upper case. A group is none.
pub fn carried(object: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let params = object.get("vCardParams").and_then(Value::as_object);
    params.map(of_jcard).unwrap_or_default()
}

/// Parameters as jCard has them (RFC 7095 §3.3). What has no valid name is left out.
pub fn of_jcard(params: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    };
    params
        .iter()
        .filter(|(name, _)| is_name(name) && !name.eq_ignore_ascii_case("group"))
        .map(|(name, value)| {
            let values = match value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            let texts = values.iter().filter_map(Value::as_str).map(str::to_owned);
            (name.to_ascii_uppercase(), texts.collect())
        })
        .collect()
}
