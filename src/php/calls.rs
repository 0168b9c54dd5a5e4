//! Calls from Rust into PHP, and the objects that PHP brings: database, body, output.

use crate::db::{Cell, Database, DbError, Kind, Param, Row, VisitRow};
use crate::jmap;
use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::{
    CatchError, ExecutorGlobals, Function, ProcessGlobals, output_write, try_catch,
};
use std::cell::Cell as Shared;
use std::io;
use std::panic::AssertUnwindSafe;

/// The class of the exceptions by which a bridge says that a fault will pass.
const UNAVAILABLE: &str = "OpenXPort\\Unavailable";

/// What PHP unwinds `exit()` with. It must be left alone, or the script would go on.
const EXIT: &str = "UnwindExit";

/// PHP is handed no more than this at once, so that it never holds a whole response.
const PIECE_OCTETS: usize = 64 * 1024;

/// All calls into PHP of one entry into the extension.
///
/// A fatal error in PHP jumps out of the call, over every Rust frame. Here the jump is
/// caught: the call fails, what is ours is closed as after any error, and whoever opened the
/// entry lets PHP go on with its end once nothing of ours is left.
#[derive(Default)]
pub struct Calls {
    end: Shared<End>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum End {
    /// The script runs.
    #[default]
    No,
    /// It has called `exit()`.
    Exit,
    /// A fatal error or the memory limit ended it.
    Fatal,
}

/// Why a call brought nothing back.
pub enum CallError {
    /// The method threw this.
    Threw { class: String, message: String },
    /// The script is over: nothing more is called.
    Ended,
}

impl CallError {
    fn message(self) -> String {
        match self {
            Self::Threw { class, message } => format!("{class}: {message}"),
            Self::Ended => "the script has ended".to_owned(),
        }
    }
}

impl Calls {
    /// Calls a method by its name in lower case.
    pub fn method(
        &self,
        object: &Zval,
        name: &'static str,
        arguments: Vec<&dyn IntoZvalDyn>,
    ) -> Result<Zval, CallError> {
        super::fault::perhaps(name);
        self.call(name, || object.try_call_method(name, arguments))
    }

    pub fn function(
        &self,
        name: &'static str,
        arguments: Vec<&dyn IntoZvalDyn>,
    ) -> Result<Zval, CallError> {
        let function = Function::try_from_function(name);
        let missing = ext_php_rs::error::Error::Callable;
        self.call(name, || function.ok_or(missing)?.try_call(arguments))
    }

    /// Whether a fatal error is still to be passed on to PHP.
    pub fn ended_fatally(&self) -> bool {
        self.end.get() == End::Fatal
    }

    fn call(
        &self,
        name: &str,
        call: impl FnOnce() -> ext_php_rs::error::Result<Zval>,
    ) -> Result<Zval, CallError> {
        if self.end.get() != End::No {
            return Err(CallError::Ended);
        }
        let returned = match try_catch(AssertUnwindSafe(call)) {
            Ok(returned) => returned,
            Err(CatchError::Bailout) => {
                self.end.set(End::Fatal);
                return Err(CallError::Ended);
            }
            Err(error) => std::panic::resume_unwind(Box::new(error.to_string())),
        };
        // A method that threw counts as having returned.
        if let Some(class) = ExecutorGlobals::pending_exception_class() {
            return Err(self.take_exception(class));
        }
        returned.map_err(|error| CallError::Threw {
            class: format!("{name}()"),
            message: error.to_string(),
        })
    }

    fn take_exception(&self, class: String) -> CallError {
        if class == EXIT {
            self.end.set(End::Exit);
            return CallError::Ended;
        }
        let Some(exception) = ExecutorGlobals::take_exception() else {
            return CallError::Ended;
        };
        let message = try_catch(AssertUnwindSafe(|| {
            exception.try_call_method("getmessage", Vec::new())
        }));
        CallError::Threw {
            class,
            message: message
                .ok()
                .and_then(Result::ok)
                .map_or_else(String::new, |message| text(&message)),
        }
    }
}

/// The text of a PHP string, repaired where it is no UTF-8; empty for what is no string.
pub fn text(zval: &Zval) -> String {
    let octets = zval.zend_str().map_or(&[][..], |string| string.as_bytes());
    String::from_utf8_lossy(octets).into_owned()
}

/// The webmail's database behind an `OpenXPort\Bridge`.
pub struct BridgeDatabase<'a> {
    pub calls: &'a Calls,
    pub bridge: &'a Zval,
    pub kind: Kind,
}

impl Database for BridgeDatabase<'_> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError> {
        let page = self.ask("rows", sql, params)?;
        let rows = page
            .array()
            .ok_or_else(|| DbError::Refused("rows() returned no array".to_owned()))?;
        for row in rows.values() {
            let row = BridgeRow::of(row)?;
            if visit(&row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let changed = self.ask("execute", sql, params)?;
        changed
            .long()
            .and_then(|rows| u64::try_from(rows).ok())
            .ok_or_else(|| DbError::Refused("execute() returned no number of rows".to_owned()))
    }

    fn begin(&self) -> Result<(), DbError> {
        self.tell("begin")
    }

    fn commit(&self) -> Result<(), DbError> {
        self.tell("commit")
    }

    fn roll_back(&self) -> Result<(), DbError> {
        self.tell("rollback")
    }

    fn call(&self, ability: &str, arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError> {
        let answer = self.ask("call", ability, arguments)?;
        if answer.is_null() {
            return Ok(None);
        }
        answer
            .zend_str()
            .map(|string| Some(string.as_bytes().to_vec()))
            .ok_or_else(|| DbError::Refused("call() returned neither string nor null".to_owned()))
    }
}

impl BridgeDatabase<'_> {
    fn ask(&self, method: &'static str, what: &str, params: &[Param<'_>]) -> Result<Zval, DbError> {
        let params = bind(params).map_err(|error| DbError::Refused(error.to_string()))?;
        let answer = self.calls.method(self.bridge, method, vec![&what, &params]);
        answer.map_err(DbError::from)
    }

    fn tell(&self, method: &'static str) -> Result<(), DbError> {
        self.calls.method(self.bridge, method, Vec::new())?;
        Ok(())
    }
}

impl From<CallError> for DbError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Threw { class, message } if class == UNAVAILABLE => {
                Self::Unavailable(message)
            }
            error => Self::Refused(error.message()),
        }
    }
}

fn bind(params: &[Param<'_>]) -> ext_php_rs::error::Result<Zval> {
    let mut bound = ZendHashTable::new();
    for param in params {
        match param {
            Param::Integer(number) => bound.push(*number)?,
            Param::Text(text) => bound.push(*text)?,
            Param::Octets(octets) => {
                let mut string = Zval::new();
                string.set_binary(octets.to_vec());
                bound.push(string)?;
            }
        }
    }
    let mut zval = Zval::new();
    zval.set_hashtable(bound);
    Ok(zval)
}

/// A row as `PDO::FETCH_NUM` gives it.
struct BridgeRow<'a>(&'a ZendHashTable);

impl<'a> BridgeRow<'a> {
    fn of(row: &'a Zval) -> Result<Self, DbError> {
        let row = row
            .array()
            .ok_or_else(|| DbError::Refused("a row is no array".to_owned()))?;
        let is_cell = |value: &Zval| value.is_string() || value.is_long() || value.is_null();
        // By index, because PHP finds a list's items so without a key in between.
        if !(0..)
            .take(row.len())
            .all(|column| row.get_index(column).is_some_and(is_cell))
        {
            let reason = "a row is no list of strings, integers and null";
            return Err(DbError::Refused(reason.to_owned()));
        }
        Ok(Self(row))
    }
}

impl Row for BridgeRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        let value = i64::try_from(column)
            .ok()
            .and_then(|column| self.0.get_index(column));
        let Some(value) = value else {
            return Cell::Null;
        };
        match (value.long(), value.zend_str()) {
            (Some(number), _) => Cell::Integer(number),
            (_, Some(string)) => Cell::Text(string.as_bytes()),
            _ => Cell::Null,
        }
    }
}

/// The request's body behind an `OpenXPort\Body`.
pub struct PhpBody<'a> {
    pub calls: &'a Calls,
    pub body: &'a Zval,
}

impl jmap::Body for PhpBody<'_> {
    fn read(&mut self, octets: usize) -> io::Result<Vec<u8>> {
        let wanted = i64::try_from(octets).unwrap_or(i64::MAX);
        let piece = self
            .calls
            .method(self.body, "read", vec![&wanted])
            .map_err(|error| io::Error::other(error.message()))?;
        let piece = piece
            .zend_str()
            .ok_or_else(|| io::Error::other("read() returned no string"))?;
        Ok(piece.as_bytes().to_vec())
    }
}

/// The response: status and headers go to an `OpenXPort\Output`, the body straight to PHP's
/// output.
pub struct PhpOutput<'a> {
    pub calls: &'a Calls,
    pub output: &'a Zval,
    pub has_begun: bool,
    /// Whether the headers could be sent; without them no body is written.
    pub is_open: bool,
}

impl<'a> PhpOutput<'a> {
    pub fn new(calls: &'a Calls, output: &'a Zval) -> Self {
        Self {
            calls,
            output,
            has_begun: false,
            is_open: false,
        }
    }

    fn send_head(&self, status: u16, headers: &[(&str, &str)]) -> Result<(), String> {
        let mut lines = ZendHashTable::new();
        for (name, value) in headers {
            lines
                .insert(*name, *value)
                .map_err(|error| error.to_string())?;
        }
        let mut head = Zval::new();
        head.set_hashtable(lines);
        self.calls
            .method(self.output, "begin", vec![&i64::from(status), &head])
            .map(|_| ())
            .map_err(CallError::message)
    }
}

impl jmap::Output for PhpOutput<'_> {
    fn begin(&mut self, status: u16, headers: &[(&str, &str)]) {
        self.has_begun = true;
        match self.send_head(status, headers) {
            Ok(()) => self.is_open = true,
            Err(error) => ::log::error!("the response could not begin: {error}"),
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        for piece in octets.chunks(PIECE_OCTETS) {
            if !self.is_open || self.is_interrupted() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            // Writing may run an output handler of PHP code, which may end in a fatal error.
            let written = try_catch(AssertUnwindSafe(|| output_write(piece)));
            if matches!(written, Err(CatchError::Bailout)) {
                self.calls.end.set(End::Fatal);
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        // It throws nothing and has nothing to say.
        let _ = self.calls.function("flush", Vec::new());
    }

    fn is_interrupted(&self) -> bool {
        self.calls.end.get() != End::No || ProcessGlobals::get().connection_status != 0
    }
}
