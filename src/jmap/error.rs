//! Errors on the wire, at RFC 8620's three levels. Here and nowhere else does a fault of the
//! storage become a protocol error.

use crate::json;
use crate::records::write::WriteError;
use crate::store::{Object, StoreError};
use serde_json::{Value, json};

/// The whole request is refused (RFC 8620 §3.6.1).
#[derive(Debug)]
pub struct RequestError {
    pub status: u16,
    /// The `type` of RFC 7807; `None` is `about:blank`, where the status says it all.
    kind: Option<&'static str>,
    detail: String,
    limit: Option<&'static str>,
}

impl RequestError {
    pub fn not_json(detail: impl Into<String>) -> Self {
        Self::of_kind("notJSON", detail)
    }

    pub fn not_request(detail: impl Into<String>) -> Self {
        Self::of_kind("notRequest", detail)
    }

    pub fn unknown_capability(uri: &str) -> Self {
        Self::of_kind(
            "unknownCapability",
            format!("the capability \"{}\" is not supported", shown(uri)),
        )
    }

    /// `limit` is the name of the exceeded limit as the session object spells it.
    pub fn limit(limit: &'static str) -> Self {
        Self {
            limit: Some(limit),
            ..Self::of_kind("limit", format!("the request exceeds {limit}"))
        }
    }

    /// An answer that RFC 8620 has no type for.
    pub fn status(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
            limit: None,
        }
    }

    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The problem details object of RFC 7807.
    pub fn problem(&self) -> Vec<u8> {
        let mut out = json::Writer::new();
        out.begin_object();
        match self.kind {
            Some(kind) => out.member("type", &format!("urn:ietf:params:jmap:error:{kind}")),
            None => out.member("type", "about:blank"),
        }
        if let Some(limit) = self.limit {
            out.member("limit", limit);
        }
        out.key("status");
        out.unsigned(u64::from(self.status));
        out.member("detail", &self.detail);
        out.end_object();
        out.take()
    }

    fn of_kind(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: Some(kind),
            detail: detail.into(),
            limit: None,
        }
    }
}

/// One method call fails; the other calls of the request go on (RFC 8620 §3.6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodError {
    pub kind: &'static str,
    pub description: Option<String>,
}

impl MethodError {
    pub fn new(kind: &'static str) -> Self {
        Self {
            kind,
            description: None,
        }
    }

    pub fn described(kind: &'static str, description: impl Into<String>) -> Self {
        Self {
            kind,
            description: Some(description.into()),
        }
    }

    pub fn invalid_arguments(description: impl Into<String>) -> Self {
        Self::described("invalidArguments", description)
    }

    pub fn missing(argument: &str) -> Self {
        Self::invalid_arguments(format!("\"{argument}\" is missing"))
    }

    /// The arguments of the `error` response.
    pub fn arguments(&self) -> Object {
        let mut arguments = Object::new();
        arguments.insert("type".into(), self.kind.into());
        if let Some(description) = &self.description {
            arguments.insert("description".into(), description.as_str().into());
        }
        arguments
    }
}

/// One record of a `/set` or `/copy` is refused (RFC 8620 §5.3).
#[derive(Debug, Clone, PartialEq)]
pub struct SetError {
    pub kind: &'static str,
    pub description: Option<String>,
    pub properties: Vec<String>,
    /// The record that is there already (RFC 8620 §5.4).
    pub existing_id: Option<String>,
}

impl SetError {
    pub fn new(kind: &'static str) -> Self {
        Self {
            kind,
            description: None,
            properties: Vec::new(),
            existing_id: None,
        }
    }

    pub fn to_value(&self) -> Value {
        let mut error = json!({ "type": self.kind });
        if let Some(description) = &self.description {
            error["description"] = description.as_str().into();
        }
        if !self.properties.is_empty() {
            error["properties"] = self.properties.as_slice().into();
        }
        if let Some(existing_id) = &self.existing_id {
            error["existingId"] = existing_id.as_str().into();
        }
        error
    }
}

/// The client learns its own mistakes in full, and of ours an opaque reference that the log
/// carries too.
impl From<StoreError> for MethodError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Forbidden(reason) => Self::described("forbidden", reason),
            StoreError::Invalid { reason, .. } => Self::invalid_arguments(reason),
            StoreError::Unavailable(_) | StoreError::Conflict | StoreError::Stopped(_) => {
                Self::described("serverUnavailable", logged(&error))
            }
            _ => Self::described("serverFail", logged(&error)),
        }
    }
}

/// Where there is no method call that could fail alone.
impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::NotFound => 404,
            StoreError::Forbidden(_) => 403,
            StoreError::Unavailable(_) | StoreError::Conflict | StoreError::Stopped(_) => 503,
            _ => 500,
        };
        let error = MethodError::from(error);
        Self::status(status, error.description.unwrap_or_default())
    }
}

impl From<StoreError> for SetError {
    fn from(error: StoreError) -> Self {
        let described = |kind, description: &str| Self {
            description: Some(description.to_owned()),
            ..Self::new(kind)
        };
        match error {
            StoreError::NotFound => Self::new("notFound"),
            StoreError::Forbidden(reason) => described("forbidden", reason),
            // RFC 8621 §6.3
            StoreError::ForbiddenFrom => described("forbiddenFrom", &error.to_string()),
            StoreError::Invalid { properties, reason } => Self {
                properties,
                ..described("invalidProperties", &reason)
            },
            StoreError::TooLarge => Self::new("tooLarge"),
            StoreError::OverQuota => Self::new("overQuota"),
            StoreError::TooOften => Self::new("rateLimit"),
            StoreError::Singleton => Self::new("singleton"),
            // RFC 8620 §3.6.2 lets the method-level types stand for one record too.
            StoreError::Unavailable(_) | StoreError::Conflict | StoreError::Stopped(_) => {
                described("serverUnavailable", &logged(&error))
            }
            _ => described("serverFail", &logged(&error)),
        }
    }
}

impl From<WriteError> for SetError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::Patch(error) => Self {
                description: Some(error.to_string()),
                ..Self::new("invalidPatch")
            },
            WriteError::Taken { property, existing } => Self {
                description: Some("another record has it already".to_owned()),
                properties: vec![property.to_owned()],
                existing_id: Some(existing.to_string()),
                ..Self::new("invalidProperties")
            },
        }
    }
}

/// As much of a client's text as an answer to it repeats.
pub fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(100))
        .unwrap_or_default()
}

/// Logs a fault with its causes and returns what the client may know of it.
pub fn logged(error: &dyn std::error::Error) -> String {
    let reference = random_reference();
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        source = cause.source();
    }
    log::error!("[{reference}] {causes}");
    format!("the server's log has more under {reference}")
}

/// Twelve hexadecimal digits, unique enough to find one line in a log.
pub fn random_reference() -> String {
    let mut octets = [0_u8; 6];
    // Without randomness the reference is merely not unique.
    let _ = getrandom::fill(&mut octets);
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
