//! The PHP extension: the only file that knows PHP.
//!
//! PHP sees two classes. `OpenXPort\Server` answers an HTTP request for a user that a plugin
//! has authenticated, and `OpenXPort\LoginAttempt` tells a plugin what is known of a client's
//! credentials. PHP brings what they need as objects: the webmail's database as
//! `OpenXPort\Bridge`, the request's body as `OpenXPort\Body`, status and headers as
//! `OpenXPort\Output`. `php/stubs/openxport.php` shows all of them from PHP's side.
//!
//! What holds at this border:
//! - A panic ends in [`guard`]. It becomes a 500 or an exception with an opaque reference,
//!   and the worker lives on.
//! - A fatal error or an `exit()` in PHP code that we call jumps over Rust's frames; so each
//!   call goes through [`Calls`], which catches the jump and makes it an error until all of
//!   ours is closed.
//! - Octets go in and out as octets: PHP's strings need not be UTF-8.

mod calls;
mod fault;
mod log;
mod settings;

use crate::hosts;
use crate::jmap::error::{RequestError, logged, random_reference};
use crate::jmap::{self, HttpRequest};
use crate::state::{Credentials, LoginCheck, LoginRules, Place, State, StateError, now_secs};
use crate::store::Object;
use calls::{BridgeDatabase, Calls, PhpBody, PhpOutput, text};
use ext_php_rs::convert::{FromZval, IntoZval};
use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::ffi::zend_ini_entry;
use ext_php_rs::flags::{ClassFlags, DataType, IniEntryPermission};
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::{
    ClassEntry, ExecutorGlobals, IniEntryDef, IniEntryDefs, ModuleEntry, bailout, ce,
};
use ext_php_rs::{class::RegisteredClass, info_table_end, info_table_row, info_table_start};
use serde::de::DeserializeOwned;
use serde_json::Value;
use settings::{LoginSettings, ServerSettings};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;

const STATE_DIR: &str = "openxport.state_dir";
const STATE_URL: &str = "openxport.state_url";

/// Only php.ini, a pool's `php_admin_value` and `-d` may set these: where our state lies is
/// not for a directory's own settings to say.
static INI: IniEntryDefs<3> = IniEntryDefs::new([
    IniEntryDef::new(
        c"openxport.state_dir",
        c"/var/lib/openxport",
        IniEntryPermission::System,
    ),
    IniEntryDef::new(c"openxport.state_url", c"", IniEntryPermission::System),
    IniEntryDef::end(),
]);

#[php_module]
#[php(startup = "start")]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    let module = module
        .info_function(describe)
        .interface::<PhpInterfaceBridge>()
        .interface::<PhpInterfaceBody>()
        .interface::<PhpInterfaceOutput>()
        .class::<Server>()
        .class::<LoginAttempt>();
    fault::register(module)
}

/// Runs before php-fpm forks: nothing is opened here, and nothing random is made.
extern "C" fn start(_kind: i32, module: i32) -> i32 {
    IniEntryDef::register(INI.as_slice(), module);
    log::install();
    // Where it happened says enough; a panic's own message may quote a record.
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        ::log::error!("panicked at {}", place.unwrap_or_default());
    }));
    0
}

/// The section of `phpinfo()`.
extern "C" fn describe(_module: *mut ModuleEntry) {
    let limits = jmap::Limits::default();
    let number = |limit: u64| limit.to_string();
    info_table_start!();
    info_table_row!("JMAP for webmail", "enabled");
    info_table_row!("Version", env!("CARGO_PKG_VERSION"));
    info_table_row!("State", state_place().to_string());
    info_table_row!("maxSizeRequest", number(limits.max_size_request));
    info_table_row!("maxSizeUpload", number(limits.max_size_upload));
    info_table_row!("maxObjectsInGet", number(limits.max_objects_in_get));
    info_table_end!();
}

fn state_place() -> Place {
    let url = setting(STATE_URL);
    if url.is_empty() {
        return Place::Directory(PathBuf::from(OsString::from_vec(setting(STATE_DIR))));
    }
    Place::Server(String::from_utf8_lossy(&url).into_owned())
}

/// A setting of the system.
fn setting(name: &str) -> Vec<u8> {
    let globals = ExecutorGlobals::get();
    // SAFETY: PHP fills the table of its settings before any module starts and keeps it for as
    // long as the request lasts. Each value in it points to a `zend_ini_entry`, whose string
    // is replaced only by a change of the setting, which cannot happen meanwhile.
    let value = unsafe {
        let settings = globals.ini_directives.as_ref();
        let entry = settings.and_then(|settings| settings.get(name));
        let entry = entry.and_then(|entry| entry.ptr::<zend_ini_entry>());
        let entry = entry.and_then(|entry| entry.as_ref());
        entry.and_then(|entry| entry.value.as_ref())
    };
    value.map_or_else(Vec::new, |value| value.as_bytes().to_vec())
}

/// The webmail's open database connection.
#[php_interface]
#[php(name = "OpenXPort\\Bridge")]
pub trait Bridge {
    fn rows(&self, sql: &str, params: &ZendHashTable) -> Vec<Zval>;
    fn execute(&self, sql: &str, params: &ZendHashTable) -> i64;
    fn begin(&self);
    fn commit(&self);
    fn roll_back(&self);
    fn call(&self, ability: &str, arguments: &ZendHashTable) -> Option<String>;
}

/// The body of an HTTP request.
#[php_interface]
#[php(name = "OpenXPort\\Body")]
pub trait Body {
    fn read(&self, octets: i64) -> String;
}

/// Where the status and the headers of an HTTP response go.
#[php_interface]
#[php(name = "OpenXPort\\Output")]
pub trait Output {
    fn begin(&self, status: i64, headers: &ZendHashTable);
}

/// JMAP for one authenticated user.
#[php_class]
#[php(name = "OpenXPort\\Server", flags = ClassFlags::Final)]
pub struct Server {
    host: String,
    settings: ServerSettings,
    bridge: Zval,
}

#[php_impl]
impl Server {
    pub fn __construct(
        host: String,
        settings: &ZendHashTable,
        bridge: BridgeArgument<'_>,
    ) -> PhpResult<Self> {
        enter("Server::__construct", |_| {
            Ok(Self {
                host,
                settings: decode(settings)?,
                bridge: bridge.0.shallow_clone(),
            })
        })
    }

    pub fn handle(
        &self,
        method: String,
        query: &ZendHashTable,
        headers: &ZendHashTable,
        body: BodyArgument<'_>,
        output: OutputArgument<'_>,
    ) -> PhpResult<()> {
        enter("Server::handle", |calls| {
            let query = pairs(query);
            let headers = pairs(headers);
            let header = |name: &str| {
                let found = headers.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.as_str())
            };
            let request = HttpRequest {
                method: &method,
                query: &query,
                content_type: header("content-type"),
                content_encoding: header("content-encoding"),
                content_length: header("content-length").and_then(|length| length.parse().ok()),
                range: header("range"),
                last_event_id: header("last-event-id"),
            };
            let mut body = PhpBody {
                calls,
                body: body.0,
            };
            let mut output = PhpOutput::new(calls, output.0);
            let answered = caught("Server::answer", || {
                self.answer(calls, &request, &mut body, &mut output)
            });
            // Once the response has begun it stays unclosed: no client takes it for whole.
            if let Err(Fault(error)) = answered.unwrap_or_else(|panicked| Err(panicked.into()))
                && !output.has_begun
            {
                jmap::refuse(&error, &mut output);
            }
            Ok(())
        })
    }
}

impl Server {
    fn answer(
        &self,
        calls: &Calls,
        request: &HttpRequest<'_>,
        body: &mut PhpBody<'_>,
        output: &mut PhpOutput<'_>,
    ) -> Result<(), Fault> {
        let settings = self.settings.jmap();
        let database = BridgeDatabase {
            calls,
            bridge: &self.bridge,
            kind: self.settings.database(),
        };
        let state = State::open(&state_place(), &self.settings.instance)?;
        let host = self.settings.host.clone();
        let host = hosts::open(&self.host, host, Box::new(database))?;
        jmap::Server::new(host.as_ref(), &state, &settings).answer(request, body, output);
        Ok(())
    }
}

/// One client's credentials and what is known of them, so that the webmail is asked seldom
/// and never twice for the same wrong password.
#[php_class]
#[php(name = "OpenXPort\\LoginAttempt", flags = ClassFlags::Final)]
pub struct LoginAttempt {
    instance: String,
    rules: LoginRules,
    host: String,
    name: String,
    password: String,
    address: String,
}

#[php_impl]
impl LoginAttempt {
    pub const KNOWN: &'static str = "known";
    pub const REFUSED: &'static str = "refused";
    pub const THROTTLED: &'static str = "throttled";
    pub const UNKNOWN: &'static str = "unknown";

    pub fn __construct(
        instance: String,
        rules: &ZendHashTable,
        host: String,
        name: String,
        password: String,
        address: String,
    ) -> PhpResult<Self> {
        enter("LoginAttempt::__construct", |_| {
            Ok(Self {
                instance,
                rules: decode::<LoginSettings>(rules)?.rules(),
                host,
                name,
                password,
                address,
            })
        })
    }

    pub fn check(&self) -> PhpResult<Vec<(String, Zval)>> {
        enter("LoginAttempt::check", |_| {
            let state = self.state()?;
            let found = state.check_login(&self.credentials(), &self.rules, now_secs());
            describe_check(found.map_err(unavailable)?)
        })
    }

    pub fn accepted(&self, user: String) -> PhpResult<()> {
        enter("LoginAttempt::accepted", |_| {
            let state = self.state()?;
            state
                .login_accepted(&self.credentials(), &user, &self.rules, now_secs())
                .map_err(unavailable)
        })
    }

    pub fn refused(&self) -> PhpResult<()> {
        enter("LoginAttempt::refused", |_| {
            let state = self.state()?;
            state
                .login_refused(&self.credentials(), &self.rules, now_secs())
                .map_err(unavailable)
        })
    }

    pub fn undecided(&self) -> PhpResult<()> {
        enter("LoginAttempt::undecided", |_| {
            let state = self.state()?;
            state
                .login_undecided(&self.credentials(), &self.rules, now_secs())
                .map_err(unavailable)
        })
    }
}

impl LoginAttempt {
    fn state(&self) -> PhpResult<State> {
        State::open(&state_place(), &self.instance).map_err(unavailable)
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            host: &self.host,
            name: &self.name,
            password: &self.password,
            address: &self.address,
        }
    }
}

fn describe_check(check: LoginCheck) -> PhpResult<Vec<(String, Zval)>> {
    let (outcome, more) = match check {
        LoginCheck::Known { user } => (LoginAttempt::KNOWN, Some(("user", user.into_zval(false)?))),
        LoginCheck::RefusedRecently => (LoginAttempt::REFUSED, None),
        LoginCheck::Throttled { retry_after_secs } => {
            let seconds = retry_after_secs.into_zval(false)?;
            (LoginAttempt::THROTTLED, Some(("retryAfter", seconds)))
        }
        LoginCheck::Unknown => (LoginAttempt::UNKNOWN, None),
    };
    let outcome = ("outcome", outcome.into_zval(false)?);
    let members = [Some(outcome), more].into_iter().flatten();
    Ok(members
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// The exception for a state that cannot be used, with the code of the HTTP answer that it
/// leads to; the log says what the admin must mend.
fn unavailable(error: StateError) -> PhpException {
    PhpException::new(logged(&error), 503, runtime_exception())
}

fn runtime_exception() -> &'static ClassEntry {
    // SPL is compiled into every PHP.
    ClassEntry::try_find("RuntimeException").unwrap_or_else(|| ce::exception())
}

/// Why a request could not even be handed to the protocol. The client learns a reference
/// that the log carries too.
struct Fault(RequestError);

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self(RequestError::status(503, logged(&error)))
    }
}

impl From<hosts::OpenError> for Fault {
    fn from(error: hosts::OpenError) -> Self {
        Self(RequestError::status(500, logged(&error)))
    }
}

impl From<Panicked> for Fault {
    fn from(panicked: Panicked) -> Self {
        Self(RequestError::status(500, panicked.to_string()))
    }
}

/// What every entry from PHP runs in: a panic becomes an exception, the log is handed over,
/// and a fatal error that PHP is in goes on only when nothing of ours is left behind.
fn enter<T>(place: &'static str, work: impl FnOnce(&Calls) -> PhpResult<T>) -> PhpResult<T> {
    let calls = Calls::default();
    let result = match caught(place, || work(&calls)) {
        Ok(result) => result,
        Err(panicked) => {
            let message = panicked.to_string();
            Err(PhpException::new(message, 0, runtime_exception()))
        }
    };
    for line in log::take() {
        // Where PHP cannot log there is nobody left to tell.
        let _ = calls.function("error_log", vec![&line]);
    }
    if calls.ended_fatally() {
        drop(result);
        // SAFETY: PHP has bailed out already and was stopped on its way; this lets it go on.
        // The frames that it jumps over own nothing any more.
        unsafe { bailout() }
    }
    result
}

#[derive(Debug, thiserror::Error)]
#[error("the server failed; its log has more under {reference}")]
struct Panicked {
    /// Stands in the log beside the place of the panic.
    reference: String,
}

fn caught<T>(place: &str, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let work = || {
        fault::perhaps(place);
        work()
    };
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let reference = random_reference();
        ::log::error!("[{reference}] {place} was ended by a panic");
        Panicked { reference }
    })
}

fn decode<T: DeserializeOwned>(settings: &ZendHashTable) -> PhpResult<T> {
    let settings = value_of_table(settings, MAX_SETTINGS_DEPTH)?;
    serde_json::from_value(settings).map_err(|error| wrong_settings(&error.to_string()))
}

/// Settings come from the plugin and are shallow; the bound is for a plugin gone mad.
const MAX_SETTINGS_DEPTH: usize = 8;

fn wrong_settings(reason: &str) -> PhpException {
    PhpException::new(format!("wrong settings: {reason}"), 0, ce::value_error())
}

fn value(zval: &Zval, depth: usize) -> PhpResult<Value> {
    if let Some(table) = zval.array() {
        return value_of_table(table, depth);
    }
    if let Some(string) = zval.zend_str() {
        let text = string.as_str();
        return text
            .map(Value::from)
            .map_err(|_| wrong_settings("a string is no UTF-8"));
    }
    match (zval.long(), zval.bool()) {
        _ if zval.is_null() => Ok(Value::Null),
        (Some(number), _) => Ok(number.into()),
        (_, Some(boolean)) => Ok(boolean.into()),
        _ => Err(wrong_settings(
            "a value is no string, integer, boolean or array",
        )),
    }
}

/// A PHP array: a list where its keys count from 0, as those of an empty one do, else an
/// object.
fn value_of_table(table: &ZendHashTable, depth: usize) -> PhpResult<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(wrong_settings("nested too deep"));
    };
    if table.has_sequential_keys() {
        let items: PhpResult<Vec<_>> = table.values().map(|item| value(item, depth)).collect();
        return items.map(Value::Array);
    }
    let members: PhpResult<Object> = table
        .iter()
        .map(|(key, member)| Ok((key.to_string(), value(member, depth)?)))
        .collect();
    members.map(Value::Object)
}

/// The strings of an array by their keys; other values are passed over.
fn pairs(table: &ZendHashTable) -> Vec<(String, String)> {
    let strings = table.iter().filter(|(_, value)| value.is_string());
    strings
        .map(|(key, value)| (key.to_string(), text(value)))
        .collect()
}

/// Arguments that PHP checks against an interface, so that a wrong one is a `TypeError`.
macro_rules! argument {
    ($name:ident, $interface:ty, $php_name:literal) => {
        pub struct $name<'a>(&'a Zval);

        impl<'a> FromZval<'a> for $name<'a> {
            const TYPE: DataType = DataType::object($php_name);

            fn from_zval(zval: &'a Zval) -> Option<Self> {
                let interface = <$interface>::get_metadata().ce();
                let object = zval.object()?;
                object.instance_of(interface).then_some(Self(zval))
            }
        }
    };
}

argument!(BridgeArgument, PhpInterfaceBridge, "OpenXPort\\Bridge");
argument!(BodyArgument, PhpInterfaceBody, "OpenXPort\\Body");
argument!(OutputArgument, PhpInterfaceOutput, "OpenXPort\\Output");
