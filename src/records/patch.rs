//! PatchObject: a set of changes to one record (RFC 8620 §5.3).

use crate::store::Object;
use serde_json::Value;

/// More than a record has levels.
const MAX_SLASHES: usize = 64;

/// The patch breaks one of the rules of RFC 8620 §5.3; the text says which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPatch(String);

/// Applies a PatchObject to a record.
///
/// `patch` maps JSON Pointers without the leading slash to values. `null` removes the member;
/// at the top level it restores what `default` gives for the property.
///
/// # Errors
/// When a pointer is malformed, enters an array, has no parent, or is the prefix of another.
pub fn apply(
    record: &Object,
    patch: &Object,
    default: impl Fn(&str) -> Option<Value>,
) -> Result<Object, InvalidPatch> {
    let mut patches = patch
        .iter()
        .map(|(pointer, value)| Ok((tokens(pointer)?, value)))
        .collect::<Result<Vec<_>, InvalidPatch>>()?;
    // In this order whatever a pointer is the prefix of comes right after it.
    patches.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some([(pointer, _), _]) = patches
        .array_windows()
        .find(|[(first, _), (second, _)]| second.starts_with(first))
    {
        return Err(InvalidPatch(format!(
            "\"{}\" is the prefix of another pointer",
            pointer.join("/")
        )));
    }
    let mut patched = record.clone();
    for (pointer, value) in &patches {
        apply_one(&mut patched, pointer, value, &default)?;
    }
    Ok(patched)
}

/// The first token of each pointer: which top-level properties the patch touches.
pub fn touched(patch: &Object) -> impl Iterator<Item = String> + '_ {
    patch
        .keys()
        .filter_map(|pointer| unescape(pointer.split('/').next()?))
}

fn apply_one(
    record: &mut Object,
    pointer: &[String],
    value: &Value,
    default: impl Fn(&str) -> Option<Value>,
) -> Result<(), InvalidPatch> {
    let Some((last, parents)) = pointer.split_last() else {
        return Ok(());
    };
    let mut parent = record;
    for token in parents {
        parent = match parent.get_mut(token) {
            Some(Value::Object(member)) => member,
            Some(Value::Array(_)) => {
                return Err(InvalidPatch(format!(
                    "\"{}\" leads into an array",
                    pointer.join("/")
                )));
            }
            _ => {
                return Err(InvalidPatch(format!(
                    "the parent of \"{}\" does not exist",
                    pointer.join("/")
                )));
            }
        };
    }
    let value = match value {
        Value::Null if parents.is_empty() => default(last),
        Value::Null => None,
        value => Some(value.clone()),
    };
    match value {
        Some(value) => parent.insert(last.clone(), value),
        None => parent.remove(last),
    };
    Ok(())
}

fn tokens(pointer: &str) -> Result<Vec<String>, InvalidPatch> {
    if pointer.bytes().filter(|octet| *octet == b'/').count() > MAX_SLASHES {
        return Err(InvalidPatch(
            "a pointer is deeper than any record".to_owned(),
        ));
    }
    pointer
        .split('/')
        .map(|token| {
            unescape(token).ok_or_else(|| InvalidPatch(format!("\"{pointer}\" is no JSON Pointer")))
        })
        .collect()
}

/// Undoes `~0` and `~1` (RFC 6901 §4); any other `~` makes the pointer invalid.
pub fn unescape(token: &str) -> Option<String> {
    let mut pieces = token.split('~');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        if let Some(rest) = piece.strip_prefix('0') {
            text.push('~');
            text.push_str(rest);
        } else {
            text.push('/');
            text.push_str(piece.strip_prefix('1')?);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    fn patched(record: Value, patch: Value) -> Result<Value, InvalidPatch> {
        let default = |name: &str| (name == "sortOrder").then(|| json!(0));
        apply(&object(record), &object(patch), default).map(Value::Object)
    }

    #[test]
    fn patch_sets_adds_and_removes_members() {
        let record = json!({"a": 1, "b": {"c": 2, "d": 3}, "e~/f": {}});
        let patch = json!({"a": {"x": [1]}, "b/c": null, "b/n": 4, "e~0~1f/g": 5, "none": null});
        assert_eq!(
            patched(record, patch),
            Ok(json!({"a": {"x": [1]}, "b": {"d": 3, "n": 4}, "e~/f": {"g": 5}}))
        );
    }

    #[test]
    fn patch_with_null_restores_a_default() {
        let patch = json!({"sortOrder": null});
        assert_eq!(
            patched(json!({"sortOrder": 7}), patch),
            Ok(json!({"sortOrder": 0}))
        );
    }

    #[test]
    fn patch_takes_a_whole_object() {
        let record = json!({"a": {"b": 1}, "c": 2});
        assert_eq!(patched(record.clone(), record.clone()), Ok(record));
    }

    #[test]
    fn patch_that_breaks_a_rule_is_invalid() {
        let record = json!({"a": {"b": 1}, "list": [{"x": 1}], "text": "t"});
        for patch in [
            json!({"a": 1, "a/b": 2}),
            json!({"a": {}, "a!": 1, "a/b": 2}),
            json!({"list/0": 1}),
            json!({"list/0/x": 1}),
            json!({"list/-": 1}),
            json!({"none/x": 1}),
            json!({"none/x": null}),
            json!({"text/x": 1}),
            json!({"a/b/c": 1}),
            json!({"a~2": 1}),
            json!({"a~": 1}),
            json!({"a/".repeat(65): 1}),
        ] {
            assert!(patched(record.clone(), patch.clone()).is_err(), "{patch}");
        }
    }

    #[test]
    fn patch_of_ten_thousand_pointers_is_applied() {
        let patch = (0..10_000).map(|n| (format!("a/{n}"), json!(n))).collect();
        let record = object(json!({"a": {}}));
        let patched = apply(&record, &patch, |_| None).expect("a valid patch");
        assert_eq!(patched["a"].as_object().map(Object::len), Some(10_000));
    }
}
