//! `/query` (RFC 8620 §5.5).

use super::arguments::resolve_id;
use super::dispatch::Call;
use super::error::MethodError;
use super::query_arguments;
use super::responses::{Failure, Responses};
use crate::records::search::Results;
use crate::store::Object;
use serde_json::Value;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let query = query_arguments::take(&mut call)?;
    let window = Window::take(&mut call)?;
    let calculates_total = call.arguments.boolean("calculateTotal", false)?;
    call.arguments.finish()?;
    let results = {
        let is_over = query_arguments::is_over(responses);
        query.run(query_arguments::place(&call, &is_over))?
    };
    let start = window.start(&results, &call)?;
    let max = call.server.settings.limits.max_objects_in_get;
    let limit = window.limit.map_or(max, |limit| limit.min(max));
    let ids: Value = results
        .iter()
        .skip(start)
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect();

    let mut response = Object::new();
    response.insert("accountId".into(), call.account.id.as_str().into());
    response.insert("queryState".into(), results.state.as_str().into());
    response.insert("canCalculateChanges".into(), true.into());
    response.insert("position".into(), start.into());
    response.insert("ids".into(), ids);
    if calculates_total {
        response.insert("total".into(), results.len().into());
    }
    if window.limit != Some(limit) {
        response.insert("limit".into(), limit.into());
    }
    responses.respond(call.call_id, call.name, response)
}

/// Which part of the results is asked for.
struct Window {
    position: i64,
    anchor: Option<String>,
    anchor_offset: i64,
    limit: Option<u64>,
}

impl Window {
    fn take(call: &mut Call<'_>) -> Result<Self, MethodError> {
        Ok(Self {
            position: call.arguments.integer("position")?,
            anchor: call.arguments.optional_string("anchor")?,
            anchor_offset: call.arguments.integer("anchorOffset")?,
            limit: call.arguments.optional_unsigned("limit")?,
        })
    }

    /// The index of the first result to return, which may be behind the last.
    fn start(&self, results: &Results, call: &Call<'_>) -> Result<usize, MethodError> {
        let (from, offset) = match &self.anchor {
            Some(anchor) => {
                let anchor = resolve_id(anchor, call.created_ids);
                let index = anchor.and_then(|id| results.index_of(&id));
                let index = index.ok_or_else(|| MethodError::new("anchorNotFound"))?;
                (index, self.anchor_offset)
            }
            None if self.position < 0 => (results.len(), self.position),
            None => (0, self.position),
        };
        let offset_size = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(match offset < 0 {
            true => from.saturating_sub(offset_size),
            false => from.saturating_add(offset_size),
        })
    }
}
