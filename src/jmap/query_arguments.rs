//! What `/query` and `/queryChanges` have in common: `filter` and `sort` (RFC 8620 §5.5).

use super::arguments::{CreatedIds, resolve_id};
use super::dispatch::Call;
use super::error::MethodError;
use super::responses::Responses;
use crate::data_types::DataType;
use crate::records::filter::{Condition, Filter, FilterError};
use crate::records::search::{Place, Query};
use crate::records::sort::{Collation, Comparator};
use crate::store::Object;
use serde_json::Value;

/// Deeper, longer or wider than anybody asks for.
const MAX_FILTER_DEPTH: usize = 24;
const MAX_CONDITIONS: usize = 500;
const MAX_COMPARATORS: usize = 16;

/// Takes the arguments `filter` and `sort`.
pub fn take(call: &mut Call<'_>) -> Result<Query, MethodError> {
    let filter = match call.arguments.take("filter") {
        None => None,
        Some(filter) => {
            let mut reader = FilterReader {
                data_type: call.data_type,
                created_ids: call.created_ids,
                conditions_left: MAX_CONDITIONS,
            };
            Some(reader.read(&filter, MAX_FILTER_DEPTH)?)
        }
    };
    let sort = match call.arguments.take("sort") {
        None => Vec::new(),
        Some(Value::Array(comparators)) if comparators.len() > MAX_COMPARATORS => {
            return Err(unsupported_sort("the sort has too many comparators"));
        }
        Some(Value::Array(comparators)) => comparators
            .iter()
            .map(|one| comparator(call.data_type, one))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(invalid("\"sort\" must be a list of Comparators")),
    };
    Ok(Query { filter, sort })
}

/// Where the call's query is made.
pub fn place<'a>(call: &Call<'a>, is_over: &'a dyn Fn() -> bool) -> Place<'a> {
    Place {
        state: call.server.state,
        account: call.account,
        data_type: call.data_type,
        store: call.store,
        is_over,
    }
}

/// Whether to stop, asked for each record and found out for some of them.
pub fn is_over<'a>(responses: &'a Responses<'_>) -> impl Fn() -> bool + 'a {
    let asked = std::cell::Cell::new(0_u32);
    move || {
        asked.set(asked.get().wrapping_add(1));
        asked.get().is_multiple_of(64) && responses.is_over()
    }
}

struct FilterReader<'a> {
    data_type: &'static DataType,
    created_ids: &'a CreatedIds,
    conditions_left: usize,
}

impl FilterReader<'_> {
    fn read(&mut self, filter: &Value, depth: usize) -> Result<Filter, MethodError> {
        let Value::Object(members) = filter else {
            return Err(invalid(
                "a filter must be a FilterOperator or a FilterCondition",
            ));
        };
        if depth == 0 {
            return Err(unsupported_filter("the filter is too deep"));
        }
        match members.get("operator") {
            None => self.conditions(members),
            Some(operator) => self.operator(operator, members, depth),
        }
    }

    fn operator(
        &mut self,
        operator: &Value,
        members: &Object,
        depth: usize,
    ) -> Result<Filter, MethodError> {
        let combine = match operator.as_str() {
            Some("AND") => Filter::All,
            Some("OR") => Filter::Any,
            Some("NOT") => Filter::Neither,
            _ => return Err(invalid("\"operator\" must be \"AND\", \"OR\" or \"NOT\"")),
        };
        let Some(Value::Array(conditions)) = members.get("conditions") else {
            return Err(invalid("\"conditions\" must be a list of filters"));
        };
        if members.len() > 2 {
            return Err(invalid("a FilterOperator has an unknown property"));
        }
        self.count(1)?;
        let filters: Result<_, _> = conditions
            .iter()
            .map(|condition| self.read(condition, depth - 1))
            .collect();
        Ok(combine(filters?))
    }

    fn conditions(&mut self, members: &Object) -> Result<Filter, MethodError> {
        // An empty FilterCondition counts too, or there could be any number of them.
        self.count(members.len().max(1))?;
        let resolve = |text: &str| {
            resolve_id(text, self.created_ids).map_or_else(|| text.to_owned(), |id| id.to_string())
        };
        let conditions: Result<_, _> = members
            .iter()
            .map(|(name, value)| Condition::new(self.data_type, name, value, &resolve))
            .map(|condition| condition.map(Filter::Condition))
            .collect();
        Ok(Filter::All(conditions?))
    }

    fn count(&mut self, conditions: usize) -> Result<(), MethodError> {
        let left = self.conditions_left.checked_sub(conditions);
        self.conditions_left =
            left.ok_or_else(|| unsupported_filter("the filter has too many conditions"))?;
        Ok(())
    }
}

fn comparator(data_type: &DataType, comparator: &Value) -> Result<Comparator, MethodError> {
    let Value::Object(members) = comparator else {
        return Err(invalid("a Comparator must be an object"));
    };
    for name in members.keys() {
        if !["property", "isAscending", "collation"].contains(&name.as_str()) {
            return Err(invalid("a Comparator has an unknown property"));
        }
    }
    let Some(Value::String(property)) = members.get("property") else {
        return Err(invalid("a Comparator's \"property\" must be a String"));
    };
    let is_ascending = match members.get("isAscending") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(is_ascending)) => *is_ascending,
        Some(_) => return Err(invalid("\"isAscending\" must be a Boolean")),
    };
    let collation = match members.get("collation") {
        None | Some(Value::Null) => Collation::UnicodeCasemap,
        Some(Value::String(name)) => Collation::by_name(name)
            .ok_or_else(|| unsupported_sort("the collation is not supported"))?,
        Some(_) => return Err(invalid("\"collation\" must be a String")),
    };
    Comparator::new(data_type, property, is_ascending, collation).ok_or_else(|| {
        let shown: String = property.chars().take(100).collect();
        unsupported_sort(format!(
            "{} cannot be sorted by \"{shown}\"",
            data_type.name
        ))
    })
}

impl From<FilterError> for MethodError {
    fn from(error: FilterError) -> Self {
        match error {
            FilterError::Invalid { .. } => Self::invalid_arguments(error.to_string()),
            FilterError::Unknown { .. } | FilterError::TooManyWords(_) => {
                unsupported_filter(error.to_string())
            }
        }
    }
}

fn invalid(description: &str) -> MethodError {
    MethodError::invalid_arguments(description)
}

fn unsupported_filter(description: impl Into<String>) -> MethodError {
    MethodError::described("unsupportedFilter", description)
}

fn unsupported_sort(description: impl Into<String>) -> MethodError {
    MethodError::described("unsupportedSort", description)
}
