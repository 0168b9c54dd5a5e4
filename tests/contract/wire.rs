//! A client that speaks JSON with the server, without HTTP around it.

use crate::memory::{HOME, MemoryHost, MemoryStore};
use openxport::jmap::{Body, HttpRequest, Output, Server, Settings};
use openxport::state::State;
use openxport::store::Host;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

pub struct Wire {
    pub host: MemoryHost,
    pub state: State,
    pub settings: Settings,
}

impl Wire {
    pub fn new() -> Self {
        Self {
            host: MemoryHost::new(),
            state: State::in_memory().unwrap(),
            settings: Settings {
                username: "jane@example.com".to_owned(),
                url: "https://example.com/jmap".to_owned(),
                limits: openxport::jmap::Limits {
                    request_time: Duration::from_secs(60),
                    ..Default::default()
                },
            },
        }
    }

    /// The cards of the user's own account.
    pub fn cards(&self) -> &MemoryStore {
        self.host.cards()
    }

    /// One call in the user's own account; what it is answered with, name and arguments.
    pub fn call(&self, method: &str, mut arguments: Value) -> (String, Value) {
        arguments
            .as_object_mut()
            .unwrap()
            .entry("accountId")
            .or_insert(json!(HOME));
        let response = self.post(&json!([[method, arguments, "c"]]));
        let responses = response["methodResponses"].as_array().unwrap();
        assert_eq!(responses.len(), 1, "{response:#}");
        let name = responses[0][0].as_str().unwrap().to_owned();
        (name, responses[0][1].clone())
    }

    /// The arguments of the response to a call that succeeds.
    pub fn ok(&self, method: &str, arguments: Value) -> Value {
        let (name, response) = self.call(method, arguments);
        assert_eq!(name, method, "{response:#}");
        response
    }

    /// The type of the error that a call is answered with.
    pub fn error(&self, method: &str, arguments: Value) -> String {
        let (name, response) = self.call(method, arguments);
        assert_eq!(name, "error", "{response:#}");
        response["type"].as_str().unwrap().to_owned()
    }

    /// The Response object to these method calls, with every capability in use.
    pub fn post(&self, calls: &Value) -> Value {
        let request = json!({
            "using": [
                "urn:ietf:params:jmap:core",
                "urn:ietf:params:jmap:contacts",
                "urn:ietf:params:jmap:submission",
            ],
            "methodCalls": calls,
        });
        let (status, body) = self.http(request.to_string().as_bytes());
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Status and body of the answer to any octets.
    pub fn http(&self, body: &[u8]) -> (u16, Vec<u8>) {
        let request = HttpRequest {
            method: "POST",
            query: &[],
            content_type: Some("application/json"),
            content_encoding: None,
            content_length: Some(body.len() as u64),
            range: None,
        };
        let mut answer = Answer::default();
        let host: &dyn Host = &self.host;
        Server::new(host, &self.state, &self.settings).answer(
            &request,
            &mut Octets(body.to_vec()),
            &mut answer,
        );
        (answer.status, answer.body)
    }
}

struct Octets(Vec<u8>);

impl Body for Octets {
    fn read(&mut self, octets: usize) -> io::Result<Vec<u8>> {
        let octets = octets.min(self.0.len());
        Ok(self.0.drain(..octets).collect())
    }
}

#[derive(Default)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Output for Answer {
    fn begin(&mut self, status: u16, _headers: &[(&str, &str)]) {
        assert_eq!(self.status, 0, "an answer begins once");
        self.status = status;
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.body.extend_from_slice(octets);
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        false
    }
}
