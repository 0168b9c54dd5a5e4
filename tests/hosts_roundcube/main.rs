//! The Roundcube host over SQLite with Roundcube's own schema.

// What every host does.
#[path = "../memory/mod.rs"]
mod memory;
#[path = "../convert_vcard/processor.rs"]
mod processor;
#[path = "../contract/reading.rs"]
mod reading;
#[path = "../contract/wire.rs"]
mod wire;
#[path = "../contract/written.rs"]
mod written;

mod address_books;
mod columns;
mod contacts;
mod contract;
mod fingerprints;
mod fixture;
mod groups;
mod identities;
mod identity_writing;
mod import;
mod opening;
mod tables;
mod versions;
mod writing;
mod writing_many;
