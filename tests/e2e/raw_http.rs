//! HTTP as clients, and attackers, write it by hand.

use crate::environment;
use crate::http::{CONTACTS, CORE, Client, afresh, exchange};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const USER: &str = "demo@example.org";
const ECHO: &str =
    r#"{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"a":1},"c"]]}"#;

fn credentials() -> String {
    BASE64.encode(format!("{USER}:{}", environment::password(USER)))
}

/// Sends a request with the headers given, and gives back the whole response as text.
fn request(line: &str, headers: &[&str], body: &str) -> String {
    let headers = headers.join("\r\n");
    let request = format!("{line}\r\n{headers}\r\nConnection: close\r\n\r\n{body}");
    String::from_utf8_lossy(&exchange(request.as_bytes())).into_owned()
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn the_basic_scheme_is_read_in_any_case() {
    // RFC 9110 §11.1
    let authorization = format!("Authorization: bAsIc {}", credentials());
    let response = request(
        "GET /?_task=jmap HTTP/1.1",
        &["Host: localhost", &authorization],
        "",
    );
    assert_eq!(status(&response), "200", "{response}");
}

#[test]
fn a_body_without_a_length_is_read() {
    let authorization = format!("Authorization: Basic {}", credentials());
    let headers = [
        "Host: localhost",
        &authorization,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    ];
    let (first, second) = ECHO.split_at(40);
    let body = format!(
        "{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let response = request("POST /?_task=jmap HTTP/1.1", &headers, &body);
    assert_eq!(status(&response), "200", "{response}");
    assert!(
        response.contains(r#"["Core/echo",{"a":1},"c"]"#),
        "{response}"
    );
}

#[test]
fn a_host_header_does_not_reach_the_urls_of_the_session() {
    let authorization = format!("Authorization: Basic {}", credentials());
    let headers = [
        "Host: evil.example",
        "X-Forwarded-Host: worse.example",
        "X-Forwarded-Proto: gopher",
        &authorization,
    ];
    let response = request("GET /?_task=jmap HTTP/1.1", &headers, "");
    assert!(!response.contains("evil.example"), "{response}");
    assert!(!response.contains("worse.example"), "{response}");
    assert!(!response.contains("gopher"), "{response}");
}

#[test]
fn other_verbs_are_refused() {
    for verb in ["PUT", "DELETE", "PATCH"] {
        let authorization = format!("Authorization: Basic {}", credentials());
        let headers = ["Host: localhost", &authorization, "Content-Length: 0"];
        let response = request(&format!("{verb} /?_task=jmap HTTP/1.1"), &headers, "");
        assert_eq!(status(&response), "405", "{verb}: {response}");
    }
}

#[test]
fn a_client_that_goes_away_amid_an_answer_frees_its_worker_and_its_place() {
    // The answer would have gigabytes and take a minute; the user has one request at a time.
    let limits = json!({ "maxCallsInRequest": 30_000, "maxConcurrentRequests": 1 });
    let config = afresh(json!({ "jmap_limits": limits }));
    let client = Client::of(USER).with_config(&config);
    let call = json!(["ContactCard/get", { "accountId": client.account_id() }, "c"]);
    let calls = json!({ "using": [CORE, CONTACTS], "methodCalls": vec![call; 30_000] }).to_string();
    let request = format!(
        "POST /?_task=jmap HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\n\
         X-Test-Config: {config}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{calls}",
        environment::address(),
        credentials(),
        calls.len(),
    );
    let mut stream = TcpStream::connect(environment::address()).expect("the server listens");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut head = vec![0; 1 << 20];
    stream.read_exact(&mut head).expect("the answer goes on");
    let head = String::from_utf8_lossy(&head);
    assert_eq!(status(&head), "200", "{head}");

    let meanwhile = client.api(ECHO.as_bytes());
    assert_eq!(meanwhile.status, 400, "{}", meanwhile.text());
    drop(stream);
    let gone = Instant::now();
    while client.api(ECHO.as_bytes()).status != 200 {
        assert!(gone.elapsed() < Duration::from_secs(5), "nothing is free");
    }
}
