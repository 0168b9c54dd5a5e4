//! Roundcube's own web pages, as a browser uses them.

use crate::environment;
use crate::http::{Answer, Client};

const FORM: &str = "application/x-www-form-urlencoded";

/// A user who has logged in through the form.
pub struct WebPage {
    client: Client,
    cookies: String,
    /// The request token, which Roundcube wants with every change.
    token: String,
}

impl WebPage {
    /// The cookies and the token of a login form that nobody has filled in.
    pub fn front() -> (String, String) {
        let front = Client::anonymous().get("/");
        let token = between(&front.text(), "name=\"_token\" value=\"", "\"");
        (cookies(&front), token)
    }

    pub fn login(user: &str) -> Self {
        let (front_cookies, token) = Self::front();
        let client = Client::anonymous().with_header("Cookie", &front_cookies);
        let answer = client.post(
            "/?_task=login",
            FORM,
            &form(&[
                ("_token", &token),
                ("_task", "login"),
                ("_action", "login"),
                ("_user", user),
                ("_pass", environment::password(user)),
            ]),
        );
        assert_eq!(answer.status, 302, "{}", answer.text());
        let cookies = cookies(&answer);
        let client = Client::anonymous().with_header("Cookie", &cookies);
        let page = client.get("/?_task=addressbook");
        let token = between(&page.text(), "\"request_token\":\"", "\"");
        Self {
            client,
            cookies,
            token,
        }
    }

    /// The cookies of the session, as a browser would send them to any address.
    pub fn cookies(&self) -> &str {
        &self.cookies
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn log_out(&self) {
        let url = format!("/?_task=logout&_token={}", self.token);
        let answer = self.client.get(&url);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// What a page of the address book shows.
    pub fn show(&self, action: &str, fields: &[(&str, &str)]) -> String {
        self.show_of("addressbook", action, fields)
    }

    /// What a page of the settings shows.
    pub fn show_settings(&self, action: &str, fields: &[(&str, &str)]) -> String {
        self.show_of("settings", action, fields)
    }

    fn show_of(&self, task: &str, action: &str, fields: &[(&str, &str)]) -> String {
        let fields = String::from_utf8(form(fields)).expect("it is encoded");
        let url = format!("/?_task={task}&_action={action}&{fields}");
        let answer = self.client.get(&url);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.text()
    }

    /// Does something in the address book, such as `save`, and gives back what the page gets.
    pub fn contacts(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.act("addressbook", action, fields)
    }

    /// Does something in the settings, such as `save-identity`.
    pub fn settings(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.act("settings", action, fields)
    }

    fn act(&self, task: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let mut fields = fields.to_vec();
        fields.push(("_token", &self.token));
        let url = format!("/?_task={task}&_action={action}");
        let answer = self.client.post(&url, FORM, &form(&fields));
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer
    }
}

/// The cookies that an answer sets, without those that it deletes.
fn cookies(answer: &Answer) -> String {
    let headers = answer.headers.iter();
    let set = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next())
        .filter(|pair| !pair.contains("-del-"))
        .collect::<Vec<_>>()
        .join("; ")
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

fn encode(value: &str) -> String {
    value.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

fn between(text: &str, before: &str, after: &str) -> String {
    let found = text
        .split_once(before)
        .and_then(|(_, rest)| rest.split_once(after));
    found
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        .0
        .to_owned()
}
