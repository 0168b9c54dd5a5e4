//! Blobs within method calls (RFC 9404): what can be asked of one, and what an account says
//! of that. A blob is octets and no record: it has no state and no properties to set.

use crate::store::Object;
use serde_json::json;

pub const BLOB_CAPABILITY: &str = "urn:ietf:params:jmap:blob";

/// How many DataSourceObjects a blob is made of at most; 64 is the least that a server may
/// say (RFC 9404 §3.1).
pub const MAX_DATA_SOURCES: usize = 100;

/// What an account tells of itself under the capability (RFC 9404 §3.1).
///
/// `types` are the names of the account's data types that refer to blobs.
pub fn account_capability(max_size_octets: u64, types: &[&str]) -> Object {
    Object::from_iter([
        ("maxSizeBlobSet".to_owned(), max_size_octets.into()),
        ("maxDataSources".to_owned(), MAX_DATA_SOURCES.into()),
        ("supportedTypeNames".to_owned(), json!(types)),
        (
            "supportedDigestAlgorithms".to_owned(),
            json!(DIGESTS.map(|(algorithm, _)| algorithm)),
        ),
    ])
}

/// A digest algorithm of RFC 3230's registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    Sha256,
    Sha,
}

/// The algorithms with their names in lower case; the first is to be preferred.
const DIGESTS: [(&str, Algorithm); 2] = [("sha-256", Algorithm::Sha256), ("sha", Algorithm::Sha)];

const DIGEST: &str = "digest:";

impl Algorithm {
    /// The property that holds the digest.
    pub fn property(self) -> String {
        let name = DIGESTS.iter().find(|(_, algorithm)| *algorithm == self);
        format!("{DIGEST}{}", name.map_or("", |(name, _)| name))
    }
}

/// The properties of a Blob as they are answered (RFC 9404 §4.2).
pub const SIZE: &str = "size";
pub const AS_TEXT: &str = "data:asText";
pub const AS_BASE64: &str = "data:asBase64";
pub const IS_ENCODING_PROBLEM: &str = "isEncodingProblem";
pub const IS_TRUNCATED: &str = "isTruncated";

/// Which properties of blobs `Blob/get` is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub size: bool,
    pub text: bool,
    pub base64: bool,
    /// As text where it is such, else in base64.
    pub data: bool,
    pub digests: Vec<Algorithm>,
}

impl Wanted {
    /// What a client gets that names no properties.
    pub fn usual() -> Self {
        Self {
            size: true,
            data: true,
            ..Self::default()
        }
    }

    /// `false` when a Blob has no such property.
    pub fn add(&mut self, property: &str) -> bool {
        match property {
            "id" => {}
            SIZE => self.size = true,
            "data" => self.data = true,
            AS_TEXT => self.text = true,
            AS_BASE64 => self.base64 = true,
            _ => {
                let name = property.strip_prefix(DIGEST).unwrap_or_default();
                let Some((_, algorithm)) = DIGESTS.iter().find(|(known, _)| *known == name) else {
                    return false;
                };
                if !self.digests.contains(algorithm) {
                    self.digests.push(*algorithm);
                }
            }
        }
        true
    }
}

/// One of the octet sources that a blob is made of (RFC 9404 §4.1).
#[derive(Debug, PartialEq, Eq)]
pub enum DataSource {
    Text(String),
    Base64(String),
    /// A part of another blob.
    Part {
        /// Perhaps a creation id with its `#`.
        blob_id: String,
        offset: u64,
        /// `None` for all that follows.
        length: Option<u64>,
    },
}

impl DataSource {
    /// Reads a DataSourceObject; the error says what is wrong with it.
    pub fn read(mut object: Object) -> Result<Self, &'static str> {
        object.retain(|_, value| !value.is_null());
        let mut take = |name: &str| object.remove(name);
        let (text, base64) = (take(AS_TEXT), take(AS_BASE64));
        let (blob_id, offset, length) = (take("blobId"), take("offset"), take("length"));
        if !object.is_empty() {
            return Err("it has an unknown member");
        }
        let string = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Ok(text),
            _ => Err("its data is no String"),
        };
        let number = |value: Option<serde_json::Value>| match value {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or("its range is no UnsignedInt"),
        };
        match (text, base64, blob_id) {
            (Some(text), None, None) if offset.is_none() && length.is_none() => {
                string(text).map(Self::Text)
            }
            (None, Some(base64), None) if offset.is_none() && length.is_none() => {
                string(base64).map(Self::Base64)
            }
            (None, None, Some(blob_id)) => Ok(Self::Part {
                blob_id: string(blob_id)?,
                offset: number(offset)?.unwrap_or(0),
                length: number(length)?,
            }),
            _ => Err("it is not exactly one of text, base64 and part of a blob"),
        }
    }

    /// The creation id that it refers to, without the `#`.
    pub fn creation_id(&self) -> Option<&str> {
        match self {
            Self::Part { blob_id, .. } => blob_id.strip_prefix('#'),
            _ => None,
        }
    }
}

/// What a client wants to be stored as a blob: an UploadObject (RFC 9404 §4.1).
#[derive(Debug, PartialEq, Eq)]
pub struct NewBlob {
    pub sources: Vec<DataSource>,
    /// The media type, as the client calls it.
    pub media_type: Option<String>,
}

impl NewBlob {
    /// # Errors
    /// Which property is wrong, and what is wrong with it.
    pub fn read(mut object: Object) -> Result<Self, (&'static str, String)> {
        use serde_json::Value;
        let media_type = match object.remove("type") {
            None | Some(Value::Null) => None,
            Some(Value::String(media_type)) => Some(media_type),
            Some(_) => return Err(("type", "it is no String".to_owned())),
        };
        let Some(Value::Array(sources)) = object.remove("data") else {
            return Err(("data", "it is no list of sources".to_owned()));
        };
        if !object.is_empty() {
            return Err(("data", "there is something beside data and type".to_owned()));
        }
        if sources.len() > MAX_DATA_SOURCES {
            return Err((
                "data",
                "there are more sources than maxDataSources".to_owned(),
            ));
        }
        let read = |(at, source): (usize, Value)| match source {
            Value::Object(source) => DataSource::read(source).map_err(|wrong| (at, wrong)),
            _ => Err((at, "it is no object")),
        };
        let sources: Result<_, _> = sources.into_iter().enumerate().map(read).collect();
        Ok(Self {
            sources: sources.map_err(|(at, wrong)| ("data", format!("source {at}: {wrong}")))?,
            media_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: serde_json::Value) -> Result<DataSource, &'static str> {
        let serde_json::Value::Object(source) = source else {
            panic!("a source is an object");
        };
        DataSource::read(source)
    }

    #[test]
    fn data_source_is_exactly_one_of_three() {
        // RFC 9404 §4.1
        let part = |offset, length| DataSource::Part {
            blob_id: "b".to_owned(),
            offset,
            length,
        };
        for (source, expected) in [
            (
                json!({"data:asText": "a"}),
                DataSource::Text("a".to_owned()),
            ),
            (
                json!({"data:asBase64": "YQ==", "data:asText": null}),
                DataSource::Base64("YQ==".to_owned()),
            ),
            (json!({"blobId": "b"}), part(0, None)),
            (
                json!({"blobId": "b", "offset": 3, "length": null}),
                part(3, None),
            ),
            (json!({"blobId": "b", "length": 0}), part(0, Some(0))),
        ] {
            assert_eq!(read(source.clone()), Ok(expected), "{source}");
        }
        for source in [
            json!({}),
            json!({"data:asText": null}),
            json!({"data:asText": 1}),
            json!({"data:asText": "a", "data:asBase64": "YQ=="}),
            json!({"data:asText": "a", "blobId": "b"}),
            json!({"data:asText": "a", "offset": 0}),
            json!({"data:asBase64": "YQ==", "length": 1}),
            json!({"offset": 0}),
            json!({"blobId": 1}),
            json!({"blobId": "b", "offset": -1}),
            json!({"blobId": "b", "length": 1.5}),
            json!({"blobId": "b", "url": "http://127.0.0.1/"}),
        ] {
            assert!(read(source.clone()).is_err(), "{source}");
        }
    }
}
