//! `/queryChanges` (RFC 8620 §5.6).

use super::arguments::resolve_id;
use super::changes::max_changes;
use super::dispatch::Call;
use super::error::MethodError;
use super::query_arguments;
use super::responses::{Failure, Responses};
use crate::store::{Id, Object};
use serde_json::{Value, json};

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let query = query_arguments::take(&mut call)?;
    let since = call.arguments.string("sinceQueryState")?;
    let max_changes = max_changes(&mut call)?;
    let up_to = call.arguments.optional_string("upToId")?;
    let up_to = up_to.and_then(|id| resolve_id(&id, call.created_ids));
    let calculates_total = call.arguments.boolean("calculateTotal", false)?;
    call.arguments.finish()?;
    let changes = {
        let is_over = query_arguments::is_over(responses);
        let place = query_arguments::place(&call, &is_over);
        query
            .changes(place, &since, up_to.as_ref())
            .map_err(MethodError::from)?
    };
    if max_changes.is_some_and(|max| changes.removed.len() + changes.added.len() > max) {
        return Err(MethodError::new("tooManyChanges").into());
    }

    let removed: Value = changes.removed.iter().map(Id::as_str).collect();
    let added: Value = changes
        .added
        .iter()
        .map(|(id, index)| json!({"id": id.as_str(), "index": index}))
        .collect();
    let mut response = Object::new();
    response.insert("accountId".into(), call.account.id.as_str().into());
    response.insert("oldQueryState".into(), since.into());
    response.insert(
        "newQueryState".into(),
        changes.results.state.as_str().into(),
    );
    if calculates_total {
        response.insert("total".into(), changes.results.len().into());
    }
    response.insert("removed".into(), removed);
    response.insert("added".into(), added);
    responses.respond(call.call_id, call.name, response)
}
