//! `/copy` (RFC 8620 §5.4): from one account to another, and then perhaps away.

use super::arguments::resolve_id;
use super::blob_source;
use super::creation_ids;
use super::dispatch::{Call, account, store};
use super::error::{MethodError, SetError};
use super::responses::{Failure, Responses};
use super::set::{self, check_state, or_null, out_of_time};
use crate::records::changes;
use crate::records::write::{self, Created, WriteError};
use crate::store::{Id, Object, Store};
use serde_json::Value;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let server = call.server;
    let from = account(
        server,
        &mut call.arguments,
        "fromAccountId",
        "fromAccountNotFound",
    )?;
    let from_store = store(
        server,
        from,
        call.data_type,
        "fromAccountNotSupportedByMethod",
    )?;
    let if_from_in_state = call.arguments.optional_string("ifFromInState")?;
    let if_in_state = call.arguments.optional_string("ifInState")?;
    let create = call.arguments.objects("create")?;
    let destroys = call.arguments.boolean("onSuccessDestroyOriginal", false)?;
    let destroy_if = call.arguments.optional_string("destroyFromIfInState")?;
    call.arguments.finish()?;
    if from.id == call.account.id {
        return Err(MethodError::invalid_arguments("both accounts are the same").into());
    }
    if create.len() > server.settings.limits.max_objects_in_set {
        return Err(MethodError::new("requestTooLarge").into());
    }
    if call.account.is_read_only {
        return Err(MethodError::new("accountReadOnly").into());
    }
    let from_state = changes::current(server.state, from, call.data_type, from_store)
        .map_err(MethodError::from)?;
    check_state(if_from_in_state.as_deref(), &from_state.state)?;
    let old_state = set::state(&call)?;
    check_state(if_in_state.as_deref(), &old_state)?;

    let mut created = Object::new();
    let mut not_created = Object::new();
    let mut originals = Vec::new();
    for (creation_id, object) in create {
        let copied = if responses.is_over() {
            Err(out_of_time())
        } else {
            copy_one(&call, from_store, object)
        };
        match copied {
            Ok((original, copy)) => {
                created.insert(creation_id.clone(), copy.added.into());
                call.created_ids.insert(creation_id, copy.id);
                originals.push(original);
            }
            Err(error) => {
                not_created.insert(creation_id, error.to_value());
            }
        }
    }
    let mut response = Object::new();
    response.insert("fromAccountId".into(), from.id.as_str().into());
    response.insert("accountId".into(), call.account.id.as_str().into());
    response.insert("oldState".into(), old_state.into());
    let new_state = set::state(&call).map_err(|error| match created.is_empty() {
        true => error,
        false => set::partial(error),
    })?;
    response.insert("newState".into(), new_state.into());
    response.insert("created".into(), or_null(created));
    response.insert("notCreated".into(), or_null(not_created));
    responses.respond(call.call_id, call.name, response)?;

    if !destroys || originals.is_empty() {
        return Ok(());
    }
    call.account = from;
    call.store = from_store;
    set::destroy_originals(&mut call, originals, destroy_if, responses)
}

/// Copies one record, with the members of `changes` in the place of its own.
fn copy_one(call: &Call<'_>, from: &dyn Store, changes: Object) -> Result<(Id, Created), SetError> {
    let mut changes = creation_ids::resolve_object(call.data_type, changes, call.created_ids)?;
    let Some(Value::String(id)) = changes.remove("id") else {
        return Err(SetError {
            properties: vec!["id".to_owned()],
            ..SetError::new("invalidProperties")
        });
    };
    let id = resolve_id(&id, call.created_ids).ok_or_else(|| SetError::new("notFound"))?;
    let original = write::read(from, &id)?.ok_or_else(|| SetError::new("notFound"))?;
    let is_clients = |name: &String| {
        let property = call.data_type.property(name);
        !property.is_some_and(|property| property.is_server_set)
    };
    let mut copy: Object = original
        .into_iter()
        .filter(|(name, _)| is_clients(name))
        .collect();
    copy.extend(changes);
    let blobs = |id: &Id| blob_source::contents(call.server, call.account, id);
    match write::create(call.data_type, call.store, &copy, &blobs) {
        Ok(created) => Ok((id, created)),
        Err(WriteError::Taken { existing, .. }) => Err(SetError {
            existing_id: Some(existing.to_string()),
            ..SetError::new("alreadyExists")
        }),
        Err(error) => Err(error.into()),
    }
}
