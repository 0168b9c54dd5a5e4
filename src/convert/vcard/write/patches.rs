//! What only a JSPROP can say (RFC 9555 §3.2.1): the difference between two Cards as one
//! PatchObject.

use super::units::is_of_the_storing;
use crate::convert::vcard::jsprop::NOT_PATCHED;
use crate::store::Object;
use serde_json::Value;

/// The pointers and the JSON that make `wanted` of `found`.
pub fn between(found: &Object, wanted: &Object) -> Vec<(String, String)> {
    let mut patches = Vec::new();
    let is_patched = |name: &str| !NOT_PATCHED.contains(&name) && !name.is_empty();
    for (name, value) in wanted.iter().filter(|(name, _)| is_patched(name)) {
        member(&escaped(name), found.get(name), value, &mut patches);
    }
    for name in found.keys().filter(|name| is_patched(name)) {
        if !wanted.contains_key(name) {
            patches.push((escaped(name), Value::Null.to_string()));
        }
    }
    patches
}

fn member(
    pointer: &str,
    found: Option<&Value>,
    wanted: &Value,
    patches: &mut Vec<(String, String)>,
) {
    match (found, wanted) {
        (Some(found), wanted) if found == wanted => {}
        (Some(Value::Object(found)), Value::Object(wanted)) if can_be_patched(found, wanted) => {
            for (name, value) in wanted {
                let pointer = format!("{pointer}/{}", escaped(name));
                member(&pointer, found.get(name), value, patches);
            }
            for name in found.keys() {
                if !wanted.contains_key(name) && !is_of_the_storing(name) {
                    let pointer = format!("{pointer}/{}", escaped(name));
                    patches.push((pointer, Value::Null.to_string()));
                }
            }
        }
        // JSON leaves DEL as it is, and no line may have it.
        _ => patches.push((
            pointer.to_owned(),
            wanted.to_string().replace('\u{7F}', "\\u007f"),
        )),
    }
}

/// Whether no member becomes null, which in a patch would remove it.
fn can_be_patched(found: &Object, wanted: &Object) -> bool {
    let becomes_null =
        |(name, value): (&String, &Value)| value.is_null() && found.get(name) != Some(value);
    !wanted.iter().any(becomes_null)
}

/// A token of a JSON pointer (RFC 6901 §3).
fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
