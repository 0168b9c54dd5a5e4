//! Where in a record a filter or a sort looks; the paths of [`crate::data_types::Test`].

use crate::store::Object;
use serde_json::Value;

/// A path that has been read.
#[derive(Debug)]
pub struct Path {
    property: &'static str,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// The member of this name, or the element of this number.
    Member(&'static str),
    /// Every member or element.
    Every,
    /// Every member or element in which `member` is `value`.
    Where {
        member: &'static str,
        value: &'static str,
    },
    /// The keys of an object.
    Keys,
    /// The value itself and everything beneath it.
    Beneath,
}

impl Path {
    pub fn new(path: &'static str) -> Self {
        let (property, rest) = path.split_once('/').unwrap_or((path, ""));
        let steps = rest.split('/').filter(|step| !step.is_empty()).map(step);
        Self {
            property,
            steps: steps.collect(),
        }
    }

    /// The property that it begins in.
    pub fn property(&self) -> &'static str {
        self.property
    }

    /// Visits every string there, in the order of the record.
    pub fn visit<'a>(&self, record: &'a Object, visit: &mut dyn FnMut(&'a str)) {
        if let Some(value) = record.get(self.property) {
            descend(value, &self.steps, visit);
        }
    }

    /// The first string there.
    pub fn first<'a>(&self, record: &'a Object) -> Option<&'a str> {
        let mut first = None;
        self.visit(record, &mut |text| {
            first.get_or_insert(text);
        });
        first
    }
}

fn step(text: &'static str) -> Step {
    let comparison = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .and_then(|text| text.split_once('='));
    match (text, comparison) {
        (_, Some((member, value))) => Step::Where { member, value },
        ("*", _) => Step::Every,
        ("**", _) => Step::Beneath,
        ("<keys>", _) => Step::Keys,
        _ => Step::Member(text),
    }
}

fn descend<'a>(value: &'a Value, steps: &[Step], visit: &mut dyn FnMut(&'a str)) {
    let Some((step, rest)) = steps.split_first() else {
        if let Value::String(text) = value {
            visit(text);
        }
        return;
    };
    match step {
        Step::Member(name) => {
            let member = match value {
                Value::Object(members) => members.get(*name),
                Value::Array(elements) => name.parse().ok().and_then(|at: usize| elements.get(at)),
                _ => None,
            };
            if let Some(member) = member {
                descend(member, rest, visit);
            }
        }
        Step::Every => for_each(value, &mut |member| descend(member, rest, visit)),
        Step::Where {
            member: name,
            value: wanted,
        } => for_each(value, &mut |member| {
            if member.get(*name).and_then(Value::as_str) == Some(*wanted) {
                descend(member, rest, visit);
            }
        }),
        Step::Keys => {
            if let Value::Object(members) = value {
                members.keys().for_each(|key| visit(key));
            }
        }
        Step::Beneath => {
            descend(value, rest, visit);
            for_each(value, &mut |member| descend(member, steps, visit));
        }
    }
}

fn for_each<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    match value {
        Value::Object(members) => members.values().for_each(visit),
        Value::Array(elements) => elements.iter().for_each(visit),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Path;
    use serde_json::json;

    fn strings(path: &'static str) -> Vec<String> {
        let record = json!({
            "uid": "u",
            "name": {"components": [
                {"kind": "surname", "value": "Doe"},
                {"kind": "given", "value": "Jane"},
                {"kind": "given", "value": "Mary"},
            ]},
            "keywords": {"k1": true, "k2": true},
            "vCardProps": [["x-a", {"p": "q"}, "text", "v1"], ["x-b", {}, "text", ["v2", "v3"]]],
        });
        let mut strings = Vec::new();
        let path = Path::new(path);
        path.visit(record.as_object().unwrap(), &mut |text| {
            strings.push(text.to_owned());
        });
        strings
    }

    #[test]
    fn path_leads_to_the_strings_that_it_names() {
        assert_eq!(strings("uid"), ["u"]);
        assert_eq!(strings("uid/x"), [""; 0]);
        assert_eq!(strings("none/*"), [""; 0]);
        assert_eq!(strings("name/components/*/value"), ["Doe", "Jane", "Mary"]);
        assert_eq!(
            strings("name/components/[kind=given]/value"),
            ["Jane", "Mary"]
        );
        assert_eq!(strings("keywords/<keys>"), ["k1", "k2"]);
        assert_eq!(strings("vCardProps/*/3/**"), ["v1", "v2", "v3"]);
    }
}
