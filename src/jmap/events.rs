//! The event source (RFC 8620 §7.3), open for a bounded time.
//!
//! An open connection takes a whole worker, of which a webmail has few. So it is held for some
//! seconds, and only a few of them at once in the whole installation; whoever comes beyond is
//! told the present states and sent away. Either way the client connects again by itself and
//! says which event it had last, so that it misses nothing.

use super::endpoint::HttpRequest;
use super::error::RequestError;
use super::{Output, Server};
use crate::data_types;
use crate::records::changes;
use crate::store::{Object, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::thread;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
    // nginx would keep small events back until the connection ends.
    ("X-Accel-Buffering", "no"),
];

/// How soon a client is to connect again: after it was held, and after it was answered at
/// once.
const RETRY_MILLIS: u32 = 5_000;
const RETRY_MILLIS_AT_ONCE: u32 = 60_000;

/// How often the states are looked at in the time that a connection is open.
const LOOKS: u32 = 15;

/// Is no event and says nothing. Only by writing does PHP learn that the client has gone.
const COMMENT: &str = ":\n\n";

pub fn answer(
    server: &Server<'_>,
    http: &HttpRequest<'_>,
    output: &mut dyn Output,
) -> Result<(), RequestError> {
    let event_time = server.settings.limits.event_time;
    let asked = Asked::of(http, event_time / LOOKS)?;
    let mut seen = http.last_event_id.map_or_else(Seen::default, Seen::of_id);
    let changed = seen.look(server, asked.types)?;
    let leases = server.event_leases()?;
    let (retry_millis, open_for) = match leases {
        Some(_) if !event_time.is_zero() => (RETRY_MILLIS, event_time),
        _ => (RETRY_MILLIS_AT_ONCE, Duration::ZERO),
    };
    let now = Instant::now();
    output.begin(200, HEADERS);
    let stream = Stream {
        server,
        asked,
        seen,
        ends: server.deadline.min(now + open_for),
        last_event: now,
        output,
    };
    // Where the client has gone there is nobody left to tell.
    let _ = stream.run(changed, retry_millis);
    Ok(())
}

/// What the client asks for.
struct Asked<'a> {
    types: Types<'a>,
    closes_after_state: bool,
    /// From one look at the states to the next.
    pause: Duration,
    /// How long after an event a ping follows, in seconds; `None`: no pings.
    ping_secs: Option<u64>,
}

impl<'a> Asked<'a> {
    /// Pings are sent no oftener than the states are looked at.
    fn of(http: &'a HttpRequest<'_>, pause: Duration) -> Result<Self, RequestError> {
        let wrong = |detail: &str| RequestError::status(400, detail);
        let types = http
            .parameter("types")
            .ok_or_else(|| wrong("\"types\" is missing"))?;
        let closes_after_state = match http.parameter("closeafter") {
            Some("state") => true,
            Some("no") => false,
            _ => return Err(wrong("\"closeafter\" must be state or no")),
        };
        let ping_secs: u64 = http
            .parameter("ping")
            .and_then(|ping| ping.parse().ok())
            .ok_or_else(|| wrong("\"ping\" must be a number of seconds"))?;
        let least = pause.as_millis().div_ceil(1_000);
        let least = u64::try_from(least).unwrap_or(u64::MAX);
        Ok(Self {
            types: Types(types),
            closes_after_state,
            pause,
            ping_secs: (ping_secs > 0).then_some(ping_secs.max(least)),
        })
    }
}

/// The types that a client wants to hear of: their names, separated by commas, or `*`.
#[derive(Clone, Copy)]
struct Types<'a>(&'a str);

impl Types<'_> {
    fn have(self, name: &str) -> bool {
        self.0 == "*" || self.0.split(',').any(|wanted| wanted == name)
    }
}

/// The states that the client has been told, as digests. They are the id of an event, which
/// clients send back.
#[derive(Default)]
struct Seen(BTreeSet<u64>);

impl Seen {
    /// What is no id of ours tells nothing: then all is new to the client.
    fn of_id(id: &str) -> Self {
        let octets = URL_SAFE_NO_PAD.decode(id).unwrap_or_default();
        let (digests, _) = octets.as_chunks();
        Self(digests.iter().copied().map(u64::from_le_bytes).collect())
    }

    fn id(&self) -> String {
        let octets: Vec<u8> = self.0.iter().flat_map(|one| one.to_le_bytes()).collect();
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// Looks at the present states of these types in every account, and returns those that the
    /// client has not seen (the `changed` of RFC 8620 §7.1).
    fn look(&mut self, server: &Server<'_>, types: Types<'_>) -> Result<Object, StoreError> {
        let mut present = BTreeSet::new();
        let mut changed = Object::new();
        for account in server.host.accounts() {
            let mut states = Object::new();
            for data_type in data_types::ALL.iter().filter(|one| types.have(one.name)) {
                let Some(store) = server.host.store(&account.id, data_type.name) else {
                    continue;
                };
                let state = changes::current(server.state, account, data_type, store)?.state;
                let digest = digest(&[account.id.as_str(), data_type.name, &state]);
                present.insert(digest);
                if !self.0.contains(&digest) {
                    states.insert(data_type.name.to_owned(), state.into());
                }
            }
            if !states.is_empty() {
                changed.insert(account.id.to_string(), states.into());
            }
        }
        self.0 = present;
        Ok(changed)
    }
}

/// None of the parts has a NUL.
fn digest(parts: &[&str]) -> u64 {
    xxh3_64(parts.join("\0").as_bytes())
}

/// An open connection.
struct Stream<'a> {
    server: &'a Server<'a>,
    asked: Asked<'a>,
    seen: Seen,
    ends: Instant,
    /// When the last event was sent, or the connection began.
    last_event: Instant,
    output: &'a mut dyn Output,
}

impl Stream<'_> {
    /// Tells what has changed, and what changes until the end.
    fn run(mut self, mut changed: Object, retry_millis: u32) -> io::Result<()> {
        self.write(&format!("retry: {retry_millis}\n\n"))?;
        loop {
            if !changed.is_empty() {
                let id = self.seen.id();
                let change = json!({ "@type": "StateChange", "changed": changed });
                self.event("state", &format!("id: {id}\ndata: {change}"))?;
                if self.asked.closes_after_state {
                    return Ok(());
                }
            }
            let now = Instant::now();
            if now >= self.ends {
                return Ok(());
            }
            thread::sleep(self.asked.pause.min(self.ends - now));
            changed = match self.seen.look(self.server, self.asked.types) {
                Ok(changed) => changed,
                Err(error) => {
                    // Becoming an answer puts it into the log. The client comes again.
                    drop(RequestError::from(error));
                    return Ok(());
                }
            };
            if changed.is_empty() {
                self.show_life()?;
            }
        }
    }

    fn show_life(&mut self) -> io::Result<()> {
        match self.asked.ping_secs {
            Some(secs) if self.last_event.elapsed().as_secs() >= secs => {
                self.event("ping", &format!("data: {}", json!({ "interval": secs })))
            }
            _ => self.write(COMMENT),
        }
    }

    fn event(&mut self, name: &str, fields: &str) -> io::Result<()> {
        self.last_event = Instant::now();
        self.write(&format!("event: {name}\n{fields}\n\n"))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.output.write(text.as_bytes())?;
        self.output.flush();
        Ok(())
    }
}
