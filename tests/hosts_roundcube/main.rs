//! The Roundcube host over SQLite with Roundcube's own schema.

mod address_books;
mod contacts;
mod fingerprints;
mod fixture;
mod identities;
mod opening;
mod versions;
