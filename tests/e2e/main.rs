//! Over the wire: a real Roundcube behind nginx and php-fpm, as `make test` starts it.
//!
//! `OPENXPORT_E2E` names the folder of the running environment (`target/e2e-sqlite`, say); by
//! hand: `tests/services/e2e.sh sqlite`.

mod authentication;
mod blobs;
mod browser;
mod carried;
mod client_library;
mod contacts;
mod editor;
mod environment;
mod events;
mod exposure;
mod hooks;
mod hostile_requests;
mod hostile_writes;
mod http;
mod identities;
mod import;
mod login_limits;
mod nodes;
mod raw_http;
mod session;
mod web_changes;
mod web_page;
mod writers;
mod writing;
