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

/// What becomes of the JSPROPs of a card.
pub enum Applied {
    /// They are no valid patch: all are carried.
    None,
    /// All but the lines with these indexes, which are in order and carried.
    AllBut(Vec<usize>),
}

impl Applied {
    pub fn is_carried(&self, index: usize) -> bool {
        match self {
            Self::None => true,
            Self::AllBut(_) => self.is_orphan(index),
        }
    }

    /// Whether others apply, but not the line with this index.
    pub fn is_orphan(&self, index: usize) -> bool {
        match self {
            Self::None => false,
            Self::AllBut(orphans) => orphans.binary_search(&index).is_ok(),
        }
    }
}

/// The JSPROPs of a card, which are one patch together.
pub struct Patches {
    /// Where each leads, its index, and what is to be there.
    patches: Vec<(Vec<String>, usize, Value)>,
    /// The lines that are no JSPROPs: they hold no JSON, or lead where none may.
    others: Vec<usize>,
}

impl Patches {
    /// `None` when they are no valid patch.
    pub fn of(card: &Card<'_>) -> Option<Self> {
        let (mut patches, mut others) = (Vec::new(), Vec::new());
        for (index, line, _) in card.converting(Target::JsProp.bit()) {
            let pointer = params::find_text(line, ParamName::Jsptr);
            let pointer = pointer.and_then(|pointer| tokens(&pointer));
            match (pointer, serde_json::from_str(&value::text(line))) {
                (Some(pointer), Ok(value)) => patches.push((pointer, index, value)),
                _ => others.push(index),
            }
        }
        patches.sort_by(|left, right| left.0.cmp(&right.0));
        let conflicts = patches
            .windows(2)
            .any(|pair| matches!(pair, [(first, ..), (second, ..)] if second.starts_with(first)));
        (!conflicts).then_some(Self { patches, others })
    }

    /// The lines that are no JSPROPs, or lead nowhere in what the rest of the card converts
    /// to: what they were about is gone, such as a phone number that another program has
    /// removed. They are no part of the patch, and others go on applying.
    pub fn orphans(&self, object: &Object) -> Vec<usize> {
        let leads_on = |pointer: &[String]| {
            let (_, parents) = pointer.split_last()?;
            let mut parent = object;
            for token in parents {
                parent = parent.get(token)?.as_object()?;
            }
            Some(())
        };
        let orphans = self.patches.iter().filter(|it| leads_on(&it.0).is_none());
        let mut orphans: Vec<usize> = orphans.map(|(_, index, _)| *index).collect();
        orphans.extend(&self.others);
        orphans.sort_unstable();
        orphans
    }

    /// Sets and removes members whose parents are there.
    pub fn apply(self, object: &mut Object) {
        for (pointer, _, value) in self.patches {
            patch(object, &pointer, value);
        }
    }
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
