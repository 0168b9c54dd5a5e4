//! The response to a `/get` (RFC 8620 §5.1), written while its records are read.

use super::kept_list::KeptList;
use super::responses::{Failure, Responses};
use crate::json::{Mark, Writer};
use crate::store::{Account, StoreError};
use serde_json::json;

pub struct List<'a, 'b, 'c> {
    name: &'a str,
    call_id: &'a str,
    account: &'a Account,
    /// `None` for what has no state.
    pub state: Option<&'a str>,
    pub responses: &'b mut Responses<'c>,
    is_open: bool,
    /// What later calls refer to.
    kept: Option<KeptList>,
}

impl<'a, 'b, 'c> List<'a, 'b, 'c> {
    pub fn new(
        name: &'a str,
        call_id: &'a str,
        account: &'a Account,
        responses: &'b mut Responses<'c>,
    ) -> Self {
        Self {
            name,
            call_id,
            account,
            state: None,
            kept: responses.results.list(call_id),
            responses,
            is_open: false,
        }
    }

    /// Writes what comes before the records. It waits for the first of them, because until
    /// then a failure of the storage is still a method error.
    fn open(&mut self) {
        if self.is_open {
            return;
        }
        self.is_open = true;
        let text = self.responses.open(self.name);
        text.begin_object();
        text.member("accountId", self.account.id.as_str());
        if let Some(state) = self.state {
            text.member("state", state);
        }
        text.key("list");
        text.begin_array();
    }

    /// Writes a record, which `emit` writes as one JSON object.
    pub fn write(&mut self, emit: impl FnOnce(&mut Writer)) -> Result<(), StoreError> {
        let mark = self.begin();
        emit(self.responses.text());
        self.end(mark);
        self.responses.go_on()
    }

    /// Begins a record that is written to [`Responses::text`] piece by piece.
    pub fn begin(&mut self) -> Mark {
        self.open();
        self.responses.text().mark()
    }

    /// Ends the record that began at `mark`. While [`List::keeps`], nothing of it may have been
    /// sent before.
    pub fn end(&mut self, mark: Mark) {
        if let Some(kept) = &mut self.kept {
            kept.push(self.responses.text().value_since(mark));
        }
    }

    /// Whether later calls refer to the records, so that each is needed in one piece. One of
    /// more than these octets is not kept, nor are the others then.
    pub fn keeps(&mut self, octets: u64) -> bool {
        if let Some(kept) = &mut self.kept {
            kept.make_room(octets);
            return kept.is_whole();
        }
        false
    }

    pub fn fail(self, error: StoreError) -> Failure {
        if self.is_open {
            self.responses.break_off(error)
        } else {
            error.into()
        }
    }

    pub fn finish(mut self, not_found: Vec<String>) -> Result<(), Failure> {
        self.open();
        let text = self.responses.text();
        text.end_array();
        text.key("notFound");
        text.serialize(&not_found);
        text.end_object();
        self.responses.close(self.call_id)?;
        if let Some(kept) = self.kept {
            let mut arguments = json!({
                "accountId": self.account.id.as_str(),
                "notFound": not_found,
            });
            if let Some(state) = self.state {
                arguments["state"] = state.into();
            }
            let results = &mut self.responses.results;
            results.keep_with_list(self.call_id, self.name, arguments, kept);
        }
        Ok(())
    }
}
