//! What the data types do on any host: one behaviour a test, each with its section.

#[path = "../memory/mod.rs"]
mod memory;

mod changes;
mod copy;
mod errors;
mod get;
mod query;
mod request;
mod session;
mod set;
mod wire;
