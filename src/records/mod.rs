//! What any face does with records, written once for every data type that declares itself.
//!
//! Nothing here knows a protocol's envelope or a host: it works on the port (`store`), the
//! declarations (`data_types`) and our own state.

pub mod blob_references;
pub mod changes;
mod date;
pub mod filter;
mod journal;
pub mod patch;
mod path;
pub mod search;
mod snapshot;
pub mod sort;
mod text;
pub mod write;
