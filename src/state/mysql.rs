//! The state on a MySQL or MariaDB server, for the web nodes of a cluster.
//!
//! A worker keeps one connection from request to request. Before it is used again it is
//! asked for the schema, which also finds out whether it still stands, and whether the tables
//! are still those that were made. A connection that broke, or on which a transaction may
//! be open, is never used again.
//!
//! InnoDB locks rows, not the database: a transaction that reads before it writes would not
//! see what another is about to commit. So each begins by changing the row of its [`Turn`],
//! and holds that until it ends.

mod schema;
mod session;

use super::sql::Sql;
use super::turn::Turn;
use super::{PATIENCE, StateError};
use mysql::consts::CapabilityFlags;
use mysql::{Conn, Opts, OptsBuilder};
use session::{Health, Session};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than any lock is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to let the others go on before a transaction that stood in their way is repeated.
const PAUSE: Duration = Duration::from_millis(10);

/// What each connection begins with. Whatever the server's defaults are, a statement sees what
/// others have committed, waits for a lock no longer than a second, and fails where it would
/// cut a value off.
const SETUP: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION autocommit = 1, innodb_lock_wait_timeout = 1, lock_wait_timeout = 2,
        sql_mode = 'STRICT_ALL_TABLES'",
];

/// A server's state, and this worker's connection to it.
pub(super) struct Server {
    options: Opts,
    /// `None` while it is in use, and after it broke.
    connection: RefCell<Option<Conn>>,
    /// Of the tables that were there when this request began.
    identity: Cell<i64>,
}

/// What a worker keeps from one request to the next.
struct Kept {
    process: u32,
    url: String,
    server: Rc<Server>,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Connects to the server at `url`, or finds the kept connection fit for another request.
pub(super) fn connect(url: &str) -> Result<Rc<Server>, StateError> {
    let server = match take_kept(url) {
        Some(server) => server,
        None => Rc::new(Server {
            options: options(url)?,
            connection: RefCell::new(None),
            identity: Cell::new(0),
        }),
    };
    server.identity.set(server.attempt(schema::ensure)?);
    let kept = Kept {
        process: std::process::id(),
        url: url.to_owned(),
        server: Rc::clone(&server),
    };
    KEPT.with_borrow_mut(|place| *place = Some(kept));
    Ok(server)
}

/// Where the server is, without anything secret.
pub(super) fn address(url: &str) -> Result<String, StateError> {
    let options = options(url)?;
    Ok(match options.get_socket() {
        Some(socket) => socket.to_owned(),
        None => format!(
            "{}:{}",
            options.get_ip_or_hostname(),
            options.get_tcp_port()
        ),
    })
}

impl Server {
    pub(super) fn run<T>(
        &self,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let outcome = self.attempt(|session| work(session));
        outcome.inspect_err(|error| self.judge(error))
    }

    pub(super) fn write<T>(
        &self,
        turn: Turn<'_>,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = self.attempt(|session| session.transaction(turn, &work));
            match outcome {
                Err(StateError::Busy) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                outcome => return outcome.inspect_err(|error| self.judge(error)),
            }
        }
    }

    /// Does `work` on the connection; once more on a new one when it turns out to be lost.
    fn attempt<T>(
        &self,
        work: impl Fn(&Session) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut may_repeat = true;
        loop {
            let session = Session::new(match self.connection.take() {
                Some(connection) => connection,
                None => self.dial()?,
            });
            let outcome = work(&session);
            let (connection, health) = session.end();
            match health {
                Health::Sound => self.connection.replace(Some(connection)),
                Health::Lost if outcome.is_err() && may_repeat => {
                    may_repeat = false;
                    continue;
                }
                Health::Lost | Health::Spoilt => None,
            };
            return outcome;
        }
    }

    fn dial(&self) -> Result<Conn, StateError> {
        Conn::new(self.options.clone()).map_err(|error| session::judge(error).1)
    }

    /// Tables that are damaged are disowned at once, so that the next request makes new ones.
    fn judge(&self, error: &StateError) {
        if !matches!(error, StateError::Damaged(_)) {
            return;
        }
        log::warn!("the state's tables are damaged: starting anew");
        let identity = self.identity.get();
        if let Err(error) = self.attempt(|session| schema::disown(session, identity)) {
            log::warn!("cannot disown the state's tables: {error}");
        }
    }
}

/// Neither address nor password is for a log.
impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

fn take_kept(url: &str) -> Option<Rc<Server>> {
    let kept = KEPT.with_borrow_mut(Option::take)?;
    if kept.process != std::process::id() {
        // Inherited through a fork. To close it here would end the parent's.
        std::mem::forget(kept);
        return None;
    }
    (kept.url == url).then_some(kept.server)
}

fn options(url: &str) -> Result<Opts, StateError> {
    // What is wrong with it may quote a part of it, so it is not passed on.
    let given = Opts::from_url(url)
        .map_err(|_| StateError::Url("is none of the form mysql://user:password@host/database"))?;
    if given.get_db_name().is_none_or(str::is_empty) {
        return Err(StateError::Url("names no database"));
    }
    let options = OptsBuilder::from_opts(given)
        // The socket is asked for by name, and not found out with one connection more.
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
        .read_timeout(Some(ANSWER_TIMEOUT))
        .write_timeout(Some(ANSWER_TIMEOUT))
        // An update that changes nothing has found its row all the same, as in SQLite.
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
        .init(SETUP.to_vec());
    Ok(options.into())
}

#[cfg(test)]
mod tests;
