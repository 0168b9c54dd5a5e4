//! `/set` (RFC 8620 §5.3): creates, then updates, then destroys, each record on its own.

use super::arguments::{CreatedIds, resolve_id};
use super::blob_source;
use super::creation_ids;
use super::dispatch::Call;
use super::error::{MethodError, SetError};
use super::responses::{Failure, Responses};
use crate::records::{changes, write};
use crate::store::{Id, Object};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn run(mut call: Call<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let asked = Asked::take(&mut call)?;
    let response = carry_out(&mut call, asked, &|| responses.is_over())?;
    responses.respond(call.call_id, call.name, response)
}

/// The implicit `/set` after a `/copy` (RFC 8620 §5.4), which destroys the originals.
pub fn destroy_originals(
    call: &mut Call<'_>,
    originals: Vec<Id>,
    if_in_state: Option<String>,
    responses: &mut Responses<'_>,
) -> Result<(), Failure> {
    let asked = Asked {
        if_in_state,
        create: Vec::new(),
        update: Vec::new(),
        destroy: originals.iter().map(Id::to_string).collect(),
    };
    let response = carry_out(call, asked, &|| responses.is_over())?;
    let name = format!("{}/set", call.data_type.name);
    responses.respond(call.call_id, &name, response)
}

struct Asked {
    if_in_state: Option<String>,
    create: Vec<(String, Object)>,
    update: Vec<(String, Object)>,
    destroy: Vec<String>,
}

impl Asked {
    fn take(call: &mut Call<'_>) -> Result<Self, MethodError> {
        let arguments = &mut call.arguments;
        let asked = Self {
            if_in_state: arguments.optional_string("ifInState")?,
            create: arguments.objects("create")?,
            update: arguments.objects("update")?,
            destroy: arguments.optional_strings("destroy")?.unwrap_or_default(),
        };
        // A type's own arguments ask for what only a writer does.
        if call.store.writer().is_some() {
            arguments.finish()?;
        }
        Ok(asked)
    }
}

/// The maps of the response, by the names that they have there.
#[derive(Default)]
struct Outcome {
    created: Object,
    updated: Object,
    destroyed: Vec<Value>,
    not_created: Object,
    not_updated: Object,
    not_destroyed: Object,
}

impl Outcome {
    /// Whether no record has been changed.
    fn is_nothing(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.destroyed.is_empty()
    }
}

fn carry_out(
    call: &mut Call<'_>,
    asked: Asked,
    is_over: &dyn Fn() -> bool,
) -> Result<Object, MethodError> {
    let count = asked.create.len() + asked.update.len() + asked.destroy.len();
    if count > call.server.settings.limits.max_objects_in_set {
        return Err(MethodError::new("requestTooLarge"));
    }
    if call.account.is_read_only {
        return Err(MethodError::new("accountReadOnly"));
    }
    let old_state = state(call)?;
    check_state(asked.if_in_state.as_deref(), &old_state)?;

    let mut outcome = Outcome::default();
    create(call, asked.create, &mut outcome, is_over);
    let destroy: BTreeSet<String> = asked
        .destroy
        .into_iter()
        .map(|id| canonical(id, call.created_ids))
        .collect();
    update(call, asked.update, &destroy, &mut outcome, is_over);
    for id in destroy {
        let destroyed = match Id::new(id.clone()) {
            _ if is_over() => Err(out_of_time()),
            None => Err(SetError::new("notFound")),
            Some(known) => write::destroy(call.store, &known).map_err(SetError::from),
        };
        match destroyed {
            Ok(()) => outcome.destroyed.push(id.into()),
            Err(error) => {
                outcome.not_destroyed.insert(id, error.to_value());
            }
        }
    }

    let mut response = Object::new();
    response.insert("accountId".into(), call.account.id.as_str().into());
    response.insert("oldState".into(), old_state.into());
    let new_state = state(call).map_err(|error| match outcome.is_nothing() {
        true => error,
        false => partial(error),
    })?;
    response.insert("newState".into(), new_state.into());
    let destroyed = outcome.destroyed;
    let destroyed = if destroyed.is_empty() {
        Value::Null
    } else {
        destroyed.into()
    };
    response.insert("destroyed".into(), destroyed);
    for (name, map) in [
        ("created", outcome.created),
        ("updated", outcome.updated),
        ("notCreated", outcome.not_created),
        ("notUpdated", outcome.not_updated),
        ("notDestroyed", outcome.not_destroyed),
    ] {
        response.insert(name.into(), or_null(map));
    }
    Ok(response)
}

/// Creates in an order in which every creation id is known before it is referred to.
fn create(
    call: &mut Call<'_>,
    mut waiting: Vec<(String, Object)>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    loop {
        let before = waiting.len();
        let mut still_waiting = Vec::new();
        let names: BTreeSet<String> = waiting.iter().map(|(name, _)| name.clone()).collect();
        let mut done = BTreeSet::new();
        for (creation_id, object) in waiting {
            let waits = creation_ids::in_object(call.data_type, &object)
                .any(|referred| names.contains(&referred) && !done.contains(&referred));
            if waits {
                still_waiting.push((creation_id, object));
                continue;
            }
            let created = if is_over() {
                Err(out_of_time())
            } else {
                let blobs = |id: &Id| blob_source::contents(call.server, call.account, id);
                creation_ids::resolve_object(call.data_type, object, call.created_ids).and_then(
                    |object| Ok(write::create(call.data_type, call.store, &object, &blobs)?),
                )
            };
            done.insert(creation_id.clone());
            match created {
                Ok(created) => {
                    call.created_ids.insert(creation_id.clone(), created.id);
                    outcome.created.insert(creation_id, created.added.into());
                }
                Err(error) => {
                    outcome.not_created.insert(creation_id, error.to_value());
                }
            }
        }
        waiting = still_waiting;
        // What still waits now waits for itself.
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    for (creation_id, object) in waiting {
        let error = SetError {
            description: Some("the creation ids refer to each other in a circle".to_owned()),
            properties: creation_ids::properties(call.data_type, &object),
            ..SetError::new("invalidProperties")
        };
        outcome.not_created.insert(creation_id, error.to_value());
    }
}

fn update(
    call: &mut Call<'_>,
    updates: Vec<(String, Object)>,
    destroy: &BTreeSet<String>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    for (id, patch) in updates {
        let id = canonical(id, call.created_ids);
        let blobs = |id: &Id| blob_source::contents(call.server, call.account, id);
        let updated = match Id::new(id.clone()) {
            _ if is_over() => Err(out_of_time()),
            None => Err(SetError::new("notFound")),
            Some(_) if destroy.contains(&id) => Err(SetError::new("willDestroy")),
            Some(known) => creation_ids::resolve_patch(call.data_type, patch, call.created_ids)
                .and_then(|patch| {
                    let updated = write::update(call.data_type, call.store, &known, &patch, &blobs);
                    Ok(updated?)
                }),
        };
        match updated {
            Ok(changed) => outcome.updated.insert(id, or_null(changed)),
            Err(error) => outcome.not_updated.insert(id, error.to_value()),
        };
    }
}

/// The id that the text stands for, or the text itself where it stands for none.
fn canonical(text: String, created_ids: &CreatedIds) -> String {
    resolve_id(&text, created_ids).map_or(text, |id| id.to_string())
}

pub fn state(call: &Call<'_>) -> Result<String, MethodError> {
    let server = call.server;
    let current = changes::current(server.state, call.account, call.data_type, call.store)?;
    Ok(current.state)
}

/// # Errors
/// `stateMismatch` when the client expects another state.
pub fn check_state(expected: Option<&str>, state: &str) -> Result<(), MethodError> {
    match expected {
        Some(expected) if expected != state => Err(MethodError::new("stateMismatch")),
        _ => Ok(()),
    }
}

/// What a method fails with that has changed records already: the client must resynchronise
/// (RFC 8620 §3.6.2).
pub fn partial(error: MethodError) -> MethodError {
    MethodError {
        kind: "serverPartialFail",
        ..error
    }
}

pub fn or_null(map: Object) -> Value {
    if map.is_empty() {
        Value::Null
    } else {
        map.into()
    }
}

pub fn out_of_time() -> SetError {
    SetError {
        description: Some("the request's time is over".to_owned()),
        ..SetError::new("serverFail")
    }
}
