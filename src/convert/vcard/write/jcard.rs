//! Properties that a Card only carries, from their jCard form (RFC 9555 §2.15.1, RFC 7095
//! §3.3).

use super::common::of_jcard;
use super::groups::group_in;
use super::line::{NewLine, NewValue};
use crate::convert::vcard::carried::type_name;
use crate::convert::vcard::rule::{Dialect, Shape, Target};
use serde_json::Value;

/// Whether a carried property only makes the vCard one: VERSION, and the names that it must
/// have, empty or derived from others.
pub fn is_of_the_form(property: &Value) -> bool {
    let Some([Value::String(name), params, _, values @ ..]) =
        property.as_array().map(Vec::as_slice)
    else {
        return false;
    };
    let is_plain = params.as_object().is_some_and(serde_json::Map::is_empty);
    if name == "fn" && params.get("derived").is_some_and(|it| it == "TRUE") {
        return true;
    }
    is_plain
        && match name.as_str() {
            "version" => true,
            "fn" | "n" => values.iter().all(is_blank),
            _ => false,
        }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().all(is_blank),
        value => value.as_str().is_some_and(|text| text.trim().is_empty()),
    }
}

/// The line of a carried property, if it is one.
pub fn line(property: &Value, dialect: &Dialect) -> Option<NewLine> {
    let [
        Value::String(name),
        Value::Object(params),
        Value::String(value_type),
        values @ ..,
    ] = property.as_array()?.as_slice()
    else {
        return None;
    };
    let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    if name.is_empty() || !name.bytes().all(is_of_name) {
        return None;
    }
    let name = name.to_ascii_uppercase();
    let rule = dialect.rule(name.as_bytes());
    if rule.target == Target::Frame {
        let nested = values.first()?.as_str().filter(|_| name == "BEGIN")?;
        return Some(NewLine::new("BEGIN", NewValue::Nested(nested.to_owned())));
    }
    let group = group_in(params);
    let mut params = of_jcard(params);
    let is_base64 = params
        .iter()
        .any(|(name, values)| name == "ENCODING" && *values == ["b"]);
    let value = match is_base64 {
        true => NewValue::Raw(values.first()?.as_str()?.to_owned()),
        false => value(rule.shape, values)?,
    };
    if value_type != type_name(rule.shape) {
        params.push(("VALUE".to_owned(), vec![value_type.clone()]));
    }
    Some(NewLine {
        group,
        params,
        ..NewLine::new(&name, value)
    })
}

fn value(shape: Shape, values: &[Value]) -> Option<NewValue> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let first = values.first()?;
    Some(match shape {
        Shape::Unknown => NewValue::Raw(text(first)?),
        Shape::List => NewValue::Texts(vec![values.iter().map(text).collect::<Option<_>>()?]),
        Shape::Structured => {
            let component = |value: &Value| match value {
                Value::Array(values) => values.iter().map(text).collect::<Option<Vec<_>>>(),
                value => text(value).map(|text| vec![text]),
            };
            let components = first.as_array()?.iter().map(component);
            NewValue::Texts(components.collect::<Option<_>>()?)
        }
        Shape::Uri => NewValue::Uri(text(first)?),
        _ => NewValue::text(&text(first)?),
    })
}
