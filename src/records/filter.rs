//! Filters: which records a query is for (RFC 8620 §5.5).
//!
//! Every test of a declaration asks for a string in certain places of the record, so a
//! record whose JSON does not even have the letters is ruled out before it is parsed.

use super::date::Moment;
use super::path::Path;
use super::text::{Clue, Words};
use crate::data_types::{DataType, Test};
use crate::store::Object;
use serde_json::Value;

/// Conditions and how they are combined.
#[derive(Debug)]
pub enum Filter {
    /// All of them match; without any, everything does.
    All(Vec<Self>),
    /// One of them matches; without any, nothing does.
    Any(Vec<Self>),
    /// None of them matches.
    Neither(Vec<Self>),
    Condition(Condition),
}

/// One test, ready to be made.
#[derive(Debug)]
pub struct Condition {
    paths: Vec<Path>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Words(Words),
    OneOf(Vec<(String, Clue)>),
    Before(Moment),
    NotBefore(Moment),
}

/// Why there is no such condition.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("{data_type} has no filter \"{name}\"")]
    Unknown {
        data_type: &'static str,
        name: String,
    },
    #[error("the filter \"{name}\" must be {wanted}")]
    Invalid {
        name: &'static str,
        wanted: &'static str,
    },
    #[error("the filter \"{0}\" has too many words")]
    TooManyWords(&'static str),
}

impl Condition {
    /// `resolve` gives the id that a text stands for, where the condition is about ids.
    pub fn new(
        data_type: &DataType,
        name: &str,
        value: &Value,
        resolve: &dyn Fn(&str) -> String,
    ) -> Result<Self, FilterError> {
        let filter = data_type.filters.iter().find(|filter| filter.name == name);
        let filter = filter.ok_or_else(|| FilterError::Unknown {
            data_type: data_type.name,
            name: name.chars().take(100).collect(),
        })?;
        let invalid = |wanted| FilterError::Invalid {
            name: filter.name,
            wanted,
        };
        let text = || value.as_str().ok_or_else(|| invalid("a String"));
        let moment = || {
            let moment = value.as_str().and_then(Moment::parse);
            moment.ok_or_else(|| invalid("a UTCDate"))
        };
        let one_of = |path: &'static str, texts: &mut dyn Iterator<Item = &str>| {
            let has_ids = data_type.holds_ids(Path::new(path).property());
            let text = |text: &str| match has_ids {
                true => resolve(text),
                false => text.to_owned(),
            };
            let with_clue = |text: String| (text.clone(), Clue::new(&text));
            Wanted::OneOf(texts.map(|one| with_clue(text(one))).collect())
        };
        let (paths, wanted) = match filter.test {
            Test::Text(paths) => {
                let words = Words::parse(text()?).ok_or(FilterError::TooManyWords(filter.name))?;
                (paths, Wanted::Words(words))
            }
            Test::Equals(ref path) => {
                let wanted = one_of(path, &mut std::iter::once(text()?));
                (std::slice::from_ref(path), wanted)
            }
            Test::OneOf(ref path) => {
                let list = || value.as_array()?.iter().map(Value::as_str).collect();
                let texts: Option<Vec<&str>> = list();
                let texts = texts.ok_or_else(|| invalid("a list of Ids"))?;
                let wanted = one_of(path, &mut texts.into_iter());
                (std::slice::from_ref(path), wanted)
            }
            Test::Before(ref path) => (std::slice::from_ref(path), Wanted::Before(moment()?)),
            Test::NotBefore(ref path) => (std::slice::from_ref(path), Wanted::NotBefore(moment()?)),
        };
        Ok(Self {
            paths: paths.iter().copied().map(Path::new).collect(),
            wanted,
        })
    }

    fn matches(&self, record: &Object, folded: &mut String) -> bool {
        let visit = |visit: &mut dyn FnMut(&str)| {
            for path in &self.paths {
                path.visit(record, visit);
            }
        };
        let any = |test: &dyn Fn(&str) -> bool| {
            let mut found = false;
            visit(&mut |text| found = found || test(text));
            found
        };
        let moment_is =
            |test: &dyn Fn(Moment) -> bool| any(&|text| Moment::parse(text).is_some_and(test));
        match &self.wanted {
            Wanted::Words(words) => words.occur(folded, visit),
            Wanted::OneOf(texts) => any(&|text| texts.iter().any(|(wanted, _)| wanted == text)),
            Wanted::Before(limit) => moment_is(&|moment| moment < *limit),
            Wanted::NotBefore(limit) => moment_is(&|moment| moment >= *limit),
        }
    }

    fn may_match_plainly(&self, folded_text: &str) -> bool {
        match &self.wanted {
            Wanted::Words(words) => words.may_occur_plainly(folded_text),
            Wanted::OneOf(_) | Wanted::Before(_) | Wanted::NotBefore(_) => true,
        }
    }

    fn may_match(&self, folded_json: &str) -> bool {
        match &self.wanted {
            Wanted::Words(words) => words.may_occur(folded_json),
            Wanted::OneOf(texts) => texts.iter().any(|(_, clue)| clue.may_occur(folded_json)),
            Wanted::Before(_) | Wanted::NotBefore(_) => true,
        }
    }
}

impl Filter {
    /// Whether the record matches. `folded` is memory to work in.
    pub fn matches(&self, record: &Object, folded: &mut String) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|one| one.matches(record, folded)),
            Self::Any(filters) => filters.iter().any(|one| one.matches(record, folded)),
            Self::Neither(filters) => !filters.iter().any(|one| one.matches(record, folded)),
            Self::Condition(condition) => condition.matches(record, folded),
        }
    }

    /// `false` when no record with this folded [`plain_text`](crate::store::Record::plain_text)
    /// can match.
    pub fn may_match_plainly(&self, folded_text: &str) -> bool {
        self.may(&|condition| condition.may_match_plainly(folded_text))
    }

    /// `false` when no record with this folded JSON can match.
    pub fn may_match(&self, folded_json: &str) -> bool {
        self.may(&|condition| condition.may_match(folded_json))
    }

    fn may(&self, test: &dyn Fn(&Condition) -> bool) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|one| one.may(test)),
            Self::Any(filters) => filters.iter().any(|one| one.may(test)),
            // What may match need not, so nothing can be ruled out.
            Self::Neither(_) => true,
            Self::Condition(condition) => test(condition),
        }
    }

    /// Visits the properties that it looks into.
    pub fn visit_properties(&self, visit: &mut dyn FnMut(&'static str)) {
        match self {
            Self::All(filters) | Self::Any(filters) | Self::Neither(filters) => {
                for filter in filters {
                    filter.visit_properties(visit);
                }
            }
            Self::Condition(condition) => {
                condition
                    .paths
                    .iter()
                    .for_each(|path| visit(path.property()));
            }
        }
    }
}
