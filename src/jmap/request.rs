//! Decodes a Request object (RFC 8620 §3.3) from I-JSON (RFC 7493).

use super::error::RequestError;
use crate::store::{Id, Object};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// The greatest integer that every JSON implementation keeps exactly (RFC 8620 §1.3).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Deeper nesting is refused before it is looked into.
const MAX_DEPTH: usize = 64;

/// More values are refused while they are read: two octets of text, such as `0,`, are 32 of
/// memory. A `/get` of as many ids as maxObjectsInGet allows by default stays below it.
const MAX_VALUES: usize = 1_000_000;

const OUT_OF_RANGE: &str = "a number is beyond 2^53-1";

#[derive(Debug)]
pub struct Request {
    pub using: Vec<String>,
    pub calls: Vec<Invocation>,
    /// From creation id to id; `None` when the client does not want it back.
    pub created_ids: Option<BTreeMap<String, Id>>,
}

/// A method call (RFC 8620 §3.2).
#[derive(Debug)]
pub struct Invocation {
    pub name: String,
    pub arguments: Object,
    pub call_id: String,
}

/// # Errors
/// `notJSON` when the body is no I-JSON, `notRequest` when it is no Request object.
pub fn decode(body: &[u8]) -> Result<Request, RequestError> {
    let Value::Object(mut members) = parse(body)? else {
        return Err(RequestError::not_request("the request is no object"));
    };
    let using = members
        .remove("using")
        .and_then(strings)
        .ok_or_else(|| RequestError::not_request("\"using\" is no array of strings"))?;
    let Some(Value::Array(calls)) = members.remove("methodCalls") else {
        return Err(RequestError::not_request("\"methodCalls\" is no array"));
    };
    let calls = calls
        .into_iter()
        .map(invocation)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            RequestError::not_request("a method call is no [name, arguments, call id]")
        })?;
    let created_ids = match members.remove("createdIds") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            created_ids(value)
                .ok_or_else(|| RequestError::not_request("\"createdIds\" is no map of ids"))?,
        ),
    };
    Ok(Request {
        using,
        calls,
        created_ids,
    })
}

/// Reads one I-JSON value.
///
/// # Errors
/// `notJSON` on bad UTF-8, surrogates, noncharacters, duplicate names, numbers beyond
/// ±(2^53−1), nesting beyond 64 levels, and on anything that is no JSON at all; `limit` on
/// more than a million values.
pub fn parse(body: &[u8]) -> Result<Value, RequestError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let values_left = Cell::new(Some(MAX_VALUES));
    let strict = Strict {
        depth: 0,
        values_left: &values_left,
    };
    let value = strict.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| match values_left.get() {
        Some(_) => RequestError::not_json(error.to_string()),
        None => RequestError::limit("maxSizeRequest"),
    })
}

fn invocation(value: Value) -> Option<Invocation> {
    let Value::Array(parts) = value else {
        return None;
    };
    let [
        Value::String(name),
        Value::Object(arguments),
        Value::String(call_id),
    ] = <[Value; 3]>::try_from(parts).ok()?
    else {
        return None;
    };
    Some(Invocation {
        name,
        arguments,
        call_id,
    })
}

fn strings(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else {
        return None;
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Some(text),
            _ => None,
        })
        .collect()
}

fn created_ids(value: Value) -> Option<BTreeMap<String, Id>> {
    let Value::Object(members) = value else {
        return None;
    };
    members
        .into_iter()
        .map(|(creation_id, id)| match id {
            Value::String(id) => Some((creation_id, Id::new(id)?)),
            _ => None,
        })
        .collect()
}

/// Builds a `Value` under I-JSON's rules.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    /// For the whole text; `None` once there were too many.
    values_left: &'a Cell<Option<usize>>,
}

impl Strict<'_> {
    /// The same for the values within an array or object.
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.values_left.get().and_then(|left| left.checked_sub(1));
        self.values_left.set(left);
        if left.is_none() {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an I-JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_SAFE_INTEGER {
            return Err(E::custom(OUT_OF_RANGE));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER {
            return Err(E::custom(OUT_OF_RANGE));
        }
        Ok(Value::Number(value.into()))
    }

    /// Integers of twenty digits and more come as floats too, and would lose digits.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .filter(|_| value.abs() <= MAX_SAFE_INTEGER as f64)
            .map(Value::Number)
            .ok_or_else(|| E::custom(OUT_OF_RANGE))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        check_characters(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let within = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(within)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let within = self.deeper()?;
        let mut object = Object::new();
        while let Some(name) = members.next_key::<String>()? {
            check_characters(&name)?;
            let value = members.next_value_seed(within)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("an object has the same name twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// RFC 7493 §2.1 forbids noncharacters; surrogates do not get this far.
fn check_characters<E: Error>(text: &str) -> Result<(), E> {
    let is_noncharacter = |character: char| {
        let code = u32::from(character);
        (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
    };
    if !text.is_ascii() && text.chars().any(is_noncharacter) {
        return Err(E::custom("a string has a noncharacter"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &[u8]) -> String {
        let error = decode(body).expect_err("the body is refused");
        let problem: Value = serde_json::from_slice(&error.problem()).expect("a problem is JSON");
        assert_eq!(problem["status"], 400);
        problem["type"].as_str().unwrap_or_default().to_owned()
    }

    const NOT_JSON: &str = "urn:ietf:params:jmap:error:notJSON";
    const NOT_REQUEST: &str = "urn:ietf:params:jmap:error:notRequest";

    #[test]
    fn request_decodes_calls_and_created_ids() {
        let request = decode(
            br##"{"using":["u"],"methodCalls":[["Core/echo",{"a":1},"c"]],"createdIds":{"k":"x1"},"more":0}"##,
        )
        .expect("a valid request");
        assert_eq!(request.using, ["u"]);
        assert_eq!(request.calls[0].name, "Core/echo");
        assert_eq!(request.calls[0].arguments["a"], 1);
        assert_eq!(request.calls[0].call_id, "c");
        assert_eq!(request.created_ids.expect("given")["k"].as_str(), "x1");
    }

    #[test]
    fn request_that_is_no_json_is_refused_as_not_json() {
        for body in [
            &b""[..],
            b"{",
            b"{} x",
            b"\xEF\xBB\xBF{}",
            b"{\"a\":\"\xC3\"}",
            b"{\"a\":\"\xC0\x80\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\xEF\xBF\xBF\"}",
            b"{\"\xEF\xB7\x90\":1}",
            b"{\"a\":1e400}",
            b"{\"a\":9007199254740992}",
            b"{\"a\":-9007199254740992}",
            b"{\"using\":[],\"using\":[],\"methodCalls\":[]}",
            b"{\"using\":[],\"methodCalls\":[[\"Core/echo\",{\"x\":{\"a\":1,\"a\":2}},\"0\"]]}",
        ] {
            assert_eq!(
                problem(body),
                NOT_JSON,
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn request_of_the_wrong_shape_is_refused_as_not_request() {
        for body in [
            "null",
            "true",
            "\"x\"",
            "[]",
            "{}",
            r#"{"using":"u","methodCalls":[]}"#,
            r#"{"using":[1],"methodCalls":[]}"#,
            r#"{"using":[],"methodCalls":{}}"#,
            r#"{"using":[],"methodCalls":[["a",{}]]}"#,
            r#"{"using":[],"methodCalls":[["a",{},"0","1"]]}"#,
            r#"{"using":[],"methodCalls":[["a",[],"0"]]}"#,
            r#"{"using":[],"methodCalls":[["a",{},0]]}"#,
            r#"{"using":[],"methodCalls":[],"createdIds":{"a":"no id"}}"#,
        ] {
            assert_eq!(problem(body.as_bytes()), NOT_REQUEST, "{body}");
        }
    }

    #[test]
    fn request_nested_64_levels_is_read_and_65_is_not_json() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert!(parse(nested(65).as_bytes()).is_err());
        for levels in [1_000, 100_000, 5_000_000] {
            assert_eq!(problem("[".repeat(levels).as_bytes()), NOT_JSON);
        }
    }

    #[test]
    fn request_of_a_million_values_is_read_and_one_more_is_over_the_limit() {
        let array = |items: usize| format!("[{}\"c1\"]", "\"c1\",".repeat(items - 1));
        assert!(parse(array(MAX_VALUES - 1).as_bytes()).is_ok());
        assert_eq!(
            problem(array(MAX_VALUES).as_bytes()),
            "urn:ietf:params:jmap:error:limit"
        );
    }

    #[test]
    fn request_keeps_safe_integers_negative_zero_and_nul_exactly() {
        let value = parse(br#"[9007199254740991,-9007199254740991,-0,"\u0000"]"#)
            .map_err(|error| String::from_utf8(error.problem()))
            .expect("I-JSON");
        assert_eq!(value[0], MAX_SAFE_INTEGER);
        assert_eq!(value[1], -(1_i64 << 53) + 1);
        assert_eq!(value[2].as_f64(), Some(0.0));
        assert_eq!(value[3], "\0");
    }
}
