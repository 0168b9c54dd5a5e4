//! Resources: URL, PHOTO, KEY and the like (RFC 9555 §2.4.3, §2.5.7, §2.9.1, §2.9.2, §2.10.4,
//! §2.11.7, §2.11.9, §2.12, §2.13). Embedded media become blobs (RFC 9610 §3).

use super::contact_points::is_uri;
use super::emit::Emitter;
use super::entry;
use super::keys::Keys;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Rule, Target};
use super::value;
use super::{Card, Contents};
use crate::convert::charset;
use crate::convert::content_line::Line;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use xxhash_rust::xxh3::Xxh3;

/// What the value of a resource is.
#[derive(Debug, PartialEq, Eq)]
pub enum Source<'c> {
    /// Its octets in base64, blanks and all.
    Base64(&'c [u8]),
    /// A `data:` URI: its media type and parameters, and what follows the comma.
    Data { head: &'c [u8], data: &'c [u8] },
    /// Any other URI.
    Uri,
    /// Nothing that JSContact has a place for.
    Other,
}

/// Of a value without a scheme, base64 is believed at this length only.
const LEAST_BASE64: usize = 32;

pub fn source<'c>(line: Line<'c>) -> Source<'c> {
    let value = line.value();
    let start = value.get(..64).unwrap_or(value);
    let has_scheme = std::str::from_utf8(start).is_ok_and(is_uri);
    let is_data = start
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"data:"));
    if is_data {
        let rest = value.get(5..).unwrap_or_default();
        // vCard 3.0 escapes the comma of a data URI, and some write so in 4.0.
        return match memchr::memchr(b',', rest) {
            Some(comma) => {
                let head = rest.get(..comma).unwrap_or_default();
                Source::Data {
                    head: head.strip_suffix(b"\\").unwrap_or(head),
                    data: rest.get(comma + 1..).unwrap_or_default(),
                }
            }
            None => Source::Other,
        };
    }
    if has_scheme {
        return Source::Uri;
    }
    let bare = !line.has_params() || params::find(line, ParamName::Value).is_none();
    if value::is_base64(line) || (bare && value.len() >= LEAST_BASE64 && is_base64_text(start)) {
        return Source::Base64(value);
    }
    match params::value_is(line, "uri") || params::value_is(line, "url") {
        true => Source::Uri,
        false => Source::Other,
    }
}

fn is_base64_text(octets: &[u8]) -> bool {
    octets
        .iter()
        .all(|octet| octet.is_ascii_alphanumeric() || b"+/= \t".contains(octet))
}

impl<'c> Emitter<'c, '_> {
    /// A resource with a URI.
    pub fn resource(&mut self, line: Line<'c>, rule: &'static Rule) -> ParamSet {
        if !rule.implies.is_empty() {
            self.out.member("kind", rule.implies);
        }
        match (rule.target, source(line)) {
            // The octets of a key go into a URI, because only media can be blobs.
            (Target::CryptoKey, Source::Base64(base64)) => {
                let media_type = named_type(line, rule);
                let media_type = media_type.unwrap_or("application/octet-stream".into());
                let base64: String = charset::repair(base64)
                    .chars()
                    .filter(|character| !character.is_ascii_whitespace())
                    .collect();
                self.out
                    .member("uri", &format!("data:{media_type};base64,{base64}"));
                ParamSet::EMPTY
            }
            _ => {
                self.out.member("uri", &value::text(line));
                ParamSet::EMPTY
            }
        }
    }

    pub fn media(&mut self, line: Line<'c>, rule: &'static Rule, key: &str) -> ParamSet {
        let source = source(line);
        if matches!(source, Source::Uri | Source::Other) {
            let mut expressed = self.resource(line, rule);
            if !line.has_params() {
                return expressed;
            }
            if let Some(media_type) = named_type(line, rule) {
                self.out.member("mediaType", &media_type);
                expressed.add(ParamName::MediaType);
                expressed.add_if(says_media_type(line, rule), ParamName::Type);
            }
            return expressed;
        }
        self.out.member("kind", rule.implies);
        let blob_id = (self.host.blob_id)(key, digest(&source));
        self.out.member("blobId", &blob_id);
        self.out
            .member("mediaType", &media_type(line, rule, &source));
        let mut expressed = ParamSet::of(&[ParamName::MediaType]);
        expressed.add_if(says_media_type(line, rule), ParamName::Type);
        expressed
    }
}

/// The media type of an embedded resource: as its parameters name it, as its URI does, or
/// as its first octets show.
fn media_type(line: Line<'_>, rule: &Rule, source: &Source<'_>) -> String {
    let in_uri = match source {
        Source::Data { head, .. } => {
            let end = memchr::memchr(b';', head).unwrap_or(head.len());
            let media_type = charset::repair(head.get(..end).unwrap_or_default());
            media_type.contains('/').then(|| media_type.into_owned())
        }
        _ => None,
    };
    if let Some(known) = named_type(line, rule).or(in_uri) {
        return known;
    }
    // The signatures are within the first octets, which these digits are enough for.
    let digits: Vec<u8> = match source {
        Source::Base64(data) | Source::Data { data, .. } => data
            .iter()
            .filter(|octet| !octet.is_ascii_whitespace())
            .take(24)
            .copied()
            .collect(),
        _ => Vec::new(),
    };
    let octets = BASE64.decode(&digits).unwrap_or_default();
    sniffed(&octets)
        .unwrap_or("application/octet-stream")
        .to_owned()
}

/// The media type that the first octets of an image or a sound show.
fn sniffed(octets: &[u8]) -> Option<&'static str> {
    match octets {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some("audio/wav"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some("image/tiff"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i', ..] => Some("image/heic"),
        [b'<', b's', b'v', b'g', ..] => Some("image/svg+xml"),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        _ => None,
    }
}

/// The media type that MEDIATYPE or TYPE name; elder cards have just the format there.
fn named_type(line: Line<'_>, rule: &Rule) -> Option<String> {
    if !line.has_params() {
        return None;
    }
    match params::find_text(line, ParamName::MediaType) {
        Some(media_type) => Some(media_type.into_owned()),
        None => type_of_format(line, rule),
    }
}

/// The media type that TYPE names.
fn type_of_format(line: Line<'_>, rule: &Rule) -> Option<String> {
    let format = charset::repair(format(line)?).to_ascii_lowercase();
    if format.contains('/') {
        return Some(format);
    }
    let tree = match (rule.target, rule.implies) {
        (Target::CryptoKey, _) => "application",
        (_, "sound") => "audio",
        _ => "image",
    };
    Some(match format.as_str() {
        "jpg" => "image/jpeg".to_owned(),
        "svg" => "image/svg+xml".to_owned(),
        "wave" => "audio/wav".to_owned(),
        "pgp" => "application/pgp-keys".to_owned(),
        "x509" => "application/pkix-cert".to_owned(),
        format if is_token(format) => format!("{tree}/{format}"),
        _ => return None,
    })
}

/// Whether a word may be part of a media type (RFC 6838 §4.2).
fn is_token(word: &str) -> bool {
    word.bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet))
}

/// The TYPE value that names the format.
fn format(line: Line<'_>) -> Option<&[u8]> {
    entry::types(line).find(|value| !is_common(value))
}

/// Whether TYPE says nothing but the media type, and nothing else says that.
fn says_media_type(line: Line<'_>, rule: &Rule) -> bool {
    params::find(line, ParamName::MediaType).is_none()
        && entry::types(line).count() == 1
        && type_of_format(line, rule).is_some()
}

fn is_common(value: &[u8]) -> bool {
    [&b"home"[..], b"work", b"pref", b"internet"]
        .iter()
        .any(|common| value.eq_ignore_ascii_case(common))
}

/// Whatever padding and last bits a writer left.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64 up to where it ends to be such.
pub fn undo_base64(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace() && *octet != b'\\')
        .collect();
    let valid = digits
        .iter()
        .position(|octet| !(octet.is_ascii_alphanumeric() || b"+/".contains(octet)))
        .unwrap_or(digits.len());
    // A single digit at the end is less than an octet.
    let valid = if valid % 4 == 1 { valid - 1 } else { valid };
    BASE64
        .decode(digits.get(..valid).unwrap_or_default())
        .unwrap_or_default()
}

/// The octets of a `data:` URI (RFC 2397).
pub fn contents_of_data(uri: &str) -> Option<Contents> {
    let (head, data) = uri.get(5..)?.split_once(',')?;
    let octets = match is_base64_head(head.as_bytes()) {
        true => undo_base64(data.as_bytes()),
        false => charset::undo_percents(data.as_bytes()),
    };
    let media_type = head.split(';').next().filter(|known| is_media_type(known));
    Some(Contents {
        media_type: media_type.map(str::to_owned),
        octets,
    })
}

/// Whether a text is a media type without parameters (RFC 6838 §4.2).
pub fn is_media_type(text: &str) -> bool {
    let parts = text.split_once('/');
    parts.is_some_and(|(tree, format)| {
        [tree, format]
            .iter()
            .all(|part| !part.is_empty() && is_token(part))
    })
}

/// The media type that octets show.
pub fn type_of_octets(octets: &[u8]) -> String {
    sniffed(octets)
        .unwrap_or("application/octet-stream")
        .to_owned()
}

impl Card<'_> {
    /// The keys in `media` of what is embedded, with the indexes of their lines.
    pub(super) fn embedded_keys(&self) -> Vec<(String, usize)> {
        let is_embedded = |index: usize| {
            let source = self.lines.line(index).map(source);
            matches!(source, Some(Source::Base64(_) | Source::Data { .. }))
        };
        let keys = Keys::of_lines(self.converting(Target::Media.bit()));
        let embedded = keys.iter().filter(|(index, _)| is_embedded(*index));
        embedded
            .map(|(index, key)| (key.to_owned(), index))
            .collect()
    }

    pub(super) fn embedded(&self, wanted: &str) -> Option<Contents> {
        let keys = Keys::of_lines(self.converting(Target::Media.bit()));
        let (index, _) = keys.iter().find(|(_, key)| *key == wanted)?;
        self.embedded_at(index)
    }

    pub(super) fn embedded_at(&self, index: usize) -> Option<Contents> {
        let (line, property) = self.property(index)?;
        let source = source(line);
        let octets = match &source {
            Source::Base64(data) => undo_base64(data),
            Source::Data { head, data } => match is_base64_head(head) {
                true => undo_base64(data),
                false => charset::undo_percents(data),
            },
            Source::Uri | Source::Other => return None,
        };
        Some(Contents {
            media_type: Some(media_type(line, property.rule, &source)),
            octets,
        })
    }

    pub(super) fn embedded_digest(&self, index: usize) -> u64 {
        let line = self.lines.line(index);
        line.map_or(0, |line| digest(&source(line)))
    }
}

/// Of embedded octets: that of their base64, so that large ones need not be decoded.
fn digest(source: &Source<'_>) -> u64 {
    match source {
        Source::Data { head, data } if !is_base64_head(head) => {
            digest_of(&charset::undo_percents(data))
        }
        Source::Base64(data) | Source::Data { data, .. } => {
            let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/".contains(octet);
            let mut digest = Xxh3::new();
            data.split(|octet| !is_digit(octet))
                .for_each(|digits| digest.update(digits));
            digest.digest()
        }
        Source::Uri | Source::Other => 0,
    }
}

/// The same, of what is to be embedded.
pub fn digest_of(octets: &[u8]) -> u64 {
    let mut digest = Xxh3::new();
    // Each piece but the last ends with a whole digit.
    for piece in octets.chunks(3 * 1024) {
        digest.update(STANDARD_NO_PAD.encode(piece).as_bytes());
    }
    digest.digest()
}

fn is_base64_head(head: &[u8]) -> bool {
    const MARK: &[u8] = b";base64";
    let start = head.len().saturating_sub(MARK.len());
    head.get(start..)
        .is_some_and(|end| end.eq_ignore_ascii_case(MARK))
}

/// Text that is written in base64, as vCard 2.1 allows for any property.
pub fn text_in_base64(octets: &[u8], label: &[u8]) -> Option<String> {
    let decoded = undo_base64(octets);
    let is_whole = decoded.len() >= octets.len() / 2;
    let text = match label {
        [] => Cow::Borrowed(std::str::from_utf8(&decoded).ok()?),
        label => charset::decode(&decoded, label, true),
    };
    (is_whole && !text.is_empty()).then(|| text.into_owned())
}
