//! A headless Chromium, driven through the WebDriver protocol of its chromedriver.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use ureq::Agent;

/// How an element is named in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page may take to show what is looked for.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Browser {
    driver: Child,
    agent: Agent,
    /// The URL of the session.
    session: String,
}

impl Browser {
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed");
        let port = BufReader::new(driver.stdout.take().expect("its output"))
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split_once("started successfully on port ")?.1;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver says its port");
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(2 * PATIENCE))
            .build();
        let mut browser = Self {
            driver,
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}/session"),
        };
        // It shows our own pages only, and root may not use the sandbox.
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1400,1000",
        ];
        let options = json!({ "args": arguments });
        let wanted = json!({ "goog:chromeOptions": options, "browserName": "chrome" });
        let answer = browser.post("", json!({ "capabilities": { "alwaysMatch": wanted } }));
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    pub fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url }));
    }

    /// Types into the element at a CSS path.
    pub fn type_into(&self, path: &str, text: &str) {
        let element = self.element(path);
        self.post(
            &format!("/element/{element}/value"),
            json!({ "text": text }),
        );
    }

    /// Clicks on the element at a CSS path until another one is there: what still moves, or
    /// waits for its script, takes no click.
    pub fn click(&self, path: &str, wanted: &str) {
        let began = Instant::now();
        let mut answer = Value::Null;
        while began.elapsed() < PATIENCE {
            if let Some(element) = self.find(path) {
                answer = self.ask(&format!("/element/{element}/click"), &json!({}));
            }
            let clicked = Instant::now();
            while clicked.elapsed() < Duration::from_secs(2) {
                if self.find(wanted).is_some() {
                    return;
                }
            }
        }
        panic!("no {wanted} after clicks on {path}: {answer}");
    }

    /// Goes on in the frame at a CSS path.
    pub fn enter_frame(&self, path: &str) {
        let element = self.element(path);
        self.post("/frame", json!({ "id": { ELEMENT: element } }));
    }

    pub fn wait_for(&self, path: &str) {
        self.element(path);
    }

    /// What a function's body returns in the page.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The element at a CSS path, once it is there.
    fn element(&self, path: &str) -> String {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(element) = self.find(path) {
                return element;
            }
        }
        panic!(
            "no {path} in {}",
            self.run("return document.body.outerHTML")
        );
    }

    fn find(&self, path: &str) -> Option<String> {
        let wanted = json!({ "using": "css selector", "value": path });
        let answer = self.ask("/element", &wanted);
        answer["value"][ELEMENT].as_str().map(str::to_owned)
    }

    fn post(&self, command: &str, body: Value) -> Value {
        let mut answer = self.ask(command, &body);
        assert!(answer["value"]["error"].is_null(), "{command}: {answer}");
        answer["value"].take()
    }

    fn ask(&self, command: &str, body: &Value) -> Value {
        let url = format!("{}{command}", self.session);
        let request = self.agent.post(&url).content_type("application/json");
        let answer = request.send(body.to_string());
        let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        let text = answer.body_mut().read_to_string().expect("an answer");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
