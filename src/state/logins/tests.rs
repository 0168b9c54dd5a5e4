use super::{Credentials, LoginCheck, LoginRules};
use crate::state::State;
use crate::state::testing::{Shared, fresh, rows};
use memchr::memmem;
use std::time::Duration;

const RULES: LoginRules = LoginRules {
    reuse_secs: 300,
    refusal_secs: 60,
    window_secs: 900,
    max_failures_of_name: 3,
    max_failures_of_address: 5,
    patience: Duration::ZERO,
};

fn credentials<'a>(name: &'a str, password: &'a str) -> Credentials<'a> {
    Credentials {
        host: "mail.example",
        name,
        password,
        address: "192.0.2.1",
    }
}

fn check(state: &State, credentials: Credentials<'_>, now_secs: i64) -> LoginCheck {
    state.check_login(&credentials, &RULES, now_secs).unwrap()
}

fn fail(state: &State, credentials: Credentials<'_>, now_secs: i64) {
    assert_eq!(check(state, credentials, now_secs), LoginCheck::Unknown);
    state.login_refused(&credentials, &RULES, now_secs).unwrap();
}

fn known(user: &str) -> LoginCheck {
    LoginCheck::Known {
        user: user.to_owned(),
    }
}

fn throttled(retry_after_secs: i64) -> LoginCheck {
    LoginCheck::Throttled { retry_after_secs }
}

#[test]
fn login_is_reused_until_it_expires() {
    let state = fresh();
    let right = credentials("ada", "secret");
    assert_eq!(check(&state, right, 0), LoginCheck::Unknown);
    state.login_accepted(&right, "7", &RULES, 0).unwrap();
    assert_eq!(check(&state, right, 299), known("7"));
    assert_eq!(check(&state, right, 300), LoginCheck::Unknown);
}

#[test]
fn login_is_reused_for_the_same_host_name_and_password_only() {
    let state = fresh();
    let right = credentials("ada", "secret");
    check(&state, right, 0);
    state.login_accepted(&right, "7", &RULES, 0).unwrap();
    for other in [
        credentials("ada", "Secret"),
        credentials("adas", "ecret"),
        credentials("Ada", "secret"),
        Credentials {
            host: "other.example",
            ..right
        },
    ] {
        assert_eq!(check(&state, other, 0), LoginCheck::Unknown);
        state.login_undecided(&other, &RULES, 0).unwrap();
    }
    let moved = Credentials {
        address: "198.51.100.9",
        ..right
    };
    assert_eq!(check(&state, moved, 0), known("7"));
}

#[test]
fn login_with_a_stale_password_is_refused_without_asking_and_counts_once() {
    let state = fresh();
    fail(&state, credentials("ada", "stale"), 0);
    for now_secs in 0..60 {
        let found = check(&state, credentials("ada", "stale"), now_secs);
        assert_eq!(found, LoginCheck::RefusedRecently);
    }
    assert_eq!(
        check(&state, credentials("ada", "secret"), 59),
        LoginCheck::Unknown
    );
    fail(&state, credentials("ada", "stale"), 60);
}

#[test]
fn login_is_throttled_by_name_from_any_address() {
    let state = fresh();
    for (address, password) in [("192.0.2.1", "a"), ("192.0.2.2", "b"), ("192.0.2.3", "c")] {
        fail(
            &state,
            Credentials {
                address,
                ..credentials("ada", password)
            },
            0,
        );
    }
    let fourth = Credentials {
        address: "192.0.2.4",
        ..credentials("ada", "d")
    };
    assert_eq!(check(&state, fourth, 0), throttled(300));
    assert_eq!(check(&state, fourth, 299), throttled(1));
    assert_eq!(check(&state, fourth, 300), LoginCheck::Unknown);
}

#[test]
fn login_is_throttled_by_address_for_any_name() {
    let state = fresh();
    for name in ["a", "b", "c", "d", "e"] {
        fail(&state, credentials(name, "guess"), 0);
    }
    assert_eq!(check(&state, credentials("f", "guess"), 0), throttled(180));
    let elsewhere = Credentials {
        address: "192.0.2.2",
        ..credentials("f", "guess")
    };
    assert_eq!(check(&state, elsewhere, 0), LoginCheck::Unknown);
}

#[test]
fn login_counts_the_addresses_of_one_ipv6_network_together() {
    let state = fresh();
    for last in 0..5 {
        let (name, address) = (format!("name{last}"), format!("2001:db8:1:2::{last}"));
        let guess = Credentials {
            address: &address,
            ..credentials(&name, "guess")
        };
        fail(&state, guess, 0);
    }
    let guess = credentials("name9", "guess");
    let same = Credentials {
        address: "2001:db8:1:2:ffff::1",
        ..guess
    };
    assert_eq!(check(&state, same, 0), throttled(180));
    let other = Credentials {
        address: "2001:db8:1:3::1",
        ..guess
    };
    assert_eq!(check(&state, other, 0), LoginCheck::Unknown);
}

#[test]
fn login_known_before_is_not_throttled() {
    let state = fresh();
    let right = credentials("ada", "secret");
    check(&state, right, 0);
    state.login_accepted(&right, "7", &RULES, 0).unwrap();
    for password in ["a", "b", "c"] {
        fail(&state, credentials("ada", password), 0);
    }
    assert!(matches!(
        check(&state, credentials("ada", "d"), 0),
        LoginCheck::Throttled { .. }
    ));
    assert_eq!(check(&state, right, 0), known("7"));
}

#[test]
fn login_attempts_count_before_they_are_decided() {
    let state = fresh();
    for password in ["a", "b", "c"] {
        assert_eq!(
            check(&state, credentials("ada", password), 0),
            LoginCheck::Unknown
        );
    }
    assert_eq!(check(&state, credentials("ada", "d"), 0), throttled(300));
}

#[test]
fn login_accepted_or_undecided_does_not_count() {
    let state = fresh();
    for _ in 0..10 {
        let right = credentials("ada", "secret");
        let brief = LoginRules {
            reuse_secs: 0,
            ..RULES
        };
        assert_eq!(check(&state, right, 0), LoginCheck::Unknown);
        state.login_accepted(&right, "7", &brief, 0).unwrap();
        assert_eq!(
            check(&state, credentials("ada", "other"), 0),
            LoginCheck::Unknown
        );
        state
            .login_undecided(&credentials("ada", "other"), &RULES, 0)
            .unwrap();
    }
}

#[test]
fn login_waits_for_an_equal_one_and_not_for_a_dead_one() {
    let state = fresh();
    let right = credentials("ada", "secret");
    assert_eq!(check(&state, right, 0), LoginCheck::Unknown);
    assert_eq!(check(&state, right, 59), throttled(1));
    assert_eq!(check(&state, right, 60), LoginCheck::Unknown);
}

#[test]
fn login_throttling_can_be_turned_off() {
    let state = fresh();
    let rules = LoginRules {
        max_failures_of_name: 0,
        max_failures_of_address: 0,
        ..RULES
    };
    for guess in 0..100 {
        let password = guess.to_string();
        let guess = credentials("ada", &password);
        assert_eq!(
            state.check_login(&guess, &rules, 0).unwrap(),
            LoginCheck::Unknown
        );
    }
}

#[test]
fn login_leaves_neither_name_nor_password_nor_address_in_the_files() {
    let shared = Shared::new();
    let state = shared.open();
    fail(&state, credentials("clear-name", "clear-password"), 0);
    let stored = shared.stored();
    for secret in ["clear-name", "clear-password", "192.0.2.1"] {
        assert!(
            memmem::find(&stored, secret.as_bytes()).is_none(),
            "{secret}"
        );
    }
    assert!(memmem::find(&stored, b"refused").is_some());
}

#[test]
fn login_refusals_do_not_pile_up() {
    let state = fresh();
    for guess in 0..1000 {
        let (name, address) = (format!("name{guess}"), format!("192.0.2.{}", guess % 250));
        let guessed = Credentials {
            address: &address,
            ..credentials(&name, "guess")
        };
        fail(&state, guessed, guess * 60);
    }
    let rows = rows(&state, "logins") + rows(&state, "failures");
    // Of one window, which is 15 guesses, each with a name and an address.
    assert!(rows < 50, "{rows}");
}
