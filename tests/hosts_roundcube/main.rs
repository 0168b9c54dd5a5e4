//! The Roundcube host over SQLite with Roundcube's own schema.

mod address_books;
mod fixture;
mod identities;
mod opening;
