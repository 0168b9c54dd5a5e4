//! Workers that are killed amid an import (`tests/hostile.md`, rows 30 and 49): whatever was stored is whole,
//! and running the import again leaves every card once.

use crate::environment::{self, sql};
use crate::http::{CONTACTS, CORE, Client, JSON};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const USER: &str = "paul@example.org";
const REQUESTS: usize = 20;
const CARDS_IN_REQUEST: usize = 250;

/// The cards of one request of the import.
fn cards(request: usize) -> Map<String, Value> {
    let numbers = request * CARDS_IN_REQUEST..(request + 1) * CARDS_IN_REQUEST;
    numbers
        .map(|number| {
            let card = json!({
                "@type": "Card", "version": "1.0", "addressBookIds": {"b0": true},
                "uid": uid(number),
                "name": {"full": format!("Ann Imported-{number}")},
                "emails": {"e": {"address": format!("ann{number}@example.org")}},
                "notes": {"n": {"note": format!("Number {number}.")}},
            });
            (format!("k{number}"), card)
        })
        .collect()
}

fn uid(number: usize) -> String {
    format!("urn:example:killed-{number}")
}

/// Sends one request of the import. How many cards it created and how many were there already;
/// `None` when its worker died.
fn import(client: &Client, cards: Map<String, Value>) -> Option<(usize, usize)> {
    let count = cards.len();
    let arguments = json!({"accountId": client.account_id(), "create": cards});
    let request = json!({
        "using": [CORE, CONTACTS],
        "methodCalls": [["ContactCard/set", arguments, "c"]],
    });
    let body = request.to_string();
    // A worker that dies amid its answer leaves nginx nothing but to cut the connection.
    let answer = client.try_send("POST", &client.api_url(), Some(JSON), body.as_bytes());
    let answer = answer.ok()?;
    match answer.status {
        502 => return None,
        status => assert_eq!(status, 200, "{}", answer.text()),
    }
    let answer = answer.json();
    let response = &answer["methodResponses"][0][1];
    let created = response["created"].as_object().map_or(0, Map::len);
    let there = response["notCreated"].as_object().into_iter().flatten();
    let there = there.filter(|(_, error)| error["existingId"].is_string());
    let there = there.count();
    assert_eq!(created + there, count, "{answer:#}");
    Some((created, there))
}

/// Kills all PHP workers of the environment at once; php-fpm starts others.
fn kill_workers() {
    let main = environment::read("run/php-fpm.pid");
    let main = main.trim();
    let children = std::fs::read_to_string(format!("/proc/{main}/task/{main}/children"));
    let children = children.expect("php-fpm runs");
    // One that was killed before may be gone by now; how many requests died is counted.
    Command::new("kill")
        .arg("-9")
        .args(children.split_whitespace())
        .output()
        .expect("there is a kill");
}

fn clear(client: &Client) {
    loop {
        let left = client.call("ContactCard/query", json!({"limit": 500}));
        if left["ids"] == json!([]) {
            return;
        }
        client.call("ContactCard/set", json!({"destroy": left["ids"]}));
    }
}

#[test]
fn contact_card_import_amid_which_workers_are_killed_ends_with_every_card_once() {
    // A killed worker's place stays taken for two minutes.
    let limits = json!({"maxConcurrentRequests": 100});
    let client = Client::of(USER).with_config(&json!({"jmap_limits": limits}));
    clear(&client);
    let began = Instant::now();
    import(&client, cards(REQUESTS));
    let takes = began.elapsed();
    clear(&client);

    let mut died = 0;
    for request in 0..REQUESTS {
        // Spread over the request; no two at the same place.
        let place = (request * 7 % REQUESTS) as f64 / REQUESTS as f64;
        let killer = thread::spawn(move || {
            thread::sleep(takes.mul_f64(place) + Duration::from_millis(1));
            kill_workers();
        });
        died += usize::from(import(&client, cards(request)).is_none());
        killer.join().expect("the workers are killed");
    }
    assert!(died >= REQUESTS / 2, "only {died} requests were cut short");

    let counts = |client: &Client| {
        let done = (0..REQUESTS).map(|request| import(client, cards(request)).expect("it lives"));
        done.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let all = REQUESTS * CARDS_IN_REQUEST;
    let (created, there) = counts(&client);
    assert_eq!(created + there, all);
    assert!(there > 0 && created > 0, "{created} created, {there} there");
    assert_eq!(counts(&client), (0, all));

    let answer = client.call("ContactCard/get", json!({"properties": ["uid", "notes"]}));
    let list = answer["list"].as_array().expect("a list");
    assert_eq!(list.len(), all);
    let stored: BTreeSet<String> = list
        .iter()
        .map(|card| {
            let number = card["uid"].as_str().and_then(|uid| uid.rsplit('-').next());
            let number = number.expect("a uid of the import");
            assert_eq!(
                card["notes"]["n"]["note"],
                format!("Number {number}."),
                "{card:#}"
            );
            card["uid"].as_str().expect("a uid").to_owned()
        })
        .collect();
    assert_eq!(stored, (0..all).map(uid).collect());
    // Roundcube's own columns are there with each card.
    let bare = sql(&format!(
        "SELECT count(*) FROM contacts c JOIN users u ON u.user_id = c.user_id \
         WHERE u.username = '{USER}' AND c.del = 0 AND (c.words = '' OR c.email = '' OR c.name = '')"
    ));
    assert_eq!(bare, ["0"]);
    clear(&client);
}
