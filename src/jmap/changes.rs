//! `/changes` (RFC 8620 §5.2).

use super::dispatch::Call;
use super::error::MethodError;
use super::responses::{Failure, Responses};
use crate::records::changes::{self, ChangesError};
use crate::store::{Id, Object};
use serde_json::Value;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let since = call.arguments.string("sinceState")?;
    let max_changes = max_changes(&mut call)?;
    call.arguments.finish()?;
    let changes = changes::since(
        call.server.state,
        call.account,
        call.data_type,
        call.store,
        &since,
        max_changes,
    )
    .map_err(MethodError::from)?;
    let mut response = Object::new();
    response.insert("accountId".into(), call.account.id.as_str().into());
    response.insert("oldState".into(), since.into());
    response.insert("newState".into(), changes.new_state.into());
    response.insert("hasMoreChanges".into(), changes.has_more.into());
    response.insert("created".into(), array(&changes.created));
    response.insert("updated".into(), array(&changes.updated));
    response.insert("destroyed".into(), array(&changes.destroyed));
    responses.respond(call.call_id, call.name, response)
}

/// How many ids a client takes at once; 0 is no such number.
pub fn max_changes(call: &mut Call<'_>) -> Result<Option<usize>, MethodError> {
    match call.arguments.optional_unsigned("maxChanges")? {
        Some(0) => Err(MethodError::invalid_arguments(
            "\"maxChanges\" must be greater than 0",
        )),
        // More than fits is more than there are.
        Some(number) => Ok(Some(usize::try_from(number).unwrap_or(usize::MAX))),
        None => Ok(None),
    }
}

fn array(ids: &[Id]) -> Value {
    ids.iter().map(|id| Value::from(id.as_str())).collect()
}

impl From<ChangesError> for MethodError {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::CannotCalculate => Self::new("cannotCalculateChanges"),
            ChangesError::Store(error) => error.into(),
        }
    }
}
