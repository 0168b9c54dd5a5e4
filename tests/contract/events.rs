//! The event source (RFC 8620 §7.3) and the StateChange object (§7.1).

use crate::memory::{Fault, HOME, SHARED, WORK};
use crate::wire::{Answer, Head, Pieces, Wire};
use openxport::jmap::{HttpRequest, Output, Server};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// Long enough for what a test does meanwhile, with a look at the states every 20 ms.
const HELD: Duration = Duration::from_millis(300);

/// An installation that holds connections.
fn holding() -> Wire {
    let mut wire = Wire::new();
    wire.settings.limits.event_time = HELD;
    wire
}

fn connect(wire: &Wire, parameters: &[(&str, &str)], last_event_id: Option<&str>) -> Answer {
    let mut answer = Answer::default();
    connect_to(wire, parameters, last_event_id, &mut answer);
    answer
}

fn connect_to(
    wire: &Wire,
    parameters: &[(&str, &str)],
    last_event_id: Option<&str>,
    output: &mut dyn Output,
) {
    let query: Vec<(&str, &str)> = [("jmap", "events")]
        .iter()
        .chain(parameters)
        .copied()
        .collect();
    let head = Head {
        last_event_id,
        ..Head::get(&query)
    };
    wire.send_to(&head, &mut Pieces::of(b""), output);
}

fn of_types(types: &str) -> [(&str, &str); 3] {
    [("types", types), ("closeafter", "no"), ("ping", "0")]
}

#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

/// The events of a stream, read by the rules of text/event-stream, and the `retry` before them.
fn events(answer: &Answer) -> (u64, Vec<Event>) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    let text = answer.text();
    assert!(text.ends_with("\n\n"), "{text:?}");
    let mut retry = None;
    let mut events = Vec::new();
    for block in text.split_terminator("\n\n") {
        let (mut name, mut id, mut data) = (None, None, None);
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("retry", millis)) => retry = Some(millis.parse().unwrap()),
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                None if line == ":" => {}
                _ => panic!("{line:?} in {text:?}"),
            }
        }
        if let (Some(name), Some(data)) = (name, data) {
            events.push(Event { name, id, data });
        }
    }
    (retry.expect("a stream says when to come again"), events)
}

/// The one event of the answer, which is a state event; its `changed`, and its id.
fn state_change(answer: &Answer) -> (Value, String) {
    let (_, mut events) = events(answer);
    assert_eq!(events.len(), 1, "{events:?}");
    let Event { name, id, mut data } = events.remove(0);
    assert_eq!(
        (name.as_str(), &data["@type"]),
        ("state", &json!("StateChange"))
    );
    (data["changed"].take(), id.unwrap())
}

/// A client that does something when a state event or a comment reaches it.
struct Acting<'a> {
    answer: Answer,
    act: Box<dyn FnMut() + 'a>,
}

impl<'a> Acting<'a> {
    fn once(act: impl FnOnce() + 'a) -> Self {
        let mut act = Some(act);
        Self {
            answer: Answer::default(),
            act: Box::new(move || {
                if let Some(act) = act.take() {
                    act();
                }
            }),
        }
    }
}

impl Output for Acting<'_> {
    fn begin(&mut self, status: u16, headers: &[(&str, &str)]) {
        self.answer.begin(status, headers);
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.answer.write(octets)
    }

    fn flush(&mut self) {
        if !self.answer.text().ends_with("retry: 5000\n\n") {
            (self.act)();
        }
    }

    fn is_interrupted(&self) -> bool {
        self.answer.is_interrupted()
    }
}

#[test]
fn events_begin_with_the_present_states_of_every_account() {
    let wire = Wire::new();
    wire.cards().put("c1", json!({}));
    let answer = connect(&wire, &of_types("*"), None);
    assert!(answer.header("Cache-Control").unwrap().contains("no-store"));
    assert_eq!(answer.header("X-Accel-Buffering"), Some("no"));
    let (changed, _) = state_change(&answer);
    let of = |name: &str| wire.ok(name, json!({"ids": []}))["state"].clone();
    assert_eq!(
        changed[HOME],
        json!({
            "AddressBook": of("AddressBook/get"),
            "ContactCard": of("ContactCard/get"),
            "Identity": of("Identity/get"),
            "EmailSubmission": of("EmailSubmission/get"),
        })
    );
    let accounts: Vec<&String> = changed.as_object().unwrap().keys().collect();
    assert_eq!(accounts, [HOME, WORK, SHARED]);
}

#[test]
fn events_are_of_the_types_asked_for() {
    let wire = Wire::new();
    for (types, expected) in [
        ("Identity", json!(["Identity"])),
        (
            "ContactCard,Foo,AddressBook",
            json!(["AddressBook", "ContactCard"]),
        ),
    ] {
        let (changed, _) = state_change(&connect(&wire, &of_types(types), None));
        let of_home = changed[HOME].as_object().unwrap();
        assert_eq!(json!(of_home.keys().collect::<Vec<_>>()), expected);
    }
    for types in ["", "Foo", "contactcard"] {
        let (_, events) = events(&connect(&wire, &of_types(types), None));
        assert_eq!(events, [], "{types}");
    }
}

#[test]
fn events_since_the_last_id_are_what_the_client_has_missed() {
    let wire = Wire::new();
    let (_, id) = state_change(&connect(&wire, &of_types("*"), None));
    let (_, nothing) = events(&connect(&wire, &of_types("*"), Some(&id)));
    assert_eq!(nothing, []);
    wire.cards().put("c1", json!({}));
    let (changed, new_id) = state_change(&connect(&wire, &of_types("*"), Some(&id)));
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    assert_eq!(changed, json!({HOME: {"ContactCard": state}}));
    assert_ne!(new_id, id);
    let (_, nothing) = events(&connect(&wire, &of_types("*"), Some(&new_id)));
    assert_eq!(nothing, []);
}

#[test]
fn events_since_an_id_that_is_none_of_ours_are_all_states() {
    let wire = Wire::new();
    let (all, id) = state_change(&connect(&wire, &of_types("*"), None));
    let long = "A".repeat(100_000);
    for strange in ["", "?", "\u{e9}", "AAAA", &id[..id.len() - 1], &long] {
        let (changed, _) = state_change(&connect(&wire, &of_types("*"), Some(strange)));
        // A part of an id may still tell of some states.
        let is_part = id.starts_with(strange) && !strange.is_empty();
        assert!(changed == all || is_part, "{strange:?}");
        assert!(
            changed
                .as_object()
                .is_some_and(|changed| !changed.is_empty())
        );
    }
}

#[test]
fn events_tell_a_change_while_the_connection_is_held() {
    let wire = holding();
    let mut client = Acting::once(|| wire.cards().put("c1", json!({})));
    connect_to(&wire, &of_types("*"), None, &mut client);
    let (retry, events) = events(&client.answer);
    assert_eq!(retry, 5_000);
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(
        events[1].data,
        json!({"@type": "StateChange", "changed": {HOME: {"ContactCard": state}}})
    );
    assert!(events[0].id != events[1].id && events[1].id.is_some());
}

#[test]
fn events_with_closeafter_state_end_with_the_first() {
    let wire = holding();
    let parameters = [("types", "*"), ("closeafter", "state"), ("ping", "0")];
    let (_, id) = state_change(&connect(&wire, &parameters, None));
    let mut client = Acting::once(|| wire.cards().put("c1", json!({})));
    connect_to(&wire, &parameters, Some(&id), &mut client);
    // Had it not ended, more comments would follow.
    assert!(!client.answer.text().ends_with(":\n\n"));
    let (changed, _) = state_change(&client.answer);
    assert!(changed[HOME]["ContactCard"].is_string());
}

#[test]
fn events_ping_when_nothing_else_was_sent_for_so_long() {
    let mut wire = Wire::new();
    wire.settings.limits.event_time = Duration::from_millis(1_200);
    let ping = |seconds| [("types", "Foo"), ("closeafter", "no"), ("ping", seconds)];
    let (_, pings) = events(&connect(&wire, &ping("1"), None));
    let one = Event {
        name: "ping".to_owned(),
        id: None,
        data: json!({"interval": 1}),
    };
    assert_eq!(pings, [one]);
    wire.settings.limits.event_time = HELD;
    for seconds in ["0", "18446744073709551615"] {
        let (_, none) = events(&connect(&wire, &ping(seconds), None));
        assert_eq!(none, [], "{seconds}");
    }
}

#[test]
fn events_of_more_clients_than_are_held_are_answered_at_once() {
    let mut wire = holding();
    wire.settings.limits.max_concurrent_events = 1;
    let mut beyond = Answer::default();
    let mut client = Acting::once(|| beyond = connect(&wire, &of_types("*"), None));
    connect_to(&wire, &of_types("*"), None, &mut client);
    drop(client);
    let (retry, states) = events(&beyond);
    assert_eq!((retry, states.len()), (60_000, 1));
    assert!(!beyond.text().contains(":\n\n"), "{}", beyond.text());
    // The place is free again.
    let (retry, _) = events(&connect(&wire, &of_types("*"), None));
    assert_eq!(retry, 5_000);
}

#[test]
fn events_of_one_user_leave_places_to_others() {
    let mut wire = holding();
    wire.settings.limits.max_concurrent_events = 2;
    let connect_as = |user: &str| {
        let mut other = Wire::new();
        other.settings = wire.settings.clone();
        other.settings.username = user.to_owned();
        let query = [
            ("jmap", "events"),
            ("types", "*"),
            ("closeafter", "no"),
            ("ping", "0"),
        ];
        let http = HttpRequest {
            method: "GET",
            query: &query.map(|(name, value)| (name.to_owned(), value.to_owned())),
            content_type: None,
            content_encoding: None,
            content_length: None,
            range: None,
            last_event_id: None,
        };
        let mut answer = Answer::default();
        Server::new(&other.host, &wire.state, &other.settings).answer(
            &http,
            &mut Pieces::of(b""),
            &mut answer,
        );
        events(&answer).0
    };
    let mut retries = Vec::new();
    let user = wire.settings.username.clone();
    let mut client = Acting::once(|| {
        retries.push(connect_as(&user));
        retries.push(connect_as("somebody else"));
    });
    connect_to(&wire, &of_types("*"), None, &mut client);
    drop(client);
    assert_eq!(retries, [60_000, 5_000]);
}

#[test]
fn events_end_when_the_client_has_gone() {
    let mut wire = Wire::new();
    wire.settings.limits.event_time = Duration::from_secs(3_600);
    wire.settings.limits.request_time = Duration::from_secs(3_600);
    let mut client = Answer {
        gone_after: Some(1),
        ..Answer::default()
    };
    // Otherwise this test would take an hour.
    connect_to(&wire, &of_types("*"), None, &mut client);
    assert_eq!(client.text(), "retry: 5000\n\n");
}

#[test]
fn events_refuse_parameters_that_are_missing_or_wrong() {
    let wire = Wire::new();
    let right = of_types("*");
    for (name, wrong) in [
        ("types", None),
        ("closeafter", None),
        ("closeafter", Some("never")),
        ("ping", None),
        ("ping", Some("-1")),
        ("ping", Some("soon")),
    ] {
        let parameters: Vec<(&str, &str)> = right
            .into_iter()
            .filter(|(parameter, _)| *parameter != name)
            .chain(wrong.map(|wrong| (name, wrong)))
            .collect();
        let answer = connect(&wire, &parameters, None);
        assert_eq!(answer.status, 400, "{name} {wrong:?}");
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(name), "{detail}");
    }
}

#[test]
fn events_of_a_store_that_is_unavailable_are_to_be_asked_for_later() {
    let wire = Wire::new();
    wire.cards().put("c1", json!({}));
    wire.cards().fail_next_scan(Fault::Unavailable);
    let answer = connect(&wire, &of_types("*"), None);
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("ordered by the test"));
}

#[test]
fn events_end_whole_when_the_store_fails_meanwhile() {
    let wire = holding();
    let mut client = Acting::once(|| {
        wire.cards().put("c1", json!({}));
        wire.cards().fail_next_scan(Fault::Unavailable);
    });
    connect_to(&wire, &of_types("*"), None, &mut client);
    let (_, events) = events(&client.answer);
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(!client.answer.text().contains("ordered by the test"));
}
