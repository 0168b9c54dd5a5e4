#[cfg(feature = "e2e")]
mod mariadb;

use super::ANSWER_TIMEOUT;
use crate::state::{Place, State, StateError};
use std::net::TcpListener;
use std::time::Instant;

fn failure(url: &str) -> StateError {
    State::open(&Place::Server(url.to_owned()), "test").unwrap_err()
}

#[test]
fn place_shows_a_server_without_user_and_password() {
    for (url, shown) in [
        (
            "mysql://ada:s3cret@db.example/state",
            "MySQL at db.example:3306",
        ),
        ("mysql://ada:s3cret@[::1]:3307/state", "MySQL at [::1]:3307"),
        (
            "mysql://ada:s3cret@localhost/state?socket=/run/db.sock",
            "MySQL at /run/db.sock",
        ),
        (
            "mysql://ada:s3cret@db.example",
            "MySQL, but the URL of the state names no database",
        ),
    ] {
        let place = Place::Server(url.to_owned());
        assert_eq!(place.to_string(), shown);
        assert!(!format!("{place:?}").contains("s3cret"));
    }
}

#[test]
fn state_refuses_a_url_of_another_form_and_does_not_quote_it() {
    for url in [
        "s3cret",
        "postgres://ada:s3cret@db.example/state",
        "mysql://ada:s3cret@db.example/state?s3cret=1",
        "mysql://ada:s3cret@db.example/state?socket=/s&pool_min=s3cret",
        "mysql://ada:s3cret@db.example:s3cret/state",
        "mysql://ada:s3cret@db.example",
    ] {
        let error = failure(url);
        assert!(matches!(error, StateError::Url(_)), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn state_on_a_server_that_is_not_there_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for url in [
        format!("mysql://ada:s3cret@127.0.0.1:{port}/state"),
        "mysql://ada:s3cret@localhost/state?socket=/nonexistent/mysql.sock".to_owned(),
    ] {
        let error = failure(&url);
        assert!(matches!(error, StateError::Gone(_)), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn state_on_a_server_that_never_answers_is_gone_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let begun = Instant::now();
    let error = failure(&format!("mysql://127.0.0.1:{port}/state"));
    assert!(matches!(error, StateError::Gone(_)), "{error:?}");
    assert!(
        begun.elapsed() < 2 * ANSWER_TIMEOUT,
        "{:?}",
        begun.elapsed()
    );
}
