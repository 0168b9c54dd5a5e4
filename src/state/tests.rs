//! Several workers on one file at once.

use super::testing::PrivateDirectory;
use super::{
    Credentials, JournalHead, JournalKey, LeaseRule, LoginCheck, LoginRules, State, UploadRoom,
};
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const WORKERS: usize = 4;
const ROUNDS: u64 = 50;

/// Runs `work` in several workers at once, each with a connection of its own.
fn in_workers<T: Send>(directory: &Path, work: impl Fn(&State, u64) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(WORKERS);
    thread::scope(|scope| {
        let worker = |number| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                let state = State::open(directory, "test").unwrap();
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
    let directory = PrivateDirectory::new();
    let key = JournalKey {
        account: "a1",
        data_type: "ContactCard",
    };
    let head = |counter: u64| JournalHead {
        epoch: "e".to_owned(),
        counter,
        fingerprint: u128::from(counter),
        count: 0,
        verified_secs: 0,
        learnt: Vec::new(),
    };
    in_workers(directory.path(), |state, _| {
        let mut moved = 0;
        while moved < ROUNDS {
            let seen = state.journal(key).unwrap();
            let counter = seen.as_ref().map_or(0, |(head, _)| head.counter) + 1;
            if let Some((head, body)) = &seen {
                assert_eq!(
                    body,
                    &head.counter.to_le_bytes(),
                    "a head with another's body"
                );
            }
            let (seen, body) = (seen.map(|(head, _)| head), counter.to_le_bytes());
            let won = state.swap_journal(key, seen.as_ref(), &head(counter), Some(&body));
            moved += u64::from(won.unwrap());
        }
    });
    let state = State::open(directory.path(), "test").unwrap();
    let found = state.journal_head(key).unwrap();
    assert_eq!(found, Some(head(ROUNDS * WORKERS as u64)));
}

#[test]
fn leases_taken_by_several_workers_stay_within_the_maximum() {
    let directory = PrivateDirectory::new();
    let rule = LeaseRule {
        account: "a1",
        kind: "requests",
        max: 2,
        ttl_secs: 60,
    };
    let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
    in_workers(directory.path(), |state, _| {
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
    let state = State::open(directory.path(), "test").unwrap();
    let (first, second) = (state.acquire(rule, 0), state.acquire(rule, 0));
    assert!(
        first.unwrap().is_some() && second.unwrap().is_some(),
        "one was not given back"
    );
}

#[test]
fn uploads_of_several_workers_stay_within_the_quota() {
    let directory = PrivateDirectory::new();
    let room = UploadRoom {
        account: "a1",
        quota_octets: 3_000_000,
    };
    let octets = vec![7; 500_000];
    let blobs = in_workers(directory.path(), |state, _| {
        let upload = || {
            let mut upload = state.begin_upload(room, "text/plain")?;
            upload.append(&octets, 0)?;
            upload.finish(0)
        };
        (0..4).filter_map(|_| upload().ok()).collect::<Vec<_>>()
    });
    let state = State::open(directory.path(), "test").unwrap();
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
    let directory = PrivateDirectory::new();
    let asked = AtomicU64::new(0);
    let rules = LoginRules::default();
    in_workers(directory.path(), |state, _| {
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
