//! Runs the calls of a request in order (RFC 8620 §3.3).

use super::arguments::{Arguments, CreatedIds};
use super::error::{MethodError, RequestError};
use super::parse::ParseCall;
use super::references::Results;
use super::request::{Invocation, Request};
use super::responses::{Failure, Responses};
use super::{
    Output, Server, blob_copy, blob_get, blob_lookup, blob_upload, changes, copy, get, parse,
    query, query_changes, session, set,
};
use crate::data_types::blobs::BLOB_CAPABILITY;
use crate::data_types::parse::Parse;
use crate::data_types::{self, DataType, Method};
use crate::store::{Account, Id, Object, Store};
use std::collections::BTreeSet;

/// One standard method call with everything that it works on.
pub struct Call<'a> {
    pub server: &'a Server<'a>,
    /// The method's full name, which is also its response's.
    pub name: &'a str,
    pub call_id: &'a str,
    pub data_type: &'static DataType,
    pub account: &'a Account,
    pub store: &'a dyn Store,
    pub arguments: Arguments,
    pub created_ids: &'a mut CreatedIds,
}

/// A call of a method that is none of the standard ones, with everything that it works on.
pub struct OwnCall<'a> {
    pub server: &'a Server<'a>,
    /// The method's full name, which is also its response's.
    pub name: &'a str,
    pub call_id: &'a str,
    pub arguments: Arguments,
    /// The capabilities that the request uses.
    pub using: &'a BTreeSet<String>,
    pub created_ids: &'a mut CreatedIds,
}

/// Answers a request that has been decoded.
///
/// # Errors
/// When the request as a whole is refused; nothing has been written then.
pub fn run(
    server: &Server<'_>,
    request: Request,
    output: &mut dyn Output,
) -> Result<(), RequestError> {
    let limits = &server.settings.limits;
    if request.calls.len() > limits.max_calls_in_request {
        return Err(RequestError::limit("maxCallsInRequest"));
    }
    // A client may name them a million times.
    let using: BTreeSet<String> = request.using.into_iter().collect();
    let supported = session::capabilities(server);
    if let Some(uri) = using.iter().find(|uri| !supported.contains(&uri.as_str())) {
        return Err(RequestError::unknown_capability(uri));
    }
    let results = Results::new(&request.calls, limits.max_referenced_octets);
    let wants_created_ids = request.created_ids.is_some();
    let mut batch = Batch {
        server,
        using,
        created_ids: request.created_ids.unwrap_or_default(),
        responses: Responses::new(server, output, results),
    };
    for call in request.calls {
        if batch.run(call).is_err() {
            return Ok(());
        }
    }
    let created_ids = wants_created_ids.then(|| as_object(&batch.created_ids));
    let session_state = session::state(server);
    // Where the client has gone there is nobody left to tell.
    let _ = batch.responses.finish(created_ids.as_ref(), &session_state);
    Ok(())
}

struct Batch<'a> {
    server: &'a Server<'a>,
    using: BTreeSet<String>,
    created_ids: CreatedIds,
    responses: Responses<'a>,
}

/// The response has been broken off; no further call may write.
struct BrokenOff;

impl Batch<'_> {
    fn run(&mut self, call: Invocation) -> Result<(), BrokenOff> {
        let failure = match self.try_run(&call.name, call.arguments, &call.call_id) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        let Failure::Method(error) = failure else {
            return Err(BrokenOff);
        };
        self.responses
            .respond(&call.call_id, "error", error.arguments())
            .map_err(|_| BrokenOff)
    }

    fn try_run(&mut self, name: &str, arguments: Object, call_id: &str) -> Result<(), Failure> {
        if self.responses.is_over() {
            return Err(
                MethodError::described("serverUnavailable", "the request's time is over").into(),
            );
        }
        let method = find_method(name, &self.using)?;
        let arguments = self.responses.results.resolve(arguments)?;
        let (data_type, verb) = match method {
            Found::Echo => return self.responses.respond(call_id, name, arguments),
            Found::Blob(method) => {
                let call = OwnCall {
                    server: self.server,
                    name,
                    call_id,
                    arguments: Arguments::new(arguments),
                    using: &self.using,
                    created_ids: &mut self.created_ids,
                };
                let response = match method {
                    BlobMethod::Copy => blob_copy::run(call)?,
                    BlobMethod::Get => return blob_get::run(call, &mut self.responses),
                    BlobMethod::Lookup => blob_lookup::run(call)?,
                    BlobMethod::Upload => blob_upload::run(call)?,
                };
                return self.responses.respond(call_id, name, response);
            }
            Found::Parse(data_type, parse) => {
                let call = ParseCall {
                    server: self.server,
                    name,
                    call_id,
                    data_type,
                    parse,
                    arguments: Arguments::new(arguments),
                    created_ids: &self.created_ids,
                };
                return parse::run(call, &mut self.responses);
            }
            Found::Standard(data_type, verb) => (data_type, verb),
        };
        let mut arguments = Arguments::new(arguments);
        let account = account(self.server, &mut arguments, "accountId", "accountNotFound")?;
        let store = store(
            self.server,
            account,
            data_type,
            "accountNotSupportedByMethod",
        )?;
        let call = Call {
            server: self.server,
            name,
            call_id,
            data_type,
            account,
            store,
            arguments,
            created_ids: &mut self.created_ids,
        };
        match verb {
            Method::Get => get::run(call, &mut self.responses),
            Method::Changes => changes::run(call, &mut self.responses),
            Method::Set => set::run(call, &mut self.responses),
            Method::Copy => copy::run(call, &mut self.responses),
            Method::Query => query::run(call, &mut self.responses),
            Method::QueryChanges => query_changes::run(call, &mut self.responses),
        }
    }
}

enum Found {
    Echo,
    Blob(BlobMethod),
    Parse(&'static DataType, &'static Parse),
    Standard(&'static DataType, Method),
}

/// What can be done with blobs, which are no records.
#[derive(Clone, Copy)]
enum BlobMethod {
    Copy,
    Get,
    Lookup,
    Upload,
}

/// A method of a capability that is not in `using` is not known (RFC 8620 §3.3).
fn find_method(name: &str, using: &BTreeSet<String>) -> Result<Found, MethodError> {
    let unknown = || MethodError::new("unknownMethod");
    let (type_name, verb) = name.split_once('/').ok_or_else(unknown)?;
    let (found, capability) = match (type_name, verb) {
        ("Core", "echo") => (Found::Echo, session::CORE),
        ("Blob", "copy") => (Found::Blob(BlobMethod::Copy), session::CORE),
        ("Blob", "get") => (Found::Blob(BlobMethod::Get), BLOB_CAPABILITY),
        ("Blob", "lookup") => (Found::Blob(BlobMethod::Lookup), BLOB_CAPABILITY),
        ("Blob", "upload") => (Found::Blob(BlobMethod::Upload), BLOB_CAPABILITY),
        _ => {
            let data_type = data_types::by_name(type_name).ok_or_else(unknown)?;
            let verb = match verb {
                "parse" => {
                    let parse = data_type.parse.ok_or_else(unknown)?;
                    return match using.contains(parse.capability) {
                        true => Ok(Found::Parse(data_type, parse)),
                        false => Err(unknown()),
                    };
                }
                "get" => Method::Get,
                "changes" => Method::Changes,
                "set" => Method::Set,
                "copy" => Method::Copy,
                "query" => Method::Query,
                "queryChanges" => Method::QueryChanges,
                _ => return Err(unknown()),
            };
            if !data_type.has(verb) {
                return Err(unknown());
            }
            (Found::Standard(data_type, verb), data_type.capability)
        }
    };
    if !using.contains(capability) {
        return Err(unknown());
    }
    Ok(found)
}

/// The account that an argument names.
///
/// # Errors
/// `invalidArguments` without the argument, `not_found` without such an account.
pub fn account<'a>(
    server: &Server<'a>,
    arguments: &mut Arguments,
    argument: &str,
    not_found: &'static str,
) -> Result<&'a Account, MethodError> {
    let id = arguments.string(argument)?;
    server
        .host
        .accounts()
        .iter()
        .find(|account| account.id.as_str() == id)
        .ok_or_else(|| MethodError::new(not_found))
}

/// The account's store of the data type.
///
/// # Errors
/// `not_supported` where the account has no such data.
pub fn store<'a>(
    server: &Server<'a>,
    account: &Account,
    data_type: &DataType,
    not_supported: &'static str,
) -> Result<&'a dyn Store, MethodError> {
    server
        .host
        .store(&account.id, data_type.name)
        .ok_or_else(|| MethodError::new(not_supported))
}

fn as_object(created_ids: &CreatedIds) -> Object {
    let member = |(creation_id, id): (&String, &Id)| (creation_id.clone(), id.as_str().into());
    created_ids.iter().map(member).collect()
}
