//! Several workers on one state, and what befalls it.

use super::testing::{KEY, Shared, fresh, head, rows};
use super::{
    Blob, Credentials, LeaseRule, LoginCheck, LoginRules, PATIENCE, State, StateError, UploadError,
    UploadRoom,
};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const WORKERS: usize = 4;
const ROUNDS: u64 = 50;

fn upload(state: &State, octets: &[u8]) -> Result<Blob, UploadError> {
    let room = UploadRoom {
        account: "a1",
        quota_octets: 1_000_000,
    };
    let mut upload = state.begin_upload(room, "text/plain")?;
    upload.append(octets, 0)?;
    upload.finish(0)
}

/// Runs `work` in several workers at once, each with a connection of its own.
fn in_workers<T: Send>(shared: &Shared, work: impl Fn(&State, u64) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(WORKERS);
    thread::scope(|scope| {
        let worker = |number| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                let state = shared.open();
                work(&state, number)
            })
        };
        let workers: Vec<_> = (0..WORKERS as u64).map(worker).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    })
}

#[test]
fn journal_moved_by_several_workers_loses_no_move() {
    let shared = Shared::new();
    in_workers(&shared, |state, _| {
        let mut moved = 0;
        while moved < ROUNDS {
            let seen = state.journal(KEY).unwrap();
            let counter = seen.as_ref().map_or(0, |(head, _)| head.counter) + 1;
            if let Some((head, body)) = &seen {
                assert_eq!(
                    body,
                    &head.counter.to_le_bytes(),
                    "a head with another's body"
                );
            }
            let (seen, body) = (seen.map(|(head, _)| head), counter.to_le_bytes());
            let won = state.swap_journal(KEY, seen.as_ref(), &head(counter), Some(&body));
            moved += u64::from(won.unwrap());
        }
    });
    let state = shared.open();
    let found = state.journal_head(KEY).unwrap();
    assert_eq!(found, Some(head(ROUNDS * WORKERS as u64)));
}

#[test]
fn leases_taken_by_several_workers_stay_within_the_maximum() {
    let shared = Shared::new();
    let rule = LeaseRule {
        account: "a1",
        kind: "requests",
        max: 2,
        ttl_secs: 60,
    };
    let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
    in_workers(&shared, |state, _| {
        for _ in 0..ROUNDS {
            if let Some(lease) = state.acquire(rule, 0).unwrap() {
                let now = held.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                thread::yield_now();
                held.fetch_sub(1, Ordering::SeqCst);
                drop(lease);
            }
        }
    });
    let most = most.into_inner();
    assert!((1..=2).contains(&most), "{most} at once");
    let state = shared.open();
    let (first, second) = (state.acquire(rule, 0), state.acquire(rule, 0));
    assert!(
        first.unwrap().is_some() && second.unwrap().is_some(),
        "one was not given back"
    );
}

#[test]
fn uploads_of_several_workers_stay_within_the_quota() {
    let shared = Shared::new();
    let room = UploadRoom {
        account: "a1",
        quota_octets: 3_000_000,
    };
    let octets = vec![7; 500_000];
    let blobs = in_workers(&shared, |state, _| {
        let upload = || {
            let mut upload = state.begin_upload(room, "text/plain")?;
            upload.append(&octets, 0)?;
            upload.finish(0)
        };
        (0..4).filter_map(|_| upload().ok()).collect::<Vec<_>>()
    });
    let state = shared.open();
    let blobs: Vec<_> = blobs.into_iter().flatten().collect();
    assert!((1..=5).contains(&blobs.len()), "{} fit in", blobs.len());
    for blob in blobs {
        let first = state.read_blob(&blob, 0).unwrap();
        let second = state.read_blob(&blob, first.len() as u64).unwrap();
        assert!([first, second].concat() == octets);
    }
}

#[test]
fn logins_with_equal_credentials_at_once_ask_once() {
    let shared = Shared::new();
    let asked = AtomicU64::new(0);
    let rules = LoginRules::default();
    in_workers(&shared, |state, _| {
        for round in 0..ROUNDS {
            let name = round.to_string();
            let credentials = Credentials {
                host: "mail.example",
                name: &name,
                password: "secret",
                address: "192.0.2.1",
            };
            match state.check_login(&credentials, &rules, 0).unwrap() {
                LoginCheck::Unknown => {
                    asked.fetch_add(1, Ordering::SeqCst);
                    state
                        .login_accepted(&credentials, &name, &rules, 0)
                        .unwrap();
                }
                found => assert_eq!(found, LoginCheck::Known { user: name }),
            }
        }
    });
    assert_eq!(asked.into_inner(), ROUNDS);
}

#[test]
fn state_made_by_several_workers_at_once_is_one_state() {
    let shared = Shared::new();
    let wins = in_workers(&shared, |state, number| {
        let swapped = state.swap_journal(KEY, None, &head(number), None);
        u32::from(swapped.unwrap())
    });
    assert_eq!(wins.iter().sum::<u32>(), 1);
}

#[test]
fn state_of_one_installation_is_not_that_of_another() {
    let shared = Shared::new();
    let open = |instance| State::open(&shared.place(), instance).unwrap();
    let (one, other) = (open("one"), open("other"));
    let rule = LeaseRule {
        account: "a1",
        kind: "requests",
        max: 1,
        ttl_secs: 60,
    };
    let credentials = Credentials {
        host: "mail.example",
        name: "ada",
        password: "secret",
        address: "192.0.2.1",
    };
    let rules = LoginRules::default();

    assert!(one.swap_journal(KEY, None, &head(1), None).unwrap());
    let blob = upload(&one, b"mine").unwrap();
    let _lease = one.acquire(rule, 0).unwrap().unwrap();
    let first = one.check_login(&credentials, &rules, 0).unwrap();
    assert_eq!(first, LoginCheck::Unknown);
    one.login_accepted(&credentials, "7", &rules, 0).unwrap();

    assert_eq!(other.journal_head(KEY).unwrap(), None);
    assert_eq!(other.blob("a1", &blob.id, 0).unwrap(), None);
    assert!(other.acquire(rule, 0).unwrap().is_some());
    let first = other.check_login(&credentials, &rules, 0).unwrap();
    assert_eq!(first, LoginCheck::Unknown);
}

#[test]
fn state_locked_by_another_is_busy_after_a_while_and_then_goes_on() {
    let shared = Shared::new();
    let state = shared.open();
    assert!(state.swap_journal(KEY, None, &head(1), None).unwrap());
    let lock = shared.lock();
    let begun = Instant::now();
    let swapped = state.swap_journal(KEY, Some(&head(1)), &head(2), None);
    assert!(matches!(swapped, Err(StateError::Busy)), "{swapped:?}");
    let uploaded = upload(&state, b"while locked");
    assert!(
        matches!(uploaded, Err(UploadError::State(StateError::Busy))),
        "{uploaded:?}"
    );
    assert!(begun.elapsed() < 4 * PATIENCE, "{:?}", begun.elapsed());
    // Nothing of it is half done, and reading goes on meanwhile.
    assert_eq!(state.journal_head(KEY).unwrap(), Some(head(1)));
    assert_eq!(rows(&state, "uploads"), 0);
    drop(lock);
    let swapped = state.swap_journal(KEY, Some(&head(1)), &head(2), None);
    assert!(swapped.unwrap());
}

#[test]
fn state_lost_between_requests_is_begun_anew_in_the_next() {
    let shared = Shared::new();
    let state = shared.open();
    assert!(state.swap_journal(KEY, None, &head(1), None).unwrap());
    let blob = upload(&state, b"lost").unwrap();
    shared.lose();
    let state = shared.open();
    assert_eq!(state.journal_head(KEY).unwrap(), None);
    assert_eq!(state.blob("a1", &blob.id, 0).unwrap(), None);
    assert!(state.swap_journal(KEY, None, &head(1), None).unwrap());
    upload(&state, b"found again").unwrap();
}

#[test]
fn journal_larger_than_a_packet_of_the_server_is_kept_whole() {
    let state = fresh();
    // MariaDB takes 16 MiB at once unless told otherwise.
    let body: Vec<u8> = (0..20_000_000_u32)
        .map(|place| (place % 251) as u8)
        .collect();
    assert!(
        state
            .swap_journal(KEY, None, &head(1), Some(&body))
            .unwrap()
    );
    let (_, found) = state.journal(KEY).unwrap().unwrap();
    assert!(found == body);
    let shorter = b"short";
    let swapped = state.swap_journal(KEY, Some(&head(1)), &head(2), Some(shorter));
    assert!(swapped.unwrap());
    let (_, found) = state.journal(KEY).unwrap().unwrap();
    assert_eq!(found, shorter);
}
