//! An account of a hundred thousand cards costs little memory (an invariant of `src/lib.rs`:
//! memory does not grow with the account, but for ids).

use crate::allocation::peak_of;
use crate::memory::id;
use openxport::data_types::contacts::CONTACT_CARD;
use openxport::json;
use openxport::records::changes;
use openxport::records::filter::{Condition, Filter};
use openxport::records::search::{Place, Query};
use openxport::records::sort::{Collation, Comparator};
use openxport::state::State;
use openxport::store::{
    Account, Fingerprint, Record, Selection, Store, StoreError, Version, Visit, Wanted,
};
use std::cell::Cell;

const CARDS: u32 = 100_000;
const MIB: usize = 1 << 20;

/// Cards that are made up while they are read.
struct Many {
    revision: Cell<u128>,
}

struct Card {
    id: String,
    key: u32,
}

impl Record for Card {
    fn id(&self) -> &str {
        &self.id
    }

    fn emit(&self, _: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", &self.id);
        out.key("name");
        out.begin_object();
        out.member("full", &format!("Jane the {}th of Example", self.key));
        out.end_object();
        out.member("updated", "2024-01-01T00:00:00Z");
        out.end_object();
    }
}

impl Store for Many {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint {
            digest: self.revision.get(),
            count: u64::from(CARDS),
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        (0..CARDS).try_for_each(|key| visit(&format!("c{key}"), Version(self.revision.get())))
    }

    fn read(&self, _: Wanted<'_>, _: &Selection, visit: Visit<'_>) -> Result<(), StoreError> {
        (0..CARDS).try_for_each(|key| {
            let id = format!("c{key}");
            visit(&Card { id, key })
        })
    }
}

fn with_many(test: impl FnOnce(Place<'_>, &Many)) {
    let store = Many {
        revision: Cell::new(1),
    };
    let account = Account {
        id: id("a1"),
        name: "jane@example.com".to_owned(),
        is_personal: true,
        is_read_only: false,
    };
    let place = Place {
        state: &State::in_memory().unwrap(),
        account: &account,
        data_type: &CONTACT_CARD,
        store: &store,
        is_over: &|| false,
    };
    test(place, &store);
}

fn assert_peak(most: usize, work: impl FnOnce()) {
    let peak = peak_of(work);
    assert!(peak < most, "{:.1} MiB", peak as f64 / MIB as f64);
}

fn current(place: Place<'_>) -> String {
    let current = changes::current(place.state, place.account, place.data_type, place.store);
    current.unwrap().state
}

#[test]
fn state_of_an_account_that_has_not_changed_takes_no_memory() {
    with_many(|place, _| {
        current(place);
        assert_peak(16 * 1_024, || drop(current(place)));
    });
}

#[test]
fn state_of_a_hundred_thousand_cards_takes_a_few_megabytes() {
    with_many(|place, store| {
        assert_peak(10 * MIB, || drop(current(place)));
        store.revision.set(2);
        assert_peak(14 * MIB, || drop(current(place)));
    });
}

#[test]
fn changes_of_a_hundred_thousand_cards_come_in_pages_of_little_memory() {
    with_many(|place, store| {
        let state = current(place);
        store.revision.set(2);
        current(place);
        assert_peak(10 * MIB, || {
            let Place {
                account,
                data_type,
                store,
                ..
            } = place;
            let page = changes::since(place.state, account, data_type, store, &state, Some(500));
            assert_eq!(page.unwrap().updated.len(), 500);
        });
    });
}

#[test]
fn query_of_a_hundred_thousand_cards_keeps_ids_and_sort_keys() {
    with_many(|place, _| {
        current(place);
        let words = serde_json::json!("example");
        let text = Condition::new(&CONTACT_CARD, "text", &words, &|id| id.to_owned());
        let sort = Comparator::new(&CONTACT_CARD, "updated", true, Collation::Octet);
        let query = Query {
            filter: Some(Filter::Condition(text.unwrap())),
            sort: sort.into_iter().collect(),
        };
        assert_peak(10 * MIB, || {
            assert_eq!(query.run(place).unwrap().len(), 100_000);
        });
    });
}
