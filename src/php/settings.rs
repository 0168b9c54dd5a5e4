//! What a plugin tells the extension about one request's user and installation.

use crate::jmap::{Limits, Settings};
use crate::state::LoginRules;
use crate::store::Object;
use crate::{db, jmap};
use serde::Deserialize;
use std::time::Duration;

/// The array that a plugin hands to `OpenXPort\Server`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Names the installation: ids and uids that are derived from it stay the same for as
    /// long as it does.
    pub instance: String,
    username: String,
    url: String,
    /// What PHP takes of a body, in octets; 0 is no bound (`post_max_size`).
    #[serde(rename = "maxBody")]
    max_body: u64,
    #[serde(default)]
    limits: Overrides,
    database: DatabaseKind,
    /// For the host's own folder alone.
    pub host: Object,
}

impl ServerSettings {
    pub fn jmap(&self) -> Settings {
        Settings {
            username: self.username.clone(),
            url: self.url.clone(),
            limits: self.limits(),
        }
    }

    /// Whatever PHP would cut off is refused by its length, and so the limit is advertised.
    fn limits(&self) -> Limits {
        let wanted = self.limits.apply();
        let cap = if self.max_body == 0 {
            u64::MAX
        } else {
            self.max_body
        };
        Limits {
            max_size_upload: wanted.max_size_upload.min(cap),
            max_size_request: wanted.max_size_request.min(cap),
            ..wanted
        }
    }

    pub fn database(&self) -> db::Kind {
        match self.database {
            DatabaseKind::Sqlite => db::Kind::Sqlite,
            DatabaseKind::Mysql => db::Kind::Mysql,
            DatabaseKind::Postgres => db::Kind::Postgres,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DatabaseKind {
    Sqlite,
    Mysql,
    Postgres,
}

/// Limits that the admin has set; the others keep their defaults. With the defaults for the
/// whole, PHP's empty array, which is a list, does too.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Overrides {
    max_size_upload: Option<u64>,
    max_concurrent_upload: Option<u32>,
    max_size_request: Option<u64>,
    max_concurrent_requests: Option<u32>,
    max_concurrent_download: Option<u32>,
    max_concurrent_events: Option<u32>,
    max_calls_in_request: Option<usize>,
    max_objects_in_get: Option<u64>,
    max_objects_in_set: Option<usize>,
    max_referenced_octets: Option<usize>,
    max_uploaded_octets: Option<u64>,
    request_seconds: Option<u64>,
    event_seconds: Option<u64>,
}

impl Overrides {
    fn apply(&self) -> Limits {
        let safe = jmap::Limits::default();
        Limits {
            max_size_upload: self.max_size_upload.unwrap_or(safe.max_size_upload),
            max_concurrent_upload: self
                .max_concurrent_upload
                .unwrap_or(safe.max_concurrent_upload),
            max_size_request: self.max_size_request.unwrap_or(safe.max_size_request),
            max_concurrent_requests: self
                .max_concurrent_requests
                .unwrap_or(safe.max_concurrent_requests),
            max_concurrent_download: self
                .max_concurrent_download
                .unwrap_or(safe.max_concurrent_download),
            max_concurrent_events: self
                .max_concurrent_events
                .unwrap_or(safe.max_concurrent_events),
            max_calls_in_request: self
                .max_calls_in_request
                .unwrap_or(safe.max_calls_in_request),
            max_objects_in_get: self.max_objects_in_get.unwrap_or(safe.max_objects_in_get),
            max_objects_in_set: self.max_objects_in_set.unwrap_or(safe.max_objects_in_set),
            max_referenced_octets: self
                .max_referenced_octets
                .unwrap_or(safe.max_referenced_octets),
            max_uploaded_octets: self.max_uploaded_octets.unwrap_or(safe.max_uploaded_octets),
            request_time: self
                .request_seconds
                .map_or(safe.request_time, Duration::from_secs),
            event_time: self
                .event_seconds
                .map_or(safe.event_time, Duration::from_secs),
        }
    }
}

/// The array that a plugin hands to `OpenXPort\LoginAttempt`; what is missing has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LoginSettings {
    reuse_seconds: Option<i64>,
    refusal_seconds: Option<i64>,
    window_seconds: Option<i64>,
    max_failures_of_name: Option<u32>,
    max_failures_of_address: Option<u32>,
}

impl LoginSettings {
    pub fn rules(&self) -> LoginRules {
        let safe = LoginRules::default();
        LoginRules {
            reuse_secs: self.reuse_seconds.unwrap_or(safe.reuse_secs),
            refusal_secs: self.refusal_seconds.unwrap_or(safe.refusal_secs),
            window_secs: self.window_seconds.unwrap_or(safe.window_secs),
            max_failures_of_name: self
                .max_failures_of_name
                .unwrap_or(safe.max_failures_of_name),
            max_failures_of_address: self
                .max_failures_of_address
                .unwrap_or(safe.max_failures_of_address),
            ..safe
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn server_settings_override_only_the_limits_that_are_given() {
        let settings: ServerSettings = serde_json::from_value(json!({
            "instance": "i", "username": "u", "url": "https://h/?_task=jmap",
            "limits": {"maxSizeRequest": 7, "requestSeconds": 3}, "maxBody": 8_000_000,
            "database": "mysql", "host": {"user": 1},
        }))
        .expect("whole settings");
        let limits = settings.jmap().limits;
        assert_eq!(limits.max_size_request, 7);
        assert_eq!(limits.max_size_upload, 8_000_000);
        assert_eq!(limits.request_time, Duration::from_secs(3));
        assert_eq!(
            limits.max_objects_in_get,
            Limits::default().max_objects_in_get
        );
        assert_eq!(settings.database(), db::Kind::Mysql);
    }

    #[test]
    fn settings_take_an_empty_list_for_none() {
        let limits: Overrides = serde_json::from_value(json!([])).expect("no overrides");
        assert_eq!(limits.apply().max_size_request, 10_000_000);
        let login: LoginSettings = serde_json::from_value(json!([])).expect("no rules");
        assert_eq!(login.rules().reuse_secs, LoginRules::default().reuse_secs);
    }

    #[test]
    fn server_settings_refuse_a_misspelt_limit() {
        let result = serde_json::from_value::<ServerSettings>(json!({
            "instance": "i", "username": "u", "url": "u", "maxBody": 0, "database": "sqlite", "host": {},
            "limits": {"maxSizeReqest": 7},
        }));
        assert!(result.is_err_and(|error| error.to_string().contains("maxSizeReqest")));
    }
}
