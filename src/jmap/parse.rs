//! `/parse`: records read out of files that the client has uploaded, streamed. What it takes
//! and answers stands with the data type (`data_types::contact_files`).

use super::Server;
use super::arguments::{Arguments, CreatedIds, distinct};
use super::blob_source::Source;
use super::dispatch::{account, store};
use super::error::{MethodError, shown};
use super::file_part::FilePart;
use super::get::selection;
use super::responses::{Failure, Responses};
use crate::data_types::DataType;
use crate::data_types::parse::{self, Charset, ComponentFile, Fault, FileRecord, Item, Parse};
use crate::store::{Account, Selection, StoreError};
use serde_json::{Value, json};

/// A call of `/parse` with everything that it works on.
pub struct ParseCall<'a> {
    pub server: &'a Server<'a>,
    pub name: &'a str,
    pub call_id: &'a str,
    pub data_type: &'static DataType,
    pub parse: &'static Parse,
    pub arguments: Arguments,
    pub created_ids: &'a CreatedIds,
}

pub fn run(mut call: ParseCall<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let server = call.server;
    let account = account(server, &mut call.arguments, "accountId", "accountNotFound")?;
    store(
        server,
        account,
        call.data_type,
        "accountNotSupportedByMethod",
    )?;
    let limit = server.settings.limits.max_objects_in_get;
    let ids = call.arguments.strings("blobIds")?;
    let asked = Asked {
        parse: call.parse,
        selection: selection(&mut call.arguments, call.data_type)?,
        position: call.arguments.optional_unsigned("position")?.unwrap_or(0),
        limit: call
            .arguments
            .optional_unsigned("limit")?
            .map_or(limit, |asked| asked.min(limit)),
        charset: charset(&mut call.arguments)?,
    };
    call.arguments.finish()?;
    if ids.len() as u64 > limit {
        return Err(MethodError::new("requestTooLarge").into());
    }
    let (ids, mut not_found) = distinct(ids, call.created_ids);
    let mut not_parsable = Vec::new();
    let mut answer = Answer {
        call: &call,
        account,
        responses,
        is_open: false,
    };
    for id in ids {
        let read = match Source::find(server, account, id.as_str()) {
            Err(error) => Err(error),
            Ok(None) => Ok(Outcome::NotFound),
            // What is in it could not be named.
            Ok(Some(_)) if FilePart::of_id(&id).is_some() => Ok(Outcome::NotParsable),
            Ok(Some(source)) => Page::new(&asked, id.as_str(), &mut answer).read(server, &source),
        };
        match read {
            Err(error) => return Err(answer.fail(error)),
            Ok(Outcome::Parsed) => {}
            Ok(Outcome::NotFound) => not_found.push(id.to_string()),
            Ok(Outcome::NotParsable) => not_parsable.push(id.to_string()),
        }
    }
    answer.finish(&not_found, &not_parsable)
}

fn charset(arguments: &mut Arguments) -> Result<Option<Charset>, MethodError> {
    let Some(name) = arguments.optional_string("charset")? else {
        return Ok(None);
    };
    let unknown = || {
        let name = shown(&name);
        MethodError::invalid_arguments(format!("there is no charset \"{name}\""))
    };
    parse::charset(&name).map(Some).ok_or_else(unknown)
}

struct Asked {
    parse: &'static Parse,
    selection: Selection,
    position: u64,
    limit: u64,
    charset: Option<Charset>,
}

enum Outcome {
    Parsed,
    NotFound,
    /// There is no record in it.
    NotParsable,
}

/// The response under way.
struct Answer<'a, 'b, 'c> {
    call: &'a ParseCall<'a>,
    account: &'a Account,
    responses: &'b mut Responses<'c>,
    /// `parsed` has begun.
    is_open: bool,
}

impl Answer<'_, '_, '_> {
    /// Begins what is said of one file. Until the first, a failure is still a method error.
    fn begin_file(&mut self, id: &str) {
        if !self.is_open {
            self.is_open = true;
            let text = self.responses.open(self.call.name);
            text.begin_object();
            text.member("accountId", self.account.id.as_str());
            text.key("parsed");
            text.begin_object();
        }
        let text = self.responses.text();
        text.key(id);
        text.begin_object();
        text.key("list");
        text.begin_array();
    }

    fn fail(self, error: StoreError) -> Failure {
        match self.is_open {
            true => self.responses.break_off(error),
            false => error.into(),
        }
    }

    fn finish(self, not_found: &[String], not_parsable: &[String]) -> Result<(), Failure> {
        let text = match self.is_open {
            true => self.responses.text(),
            false => self.responses.open(self.call.name),
        };
        if self.is_open {
            text.end_object();
        } else {
            text.begin_object();
            text.member("accountId", self.account.id.as_str());
            text.key("parsed");
            text.null();
        }
        for (name, ids) in [("notFound", not_found), ("notParsable", not_parsable)] {
            text.key(name);
            match ids {
                [] => text.null(),
                ids => text.serialize(&ids),
            }
        }
        text.end_object();
        self.responses.close(self.call.call_id)
    }
}

/// The items of one file that are asked for.
struct Page<'a, 'b, 'c, 'd> {
    asked: &'a Asked,
    id: &'a str,
    charset: Option<Charset>,
    answer: &'a mut Answer<'b, 'c, 'd>,
    /// How many items there were.
    total: u64,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
}

/// Something to be said of one item.
struct Remark {
    position: u64,
    line: u64,
    kind: Kind,
}

enum Kind {
    Fault(Fault),
    EncodingProblem,
}

impl<'a, 'b, 'c, 'd> Page<'a, 'b, 'c, 'd> {
    fn new(asked: &'a Asked, id: &'a str, answer: &'a mut Answer<'b, 'c, 'd>) -> Self {
        Self {
            asked,
            id,
            charset: asked.charset,
            answer,
            total: 0,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn read(mut self, server: &Server<'_>, source: &Source) -> Result<Outcome, StoreError> {
        self.charset = self
            .charset
            .or_else(|| parse::charset_of_media_type(source.media_type()));
        let mut file = ComponentFile::new(self.asked.parse.search);
        for piece in source.pieces(server, 0, source.size_octets()) {
            file.push(&piece?, &mut |item| self.visit(item))?;
            self.answer.responses.go_on()?;
        }
        file.finish(&mut |item| self.visit(item))?;
        if self.total == 0 {
            return Ok(Outcome::NotParsable);
        }
        let responses = &mut *self.answer.responses;
        responses.text().end_array();
        for (name, remarks) in [("errors", &self.errors), ("warnings", &self.warnings)] {
            let text = responses.text();
            text.key(name);
            text.begin_array();
            for remark in remarks {
                responses.text().serialize(&remark.to_value());
                responses.go_on()?;
            }
            responses.text().end_array();
        }
        let text = responses.text();
        text.key("position");
        text.unsigned(self.asked.position);
        text.key("total");
        text.unsigned(self.total);
        text.end_object();
        responses.go_on()?;
        Ok(Outcome::Parsed)
    }

    fn visit(&mut self, item: Item<'_>) -> Result<(), StoreError> {
        if self.total == 0 {
            self.answer.begin_file(self.id);
        }
        let position = self.total;
        self.total += 1;
        let is_wanted = position
            .checked_sub(self.asked.position)
            .is_some_and(|at| at < self.asked.limit);
        if is_wanted {
            self.write(position, item);
        }
        self.answer.responses.go_on()
    }

    fn write(&mut self, position: u64, item: Item<'_>) {
        let remark = |kind| Remark {
            position,
            line: item.line,
            kind,
        };
        let component = match item.content {
            Ok(component) => component,
            Err(fault) => return self.errors.push(remark(Kind::Fault(fault))),
        };
        let blob_id = |number| {
            let part = FilePart {
                start: item.start,
                end: item.end,
                number,
                file: self.id,
            };
            part.id()
        };
        let record = FileRecord {
            text: component.text,
            charset: self.charset,
            blob_id: &blob_id,
        };
        let text = self.answer.responses.text();
        let is_lossy = (self.asked.parse.emit)(&record, &self.asked.selection, text);
        if is_lossy || component.is_damaged {
            self.warnings.push(remark(Kind::EncodingProblem));
        }
    }
}

impl Remark {
    fn to_value(&self) -> Value {
        let (kind, description) = match self.kind {
            Kind::Fault(Fault::NotTerminated) => ("notTerminated", "it has no END"),
            Kind::Fault(Fault::TooLarge) => ("tooLarge", "it is larger than is read"),
            Kind::Fault(Fault::Unrecognized) => ("unrecognized", "there are lines in no record"),
            Kind::EncodingProblem => ("encodingProblem", "some characters are lost"),
        };
        json!({
            "position": self.position,
            "line": self.line,
            "type": kind,
            "description": description,
        })
    }
}
