//! `Blob/get` (RFC 9404 §4.2), streamed: memory does not grow with the blob, unless later
//! calls refer to what is in it.

use super::Server;
use super::arguments::{Arguments, distinct};
use super::blob_source::Source;
use super::dispatch::{OwnCall, account};
use super::error::{MethodError, shown};
use super::list::List;
use super::responses::{Failure, Responses};
use crate::data_types::blobs::{
    AS_BASE64, AS_TEXT, Algorithm, IS_ENCODING_PROBLEM, IS_TRUNCATED, SIZE, Wanted,
};
use crate::store::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::borrow::Cow;

pub fn run(call: OwnCall<'_>, responses: &mut Responses<'_>) -> Result<(), Failure> {
    let OwnCall {
        server,
        name,
        call_id,
        mut arguments,
        created_ids,
        ..
    } = call;
    let account = account(server, &mut arguments, "accountId", "accountNotFound")?;
    // All of them cannot be asked for: nobody knows all.
    let ids = arguments.strings("ids")?;
    let wanted = wanted(&mut arguments)?;
    let offset = arguments.optional_unsigned("offset")?.unwrap_or(0);
    let length = arguments.optional_unsigned("length")?;
    arguments.finish()?;
    if ids.len() as u64 > server.settings.limits.max_objects_in_get {
        return Err(MethodError::new("requestTooLarge").into());
    }
    let (ids, mut missing) = distinct(ids, created_ids);
    let mut list = List::new(name, call_id, account, responses);
    for id in ids {
        let written = match Source::find(server, account, id.as_str()) {
            Ok(None) => {
                missing.push(id.to_string());
                list.responses.go_on()
            }
            Ok(Some(source)) => {
                let part = Part::new(server, &source, offset, length);
                write(&mut list, id.as_str(), &part, &wanted)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            return Err(list.fail(error));
        }
    }
    list.finish(missing)
}

fn wanted(arguments: &mut Arguments) -> Result<Wanted, MethodError> {
    let Some(properties) = arguments.optional_strings("properties")? else {
        return Ok(Wanted::usual());
    };
    let mut wanted = Wanted::default();
    for property in properties {
        if !wanted.add(&property) {
            let property = shown(&property);
            let wrong = format!("a Blob has no property \"{property}\"");
            return Err(MethodError::invalid_arguments(wrong));
        }
    }
    Ok(wanted)
}

/// The selected octets of a blob.
struct Part<'a> {
    server: &'a Server<'a>,
    source: &'a Source,
    start: u64,
    end: u64,
    is_truncated: bool,
}

impl<'a> Part<'a> {
    fn new(server: &'a Server<'a>, source: &'a Source, offset: u64, length: Option<u64>) -> Self {
        let size = source.size_octets();
        let end = length.map_or(size, |length| offset.saturating_add(length));
        Self {
            server,
            source,
            start: offset.min(size),
            end: end.min(size),
            is_truncated: offset > size || end > size,
        }
    }

    fn octets(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    fn pieces(&self) -> impl Iterator<Item = Result<Cow<'a, [u8]>, StoreError>> {
        self.source.pieces(self.server, self.start, self.end)
    }
}

fn write(
    list: &mut List<'_, '_, '_>,
    id: &str,
    part: &Part<'_>,
    wanted: &Wanted,
) -> Result<(), StoreError> {
    let examined = examine(part, wanted, list.responses)?;
    let is_problem = !examined.is_text && (wanted.data || wanted.text);
    let (as_text, as_base64) = (
        wanted.data || wanted.text,
        wanted.base64 || wanted.data && is_problem,
    );
    let copies = u64::from(as_text) + 2 * u64::from(as_base64);
    // What later calls refer to has to be in one piece.
    let in_pieces = !list.keeps(part.octets().saturating_mul(copies).saturating_add(512));
    let mark = list.begin();
    let text = list.responses.text();
    text.begin_object();
    text.member("id", id);
    for (property, is_so) in [
        (IS_TRUNCATED, part.is_truncated),
        (IS_ENCODING_PROBLEM, is_problem),
    ] {
        if is_so {
            text.key(property);
            text.boolean(true);
        }
    }
    if as_text {
        text.key(AS_TEXT);
        match is_problem {
            true => text.null(),
            false => write_text(part, list.responses, in_pieces)?,
        }
    }
    if as_base64 {
        list.responses.text().key(AS_BASE64);
        write_base64(part, list.responses, in_pieces)?;
    }
    let text = list.responses.text();
    for (algorithm, digest) in &examined.digests {
        text.member(&algorithm.property(), digest);
    }
    if wanted.size {
        text.key(SIZE);
        text.unsigned(part.source.size_octets());
    }
    text.end_object();
    list.end(mark);
    list.responses.go_on()
}

/// What is known of octets only when all of them have been seen.
struct Examined {
    is_text: bool,
    /// In base64.
    digests: Vec<(Algorithm, String)>,
}

fn examine(
    part: &Part<'_>,
    wanted: &Wanted,
    responses: &mut Responses<'_>,
) -> Result<Examined, StoreError> {
    let mut is_text = true;
    let wants_text = wanted.data || wanted.text;
    let (mut sha, mut sha_256) = (Sha1::new(), Sha256::new());
    let mut split = Utf8::default();
    if wants_text || !wanted.digests.is_empty() {
        for piece in part.pieces() {
            let piece = piece?;
            is_text = is_text && (!wants_text || split.next(&piece).is_some());
            for algorithm in &wanted.digests {
                match algorithm {
                    Algorithm::Sha => sha.update(&piece),
                    Algorithm::Sha256 => sha_256.update(&piece),
                }
            }
            if !is_text && wanted.digests.is_empty() {
                break;
            }
            responses.go_on()?;
        }
    }
    let digest = |algorithm: &Algorithm| match algorithm {
        Algorithm::Sha => (*algorithm, BASE64.encode(sha.clone().finalize())),
        Algorithm::Sha256 => (*algorithm, BASE64.encode(sha_256.clone().finalize())),
    };
    Ok(Examined {
        is_text: is_text && split.is_whole(),
        digests: wanted.digests.iter().map(digest).collect(),
    })
}

/// UTF-8 that comes in pieces.
#[derive(Default)]
struct Utf8 {
    /// The beginning of a character whose end is in the next piece.
    rest: Vec<u8>,
}

impl Utf8 {
    /// The characters that this piece completes; `None` when this is no UTF-8.
    fn next<'p>(&mut self, piece: &'p [u8]) -> Option<Cow<'p, str>> {
        let octets = match self.rest.is_empty() {
            true => Cow::Borrowed(piece),
            false => {
                self.rest.extend_from_slice(piece);
                Cow::Owned(std::mem::take(&mut self.rest))
            }
        };
        let valid = match std::str::from_utf8(&octets) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_some() => return None,
            Err(error) => error.valid_up_to(),
        };
        self.rest.extend_from_slice(octets.get(valid..)?);
        match octets {
            Cow::Borrowed(octets) => std::str::from_utf8(octets.get(..valid)?)
                .ok()
                .map(Cow::Borrowed),
            Cow::Owned(mut octets) => {
                octets.truncate(valid);
                String::from_utf8(octets).ok().map(Cow::Owned)
            }
        }
    }

    /// Whether no character is incomplete.
    fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }
}

fn write_text(
    part: &Part<'_>,
    responses: &mut Responses<'_>,
    in_pieces: bool,
) -> Result<(), StoreError> {
    let mut split = Utf8::default();
    responses.text().begin_string();
    for piece in part.pieces() {
        let piece = piece?;
        let characters = split.next(&piece);
        let characters = characters.ok_or(StoreError::Stopped("the blob has changed"))?;
        responses.text().part_of_string(&characters);
        go_on(responses, in_pieces)?;
    }
    responses.text().end_string();
    Ok(())
}

fn write_base64(
    part: &Part<'_>,
    responses: &mut Responses<'_>,
    in_pieces: bool,
) -> Result<(), StoreError> {
    // Three octets are four digits; what is less waits for the next piece.
    let mut rest: Vec<u8> = Vec::new();
    let mut digits = String::new();
    responses.text().begin_string();
    for piece in part.pieces() {
        rest.extend_from_slice(&piece?);
        let (whole, fraction) = rest.split_at(rest.len() - rest.len() % 3);
        digits.clear();
        BASE64.encode_string(whole, &mut digits);
        responses.text().part_of_string(&digits);
        rest = fraction.to_vec();
        go_on(responses, in_pieces)?;
    }
    digits.clear();
    BASE64.encode_string(&rest, &mut digits);
    responses.text().part_of_string(&digits);
    responses.text().end_string();
    Ok(())
}

fn go_on(responses: &mut Responses<'_>, in_pieces: bool) -> Result<(), StoreError> {
    match in_pieces {
        true => responses.go_on(),
        false => Ok(()),
    }
}
