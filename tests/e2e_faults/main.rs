//! What the wire tests of `tests/e2e` cannot share a running Roundcube with: workers that are
//! killed, a state that is lost, databases that are locked or full. One test at a time (`tests/services/e2e.sh`).

#![allow(dead_code, reason = "not all of what tests/e2e has is of use here")]

mod databases;
#[path = "../e2e/environment.rs"]
mod environment;
#[path = "../e2e/http.rs"]
mod http;
mod killed_workers;
mod lost_state;
