//! OpenXPort lets a webmail account speak JMAP: a PHP extension for Roundcube, Horde and
//! SquirrelMail, and the core that further webmails can reuse.
//!
//! # The way of a request
//! A thin plugin in the webmail finds the authenticated user and hands the HTTP request over.
//! `php` builds the host (`hosts`) on the webmail's own database connection and calls
//! [`jmap::Server`]. It decodes the request, asks [`records`] for what any protocol would do
//! with records, and those ask the host through the port in [`store`]. A host reads rows,
//! `convert` turns each stored record into JSON, and the JSON goes to the client in pieces
//! while the next rows are read.
//!
//! # Where things are
//! - [`store`]: the port, which is all that a protocol and a host know of each other.
//! - [`data_types`]: what the objects are, as declarations.
//! - [`records`]: changes, search and writing for any data type on any host.
//! - [`jmap`]: the first face. Others would be its siblings.
//! - [`convert`]: stored formats to JMAP's objects, without any input or output.
//! - [`hosts`]: the webmails, a folder each.
//! - `php`: the extension, the only place that knows PHP.
//! - [`state`]: our own disposable notes, in a file that PHP never opens or on a server that
//!   several web nodes share.
//! - [`db`]: the webmail's own database connection, as a host sees it.
//! - [`json`]: a writer that needs no tree.
//!
//! # What holds
//! - The protocol names no host, and a host names no protocol.
//! - The user's data lives in the webmail's storage alone; losing `state` costs a resync.
//! - Memory does not grow with the account: records are visited one by one.
//! - Nothing of one request outlives it, but for the cached way into `state`.
//! - No lock, borrow or transaction of ours is open while PHP runs.
//!
//! `tests/architecture.rs` enforces the borders between the modules.

pub mod convert;
pub mod data_types;
pub mod db;
pub mod hosts;
pub mod jmap;
pub mod json;
#[cfg(feature = "php")]
pub mod php;
pub mod records;
pub mod state;
pub mod store;
