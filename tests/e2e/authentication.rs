//! Who is let in (RFC 8620 §8.2), and what that costs the webmail.

use crate::environment::{imap_logins, read, sql};
use crate::http::{Answer, Client, JSON, afresh};
use serde_json::{Value, json};

const API: &str = "/?_task=jmap";

fn assert_unauthorized(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    let challenge = answer.header("WWW-Authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Basic "), "{challenge}");
    assert!(answer.text().contains("Unauthorized"), "{}", answer.text());
    answer.json();
}

#[test]
fn nobody_is_let_in_without_credentials() {
    let client = Client::anonymous();
    assert_unauthorized(&client.get(API));
    assert_unauthorized(&client.post(API, JSON, b"{}"));
}

#[test]
fn nobody_is_let_in_on_a_connection_that_somebody_used_before() {
    // CVE-2019-18928: one worker, one connection, first a user, then nobody.
    let anonymous = Client::anonymous();
    for _ in 0..8 {
        assert_eq!(Client::of("alice@example.org").get(API).status, 200);
        assert_unauthorized(&anonymous.get(API));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let wrong = Client::with_password("carol@example.org", "wrong")
        .with_header("X-Real-IP", "192.0.2.1")
        .get(API);
    let unknown = Client::with_password("nobody@example.org", "wrong")
        .with_header("X-Real-IP", "192.0.2.2")
        .get(API);
    assert_unauthorized(&wrong);
    assert_unauthorized(&unknown);
    assert_eq!(wrong.body, unknown.body);
}

#[test]
fn a_password_may_have_colons_and_letters_outside_ascii() {
    assert_eq!(Client::of("bob@example.org").get(API).status, 200);
}

#[test]
fn the_mail_server_is_chosen_by_the_domain_of_the_name() {
    let here = format!("127.0.0.1:{}", read("run/imap.port"));
    let config = afresh(json!({
        "imap_host": { "127.0.0.1:1": ["elsewhere.example"], here: ["example.org"] },
    }));
    let answer = Client::of("alice@example.org")
        .with_config(&config)
        .get(API);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn other_plugins_hear_of_a_login_and_may_refuse_it() {
    let user = "kate@example.org";
    let logged = || {
        ["Failed", "Successful"].map(|outcome| {
            let line = format!("{outcome} login for {user}");
            read("log/userlogins.log").matches(&line).count()
        })
    };
    let logged_before = logged();
    let ask = |noise_login: Value| {
        let config = afresh(json!({
            "plugins": ["noise", "jmap"], "noise_login": noise_login, "log_logins": true,
        }));
        let answer = Client::of(user).with_config(&config).get(API);
        let mark = config["jmap_instance"].as_str().expect("a name");
        let heard = |hook: &str| read("log/noise.log").contains(&format!("{hook} {mark}"));
        (answer, heard("login_after"), heard("login_failed"))
    };
    let before = imap_logins(user);
    for refusal in [json!({ "valid": false }), json!({ "abort": true })] {
        let (answer, is_after, has_failed) = ask(refusal);
        assert_unauthorized(&answer);
        assert!(has_failed && !is_after, "{}", read("log/noise.log"));
    }
    assert_eq!(imap_logins(user), before);
    let (answer, is_after, has_failed) = ask(json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(is_after && !has_failed, "{}", read("log/noise.log"));
    let [failed, successful] = logged_before;
    assert_eq!(logged(), [failed + 2, successful + 1]);
}

#[test]
fn a_hundred_requests_cost_at_most_one_imap_login_and_no_session() {
    let user = "erin@example.org";
    let address = "192.0.2.100";
    let client = Client::of(user).with_header("X-Real-IP", address);
    let before = imap_logins(user);
    for _ in 0..100 {
        client.calls(json!([["Core/echo", {}, "e"]]));
    }
    let logins = imap_logins(user) - before;
    assert!(logins <= 1, "{logins} logins");
    let sessions = sql(&format!(
        "SELECT sess_id FROM session WHERE ip = '{address}'"
    ));
    assert_eq!(sessions, [""; 0]);
}
