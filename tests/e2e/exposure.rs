//! What a hostile web page, a stray plugin and a forged header come to.

use crate::environment::{origin, sql};
use crate::http::{Answer, Client, JSON, exchange};
use crate::web_page::WebPage;
use serde_json::{Value, json};

const API: &str = "/?_task=jmap";
const USER: &str = "dave@example.org";
const ECHO: &[u8] =
    br#"{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"a":1},"c"]]}"#;

fn assert_unauthorized(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("Unauthorized"), "{}", answer.text());
    assert!(answer.header("Set-Cookie").is_none(), "{answer:?}");
}

/// A request of the web page's user; each pair is one more header.
fn with_cookie(page: &WebPage, headers: &[(&str, &str)]) -> Answer {
    let client = Client::anonymous().with_header("Cookie", page.cookies());
    let add = |client: Client, (name, value): &(&str, &str)| client.with_header(name, value);
    headers.iter().fold(client, add).post(API, JSON, ECHO)
}

#[test]
fn a_session_cookie_counts_with_its_token_from_the_webmails_own_pages() {
    let page = WebPage::login(USER);
    let token = ("X-Roundcube-Request", page.token());
    let own_origin = origin();
    let own = ("Origin", own_origin.as_str());
    let answer = with_cookie(&page, &[token, own]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["methodResponses"][0][1], json!({ "a": 1 }));
    assert!(answer.header("Set-Cookie").is_none(), "{answer:?}");
}

#[test]
fn a_session_cookie_alone_is_forbidden() {
    let page = WebPage::login(USER);
    let other = WebPage::login("carol@example.org");
    let own_origin = origin();
    let own = ("Origin", own_origin.as_str());
    let token = ("X-Roundcube-Request", page.token());
    let cases: [&[(&str, &str)]; 7] = [
        &[own],
        &[own, ("X-Roundcube-Request", "")],
        &[own, ("X-Roundcube-Request", other.token())],
        &[token],
        &[token, ("Origin", "https://evil.example")],
        &[token, ("Origin", "null")],
        &[token, own, ("Sec-Fetch-Site", "cross-site")],
    ];
    for headers in cases {
        let answer = with_cookie(&page, headers);
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.text());
        assert!(!answer.text().contains("methodResponses"), "{headers:?}");
        assert!(answer.header("Access-Control-Allow-Origin").is_none());
    }
}

#[test]
fn a_session_that_is_over_or_made_up_is_unauthorized_and_leaves_nothing() {
    let page = WebPage::login(USER);
    let own_origin = origin();
    let token = page.token().to_owned();
    let headers = [
        ("X-Roundcube-Request", token.as_str()),
        ("Origin", own_origin.as_str()),
    ];
    page.log_out();
    assert_unauthorized(&with_cookie(&page, &headers));

    sql("DELETE FROM session WHERE sess_id LIKE '%madeup%'");
    let made_up = "roundcube_sessid=0123456789abcdefmadeup; roundcube_sessauth=x-1";
    let client = Client::anonymous().with_header("Cookie", made_up);
    assert_unauthorized(&client.post(API, JSON, ECHO));
    let rows = sql("SELECT sess_id FROM session WHERE sess_id LIKE '%madeup%'");
    assert_eq!(rows, [""; 0]);
}

#[test]
fn a_session_that_nobody_is_logged_in_to_is_unauthorized() {
    let own_origin = origin();
    let ask = |cookies: &str, token: &str| {
        Client::anonymous()
            .with_header("Cookie", cookies)
            .with_header("X-Roundcube-Request", token)
            .with_header("Origin", &own_origin)
            .post(API, JSON, ECHO)
    };
    // That of the login form, which has a token of its own.
    let (cookies, token) = WebPage::front();
    assert_unauthorized(&ask(&cookies, &token));
    // One that was taken without the cookie that proves whose it is.
    let page = WebPage::login(USER);
    let pairs = page.cookies().split("; ");
    let stolen: Vec<&str> = pairs
        .map(|pair| match pair.split_once('=') {
            Some(("roundcube_sessauth", _)) => "roundcube_sessauth=made-up",
            _ => pair,
        })
        .collect();
    assert_unauthorized(&ask(&stolen.join("; "), page.token()));
}

#[test]
fn no_other_site_is_told_that_it_may_read() {
    let client = Client::of(USER).with_header("Origin", "https://evil.example");
    for (method, status) in [("GET", 200), ("OPTIONS", 405)] {
        let answer = client.send(method, API, None, b"");
        assert_eq!(answer.status, status, "{method}: {}", answer.text());
        let mut headers = answer.headers.iter();
        let allowed = headers.any(|(name, _)| name.to_lowercase().starts_with("access-control"));
        assert!(!allowed, "{answer:?}");
    }
}

#[test]
fn what_other_plugins_write_is_not_in_the_answer() {
    let config = json!({ "plugins": ["noise", "jmap"] });
    for client in [Client::of(USER), Client::anonymous()] {
        let answer = client.with_config(&config).get(API);
        answer.json();
        assert!(!answer.text().contains("noise"), "{}", answer.text());
        assert!(answer.header("X-Noise").is_none(), "{answer:?}");
        assert!(answer.header("Set-Cookie").is_none(), "{answer:?}");
        let cache = answer.header("Cache-Control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{cache}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    }
}

/// Asserts a problem details object (RFC 7807) and nothing of the web pages beside it.
fn assert_problem(answer: &Answer, status: u16) -> Value {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    let media_type = answer.header("Content-Type");
    assert_eq!(media_type, Some("application/problem+json"), "{text}");
    assert!(answer.header("Set-Cookie").is_none(), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{text}");
    problem
}

#[test]
fn a_selector_that_is_a_list_is_none_of_ours() {
    let client = Client::of(USER);
    for selector in ["jmap[]=download", "jmap[x][y]=1", "jmap=", "jmap=nonsense"] {
        assert_problem(&client.get(&format!("{API}&{selector}")), 404);
    }
}

#[test]
fn parameters_of_the_web_pages_change_no_answer() {
    const FORM: &str = "application/x-www-form-urlencoded";
    // A plugin that takes requests with such parameters for its own, and Roundcube itself.
    for plugins in [json!(["noise", "jmap"]), json!(["jmap"])] {
        let config = json!({ "plugins": plugins });
        let user = || Client::of(USER).with_config(&config);
        let answered = [
            user().get(&format!("{API}&_action=error&_code=0x194")),
            user().get(&format!("{API}&_action[]=error&_remote=1&_framed=1")),
            user()
                .with_header("Cookie", "_task=mail; _action=error")
                .get(&format!("{API}&_code=0x194")),
            user().get("/plugins/jmap/jmap.php?_task=mail&_action=error&_code=0x194"),
        ];
        for answer in &answered {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["username"], USER);
        }
        let nobody = Client::anonymous().with_config(&config);
        for action in [
            "error&_code=0x194",
            "login",
            "logout",
            "plugin.jmap",
            "list",
        ] {
            let url = format!("{API}&_action={action}");
            assert_unauthorized(&nobody.get(&url));
            let form = b"_task=mail&_action=error&_user=x&_pass=y&_remote=1";
            assert_unauthorized(&nobody.post(&url, FORM, form));
        }
        let page = WebPage::login(USER);
        let cookies = format!("{}; _task=mail", page.cookies());
        let session = nobody.with_header("Cookie", &cookies);
        assert_problem(&session.get(API), 403);
    }
}

#[test]
fn another_plugin_that_ends_the_request_leaves_a_problem() {
    let config = json!({ "plugins": ["noise", "jmap"], "noise_exits": true });
    let address = "192.0.2.102";
    sql(&format!("DELETE FROM session WHERE ip = '{address}'"));
    for client in [Client::of(USER), Client::anonymous()] {
        let client = client.with_header("X-Real-IP", address);
        let answer = client.with_config(&config).get(API);
        assert_problem(&answer, 500);
        assert!(answer.header("X-Noise").is_none(), "{answer:?}");
    }
    let sessions = sql(&format!(
        "SELECT sess_id FROM session WHERE ip = '{address}'"
    ));
    assert_eq!(sessions, [""; 0]);
}

#[test]
fn a_fatal_error_of_roundcube_leaves_a_problem() {
    // A plugin whose name is no text, which Roundcube trips over once ours is loaded.
    let config = json!({ "plugins": ["jmap", ["x"]] });
    let answer = Client::of(USER).with_config(&config).get(API);
    assert_problem(&answer, 500);
}

#[test]
fn a_redirect_to_https_is_left_to_roundcube() {
    let answer = Client::of(USER)
        .with_config(&json!({ "force_https": true }))
        .get(API);
    assert_eq!(answer.status, 302, "{}", answer.text());
    let location = answer.header("Location").unwrap_or_default();
    assert!(location.starts_with("https://"), "{location}");
}

#[test]
fn a_session_whose_database_is_away_meets_a_problem() {
    let page = WebPage::login(USER);
    let away = json!({ "db_dsnw": "mysql://nobody:none@127.0.0.1:1/none" });
    let client = Client::anonymous().with_header("Cookie", page.cookies());
    assert_problem(&client.with_config(&away).get(API), 503);
}

#[test]
fn a_missing_extension_is_told_and_the_web_pages_go_on() {
    let bare = |client: Client| client.with_header("X-Test-Php", "bare");
    for client in [Client::of(USER), Client::anonymous()] {
        let problem = assert_problem(&bare(client).get(API), 503);
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains("install and enable the PHP extension"),
            "{detail}"
        );
    }
    let front = bare(Client::anonymous()).get("/");
    assert_eq!(front.status, 200);
    assert!(front.text().contains("_token"), "{}", front.text());
}

#[test]
fn files_of_classes_have_nothing_to_say_to_the_web() {
    // What PHP writes to its log meanwhile would fail the whole run.
    for php in ["", "bare"] {
        for file in [
            "lib/Webmail.php",
            "lib/Bridge.php",
            "lib/rcube_session_jmap.php",
            "openxport/Http/Response.php",
            "openxport/Http/RequestBody.php",
            "openxport/Endpoint.php",
        ] {
            let client = Client::anonymous().with_header("X-Test-Php", php);
            let answer = client.get(&format!("/plugins/jmap/{file}"));
            assert_eq!(
                (answer.status, answer.text()),
                (200, String::new()),
                "{file}"
            );
        }
    }
}

#[test]
fn the_address_of_older_clients_is_answered_too() {
    let client = Client::of(USER);
    let session = client.get("/plugins/jmap/jmap.php");
    assert_eq!(session.status, 200, "{}", session.text());
    assert_eq!(session.json()["apiUrl"], client.session()["apiUrl"]);
    let answer = client.post("/plugins/jmap/jmap.php", JSON, ECHO);
    assert_eq!(answer.json()["methodResponses"][0][1], json!({ "a": 1 }));
    assert_unauthorized(&Client::anonymous().get("/plugins/jmap/jmap.php"));
}

#[test]
fn a_proxy_is_believed_only_where_the_administrator_trusts_it() {
    let forwarded = || {
        Client::of(USER)
            .with_header("X-Forwarded-Host", "mail.example.org")
            .with_header("X-Forwarded-Proto", "https")
    };
    let trusted = json!({
        "proxy_whitelist": ["127.0.0.1"],
        "trusted_host_patterns": ["mail.example.org"],
    });
    let behind = forwarded().with_config(&trusted);
    assert_eq!(behind.api_url(), "https://mail.example.org/?_task=jmap");
    assert_eq!(forwarded().api_url(), format!("{}/?_task=jmap", origin()));
}

#[test]
fn a_host_that_is_not_ours_is_told_to_the_administrator() {
    let answer = Client::of(USER)
        .with_header("Host", "evil.example")
        .get(API);
    assert_eq!(answer.status, 503, "{}", answer.text());
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("jmap_base_url"), "{detail}");
}

#[test]
fn the_well_known_address_leads_to_a_fixed_place() {
    // RFC 8620 §2.2
    let request =
        b"GET /.well-known/jmap HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = String::from_utf8_lossy(&exchange(request)).into_owned();
    assert!(
        answer.contains("\r\nLocation: /index.php?_task=jmap\r\n"),
        "{answer}"
    );
}

#[test]
fn http_1_0_is_answered_and_trace_is_not() {
    let old = String::from_utf8_lossy(&exchange(b"GET /?_task=jmap HTTP/1.0\r\n\r\n")).into_owned();
    assert!(old.contains(" 401 "), "{old}");
    let request = b"TRACE /?_task=jmap HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let trace = String::from_utf8_lossy(&exchange(request)).into_owned();
    assert!(trace.contains(" 405 "), "{trace}");
}

#[test]
fn the_web_pages_go_on_beside_the_plugin() {
    let page = WebPage::login(USER);
    let answer = page.contacts("list", &[]);
    assert_eq!(answer.status, 200);
    assert!(Client::anonymous().get("/").text().contains("_token"));
}
