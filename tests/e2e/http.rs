//! A JMAP client of plain HTTP: what goes over the wire is what a test says.

use crate::environment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;
use ureq::http::Request;

pub const JSON: &str = "application/json";
pub const CORE: &str = "urn:ietf:params:jmap:core";
pub const CONTACTS: &str = "urn:ietf:params:jmap:contacts";
pub const BLOB: &str = "urn:ietf:params:jmap:blob";
pub const PARSE: &str = "https://openxport.org/ns/contacts-parse";
pub const SUBMISSION: &str = "urn:ietf:params:jmap:submission";

/// One HTTP response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, which has to be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }
}

/// A client with or without credentials. It keeps its connection, but no cookie.
pub struct Client {
    agent: Agent,
    headers: Vec<(String, String)>,
    session: OnceLock<Value>,
}

impl Client {
    pub fn anonymous() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self {
            agent: config.into(),
            headers: Vec::new(),
            session: OnceLock::new(),
        }
    }

    /// With the password that the user has.
    pub fn of(user: &str) -> Self {
        Self::with_password(user, environment::password(user))
    }

    pub fn with_password(user: &str, password: &str) -> Self {
        let credentials = BASE64.encode(format!("{user}:{password}"));
        Self::anonymous().with_header("Authorization", &format!("Basic {credentials}"))
    }

    /// Sends one more header with every request. `X-Real-IP` is the address that the web server
    /// takes for the client's.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets Roundcube, and our plugin in it, have other settings in these requests.
    pub fn with_config(self, config: &Value) -> Self {
        self.with_header("X-Test-Config", &config.to_string())
    }

    pub fn get(&self, url: &str) -> Answer {
        self.send("GET", url, None, b"")
    }

    pub fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Answer {
        self.send("POST", url, Some(content_type), body)
    }

    /// Sends a request to a URL, or to a path of the server.
    pub fn send(&self, method: &str, url: &str, content_type: Option<&str>, body: &[u8]) -> Answer {
        let answer = self.try_send(method, url, content_type, body);
        answer.unwrap_or_else(|error| panic!("{method} {url}: {error}"))
    }

    /// The same, where the connection may be cut.
    pub fn try_send(
        &self,
        method: &str,
        url: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let url = match url.strip_prefix('/') {
            Some(path) => format!("{}/{path}", environment::origin()),
            None => url.to_owned(),
        };
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let mut response = match method {
            "GET" | "HEAD" | "OPTIONS" => self.agent.run(request.body(()).expect("a request")),
            _ => self.agent.run(request.body(body).expect("a request")),
        }?;
        let headers = response.headers().iter();
        Ok(Answer {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.to_string(), value)
                })
                .collect(),
            body: response
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_to_vec()?,
        })
    }

    /// The session object (RFC 8620 §2), asked for once.
    pub fn session(&self) -> &Value {
        self.session.get_or_init(|| {
            let answer = self.get("/?_task=jmap");
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        })
    }

    pub fn account_id(&self) -> String {
        let id = &self.session()["primaryAccounts"][CONTACTS];
        id.as_str().expect("a primary account").to_owned()
    }

    pub fn api_url(&self) -> String {
        self.session()["apiUrl"].as_str().expect("a URL").to_owned()
    }

    /// Sends a body to the API as it is.
    pub fn api(&self, body: &[u8]) -> Answer {
        self.post(&self.api_url(), JSON, body)
    }

    /// Makes method calls (RFC 8620 §3.3), and gives back the method responses.
    pub fn calls(&self, calls: Value) -> Vec<Value> {
        let request =
            json!({ "using": [CORE, BLOB, CONTACTS, PARSE, SUBMISSION], "methodCalls": calls });
        let answer = self.api(request.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{request}: {}", answer.text());
        let Value::Array(responses) = answer.json()["methodResponses"].take() else {
            panic!("{request}: {}", answer.text());
        };
        responses
    }

    /// Makes one method call in the user's account, which has to succeed.
    pub fn call(&self, method: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = self.account_id().into();
        let responses = self.calls(json!([[method, arguments, "c"]]));
        match responses.as_slice() {
            [response] if response[0] == method && response[2] == "c" => response[1].clone(),
            _ => panic!("{method} {arguments}: {responses:?}"),
        }
    }
}

/// Settings under which nothing is known of earlier requests: no login, no request under way.
pub fn afresh(mut more: Value) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = now.map(|time| time.as_nanos()).unwrap_or_default();
    more["jmap_instance"] = format!("test-{nanoseconds}").into();
    more
}

/// Sends octets that need not be HTTP, and reads until the server closes or 10 seconds passed.
pub fn exchange(octets: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(environment::address()).expect("the server listens");
    let timeout = Some(Duration::from_secs(10));
    stream.set_read_timeout(timeout).expect("a timeout");
    stream.write_all(octets).expect("the server reads");
    let mut answer = Vec::new();
    // The server may cut the connection; what came before counts.
    let _ = stream.read_to_end(&mut answer);
    answer
}
