//! JSPROP: JSContact properties that a vCard holds as JSON (RFC 9555 §3.2.1).

use super::Card;
use super::params::{self, ParamName};
use super::rule::Target;
use super::value;
use crate::store::Object;
use serde_json::Value;

/// What only the server may say of a card.
pub const NOT_PATCHED: [&str; 6] = [
    "@type",
    "addressBookIds",
    "id",
    "uid",
    "version",
    "vCardProps",
];

type Patch = (Vec<String>, Value);

/// Applies the card's JSPROPs, which are one patch together, to what the rest of the card
/// converts to. `None` when they are no valid patch: then none of them applies.
pub fn apply(card: &Card<'_>, mut object: Object) -> Option<Object> {
    let mut patches = Vec::new();
    for (_, line, _) in card.converting(Target::JsProp.bit()) {
        let pointer = tokens(&params::find_text(line, ParamName::Jsptr)?)?;
        let value = serde_json::from_str(&value::text(line)).ok()?;
        patches.push((pointer, value));
    }
    patches.sort_by(|(left, _): &Patch, (right, _)| left.cmp(right));
    let conflicts = patches
        .windows(2)
        .any(|pair| matches!(pair, [(first, _), (second, _)] if second.starts_with(first)));
    if conflicts {
        return None;
    }
    for (pointer, value) in patches {
        patch(&mut object, &pointer, value)?;
    }
    Some(object)
}

/// The tokens of a JSON pointer, with or without its leading slash.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    let tokens: Vec<String> = pointer
        .split('/')
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect();
    let first = tokens.first()?.as_str();
    (!first.is_empty() && !NOT_PATCHED.contains(&first)).then_some(tokens)
}

/// Sets or removes one member, whose parents must exist and be objects.
fn patch(object: &mut Object, pointer: &[String], value: Value) -> Option<()> {
    let (last, parents) = pointer.split_last()?;
    let mut parent = object;
    for token in parents {
        parent = parent.get_mut(token)?.as_object_mut()?;
    }
    match value {
        Value::Null => {
            parent.remove(last);
        }
        value => {
            parent.insert(last.clone(), value);
        }
    }
    Some(())
}
