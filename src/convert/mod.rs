//! Stored formats to JMAP objects: pure functions over octets, no I/O, no host, no protocol.
//!
//! Everything here is tolerant and linear: whatever octets come in, an object comes out, in
//! time and memory proportional to the input, and what has no place in the object is carried
//! along in it.

pub mod address_list;
pub mod charset;
pub mod component_file;
pub mod content_line;
pub mod transcode;
mod transfer_encoding;
pub mod uuid;
pub mod vcard;
