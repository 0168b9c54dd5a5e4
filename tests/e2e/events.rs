//! The event source (RFC 8620 §7.3) through nginx and php-fpm, which must not keep events back.

use crate::environment;
use crate::http::{Client, afresh};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const USER: &str = "nina@example.org";

/// An open connection to the event source.
struct Stream {
    connection: TcpStream,
    text: String,
}

impl Stream {
    fn open(config: &Value, ping: u32, last_event_id: &str) -> Self {
        let credentials = BASE64.encode(format!("{USER}:{}", environment::password(USER)));
        // In HTTP/1.0, because what comes is then the events as they are.
        let request = format!(
            "GET /?_task=jmap&jmap=events&types=*&closeafter=no&ping={ping} HTTP/1.0\r\n\
             Host: {}\r\nAuthorization: Basic {credentials}\r\nX-Test-Config: {config}\r\n\
             Last-Event-ID: {last_event_id}\r\n\r\n",
            environment::address(),
        );
        let mut connection =
            TcpStream::connect(environment::address()).expect("the server listens");
        let timeout = Some(Duration::from_secs(20));
        connection.set_read_timeout(timeout).expect("a timeout");
        connection
            .write_all(request.as_bytes())
            .expect("the server reads");
        Self {
            connection,
            text: String::new(),
        }
    }

    /// Reads on until this stands in what has come, and gives back what stands behind it up to
    /// the end of the line.
    fn until(&mut self, wanted: &str) -> String {
        let mut piece = [0; 4096];
        loop {
            let rest = self.text.split_once(wanted).map(|(_, rest)| rest);
            if let Some((line, rest)) = rest.and_then(|rest| rest.split_once('\n')) {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.text = rest;
                return line;
            }
            let octets = self.connection.read(&mut piece).expect("something comes");
            assert!(octets > 0, "no {wanted} in {}", self.text);
            self.text += &String::from_utf8_lossy(&piece[..octets]);
        }
    }
}

fn changed(data: &str) -> Value {
    let mut change: Value = serde_json::from_str(data).expect("the data are JSON");
    assert_eq!(change["@type"], "StateChange");
    change["changed"].take()
}

#[test]
fn events_arrive_while_the_connection_is_held() {
    // Those that are left are held for a moment longer.
    let limits = json!({ "eventSeconds": 15, "maxConcurrentEvents": 6 });
    let config = afresh(json!({ "jmap_limits": limits }));
    let client = Client::of(USER).with_config(&config);
    let account = client.account_id();
    let mut stream = Stream::open(&config, 1, "");
    let first = stream.until("event: state\nid: ");
    let states = changed(&stream.until("data: "));
    let known = client.call("ContactCard/get", json!({ "ids": [] }))["state"].clone();
    assert_eq!(states[&account]["ContactCard"], known);
    assert_eq!(stream.until("event: ping\ndata: "), r#"{"interval":1}"#);

    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
        "name": { "full": "Tells of herself" },
    });
    let answer = client.call("ContactCard/set", json!({ "create": { "k": card } }));
    let second = stream.until("event: state\nid: ");
    let states = changed(&stream.until("data: "));
    let new_state = json!({ "ContactCard": answer["newState"] });
    assert_eq!(states, json!({ account.as_str(): new_state }));

    // Who missed the second is told on connecting, and who did not is not.
    drop(stream);
    let mut behind = Stream::open(&config, 1, &first);
    behind.until("event: state\nid: ");
    assert_eq!(changed(&behind.until("data: ")), states);
    drop(behind);
    let mut level = Stream::open(&config, 1, &second);
    level.until("event: ping\n");
    client.call(
        "ContactCard/set",
        json!({ "destroy": [answer["created"]["k"]["id"]] }),
    );
}

#[test]
fn event_source_that_is_left_is_free_for_the_next() {
    let limits = json!({ "maxConcurrentEvents": 1, "eventSeconds": 30 });
    let config = afresh(json!({ "jmap_limits": limits }));
    let mut held = Stream::open(&config, 0, "");
    assert_eq!(held.until("retry: "), "5000");
    let mut beyond = Stream::open(&config, 0, "");
    assert_eq!(beyond.until("retry: "), "60000");
    beyond.until("event: state\n");
    drop(held);
    let left = Instant::now();
    while Stream::open(&config, 0, "").until("retry: ") != "5000" {
        assert!(left.elapsed() < Duration::from_secs(30), "nothing is free");
    }
}
