//! Several writers on one address book: two over JMAP, one in Roundcube's web pages. No write
//! over JMAP takes away what it has not seen (RFC 8620 §5.3), and states only go on.

use crate::environment::sql;
use crate::http::Client;
use crate::web_page::WebPage;
use serde_json::{Value, json};
use std::thread;

const USER: &str = "olga@example.org";
const ROUNDS: usize = 15;

/// A contact that everybody writes to, with a first hobby. Its id and the key of its row.
fn contact(client: &Client, name: &str) -> (String, String) {
    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
        "name": { "full": name },
        "personalInfo": { "first": { "kind": "hobby", "value": "first" } },
    });
    let answer = client.call("ContactCard/set", json!({ "create": { "k": card } }));
    let id = answer["created"]["k"]["id"].as_str().expect("an id");
    (id.to_owned(), id[1..].to_owned())
}

/// Adds hobbies to a contact, one in each request, and gives back the states that followed.
/// Roundcube does not know of hobbies, so its own pages leave them as they find them.
fn add_hobbies(id: &str, name: &str) -> Vec<u64> {
    let client = Client::of(USER);
    let add = |round| {
        let hobby = json!({ "kind": "hobby", "value": format!("{name} {round}") });
        let pointer = format!("personalInfo/{name}{round}");
        let patch = json!({ id: { pointer: hobby } });
        let answer = client.call("ContactCard/set", json!({ "update": patch }));
        assert!(answer["updated"].get(id).is_some(), "{answer:#}");
        let (before, after) = (counter(&answer["oldState"]), counter(&answer["newState"]));
        assert!(before < after, "{answer:#}");
        after
    };
    (0..ROUNDS).map(add).collect()
}

/// What a state counts; clients need not know.
fn counter(state: &Value) -> u64 {
    let counter = state.as_str().and_then(|state| state.rsplit('-').next());
    let counter = counter.and_then(|counter| counter.parse().ok());
    counter.unwrap_or_else(|| panic!("{state} counts nothing"))
}

fn hobbies(client: &Client, id: &str) -> Vec<String> {
    let card = client.call("ContactCard/get", json!({ "ids": [id] }))["list"][0].take();
    let hobbies = card["personalInfo"].as_object().into_iter().flatten();
    let mut hobbies: Vec<String> = hobbies
        .map(|(_, hobby)| hobby["value"].as_str().expect("a text").to_owned())
        .collect();
    hobbies.sort_unstable();
    hobbies
}

#[test]
fn contact_card_set_by_two_writers_at_once_keeps_what_both_wrote() {
    let client = Client::of(USER);
    let (id, _) = contact(&client, "Two Writers");
    let mut wrote = vec!["first".to_owned()];
    for name in ["chess", "tea"] {
        wrote.extend((0..ROUNDS).map(|round| format!("{name} {round}")));
    }
    wrote.sort_unstable();
    thread::scope(|scope| {
        let writers = ["chess", "tea"].map(|name| {
            let id = &id;
            scope.spawn(move || add_hobbies(id, name))
        });
        for writer in writers {
            let states = writer.join().expect("it writes");
            assert!(states.is_sorted_by(|one, next| one < next), "{states:?}");
        }
    });
    assert_eq!(hobbies(&client, &id), wrote);
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}

#[test]
fn contact_card_set_takes_nothing_away_from_the_web_pages() {
    let client = Client::of(USER);
    let (id, row) = contact(&client, "Three Writers");
    thread::scope(|scope| {
        let writers = ["chess", "tea"].map(|name| {
            let id = &id;
            scope.spawn(move || add_hobbies(id, name))
        });
        let page = WebPage::login(USER);
        let mut round = 0;
        while writers.iter().any(|writer| !writer.is_finished()) || round < ROUNDS {
            let nickname = format!("web {round} times");
            let fields = [
                ("_source", "0"),
                ("_cid", row.as_str()),
                ("_name", "Three Writers"),
                ("_nickname", nickname.as_str()),
                ("_framed", "1"),
            ];
            page.contacts("save", &fields);
            // Only the web pages write nicknames: an older one would have come back over JMAP.
            for _ in 0..3 {
                let found = sql(&format!(
                    "SELECT count(*) FROM contacts WHERE contact_id = {row} \
                     AND vcard LIKE '%NICKNAME:{nickname}%'"
                ));
                assert_eq!(found, ["1"], "{nickname} is gone");
            }
            round += 1;
        }
        for writer in writers {
            let states = writer.join().expect("it writes");
            assert!(states.is_sorted_by(|one, next| one < next), "{states:?}");
        }
    });
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}
