//! States and changes (RFC 8620 §5.2), over the memory host.

use crate::memory::{Fault, HOME, MemoryHost, MemoryStore};
use openxport::data_types::contacts::CONTACT_CARD;
use openxport::records::changes::{self, Changes, ChangesError, Current};
use openxport::state::{Place, State};
use openxport::store::{Account, Host, Id, StoreError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

struct Fixture {
    host: MemoryHost,
    state: State,
}

impl Fixture {
    fn new() -> Self {
        Self {
            host: MemoryHost::new(),
            state: State::in_memory().unwrap(),
        }
    }

    /// One that has the records `c1` to `c<count>`.
    fn with(count: u32) -> Self {
        let fixture = Self::new();
        for key in 1..=count {
            fixture.cards().put(&format!("c{key}"), json!({"n": 0}));
        }
        fixture
    }

    fn cards(&self) -> &MemoryStore {
        self.host.cards()
    }

    fn account(&self) -> &Account {
        &self.host.accounts()[0]
    }

    fn current(&self) -> Current {
        changes::current(&self.state, self.account(), &CONTACT_CARD, self.cards()).unwrap()
    }

    fn state(&self) -> String {
        self.current().state
    }

    fn try_since(&self, since: &str, max: Option<usize>) -> Result<Changes, ChangesError> {
        let (account, cards) = (self.account(), self.cards());
        changes::since(&self.state, account, &CONTACT_CARD, cards, since, max)
    }

    fn since(&self, since: &str) -> Changes {
        self.try_since(since, None).unwrap()
    }

    fn cannot_calculate(&self, since: &str) -> bool {
        matches!(
            self.try_since(since, None),
            Err(ChangesError::CannotCalculate)
        )
    }
}

fn texts(ids: &[Id]) -> Vec<&str> {
    ids.iter().map(Id::as_str).collect()
}

/// The three lists: created, updated, destroyed.
fn lists(changes: &Changes) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    (
        texts(&changes.created),
        texts(&changes.updated),
        texts(&changes.destroyed),
    )
}

#[test]
fn state_stays_while_nothing_changes_and_the_journal_is_not_compared() {
    let fixture = Fixture::with(3);
    let first = fixture.current();
    assert_eq!(first.count, 3);
    let scans = fixture.cards().used().scans;
    assert_eq!(fixture.current(), first);
    assert_eq!(fixture.cards().used().scans, scans);
}

#[test]
fn state_stays_when_only_the_fingerprint_changes() {
    let fixture = Fixture::with(3);
    let first = fixture.state();
    fixture.cards().put("c1", json!({"n": 0}));
    assert_eq!(fixture.state(), first);
}

#[test]
fn changes_since_the_current_state_are_empty() {
    let fixture = Fixture::with(3);
    let state = fixture.state();
    let changes = fixture.since(&state);
    assert_eq!(lists(&changes), (vec![], vec![], vec![]));
    assert_eq!(changes.new_state, state);
    assert!(!changes.has_more);
}

#[test]
fn changes_tell_created_updated_and_destroyed_apart() {
    let fixture = Fixture::with(3);
    let state = fixture.state();
    fixture.cards().put("c2", json!({"n": 1}));
    fixture.cards().take("c3");
    fixture.cards().put("c10", json!({"n": 0}));
    let changes = fixture.since(&state);
    assert_eq!(lists(&changes), (vec!["c10"], vec!["c2"], vec!["c3"]));
    assert_eq!(changes.new_state, fixture.state());
}

#[test]
fn changes_count_each_record_so_that_a_page_ends_at_any_of_them() {
    let fixture = Fixture::with(1);
    let mut state = fixture.state();
    for key in 2..=6 {
        fixture.cards().put(&format!("c{key}"), json!({}));
    }
    let mut pages = Vec::new();
    loop {
        let changes = fixture.try_since(&state, Some(2)).unwrap();
        pages.push(changes.created.len());
        state = changes.new_state;
        if !changes.has_more {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
    assert_eq!(state, fixture.state());
}

#[test]
fn changes_call_a_record_created_and_then_updated_created() {
    let fixture = Fixture::with(1);
    let state = fixture.state();
    fixture.cards().put("c2", json!({"n": 0}));
    fixture.state();
    fixture.cards().put("c2", json!({"n": 1}));
    assert_eq!(lists(&fixture.since(&state)), (vec!["c2"], vec![], vec![]));
}

#[test]
fn changes_leave_out_a_record_created_and_then_destroyed() {
    let fixture = Fixture::with(1);
    let state = fixture.state();
    fixture.cards().put("c2", json!({}));
    fixture.state();
    fixture.cards().take("c2");
    assert_eq!(lists(&fixture.since(&state)), (vec![], vec![], vec![]));
}

#[test]
fn changes_call_a_record_that_came_back_created_for_who_saw_it_gone() {
    let fixture = Fixture::with(2);
    let alive = fixture.state();
    fixture.cards().take("c2");
    let gone = fixture.state();
    fixture.cards().put("c2", json!({"n": 0}));
    assert_eq!(lists(&fixture.since(&gone)), (vec!["c2"], vec![], vec![]));
    assert_eq!(lists(&fixture.since(&alive)), (vec![], vec!["c2"], vec![]));
}

#[test]
fn changes_cannot_be_calculated_from_a_state_that_is_none_of_ours() {
    let fixture = Fixture::with(3);
    let state = fixture.state();
    let (epoch, counter) = state.split_once('-').unwrap();
    let next: u64 = counter.parse::<u64>().unwrap() + 1;
    let foreign = [
        String::new(),
        "-".to_owned(),
        epoch.to_owned(),
        format!("{epoch}-"),
        format!("{epoch}-x"),
        format!("{epoch}-+{counter}"),
        format!("{epoch}-0{counter}"),
        format!("{epoch}-{next}"),
        format!("{epoch}-99999999999999999999999"),
        format!("000000000000-{counter}"),
        format!("{epoch}-0"),
    ];
    for state in foreign {
        assert!(fixture.cannot_calculate(&state), "{state}");
    }
}

#[test]
fn changes_of_another_account_cannot_be_calculated() {
    let fixture = Fixture::with(3);
    let account = &fixture.host.accounts()[1];
    assert_ne!(account.id.as_str(), HOME);
    let other = fixture.host.of(account.id.as_str(), "ContactCard");
    let state = changes::current(&fixture.state, account, &CONTACT_CARD, other).unwrap();
    assert!(fixture.cannot_calculate(&state.state));
}

#[test]
fn changes_pass_on_that_the_store_is_unavailable() {
    let fixture = Fixture::with(3);
    let state = fixture.state();
    fixture.cards().put("c4", json!({}));
    fixture.cards().fail_next_scan(Fault::Unavailable);
    assert!(matches!(
        fixture.try_since(&state, None),
        Err(ChangesError::Store(StoreError::Unavailable(_)))
    ));
    assert_eq!(lists(&fixture.since(&state)), (vec!["c4"], vec![], vec![]));
}

#[test]
fn changes_begin_a_new_epoch_when_the_journal_is_lost() {
    let mut fixture = Fixture::with(3);
    let state = fixture.state();
    fixture.state = State::in_memory().unwrap();
    assert!(fixture.cannot_calculate(&state));
    assert_ne!(fixture.state(), state);
}

/// What a client holds that follows `/changes` to the letter.
#[derive(Clone)]
struct Client {
    state: String,
    cards: BTreeMap<String, String>,
    /// Ids that it has been told of; the record of one may be gone by the time of its fetch.
    known: BTreeSet<String>,
}

impl Client {
    fn new(fixture: &Fixture) -> Self {
        let state = fixture.state();
        let cards = fixture.cards();
        let cards = cards
            .ids()
            .into_iter()
            .map(|id| (id.clone(), cards.get(&id).unwrap().to_string()))
            .collect::<BTreeMap<_, _>>();
        let known = cards.keys().cloned().collect();
        Self {
            state,
            cards,
            known,
        }
    }

    /// Follows up to `pages` pages of at most `max` changes.
    ///
    /// Too many lives of one record may have been forgotten; then the client is told so,
    /// and starts afresh. Returns how often.
    fn follow(&mut self, fixture: &Fixture, max: usize, pages: usize) -> usize {
        for _ in 0..pages {
            if fixture.cannot_calculate(&self.state) {
                *self = Self::new(fixture);
                return 1;
            }
            let changes = fixture.try_since(&self.state, Some(max)).unwrap();
            let mut seen = BTreeSet::new();
            for id in texts(&changes.created)
                .into_iter()
                .chain(texts(&changes.updated))
            {
                assert!(seen.insert(id.to_owned()), "{id} is in two lists");
                // The record is fetched; what is gone by now is told later.
                if let Some(card) = fixture.cards().get(id) {
                    self.cards.insert(id.to_owned(), card.to_string());
                }
            }
            for id in texts(&changes.created) {
                assert!(
                    self.known.insert(id.to_owned()),
                    "{id} is created but known"
                );
            }
            for id in texts(&changes.updated) {
                assert!(self.known.contains(id), "{id} is updated but not known");
            }
            for id in texts(&changes.destroyed) {
                assert!(seen.insert(id.to_owned()), "{id} is in two lists");
                assert!(self.known.remove(id), "{id} is destroyed but not known");
                self.cards.remove(id);
            }
            assert!(seen.len() <= max);
            self.state = changes.new_state;
            if !changes.has_more {
                assert_eq!(self.state, fixture.state());
                break;
            }
        }
        0
    }
}

/// Small and deterministic: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn changes_bring_any_client_up_to_date_from_any_state_it_has_been_given() {
    let mut restarts = 0;
    for seed in 1..=40_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let fixture = Fixture::with(5);
        let mut clients = vec![Client::new(&fixture)];
        for _ in 0..60 {
            // Few ids, so that they come back often.
            let id = format!("c{}", 1 + random.below(9));
            if random.below(3) == 0 && fixture.cards().get(&id).is_some() {
                fixture.cards().take(&id);
            } else {
                fixture.cards().put(&id, json!({"n": random.below(3)}));
            }
            match random.below(4) {
                0 => clients.push(Client::new(&fixture)),
                1 => {
                    let which = random.below(clients.len() as u64) as usize;
                    let max = 1 + random.below(3) as usize;
                    restarts += clients[which].follow(&fixture, max, 1 + random.below(2) as usize);
                }
                _ => {}
            }
        }
        let truth = Client::new(&fixture);
        for mut client in clients {
            let mut late = client.clone();
            restarts += client.follow(&fixture, 1, usize::MAX);
            assert_eq!(client.cards, truth.cards, "seed {seed}, one at a time");
            restarts += late.follow(&fixture, 1_000, usize::MAX);
            assert_eq!(late.cards, truth.cards, "seed {seed}, all at once");
        }
    }
    // They are the exception, so the rest has shown something.
    assert!(restarts < 40, "{restarts} restarts");
}

#[test]
fn states_are_strictly_monotonic_while_workers_compete() {
    let dir = tempdir();
    let host = MemoryHost::new();
    let account = &host.accounts()[0];
    let cards = host.cards();
    const WRITES: u64 = 60;
    std::thread::scope(|scope| {
        for worker in 0..4_u64 {
            let dir = dir.clone();
            scope.spawn(move || {
                let state = State::open(&Place::Directory(dir.clone()), "test").unwrap();
                let mut last = 0;
                for write in 0..WRITES {
                    cards.put(&format!("c{worker}"), json!({"n": write}));
                    let current = changes::current(&state, account, &CONTACT_CARD, cards).unwrap();
                    let counter = counter(&current.state);
                    assert!(counter > last, "a write of our own is a state of its own");
                    last = counter;
                }
            });
        }
    });
    let state = State::open(&Place::Directory(dir.clone()), "test").unwrap();
    let current = changes::current(&state, account, &CONTACT_CARD, cards).unwrap();
    assert!(counter(&current.state) <= 4 * WRITES);
    assert_eq!(current.count, 4);
    std::fs::remove_dir_all(dir).unwrap();
}

fn counter(state: &str) -> u64 {
    state.split_once('-').unwrap().1.parse().unwrap()
}

/// An empty directory that only this user can enter.
fn tempdir() -> std::path::PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("changes-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    dir
}
