//! Plugins of Roundcube that are asked before a contact is written, and what they may do then.

use crate::environment::{self, sql};
use crate::http::{Client, afresh};
use serde_json::{Map, Value, json};

const USER: &str = "nina@example.org";

/// A client whose requests meet a plugin that does `what` when a contact is written.
fn meeting(what: &str) -> Client {
    let config = json!({
        "plugins": ["jmap", "noise"],
        "noise_contact": what,
        "jmap_limits": { "maxConcurrentRequests": 1 },
    });
    Client::of(USER).with_config(&afresh(config))
}

fn create(client: &Client) -> Value {
    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
        "name": { "full": "Ann Hooked" },
    });
    let arguments = json!({ "accountId": client.account_id(), "create": { "k": card } });
    let request = json!({
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:contacts"],
        "methodCalls": [["ContactCard/set", arguments, "c"]],
    });
    let answer = client.api(request.to_string().as_bytes());
    let problem = answer.json()["status"].as_u64();
    assert_eq!(
        problem.unwrap_or(200),
        u64::from(answer.status),
        "{answer:?}"
    );
    let content_type = match problem {
        Some(_) => "application/problem+json",
        None => "application/json",
    };
    assert_eq!(answer.header("Content-Type"), Some(content_type));
    answer.json()
}

fn stored() -> Vec<String> {
    sql("SELECT contact_id FROM contacts WHERE name = 'Ann Hooked' AND del = 0")
}

/// The processes that answer requests.
fn workers() -> Vec<u32> {
    let main = environment::read("run/php-fpm.pid");
    let path = format!("/proc/{0}/task/{0}/children", main.trim());
    let children = std::fs::read_to_string(path).expect("php-fpm runs");
    let children = children.split_whitespace().map(|pid| pid.parse());
    children
        .collect::<Result<_, _>>()
        .expect("they are numbers")
}

#[test]
fn contact_card_set_is_forbidden_where_a_plugin_says_so() {
    let answer = create(&meeting("abort"));
    let error = &answer["methodResponses"][0][1]["notCreated"]["k"];
    assert_eq!(error["type"], "forbidden", "{answer:#}");
    assert_eq!(stored(), Vec::<String>::new());
}

#[test]
fn contact_card_set_amid_which_a_plugin_fails_stores_nothing_and_keeps_its_worker() {
    let before = workers();
    for what in ["throw", "exit", "fatal", "memory"] {
        let client = meeting(what);
        let answer = create(&client);
        let text = answer.to_string();
        assert!(!text.contains("noise"), "{what}: {text}");
        let error = match what {
            // The method's other records go on.
            "throw" => &answer["methodResponses"][0][1]["notCreated"]["k"]["type"],
            // The script is over, and so is the request.
            _ => &answer["status"],
        };
        let expected = if what == "throw" {
            json!("serverFail")
        } else {
            json!(500)
        };
        assert_eq!(*error, expected, "{what}: {text}");
        assert_eq!(stored(), Vec::<String>::new(), "{what}");
        // The only place for a request is free again.
        client.call("Core/echo", json!({ "is": "alive" }));
    }
    assert_eq!(workers(), before, "a worker died");
}

#[test]
fn contact_card_set_whose_time_is_over_keeps_what_is_done_and_can_be_repeated() {
    // Each card takes 20 milliseconds, all of them three times what there is.
    let limits = json!({ "requestSeconds": 2 });
    let config = json!({
        "plugins": ["jmap", "noise"], "noise_contact": "slow", "jmap_limits": limits,
    });
    let hasty = Client::of(USER).with_config(&config);
    let cards: Map<String, Value> = (0..300)
        .map(|number| {
            let card = json!({
                "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
                "uid": format!("urn:example:hasty-{number}"), "name": { "full": "Ann Hasty" },
            });
            (format!("k{number}"), card)
        })
        .collect();
    let set = |client: &Client| {
        let answer = client.call("ContactCard/set", json!({ "create": cards }));
        let created = answer["created"].as_object().map_or(0, Map::len);
        let refused = answer["notCreated"].as_object().into_iter().flatten();
        let refused = refused.map(|(_, error)| error.clone()).collect::<Vec<_>>();
        assert_eq!(created + refused.len(), 300);
        (created, refused)
    };
    let (created, refused) = set(&hasty);
    assert!((1..300).contains(&created), "{created} were created");
    assert!(
        refused.iter().all(|error| error["type"] == "serverFail"),
        "{refused:?}"
    );
    let client = Client::of(USER);
    let (rest, refused) = set(&client);
    assert_eq!(created + rest, 300);
    assert!(
        refused.iter().all(|error| error["existingId"].is_string()),
        "{refused:?}"
    );
    let filter = json!({ "filter": { "name": "Ann Hasty" } });
    let ids = client.call("ContactCard/query", filter)["ids"].clone();
    assert_eq!(ids.as_array().map(Vec::len), Some(300));
    client.call("ContactCard/set", json!({ "destroy": ids }));
}
