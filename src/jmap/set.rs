//! `/set` (RFC 8620 §5.3): creates, then updates, then destroys, each record on its own.

use super::arguments::{CreatedIds, resolve_id};
use super::blob_source;
use super::creation_ids;
use super::creation_order::CreationOrder;
use super::dispatch::Call;
use super::error::{MethodError, SetError};
use super::pace::Pace;
use super::responses::{Failure, Responses};
use crate::records::{changes, write};
use crate::store::{Id, Object};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many records a store is asked for at once, at most. Between them time may run out.
const MAX_AT_ONCE: usize = 250;

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
    /// Whether no record has been changed for certain: where the storage failed, one may be.
    fn is_nothing(&self) -> bool {
        let may_be_done = |errors: &Object| {
            let mut kinds = errors
                .values()
                .filter_map(|error| error.get("type")?.as_str());
            kinds.any(|kind| ["serverFail", "serverUnavailable"].contains(&kind))
        };
        let errors = [&self.not_created, &self.not_updated, &self.not_destroyed];
        self.created.is_empty()
            && self.updated.is_empty()
            && self.destroyed.is_empty()
            && !errors.into_iter().any(may_be_done)
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
    destroy_all(call, destroy, &mut outcome, is_over);

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
    asked: Vec<(String, Object)>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    let mut order = CreationOrder::of(call.data_type, &asked);
    let mut asked: Vec<Option<(String, Object)>> = asked.into_iter().map(Some).collect();
    let mut pace = Pace::new(MAX_AT_ONCE);
    loop {
        let places = order.next(pace.at_once());
        if places.is_empty() {
            break;
        }
        let ready = places
            .iter()
            .filter_map(|place| asked.get_mut(*place)?.take());
        let ready: Vec<(String, Object)> = ready.collect();
        let count = ready.len();
        pace.time(count, || create_ready(call, ready, outcome, is_over));
        order.done(&places);
    }
    // What is left waits for itself.
    for (creation_id, object) in asked.into_iter().flatten() {
        let error = SetError {
            description: Some("the creation ids refer to each other in a circle".to_owned()),
            properties: creation_ids::properties(call.data_type, &object),
            ..SetError::new("invalidProperties")
        };
        outcome.not_created.insert(creation_id, error.to_value());
    }
}

/// Creates what refers to nothing that is still to be created.
fn create_ready(
    call: &mut Call<'_>,
    ready: Vec<(String, Object)>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    let is_over = is_over();
    let mut names = Vec::with_capacity(ready.len());
    let mut objects = Vec::with_capacity(ready.len());
    for (creation_id, object) in ready {
        let resolved = match is_over {
            true => Err(out_of_time()),
            false => creation_ids::resolve_object(call.data_type, object, call.created_ids),
        };
        match resolved {
            Ok(object) => {
                names.push(creation_id);
                objects.push(object);
            }
            Err(error) => {
                outcome.not_created.insert(creation_id, error.to_value());
            }
        }
    }
    let blobs = |id: &Id| blob_source::contents(call.server, call.account, id);
    let created = write::create_all(call.data_type, call.store, &objects, &blobs);
    for (creation_id, created) in names.into_iter().zip(created) {
        match created {
            Ok(created) => {
                call.created_ids.insert(creation_id.clone(), created.id);
                outcome.created.insert(creation_id, created.added.into());
            }
            Err(error) => {
                let error = SetError::from(error).to_value();
                outcome.not_created.insert(creation_id, error);
            }
        }
    }
}

fn update(
    call: &mut Call<'_>,
    updates: Vec<(String, Object)>,
    destroy: &BTreeSet<String>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    let mut pace = Pace::new(MAX_AT_ONCE);
    let mut ready: Vec<(Id, Object)> = Vec::new();
    for (id, patch) in updates {
        let id = canonical(id, call.created_ids);
        let known = match Id::new(id.clone()) {
            _ if is_over() => Err(out_of_time()),
            None => Err(SetError::new("notFound")),
            Some(_) if destroy.contains(&id) => Err(SetError::new("willDestroy")),
            Some(known) => creation_ids::resolve_patch(call.data_type, patch, call.created_ids)
                .map(|patch| (known, patch)),
        };
        match known {
            Ok(known) => {
                // A record may be there under its creation id, too.
                let is_repeated = ready.iter().any(|(id, _)| *id == known.0);
                if is_repeated || ready.len() >= pace.at_once() {
                    let now = std::mem::take(&mut ready);
                    pace.time(now.len(), || update_ready(call, &now, outcome));
                }
                ready.push(known);
            }
            Err(error) => {
                outcome.not_updated.insert(id, error.to_value());
            }
        }
    }
    update_ready(call, &ready, outcome);
}

fn update_ready(call: &Call<'_>, ready: &[(Id, Object)], outcome: &mut Outcome) {
    let blobs = |id: &Id| blob_source::contents(call.server, call.account, id);
    let updated = write::update_all(call.data_type, call.store, ready, &blobs);
    for ((id, _), updated) in ready.iter().zip(updated) {
        match updated {
            Ok(changed) => outcome.updated.insert(id.to_string(), or_null(changed)),
            Err(error) => {
                let error = SetError::from(error).to_value();
                outcome.not_updated.insert(id.to_string(), error)
            }
        };
    }
}

fn destroy_all(
    call: &Call<'_>,
    destroy: BTreeSet<String>,
    outcome: &mut Outcome,
    is_over: &dyn Fn() -> bool,
) {
    let mut ids = Vec::with_capacity(destroy.len());
    for id in destroy {
        match Id::new(id.clone()) {
            Some(id) => ids.push(id),
            None => {
                let error = SetError::new("notFound");
                outcome.not_destroyed.insert(id, error.to_value());
            }
        }
    }
    let mut pace = Pace::new(MAX_AT_ONCE);
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (ids, later) = rest.split_at(pace.at_once().min(rest.len()));
        rest = later;
        let destroyed: Vec<Result<(), SetError>> = match is_over() {
            true => ids.iter().map(|_| Err(out_of_time())).collect(),
            false => {
                let destroyed = pace.time(ids.len(), || write::destroy_all(call.store, ids));
                let destroyed = destroyed.into_iter();
                destroyed.map(|destroyed| Ok(destroyed?)).collect()
            }
        };
        for (id, destroyed) in ids.iter().zip(destroyed) {
            match destroyed {
                Ok(()) => outcome.destroyed.push(id.to_string().into()),
                Err(error) => {
                    outcome
                        .not_destroyed
                        .insert(id.to_string(), error.to_value());
                }
            }
        }
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
