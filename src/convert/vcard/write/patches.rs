//! What only a JSPROP can say (RFC 9555 §3.2.1): the difference between two Cards as one
//! PatchObject.

use super::line::NewLine;
use super::units::is_of_the_storing;
use crate::convert::vcard::jsprop::NOT_PATCHED;
use crate::store::Object;
use serde_json::Value;
use std::collections::BTreeMap;

/// The ways to what must be patched, and the JSON that is to be there.
pub type Patches = BTreeMap<Vec<String>, Value>;

/// What makes `wanted` of `found`.
pub fn between(found: &Object, wanted: &Object) -> Patches {
    let mut patches = Patches::new();
    let is_patched = |name: &str| !NOT_PATCHED.contains(&name) && !name.is_empty();
    for (name, value) in wanted.iter().filter(|(name, _)| is_patched(name)) {
        member(
            &mut vec![name.clone()],
            found.get(name),
            value,
            &mut patches,
        );
    }
    for name in found.keys().filter(|name| is_patched(name)) {
        if !wanted.contains_key(name) {
            patches.insert(vec![name.clone()], Value::Null);
        }
    }
    patches
}

fn member(path: &mut Vec<String>, found: Option<&Value>, wanted: &Value, patches: &mut Patches) {
    match (found, wanted) {
        (Some(found), wanted) if found == wanted => {}
        (Some(Value::Object(found)), Value::Object(wanted)) if can_be_patched(found, wanted) => {
            for (name, value) in wanted {
                path.push(name.clone());
                member(path, found.get(name), value, patches);
                path.pop();
            }
            for name in found.keys() {
                if !wanted.contains_key(name) && !is_of_the_storing(name) {
                    let path = [path.as_slice(), std::slice::from_ref(name)].concat();
                    patches.insert(path, Value::Null);
                }
            }
        }
        _ => {
            patches.insert(path.clone(), wanted.clone());
        }
    }
}

/// Whether no member becomes null, which in a patch would remove it.
fn can_be_patched(found: &Object, wanted: &Object) -> bool {
    let becomes_null =
        |(name, value): (&String, &Value)| value.is_null() && found.get(name) != Some(value);
    !wanted.iter().any(becomes_null)
}

/// The line of a patch.
pub fn line(path: &[String], value: &Value) -> NewLine {
    // JSON leaves DEL as it is, and no line may have it.
    let json = value.to_string().replace('\u{7F}', "\\u007f");
    let mut line = NewLine::text("JSPROP", &json);
    let token = |token: &String| token.replace('~', "~0").replace('/', "~1");
    let pointer: Vec<String> = path.iter().map(token).collect();
    line.param("JSPTR", &pointer.join("/"));
    line
}
