//! A client that speaks with the server without HTTP: what goes in is a request's head and the
//! octets of its body, what comes out is status, headers and octets.

#![allow(dead_code, reason = "no test binary uses all of it")]

use crate::memory::{MemoryHost, MemoryStore};
use crate::processor::nanoseconds_of_thread;
use openxport::data_types;
use openxport::jmap::{Body, HttpRequest, Limits, Output, Server, Settings};
use openxport::state::State;
use openxport::store::Host;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

pub const CORE: &str = "urn:ietf:params:jmap:core";

/// An installation of its own, with the memory host behind it unless a test says otherwise.
pub struct Wire<H = MemoryHost> {
    pub host: H,
    pub state: State,
    pub settings: Settings,
}

/// What can stand behind the server.
pub trait AsHost {
    fn as_host(&self) -> &dyn Host;
}

impl AsHost for MemoryHost {
    fn as_host(&self) -> &dyn Host {
        self
    }
}

impl AsHost for Box<dyn Host + '_> {
    fn as_host(&self) -> &dyn Host {
        &**self
    }
}

impl Wire {
    pub fn new() -> Self {
        Self::over(MemoryHost::new())
    }

    /// The cards of the user's own account.
    pub fn cards(&self) -> &MemoryStore {
        self.host.cards()
    }
}

impl<H: AsHost> Wire<H> {
    pub fn over(host: H) -> Self {
        Self {
            host,
            state: State::in_memory().unwrap(),
            settings: Settings {
                username: "jane@example.com".to_owned(),
                url: "https://example.com/jmap".to_owned(),
                limits: Limits {
                    request_time: Duration::from_secs(600),
                    event_time: Duration::ZERO,
                    ..Default::default()
                },
            },
        }
    }

    /// The id of the user's own account.
    pub fn account(&self) -> &str {
        self.host.as_host().accounts()[0].id.as_str()
    }

    /// One call in the user's own account; what it is answered with, name and arguments.
    pub fn call(&self, method: &str, mut arguments: Value) -> (String, Value) {
        arguments
            .as_object_mut()
            .unwrap()
            .entry("accountId")
            .or_insert(json!(self.account()));
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
        let answer = self.request(&json!({"using": everything(), "methodCalls": calls}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The answer to a Request object.
    pub fn request(&self, request: &Value) -> Answer {
        self.http(request.to_string().as_bytes())
    }

    /// The answer to any octets that are sent as a Request object.
    pub fn http(&self, body: &[u8]) -> Answer {
        self.send(&Head::POST, &mut Pieces::of(body))
    }

    /// The Session object.
    pub fn session(&self) -> Value {
        self.send(&Head::get(&[]), &mut Pieces::of(b"")).json()
    }

    /// Stores octets as a blob of the account and returns its id.
    pub fn upload(&self, account: &str, octets: &[u8]) -> String {
        let query = [("jmap", "upload"), ("accountId", account)];
        let answer = self.send(&Head::upload(&query), &mut Pieces::of(octets));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["blobId"].as_str().unwrap().to_owned()
    }

    /// Fetches a blob under a name and type of no matter.
    pub fn download(&self, account: &str, blob: &str) -> Answer {
        let query = [
            ("jmap", "download"),
            ("accountId", account),
            ("blobId", blob),
            ("name", "n"),
            ("type", "text/plain"),
        ];
        self.send(&Head::get(&query), &mut Pieces::of(b""))
    }

    /// The answer to any HTTP request.
    pub fn send(&self, head: &Head<'_>, body: &mut dyn Body) -> Answer {
        let mut answer = Answer::default();
        self.send_to(head, body, &mut answer);
        answer
    }

    pub fn send_to(&self, head: &Head<'_>, body: &mut dyn Body, output: &mut dyn Output) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let query: Vec<(String, String)> = head.query.iter().map(owned).collect();
        let http = HttpRequest {
            method: head.method,
            query: &query,
            content_type: head.content_type,
            content_encoding: head.content_encoding,
            content_length: head.content_length,
            range: head.range,
            last_event_id: head.last_event_id,
        };
        Server::new(self.host.as_host(), &self.state, &self.settings).answer(&http, body, output);
    }
}

/// A method call that leaves a card behind when it is run.
pub fn creating(call_id: &str) -> Value {
    let card = json!({"uid": "u", "addressBookIds": {"b1": true}});
    json!(["ContactCard/set", {"accountId": "a1", "create": {"k": card}}, call_id])
}

/// Every capability that the declarations know, and the core.
pub fn everything() -> Vec<&'static str> {
    data_types::capabilities().chain([CORE]).collect()
}

/// Runs `work` with a number and with four times that number: in proportion it takes about
/// four times as long, by pairs sixteen times. Processor time counts, because others use the
/// machine too.
pub fn assert_grows_linearly(number: usize, work: impl Fn(usize)) {
    let time = |number| {
        let start = nanoseconds_of_thread();
        work(number);
        nanoseconds_of_thread() - start
    };
    let best = |number| (0..3).map(|_| time(number)).min().unwrap();
    let (small, large) = (best(number), best(4 * number));
    assert!(
        large < 9 * small,
        "{small} ns, and {large} ns for four times as many"
    );
}

/// The head of an HTTP request.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub method: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_length: Option<u64>,
    pub range: Option<&'a str>,
    pub last_event_id: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// What a JMAP client asks of the API.
    pub const POST: Self = Self {
        method: "POST",
        query: &[],
        content_type: Some("application/json"),
        content_encoding: None,
        content_length: None,
        range: None,
        last_event_id: None,
    };

    pub fn get(query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            method: "GET",
            query,
            content_type: None,
            ..Self::POST
        }
    }

    /// `query` names the account.
    pub fn upload(query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            query,
            content_type: Some("text/x-test"),
            ..Self::POST
        }
    }
}

/// A body that comes in pieces, and may break off.
pub struct Pieces(VecDeque<io::Result<Vec<u8>>>);

impl Pieces {
    pub fn new(pieces: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Self(pieces.into_iter().collect())
    }

    pub fn of(body: &[u8]) -> Self {
        Self::new([Ok(body.to_vec())])
    }
}

impl Body for Pieces {
    fn read(&mut self, octets: usize) -> io::Result<Vec<u8>> {
        let Some(piece) = self.0.pop_front() else {
            return Ok(Vec::new());
        };
        let mut piece = piece?;
        if piece.len() > octets {
            self.0.push_front(Ok(piece.split_off(octets)));
        }
        Ok(piece)
    }
}

/// What the server sent.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The client hangs up after so many octets of the body.
    pub gone_after: Option<usize>,
    /// How often the server wrote.
    pub writes: usize,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} is sent once");
        value.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The last part of the `type` of the problem that the request was refused with.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("Content-Type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        let kind = problem["type"].as_str().unwrap();
        kind.rsplit(':').next().unwrap().to_owned()
    }
}

impl Output for Answer {
    fn begin(&mut self, status: u16, headers: &[(&str, &str)]) {
        assert_eq!(self.status, 0, "an answer begins once");
        self.status = status;
        self.headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        assert_ne!(self.status, 0, "the headers come first");
        self.writes += 1;
        if self.is_interrupted() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.body.extend_from_slice(octets);
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.gone_after
            .is_some_and(|octets| self.body.len() >= octets)
    }
}

/// A client that forgets what it gets.
#[derive(Default)]
pub struct Forgetful {
    pub octets: usize,
}

impl Output for Forgetful {
    fn begin(&mut self, _status: u16, _headers: &[(&str, &str)]) {}

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.octets += octets.len();
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        false
    }
}
