//! What a search costs beside the conversion of the cards, which it does not include:
//! `cargo bench --no-default-features --bench search`.
//!
//! Each line is the minimum of several runs over 10,000 cards, in microseconds a card.

use openxport::data_types::contacts::CONTACT_CARD;
use openxport::json;
use openxport::records::filter::{Condition, Filter};
use openxport::records::search::{Place, Query};
use openxport::records::sort::{Collation, Comparator};
use openxport::state::State;
use openxport::store::{
    Account, Fingerprint, Id, Record, Selection, Store, StoreError, Version, Visit, Wanted,
};
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant};

const CARDS: usize = 10_000;
const RUNS: usize = 7;

/// Each card's id and its members, as JSON.
struct Cards(Vec<(String, Vec<(&'static str, String)>)>);

struct CardRecord<'a> {
    id: &'a str,
    members: &'a [(&'static str, String)],
}

impl Record for CardRecord<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", self.id);
        for (name, value) in self.members {
            if selection.wants(name) {
                out.key(name);
                out.raw(value.as_bytes());
            }
        }
        out.end_object();
    }
}

impl Store for Cards {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint {
            digest: 1,
            count: self.0.len() as u64,
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|(id, _)| visit(id, Version(1)))
    }

    fn read(&self, _: Wanted<'_>, _: &Selection, visit: Visit<'_>) -> Result<(), StoreError> {
        self.0
            .iter()
            .try_for_each(|(id, members)| visit(&CardRecord { id, members }))
    }
}

fn cards() -> Cards {
    let card = |key: usize| {
        let (given, surname) = (
            ["Jane", "Émile", "Zoë", "John", "Mary"][key % 5],
            ["Doe", "Zola", "Müller", "Smith"][key % 4],
        );
        let members = [
            (
                "name",
                json!({"full": format!("{given}{key} {surname}"), "components": [
                {"kind": "given", "value": format!("{given}{key}")},
                {"kind": "surname", "value": surname}]}),
            ),
            (
                "emails",
                json!({"e1": {"address": format!("{given}.{key}@example.com")}}),
            ),
            (
                "phones",
                json!({"p1": {"number": format!("+49 30 {key}"), "features": {"mobile": true}}}),
            ),
            (
                "organizations",
                json!({"o1": {"name": format!("Company {}", key % 97)}}),
            ),
            (
                "addresses",
                json!({"a1": {"contexts": {"work": true}, "components": [
                {"kind": "name", "value": format!("{key} Main Street")},
                {"kind": "locality", "value": "Springfield"}]}}),
            ),
            (
                "notes",
                json!({"n1": {"note": "Some words about nobody in particular"}}),
            ),
        ];
        let members = members.map(|(name, value)| (name, value.to_string()));
        (format!("c{key}"), members.to_vec())
    };
    Cards((0..CARDS).map(card).collect())
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..RUNS).map(run).min().unwrap_or_default()
}

fn report(name: &str, time: Duration) {
    let micros = time.as_secs_f64() * 1e6 / CARDS as f64;
    println!("{name:<44} {micros:>6.2} µs/card");
}

fn text(words: &str) -> Option<Filter> {
    let condition = Condition::new(&CONTACT_CARD, "text", &json!(words), &|id| id.to_owned());
    condition.ok().map(Filter::Condition)
}

fn main() {
    let cards = cards();
    let state = State::in_memory().expect("a state in memory");
    let account = Account {
        id: Id::new("a1").expect("an id"),
        name: "jane".to_owned(),
        is_personal: true,
        is_read_only: false,
    };
    let place = Place {
        state: &state,
        account: &account,
        data_type: &CONTACT_CARD,
        store: &cards,
        is_over: &|| false,
    };
    let mut names = vec!["id"];
    if let Some(filter) = text("x") {
        filter.visit_properties(&mut |name| names.push(name));
    }
    let selection = Selection::of(names);
    let mut out = json::Writer::new();
    let converted = fastest(|| {
        let read = cards.read(Wanted::All, &selection, &mut |record| {
            out.clear();
            record.emit(&selection, &mut out);
            black_box(out.as_bytes());
            Ok(())
        });
        black_box(read.is_ok());
    });
    report("copying what a text search looks into", converted);
    let by_surname = || {
        Comparator::new(
            &CONTACT_CARD,
            "name/surname",
            true,
            Collation::UnicodeCasemap,
        )
    };
    for (name, filter, sort) in [
        ("no filter", None, None),
        ("text: none match", text("quetzalcoatl"), None),
        ("text: 1 in 97 matches", text("\"company 13\""), None),
        ("text: all match", text("example"), None),
        ("sorted by surname", None, by_surname()),
    ] {
        let query = Query {
            filter,
            sort: sort.into_iter().collect(),
        };
        let mut found = 0;
        let time = fastest(|| found = query.run(place).map_or(0, |results| results.len()));
        report(&format!("{name} ({found} found)"), time);
    }
}
