//! Result references: arguments taken from earlier responses (RFC 8620 §3.7).
//!
//! Only what later calls refer to is kept of a response, because a response is otherwise
//! streamed and forgotten. What is kept and what is resolved counts in octets against one
//! budget a request, so that references cannot multiply each other.

use super::error::MethodError;
use super::request::Invocation;
use crate::records::patch::unescape;
use crate::store::Object;
use serde_json::Value;
use std::collections::BTreeMap;

/// What later calls want of the response with some call id.
#[derive(Debug, Clone)]
pub struct Interest {
    /// Property names wanted of the records in `list`; `None` for whole records.
    list_properties: Option<Vec<String>>,
    /// `list` is referred to at all.
    pub list: bool,
}

impl Interest {
    /// Whether this property of the records in `list` has to be kept.
    pub fn keeps(&self, property: &str) -> bool {
        self.list
            && match &self.list_properties {
                None => true,
                Some(names) => names.iter().any(|name| name == property),
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
    /// `None` when it was too large to keep.
    arguments: Option<Value>,
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
                let known = interests.get(reference.result_of).cloned();
                let interest = add_path(known, reference.path);
                interests.insert(reference.result_of.to_owned(), interest);
            }
        }
        Self {
            interests,
            kept: BTreeMap::new(),
            octets_left: octets,
        }
    }

    /// What to keep of the next response under this call id; `None` when nothing is.
    pub fn interest(&self, call_id: &str) -> Option<&Interest> {
        if self.kept.contains_key(call_id) {
            return None;
        }
        self.interests.get(call_id)
    }

    /// Records a response. `arguments` may be reduced to what [`Results::interest`] names.
    pub fn keep(&mut self, call_id: &str, name: &str, arguments: Value) {
        let fits = self.spend(&arguments);
        self.remember(call_id, name, fits.then_some(arguments));
    }

    /// Records that a response was larger than what may be kept.
    pub fn keep_nothing(&mut self, call_id: &str, name: &str) {
        self.remember(call_id, name, None);
    }

    /// How many octets may still be kept or resolved.
    pub fn octets_left(&self) -> usize {
        self.octets_left
    }

    /// Replaces each `#argument` by the value that it refers to.
    ///
    /// # Errors
    /// `invalidArguments` when an argument is there in both forms, `invalidResultReference`
    /// when a reference leads nowhere or to more than may be resolved.
    pub fn resolve(&mut self, arguments: Object) -> Result<Object, MethodError> {
        let mut resolved = Object::new();
        let (references, plain): (Vec<_>, Vec<_>) = arguments
            .into_iter()
            .partition(|(name, _)| name.starts_with('#'));
        resolved.extend(plain);
        for (name, reference) in references {
            let name = name.trim_start_matches('#').to_owned();
            let value = self.follow(&reference).map_err(|reason| {
                MethodError::described("invalidResultReference", format!("#{name}: {reason}"))
            })?;
            if resolved.insert(name.clone(), value).is_some() {
                return Err(MethodError::invalid_arguments(format!(
                    "\"{name}\" and \"#{name}\" are both given"
                )));
            }
        }
        Ok(resolved)
    }

    fn remember(&mut self, call_id: &str, name: &str, arguments: Option<Value>) {
        if self.interest(call_id).is_none() {
            return;
        }
        let kept = Kept {
            name: name.to_owned(),
            arguments,
        };
        self.kept.insert(call_id.to_owned(), kept);
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
        let arguments = kept
            .arguments
            .as_ref()
            .ok_or("the response is too large to be referred to")?;
        let tokens = tokens(reference.path).ok_or("the path is no JSON Pointer")?;
        let mut octets = self.octets_left;
        let value = evaluate(arguments, &tokens, &mut octets)?;
        self.octets_left = octets;
        Ok(value)
    }

    /// Takes the value's size off the budget; `false` when it does not fit.
    fn spend(&mut self, value: &Value) -> bool {
        take(value, &mut self.octets_left).is_ok()
    }
}

/// Widens what is known of the interest in a response by one more path.
fn add_path(known: Option<Interest>, path: &str) -> Interest {
    let mut interest = known.unwrap_or(Interest {
        list_properties: Some(Vec::new()),
        list: false,
    });
    let Some(tokens) = tokens(path) else {
        return interest;
    };
    let mut tokens = tokens.into_iter();
    match tokens.next().as_deref() {
        None | Some("list") => interest.list = true,
        Some(_) => return interest,
    }
    // The second token chooses records; the third is the property.
    match (tokens.nth(1), &mut interest.list_properties) {
        (Some(property), Some(names)) => names.push(property),
        (None, names) => *names = None,
        (Some(_), None) => {}
    }
    interest
}

/// The reference tokens of a JSON Pointer (RFC 6901 §3), unescaped.
fn tokens(path: &str) -> Option<Vec<String>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.strip_prefix('/')?.split('/').map(unescape).collect()
}

/// Applies the pointer; recursion is as deep as the pointer has tokens that meet an array
/// with `*`, and so as deep as the value, which the request's decoder has bounded.
fn evaluate(value: &Value, tokens: &[String], octets: &mut usize) -> Result<Value, &'static str> {
    let Some((token, rest)) = tokens.split_first() else {
        take(value, octets)?;
        return Ok(value.clone());
    };
    match value {
        Value::Object(members) => {
            let member = members.get(token).ok_or("the path leads to nothing")?;
            evaluate(member, rest, octets)
        }
        Value::Array(items) if token == "*" => {
            let mut results = Vec::new();
            for item in items {
                match evaluate(item, rest, octets)? {
                    Value::Array(inner) => results.extend(inner),
                    other => results.push(other),
                }
            }
            Ok(Value::Array(results))
        }
        Value::Array(items) => {
            let item = array_index(token)
                .and_then(|index| items.get(index))
                .ok_or("the path leads to nothing")?;
            evaluate(item, rest, octets)
        }
        _ => Err("the path leads to nothing"),
    }
}

/// RFC 6901 §4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let is_canonical =
        token == "0" || (!token.starts_with('0') && token.bytes().all(|b| b.is_ascii_digit()));
    is_canonical.then(|| token.parse().ok()).flatten()
}

fn take(value: &Value, octets: &mut usize) -> Result<(), &'static str> {
    let left = octets.checked_sub(size(value));
    *octets = left.ok_or("it leads to more than may be referred to in one request")?;
    Ok(())
}

/// About how many octets of memory the value takes.
fn size(value: &Value) -> usize {
    const NODE: usize = 32;
    match value {
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => NODE + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            let of_member = |(name, value): (&String, &Value)| NODE + name.len() + size(value);
            NODE + members.iter().map(of_member).sum::<usize>()
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
        assert!(resolve_within(response.clone(), "/list/*/id", 30_000).is_ok());
        for octets in [1_000, 12_500] {
            let error =
                resolve_within(response.clone(), "/list/*/id", octets).expect_err("too much");
            assert_eq!(error.kind, "invalidResultReference");
        }
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
        assert!(results.interest("b").is_none());
    }
}
