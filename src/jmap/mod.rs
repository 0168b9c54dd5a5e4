//! JMAP, the first face: RFC 8620 over whatever host stands behind the port.
//!
//! A request enters in [`Server::answer`], is decoded under limits (`request`), has its calls
//! run one after another (`dispatch`), and leaves through [`Output`] while it is made
//! (`responses`). Each standard method has a file of its own and reads the data type's
//! declaration; none knows a data type by name.

mod arguments;
mod blob_copy;
mod blob_get;
mod blob_lookup;
mod blob_source;
mod blob_upload;
mod blobs;
mod byte_range;
mod changes;
mod copy;
mod creation_ids;
mod creation_order;
mod dispatch;
mod endpoint;
pub mod error;
mod events;
mod file_part;
mod get;
mod kept_list;
mod list;
mod pace;
mod parse;
mod query;
mod query_arguments;
mod query_changes;
pub mod references;
pub mod request;
mod responses;
mod session;
mod set;

pub use endpoint::{HttpRequest, refuse};

use crate::state::State;
use crate::store::Host;
use std::io;
use std::time::{Duration, Instant};

/// One user's JMAP, for the length of one HTTP request.
pub struct Server<'a> {
    host: &'a dyn Host,
    state: &'a State,
    settings: &'a Settings,
    deadline: Instant,
}

impl<'a> Server<'a> {
    pub fn new(host: &'a dyn Host, state: &'a State, settings: &'a Settings) -> Self {
        Self {
            host,
            state,
            settings,
            deadline: Instant::now() + settings.limits.request_time,
        }
    }
}

/// What the host's configuration says about this endpoint.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The login name that the session object shows.
    pub username: String,
    /// The absolute URL that answers GET with the session object and POST with the API.
    /// It may have a query already.
    pub url: String,
    pub limits: Limits,
}

/// What one client may ask for. The sizes are octets.
#[derive(Clone, Debug)]
pub struct Limits {
    pub max_size_upload: u64,
    pub max_concurrent_upload: u32,
    pub max_size_request: u64,
    pub max_concurrent_requests: u32,
    /// Ample, because a client may ask for many pictures at once and for none again.
    pub max_concurrent_download: u32,
    /// How many connections to the event source are held in the whole installation, half of
    /// them for one user. Each takes a worker for `event_time`.
    pub max_concurrent_events: u32,
    pub max_calls_in_request: usize,
    pub max_objects_in_get: u64,
    pub max_objects_in_set: usize,
    /// What result references may keep and resolve in one request.
    pub max_referenced_octets: usize,
    /// All unexpired uploads of an account together.
    pub max_uploaded_octets: u64,
    pub request_time: Duration,
    /// How long a connection to the event source is held; zero: it is answered at once.
    pub event_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_size_upload: 50_000_000,
            max_concurrent_upload: 4,
            max_size_request: 10_000_000,
            max_concurrent_requests: 8,
            max_concurrent_download: 16,
            max_concurrent_events: 2,
            max_calls_in_request: 32,
            max_objects_in_get: 500_000,
            max_objects_in_set: 1_000,
            max_referenced_octets: 8_000_000,
            max_uploaded_octets: 500_000_000,
            request_time: Duration::from_secs(110),
            event_time: Duration::from_secs(30),
        }
    }
}

/// The body of an HTTP request.
pub trait Body {
    /// At most `octets` of what comes next; empty at the end.
    fn read(&mut self, octets: usize) -> io::Result<Vec<u8>>;
}

/// Where an HTTP response goes.
pub trait Output {
    /// Sets status and headers, once and before the first `write`.
    fn begin(&mut self, status: u16, headers: &[(&str, &str)]);

    /// # Errors
    /// When the client has gone.
    fn write(&mut self, octets: &[u8]) -> io::Result<()>;

    /// Sends on what is written so far, without waiting for more.
    fn flush(&mut self) {}

    /// Whether the client has gone; asked now and then while nothing is written.
    fn is_interrupted(&self) -> bool;
}
