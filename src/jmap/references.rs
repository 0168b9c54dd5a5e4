//! Result references: arguments taken from earlier responses (RFC 8620 §3.7).
//!
//! Only what later calls refer to is kept of a response, because a response is otherwise
//! streamed and forgotten. What is kept, looked at and resolved counts in octets against one
//! budget a request, so that references cannot multiply each other.

use super::error::{MethodError, shown};
use super::kept_list::KeptList;
use super::request::Invocation;
use crate::records::patch::unescape;
use crate::store::Object;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What each value that a path passes takes off the budget.
const STEP_OCTETS: usize = 8;

const NOWHERE: &str = "the path leads to nothing";

/// What later calls want of the response with some call id.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    /// `list` is referred to at all.
    list: bool,
    /// Whole records of `list` are wanted, beyond the properties named.
    whole_records: bool,
    list_properties: BTreeSet<String>,
}

impl Interest {
    /// Whether this property of the records in `list` has to be kept.
    pub fn keeps(&self, property: &str) -> bool {
        self.list && (self.whole_records || self.list_properties.contains(property))
    }

    /// Widens it by one more path.
    fn add(&mut self, path: &str) {
        let records = match first_token(path) {
            None => "",
            Some((token, rest)) if token == "list" => rest,
            Some(_) => return,
        };
        self.list = true;
        // The second token chooses records; the third is the property.
        let property = first_token(records).and_then(|(_, rest)| first_token(rest));
        match property {
            Some((property, _)) => {
                self.list_properties.insert(property);
            }
            None => self.whole_records = true,
        }
    }
}

/// A ResultReference object (RFC 8620 §3.7).
struct Reference<'a> {
    result_of: &'a str,
    name: &'a str,
    path: &'a str,
}

impl<'a> Reference<'a> {
    fn from(value: &'a Value) -> Option<Self> {
        let members = value.as_object()?;
        Some(Self {
            result_of: members.get("resultOf")?.as_str()?,
            name: members.get("name")?.as_str()?,
            path: members.get("path")?.as_str()?,
        })
    }
}

/// The responses of one request, as far as later calls refer to them.
#[derive(Debug)]
pub struct Results {
    interests: BTreeMap<String, Interest>,
    /// The first response under each call id that is referred to.
    kept: BTreeMap<String, Kept>,
    octets_left: usize,
}

#[derive(Debug)]
struct Kept {
    name: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Whole(Value),
    /// The arguments of a `/get` response without `list`, and what is wanted of that.
    WithList(Value, KeptList),
    TooLarge,
}

impl Results {
    /// Finds out what the calls will refer to; `octets` bounds what is kept and resolved.
    pub fn new(calls: &[Invocation], octets: usize) -> Self {
        let mut interests: BTreeMap<String, Interest> = BTreeMap::new();
        for call in calls {
            let references = call
                .arguments
                .iter()
                .filter(|(name, _)| name.starts_with('#'))
                .filter_map(|(_, value)| Reference::from(value));
            for reference in references {
                let interest = interests.entry(reference.result_of.to_owned());
                interest.or_default().add(reference.path);
            }
        }
        Self {
            interests,
            kept: BTreeMap::new(),
            octets_left: octets,
        }
    }

    /// Whether later calls refer to the next response under this call id.
    pub fn is_wanted(&self, call_id: &str) -> bool {
        self.interest(call_id).is_some()
    }

    /// Where to gather what later calls want of the records in the next response under this
    /// call id; `None` when they do not refer to it.
    pub fn list(&self, call_id: &str) -> Option<KeptList> {
        let interest = self.interest(call_id)?.clone();
        Some(KeptList::new(interest, self.octets_left))
    }

    /// Records a response.
    pub fn keep(&mut self, call_id: &str, name: &str, arguments: Value) {
        if !self.is_wanted(call_id) {
            return;
        }
        let content = match take(size(&arguments), &mut self.octets_left) {
            Ok(()) => Content::Whole(arguments),
            Err(_) => Content::TooLarge,
        };
        self.remember(call_id, name, content);
    }

    /// Records a `/get` response; `arguments` are those without `list`.
    pub fn keep_with_list(&mut self, call_id: &str, name: &str, arguments: Value, list: KeptList) {
        let octets = size(&arguments).saturating_add(list.octets());
        let content = match take(octets, &mut self.octets_left) {
            Ok(()) if list.is_whole() => Content::WithList(arguments, list),
            _ => Content::TooLarge,
        };
        self.remember(call_id, name, content);
    }

    /// Replaces each `#argument` by the value that it refers to.
    ///
    /// # Errors
    /// `invalidArguments` when an argument is there in both forms, `invalidResultReference`
    /// when a reference leads nowhere or to more than may be resolved.
    pub fn resolve(&mut self, arguments: Object) -> Result<Object, MethodError> {
        let mut resolved = Object::new();
        let mut references = Vec::new();
        for (name, value) in arguments {
            match name.strip_prefix('#') {
                Some(name) => references.push((name.to_owned(), value)),
                None => {
                    resolved.insert(name, value);
                }
            }
        }
        for (name, reference) in references {
            if resolved.contains_key(&name) {
                let name = shown(&name);
                return Err(MethodError::invalid_arguments(format!(
                    "\"{name}\" and \"#{name}\" are both given"
                )));
            }
            let value = self.follow(&reference).map_err(|reason| {
                let description = format!("#{}: {reason}", shown(&name));
                MethodError::described("invalidResultReference", description)
            })?;
            resolved.insert(name, value);
        }
        Ok(resolved)
    }

    fn interest(&self, call_id: &str) -> Option<&Interest> {
        if self.kept.contains_key(call_id) {
            return None;
        }
        self.interests.get(call_id)
    }

    fn remember(&mut self, call_id: &str, name: &str, content: Content) {
        let name = name.to_owned();
        self.kept.insert(call_id.to_owned(), Kept { name, content });
    }

    fn follow(&mut self, reference: &Value) -> Result<Value, &'static str> {
        let reference = Reference::from(reference).ok_or("this is no ResultReference")?;
        let kept = self
            .kept
            .get(reference.result_of)
            .ok_or("no earlier response has this call id")?;
        if kept.name != reference.name {
            return Err("the response has another name");
        }
        let path = reference.path;
        if !is_pointer(path) {
            return Err("the path is no JSON Pointer");
        }
        let octets = &mut self.octets_left;
        match &kept.content {
            Content::Whole(arguments) => evaluate(arguments, path, octets),
            Content::TooLarge => Err("the response is too large to be referred to"),
            Content::WithList(arguments, list) => match first_token(path) {
                Some((token, rest)) if token == "list" => list.evaluate(rest, octets),
                Some(_) => evaluate(arguments, path, octets),
                None => {
                    let mut whole = evaluate(arguments, path, octets)?;
                    whole["list"] = list.evaluate(path, octets)?;
                    Ok(whole)
                }
            },
        }
    }
}

/// Applies a JSON Pointer (RFC 6901) in which `*` stands for every item of an array (RFC 8620
/// §3.7). What it passes and what it finds is taken off `octets`.
///
/// Recursion is as deep as the value, which the request's decoder or the record has bounded.
///
/// # Errors
/// When it leads nowhere, or `octets` do not suffice.
pub(super) fn evaluate(
    value: &Value,
    path: &str,
    octets: &mut usize,
) -> Result<Value, &'static str> {
    let Some((token, rest)) = first_token(path) else {
        take(size(value), octets)?;
        return Ok(value.clone());
    };
    take(STEP_OCTETS, octets)?;
    match value {
        Value::Object(members) => evaluate(members.get(&token).ok_or(NOWHERE)?, rest, octets),
        Value::Array(items) => match index(&token)? {
            Index::Every => {
                let mut results = Vec::new();
                for item in items {
                    add(evaluate(item, rest, octets)?, &mut results);
                }
                Ok(Value::Array(results))
            }
            Index::One(index) => evaluate(items.get(index).ok_or(NOWHERE)?, rest, octets),
        },
        _ => Err(NOWHERE),
    }
}

/// Which items of an array a token chooses.
pub(super) enum Index {
    Every,
    One(usize),
}

/// `*`, or digits without a leading zero (RFC 6901 §4).
pub(super) fn index(token: &str) -> Result<Index, &'static str> {
    if token == "*" {
        return Ok(Index::Every);
    }
    let is_canonical =
        token == "0" || (!token.starts_with('0') && token.bytes().all(|b| b.is_ascii_digit()));
    let index = token.parse().ok().filter(|_| is_canonical);
    index.map(Index::One).ok_or(NOWHERE)
}

/// Adds what one item has come to; arrays are flattened into one (RFC 8620 §3.7).
pub(super) fn add(result: Value, results: &mut Vec<Value>) {
    match result {
        Value::Array(inner) => results.extend(inner),
        other => results.push(other),
    }
}

/// The first reference token of a pointer, unescaped, and the rest of the pointer; `None`
/// when the pointer is the value itself.
pub(super) fn first_token(path: &str) -> Option<(String, &str)> {
    let path = path.strip_prefix('/')?;
    let (token, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    Some((unescape(token)?, rest))
}

/// RFC 6901 §3.
fn is_pointer(path: &str) -> bool {
    let mut after_tildes = path.split('~').skip(1);
    (path.is_empty() || path.starts_with('/'))
        && after_tildes.all(|after| after.starts_with(['0', '1']))
}

/// # Errors
/// When no so many octets are left.
pub(super) fn take(octets: usize, left: &mut usize) -> Result<(), &'static str> {
    let rest = left.checked_sub(octets);
    *left = rest.ok_or("it leads to more than may be referred to in one request")?;
    Ok(())
}

/// About how many octets of memory the value takes.
fn size(value: &Value) -> usize {
    const NODE: usize = 32;
    /// The least that a map sets aside.
    const MAP: usize = 640;
    match value {
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => NODE + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            let of_member = |(name, value): (&String, &Value)| NODE + name.len() + size(value);
            MAP + members.iter().map(of_member).sum::<usize>()
        }
        _ => NODE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(arguments: Value, call_id: &str) -> Invocation {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        Invocation {
            name: "Foo/get".into(),
            arguments,
            call_id: call_id.into(),
        }
    }

    /// Resolves `path` in `response`, which the call `a` has given.
    fn resolve(response: Value, path: &str) -> Result<Value, MethodError> {
        resolve_within(response, path, 10_000)
    }

    fn resolve_within(response: Value, path: &str, octets: usize) -> Result<Value, MethodError> {
        let reference = json!({"#ids": {"resultOf": "a", "name": "Foo/get", "path": path}});
        let referring = call(reference, "b");
        let mut results = Results::new(std::slice::from_ref(&referring), octets);
        results.keep("a", "Foo/get", response);
        let mut resolved = results.resolve(referring.arguments)?;
        Ok(resolved.remove("ids").expect("the argument is there"))
    }

    #[test]
    fn result_reference_maps_and_flattens_arrays() {
        let response =
            json!({"list": [{"m": ["x", "y"]}, {"m": ["z"]}, {"m": []}], "n": [[1, [2]]]});
        assert_eq!(
            resolve(response.clone(), "/list/*/m").ok(),
            Some(json!(["x", "y", "z"]))
        );
        assert_eq!(
            resolve(response.clone(), "/list/1/m/0").ok(),
            Some(json!("z"))
        );
        assert_eq!(resolve(response, "/n/*").ok(), Some(json!([1, [2]])));
    }

    #[test]
    fn result_reference_unescapes_its_tokens() {
        let response = json!({"a/b": {"c~d": 1, "*": 2}});
        assert_eq!(resolve(response.clone(), "/a~1b/c~0d").ok(), Some(json!(1)));
        assert_eq!(resolve(response, "/a~1b/*").ok(), Some(json!(2)));
    }

    #[test]
    fn result_reference_that_leads_nowhere_is_invalid() {
        let response = json!({"list": [{"id": "x"}], "a": {"b": 1}});
        for path in [
            "list",
            "/none",
            "/list/-1",
            "/list/01",
            "/list/1",
            "/list/-",
            "/list/+0",
            "/list/999999999999999999999",
            "/a/*",
            "/list/*/none",
            "/a/b/c",
            "/a/~2",
            "/a/~",
        ] {
            let error = resolve(response.clone(), path).expect_err(path);
            assert_eq!(error.kind, "invalidResultReference", "{path}");
        }
    }

    #[test]
    fn result_reference_to_another_name_or_a_later_call_is_invalid() {
        for (result_of, name) in [("a", "Bar/get"), ("b", "Foo/get"), ("c", "Foo/get")] {
            let reference = json!({"#ids": {"resultOf": result_of, "name": name, "path": "/list"}});
            let referring = call(reference, "b");
            let mut results = Results::new(std::slice::from_ref(&referring), 10_000);
            results.keep("a", "Foo/get", json!({"list": []}));
            let error = results.resolve(referring.arguments).expect_err(name);
            assert_eq!(error.kind, "invalidResultReference");
        }
    }

    #[test]
    fn argument_given_plainly_and_by_reference_is_invalid() {
        let arguments =
            json!({"ids": null, "#ids": {"resultOf": "a", "name": "Foo/get", "path": "/list"}});
        let referring = call(arguments, "b");
        let mut results = Results::new(std::slice::from_ref(&referring), 10_000);
        results.keep("a", "Foo/get", json!({"list": []}));
        let error = results
            .resolve(referring.arguments)
            .expect_err("both forms");
        assert_eq!(error.kind, "invalidArguments");
    }

    #[test]
    fn result_reference_uses_the_first_response_of_a_call_id() {
        let reference = json!({"#x": {"resultOf": "a", "name": "Foo/get", "path": "/n"}});
        let referring = call(reference, "b");
        let mut results = Results::new(std::slice::from_ref(&referring), 10_000);
        results.keep("a", "Foo/get", json!({"n": 1}));
        results.keep("a", "Foo/get", json!({"n": 2}));
        let resolved = results.resolve(referring.arguments).expect("resolves");
        assert_eq!(resolved["x"], 1);
    }

    #[test]
    fn result_references_together_stay_within_their_octets() {
        let list: Vec<Value> = (0..50)
            .map(|n| json!({"id": format!("{n:0100}")}))
            .collect();
        let response = json!({ "list": list });
        assert!(resolve_within(response.clone(), "/list/*/id", 60_000).is_ok());
        for octets in [1_000, 42_000] {
            let error =
                resolve_within(response.clone(), "/list/*/id", octets).expect_err("too much");
            assert_eq!(error.kind, "invalidResultReference");
        }
    }

    #[test]
    fn response_larger_than_the_octets_is_not_kept() {
        let reference = json!({"#x": {"resultOf": "a", "name": "Foo/get", "path": "/n"}});
        let referring = call(reference, "b");
        let mut results = Results::new(std::slice::from_ref(&referring), 10_000);
        results.keep("a", "Foo/get", json!({"n": 1, "m": "m".repeat(10_000)}));
        let error = results.resolve(referring.arguments).expect_err("too large");
        assert_eq!(error.kind, "invalidResultReference");
    }

    #[test]
    fn interest_names_the_list_properties_that_are_referred_to() {
        let calls = [
            call(
                json!({"#ids": {"resultOf": "a", "name": "Foo/get", "path": "/list/*/members"}}),
                "b",
            ),
            call(
                json!({"#ids": {"resultOf": "c", "name": "Foo/query", "path": "/ids"}}),
                "d",
            ),
            call(
                json!({"#ids": {"resultOf": "e", "name": "Foo/get", "path": "/list"}}),
                "f",
            ),
        ];
        let results = Results::new(&calls, 0);
        let of = |call_id| results.interest(call_id).expect("referred to");
        assert!(of("a").keeps("members") && !of("a").keeps("id"));
        assert!(!of("c").keeps("id"));
        assert!(of("e").keeps("anything"));
        assert!(!results.is_wanted("b"));
    }
}
