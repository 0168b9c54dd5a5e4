//! The Response object (RFC 8620 §3.4), written to the client while it is made.

use super::error::MethodError;
use super::references::Results;
use super::{Output, Server};
use crate::json::{Mark, Writer};
use crate::store::{Object, StoreError};
use serde_json::Value;
use std::time::Instant;

/// Text is handed to the client in pieces of this size.
const PIECE_OCTETS: usize = 64 * 1024;

/// Why a method call has no response of its own.
#[derive(Debug)]
pub enum Failure {
    /// Nothing of the call has been written: an `error` response takes its place.
    Method(MethodError),
    /// Part of the response is out and the rest cannot follow. The connection ends with the
    /// JSON unclosed, so that no client takes a short list for a whole one.
    Ended,
}

impl From<MethodError> for Failure {
    fn from(error: MethodError) -> Self {
        Self::Method(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Method(error.into())
    }
}

pub struct Responses<'a> {
    output: &'a mut dyn Output,
    text: Writer,
    /// Where the response under way begins, as long as none of it has been sent.
    unsent: Option<Mark>,
    has_begun: bool,
    deadline: Instant,
    pub results: Results,
}

impl<'a> Responses<'a> {
    pub fn new(server: &Server<'_>, output: &'a mut dyn Output, results: Results) -> Self {
        let mut text = Writer::new();
        text.begin_object();
        text.key("methodResponses");
        text.begin_array();
        Self {
            output,
            text,
            unsent: None,
            has_begun: false,
            deadline: server.deadline,
            results,
        }
    }

    /// Writes a whole response.
    pub fn respond(&mut self, call_id: &str, name: &str, arguments: Object) -> Result<(), Failure> {
        self.open(name);
        self.text.serialize(&arguments);
        self.close(call_id)?;
        self.results.keep(call_id, name, Value::Object(arguments));
        Ok(())
    }

    /// Begins a response whose arguments are written piece by piece; [`Responses::close`]
    /// ends it.
    pub fn open(&mut self, name: &str) -> &mut Writer {
        self.unsent = Some(self.text.mark());
        self.text.begin_array();
        self.text.string(name);
        &mut self.text
    }

    pub fn text(&mut self) -> &mut Writer {
        &mut self.text
    }

    pub fn close(&mut self, call_id: &str) -> Result<(), Failure> {
        self.text.string(call_id);
        self.text.end_array();
        self.flush_when_full()
    }

    /// Sends what is due, and looks whether there is still time and a client. To be called
    /// for each record.
    pub fn go_on(&mut self) -> Result<(), StoreError> {
        if Instant::now() >= self.deadline {
            return Err(StoreError::Stopped("the request took longer than it may"));
        }
        self.flush_when_full()
            .map_err(|_| StoreError::Stopped("the client has gone"))
    }

    /// What a failure amid the response under way comes to: an `error` response in its place
    /// while none of it has been sent.
    pub fn break_off(&mut self, error: StoreError) -> Failure {
        match self.unsent.take() {
            Some(mark) => {
                self.text.rewind(mark);
                error.into()
            }
            None => {
                // The conversion logs what the client can no longer be told.
                let _ = MethodError::from(error);
                Failure::Ended
            }
        }
    }

    /// Whether time is over or the client gone.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline || self.output.is_interrupted()
    }

    /// Closes the Response object.
    pub fn finish(
        mut self,
        created_ids: Option<&Object>,
        session_state: &str,
    ) -> Result<(), Failure> {
        self.text.end_array();
        if let Some(created_ids) = created_ids {
            self.text.key("createdIds");
            self.text.serialize(created_ids);
        }
        self.text.member("sessionState", session_state);
        self.text.end_object();
        self.flush()
    }

    fn flush_when_full(&mut self) -> Result<(), Failure> {
        if self.text.as_bytes().len() < PIECE_OCTETS {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.unsent = None;
        if !self.has_begun {
            self.has_begun = true;
            self.output.begin(200, super::endpoint::JSON_HEADERS);
        }
        self.output
            .write(self.text.as_bytes())
            .map_err(|_| Failure::Ended)?;
        self.text.drain();
        Ok(())
    }
}
