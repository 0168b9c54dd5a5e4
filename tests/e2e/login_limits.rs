//! What logins cost, and that nobody is locked out by a client with a stale password.

use crate::environment::{imap_logins, origin, read, sql};
use crate::http::{Answer, Client, afresh};
use crate::web_page::WebPage;
use serde_json::{Value, json};

const API: &str = "/?_task=jmap";

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

/// How many failures in a row Roundcube itself has counted for a user.
fn failures_counted(user: &str) -> Vec<String> {
    sql(&format!(
        "SELECT failed_login_counter FROM users WHERE username = '{user}'"
    ))
}

/// Lets Roundcube forget what an earlier run of these tests has left, which it counts for a
/// minute.
fn forget_failures(user: &str) {
    sql(&format!(
        "UPDATE users SET failed_login = NULL, failed_login_counter = NULL
         WHERE username = '{user}'"
    ));
}

#[test]
fn a_stale_password_repeated_does_not_lock_the_web_login() {
    let user = "frank@example.org";
    forget_failures(user);
    WebPage::login(user);
    let config = afresh(json!({}));
    for _ in 0..100 {
        let answer = Client::with_password(user, "stale")
            .with_config(&config)
            .get(API);
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
    assert_eq!(failures_counted(user), ["1"]);
    WebPage::login(user);
    let right = Client::of(user).with_config(&config).get(API);
    assert_eq!(right.status, 200, "{}", right.text());
}

#[test]
fn guesses_end_before_roundcube_locks_the_user_and_unknown_users_look_the_same() {
    let guess = |user: &str, config: &Value| -> Vec<Answer> {
        let guesses = (0..5).map(|number| {
            // From all over the world, so that only the name is the same.
            Client::with_password(user, &format!("guess {number}"))
                .with_header("X-Real-IP", &format!("198.51.100.{number}"))
                .with_config(config)
                .get(API)
        });
        guesses.collect()
    };
    forget_failures("grace@example.org");
    WebPage::login("grace@example.org");
    let config = afresh(json!({}));
    let known = guess("grace@example.org", &config);
    let unknown = guess("nobody-at-all@example.org", &config);
    assert_eq!(statuses(&known), [401, 401, 429, 429, 429]);
    assert_eq!(statuses(&unknown), statuses(&known));
    for (known, unknown) in known.iter().zip(&unknown) {
        assert_eq!(known.body, unknown.body);
    }
    let wait = known[4].header("Retry-After").unwrap_or_default();
    assert!(wait.parse::<u32>().is_ok_and(|wait| wait > 0), "{wait}");
    WebPage::login("grace@example.org");
}

#[test]
fn guesses_from_one_address_end_for_any_name() {
    let config = afresh(json!({ "jmap_address_failures": 2 }));
    let guess = |(name, address): (&str, &str)| {
        Client::with_password(name, "wrong")
            .with_header("X-Real-IP", address)
            .with_config(&config)
            .get(API)
            .status
    };
    let tries = [
        ("no-one@a.example", "198.51.100.77"),
        ("no-two@a.example", "198.51.100.77"),
        ("no-three@a.example", "198.51.100.77"),
        ("no-four@a.example", "198.51.100.78"),
    ];
    assert_eq!(tries.map(guess), [401, 401, 429, 401]);
}

#[test]
fn guesses_may_be_more_where_roundcube_locks_nobody() {
    let names = ["no-lock@a.example"; 4];
    let config = json!({ "login_rate_limit": 0 });
    assert_eq!(guesses(&names, &config), [401; 4]);
}

/// What comes of one wrong password for each of these names, from all over the world.
fn guesses(names: &[&str], config: &Value) -> Vec<u16> {
    let config = afresh(config.clone());
    let guesses = names.iter().enumerate().map(|(number, name)| {
        Client::with_password(name, &format!("guess {number}"))
            .with_header("X-Real-IP", &format!("198.51.100.{number}"))
            .with_config(&config)
            .get(API)
            .status
    });
    guesses.collect()
}

#[test]
fn guesses_for_one_user_count_together_however_the_name_is_spelt() {
    let user = "ivan@example.org";
    forget_failures(user);
    WebPage::login(user);
    // Roundcube makes the server's own name of "%n", and looks for the domain under that.
    let config = json!({
        "imap_host": [format!("%n:{}", read("run/imap.port"))],
        "username_domain": { "localhost": "example.org" },
        "username_domain_forced": true,
    });
    let spellings = [
        "ivan",
        "IVAN@example.org",
        "ivan@other.example",
        " ivan",
        "Ivan ",
    ];
    assert_eq!(guesses(&spellings, &config), [401, 401, 429, 429, 429]);
    WebPage::login(user);
}

#[test]
fn guesses_for_one_user_count_together_by_any_of_its_aliases() {
    let user = "judy@example.org";
    forget_failures(user);
    WebPage::login(user);
    sql("DELETE FROM identities WHERE email = 'identity@example.org'");
    sql(&format!(
        "INSERT INTO identities (user_id, name, email, standard, changed)
         SELECT user_id, 'Judy', 'identity@example.org', 0, '2026-01-01 00:00:00'
         FROM users WHERE username = '{user}'"
    ));
    let virtual_user =
        format!("SELECT '{user}' FROM users WHERE '%m' LIKE 'virtual%@example.org' LIMIT 1");
    let config = json!({
        "plugins": ["virtuser_query", "jmap"],
        "virtuser_query": { "user": virtual_user },
        "user_aliases": true,
    });
    let aliases = [
        "virtual1@example.org",
        "identity@example.org",
        "virtual2@example.org",
        user,
    ];
    assert_eq!(guesses(&aliases, &config), [401, 401, 429, 429]);
    WebPage::login(user);
}

#[test]
fn guesses_for_a_domain_count_together_in_unicode_and_ascii() {
    let names = [
        "nobody@exämple.org",
        "nobody@EXÄMPLE.org",
        "nobody@xn--exmple-cua.org",
    ];
    assert_eq!(guesses(&names, &json!({})), [401, 401, 429]);
}

#[test]
fn guesses_count_together_only_where_roundcube_takes_the_names_for_one() {
    // With 1, the domain is lowered, and what follows it is lost.
    let names = [
        "Nobody@A.example@x",
        "Nobody@a.example@y",
        "Nobody@a.example",
    ];
    let lowered = json!({ "login_lc": 1 });
    assert_eq!(guesses(&names, &lowered), [401, 401, 429]);
    let names = ["nobody@a.example", "Nobody@a.example", "NOBODY@a.example"];
    assert_eq!(guesses(&names, &lowered), [401, 401, 401]);
    let names = ["nobody@a.example", "nobody@A.example", "nobody@a.EXAMPLE"];
    let as_they_are = json!({ "login_lc": 0 });
    assert_eq!(guesses(&names, &as_they_are), [401, 401, 401]);
    let names = ["nobody@a.example", "nobody@b.example", "nobody"];
    let config = json!({ "username_domain": "c.example" });
    assert_eq!(guesses(&names, &config), [401, 401, 401]);
    let names = ["nobody", "nobody@c.example", "Nobody"];
    assert_eq!(guesses(&names, &config), [401, 401, 429]);
}

#[test]
fn a_mail_server_that_is_away_is_no_wrong_password() {
    forget_failures("heidi@example.org");
    let away = afresh(json!({ "imap_host": "127.0.0.1:1" }));
    let answer = Client::of("heidi@example.org").with_config(&away).get(API);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("WWW-Authenticate").is_none(), "{answer:?}");
    answer.json();
    let back = json!({ "jmap_instance": away["jmap_instance"] });
    let answer = Client::of("heidi@example.org").with_config(&back).get(API);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_database_that_is_away_is_no_wrong_password() {
    let user = "alice@example.org";
    let here = afresh(json!({}));
    let answer = Client::of(user).with_config(&here).get(API);
    assert_eq!(answer.status, 200, "{}", answer.text());
    // A login that is remembered, and one that is not.
    for mut away in [here, afresh(json!({}))] {
        away["db_dsnw"] = "mysql://nobody:none@127.0.0.1:1/none".into();
        let answer = Client::of(user).with_config(&away).get(API);
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("WWW-Authenticate").is_none(), "{answer:?}");
        answer.json();
    }
}

#[test]
fn a_user_whom_roundcube_has_locked_is_told_to_wait() {
    let user = "lena@example.org";
    forget_failures(user);
    WebPage::login(user);
    sql(&format!(
        "UPDATE users SET failed_login = CURRENT_TIMESTAMP, failed_login_counter = 9
         WHERE username = '{user}'"
    ));
    let config = afresh(json!({}));
    let locked = Client::of(user).with_config(&config).get(API);
    forget_failures(user);
    assert_eq!(locked.status, 429, "{}", locked.text());
    assert_eq!(locked.header("Retry-After"), Some("60"));
    let answer = Client::of(user).with_config(&config).get(API);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_remembered_login_is_not_that_of_whoever_has_the_number_now() {
    let client = Client::of("mona@example.org").with_config(&afresh(json!({})));
    assert_eq!(client.get(API).status, 200);
    let rename = |from: &str, to: &str| {
        sql(&format!(
            "UPDATE users SET username = '{to}' WHERE username = '{from}'"
        ));
    };
    rename("mona@example.org", "somebody-else@example.org");
    let answer = client.get(API);
    rename("somebody-else@example.org", "mona@example.org");
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[test]
fn a_login_is_remembered_per_password_and_for_as_long_as_configured() {
    let user = "heidi@example.org";
    let config = afresh(json!({ "jmap_login_reuse": 0 }));
    let client = Client::of(user).with_config(&config);
    let before = imap_logins(user);
    for _ in 0..3 {
        assert_eq!(client.get(API).status, 200);
    }
    assert_eq!(imap_logins(user) - before, 3);
    forget_failures(user);
    let wrong = Client::with_password(user, "wrong").with_config(&config);
    assert_eq!(wrong.get(API).status, 401);
}

#[test]
fn basic_does_not_go_round_a_second_factor() {
    let user = "alice@example.org";
    let config = afresh(json!({
        "plugins": ["noise", "jmap"],
        "jmap_second_factor_plugins": ["noise"],
    }));
    let before = imap_logins(user);
    let answer = Client::of(user).with_config(&config).get(API);
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(imap_logins(user), before);
}

#[test]
fn no_password_gets_into_a_log() {
    let password = "a-password-that-nobody-has-37219";
    forget_failures("alice@example.org");
    let client = Client::with_password("alice@example.org", password)
        .with_config(&afresh(json!({ "log_logins": true })));
    assert_eq!(client.get(API).status, 401);
    for log in [
        "errors.log",
        "userlogins.log",
        "php.log",
        "php-fpm.log",
        "sql.log",
    ] {
        let text = read(&format!("log/{log}"));
        assert!(!text.contains(password), "{log}");
        assert!(!text.contains(&origin_credentials(password)), "{log}");
    }
}

/// The password as the header has it.
fn origin_credentials(password: &str) -> String {
    use base64::Engine;
    let credentials = format!("alice@example.org:{password}");
    base64::engine::general_purpose::STANDARD.encode(credentials)
}

#[test]
fn a_name_cannot_forge_a_line_of_the_log() {
    for name in ["x\r\n[01-Jan-2026] FORGED", "\u{1b}[2JFORGED", "FORGED\0"] {
        let answer = Client::with_password(name, "secret")
            .with_config(&afresh(json!({ "log_logins": true })))
            .get(API);
        assert_eq!(answer.status, 401, "{name:?}");
    }
    let long = "FORGED".repeat(1000);
    let answer = Client::with_password(&long, "secret").get(API);
    assert_eq!(answer.status, 401, "{} on {}", answer.text(), origin());
    for log in ["errors.log", "userlogins.log", "php.log"] {
        let text = read(&format!("log/{log}"));
        assert!(!text.lines().any(|line| line.contains("] FORGED")), "{log}");
        assert!(text.lines().all(|line| line.len() < 4000), "{log}");
    }
}
