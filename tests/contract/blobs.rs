//! Binary data: upload, download and `Blob/copy` (RFC 8620 §6).

use crate::memory::{HOME, SHARED, WORK};
use crate::wire::{Answer, Head, Pieces, Wire};
use openxport::store::Contents;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

const PIECE_OCTETS: usize = 256 * 1024;

/// Octets that are all different from their neighbours, in more than one stored piece.
fn octets(number: usize) -> Vec<u8> {
    (0..number)
        .map(|at| (at * 31 % 251).to_le_bytes()[0])
        .collect()
}

fn upload(wire: &Wire, account: &str, body: &mut Pieces) -> Answer {
    let query = [("jmap", "upload"), ("accountId", account)];
    wire.send(&Head::upload(&query), body)
}

/// A download of `blob` with these parameters in the place of the usual ones.
fn download(wire: &Wire, blob: &str, changed: &[(&str, &str)]) -> Answer {
    ranged(wire, blob, changed, None)
}

fn ranged(wire: &Wire, blob: &str, changed: &[(&str, &str)], range: Option<&str>) -> Answer {
    let usual = [
        ("jmap", "download"),
        ("accountId", HOME),
        ("blobId", blob),
        ("name", "n"),
        ("type", "text/plain"),
    ];
    // The first parameter of a name counts.
    let query: Vec<(&str, &str)> = changed.iter().chain(&usual).copied().collect();
    let head = Head {
        range,
        ..Head::get(&query)
    };
    wire.send(&head, &mut Pieces::of(b""))
}

/// One whose record holds a picture under the blob id `p1`.
fn with_picture() -> Wire {
    let mut wire = Wire::new();
    let picture = Contents {
        media_type: Some("image/svg+xml".to_owned()),
        octets: octets(1000),
    };
    let key = (HOME.to_owned(), "p1".to_owned());
    wire.host.blobs.insert(key, picture);
    wire
}

#[test]
fn blob_upload_answers_what_has_been_stored() {
    // §6.1
    let wire = Wire::new();
    let answer = upload(&wire, HOME, &mut Pieces::of(b"hello"));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let mut answer = answer.json();
    let blob = answer["blobId"].take();
    assert!(blob.as_str().unwrap().starts_with('U'));
    assert_eq!(
        answer,
        json!({"accountId": HOME, "blobId": null, "type": "text/x-test", "size": 5})
    );
}

#[test]
fn blob_comes_back_octet_by_octet_however_it_was_sent() {
    let wire = Wire::new();
    for size in [
        0,
        1,
        PIECE_OCTETS - 1,
        PIECE_OCTETS,
        PIECE_OCTETS + 1,
        700_000,
    ] {
        let octets = octets(size);
        for pieces in [1, 7, PIECE_OCTETS + 3] {
            let piece = octets.len().div_ceil(pieces).max(1);
            let mut body = Pieces::new(octets.chunks(piece.max(1000)).map(|at| Ok(at.to_vec())));
            let blob = upload(&wire, HOME, &mut body).json()["blobId"].take();
            let answer = wire.download(HOME, blob.as_str().unwrap());
            assert_eq!(answer.status, 200);
            assert!(answer.body == octets, "{size} octets in {pieces}");
            let length = size.to_string();
            assert_eq!(answer.header("Content-Length"), Some(length.as_str()));
        }
    }
}

#[test]
fn blob_download_is_a_file_that_no_browser_opens() {
    // §6.2; what is inside may be hostile.
    let wire = with_picture();
    let uploaded = wire.upload(HOME, b"<script>");
    for blob in ["p1", &uploaded] {
        let answer = download(&wire, blob, &[("type", "text/html"), ("name", "a.html")]);
        assert_eq!(answer.status, 200);
        for (name, value) in [
            ("Content-Type", "text/html"),
            (
                "Content-Disposition",
                "attachment; filename=\"a.html\"; filename*=UTF-8''a.html",
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox; default-src 'none'"),
            ("Cache-Control", "private, immutable, max-age=31536000"),
            ("Accept-Ranges", "bytes"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{blob}");
        }
    }
}

#[test]
fn blob_download_refuses_what_would_be_another_header() {
    let wire = Wire::new();
    let blob = wire.upload(HOME, b"x");
    let long = "n".repeat(4097);
    for name in [
        "a\r\nSet-Cookie: x=1",
        "a\nb",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        &long,
    ] {
        let answer = download(&wire, &blob, &[("name", name)]);
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.header("Content-Disposition"), None);
    }
    for media_type in ["text/html\r\nSet-Cookie: x=1", "a\tb", "text/\u{fc}", &long] {
        let answer = download(&wire, &blob, &[("type", media_type)]);
        assert_eq!(answer.status, 400, "{media_type}");
        let query = [("jmap", "upload"), ("accountId", HOME)];
        let head = Head {
            content_type: Some(media_type),
            ..Head::upload(&query)
        };
        assert_eq!(wire.send(&head, &mut Pieces::of(b"x")).status, 400);
    }
}

#[test]
fn blob_download_quotes_and_encodes_the_name() {
    // RFC 6266, RFC 8187
    let wire = Wire::new();
    let blob = wire.upload(HOME, b"x");
    for (name, disposition) in [
        (
            "a\"b\\c;d.jpg",
            "attachment; filename=\"a_b_c;d.jpg\"; filename*=UTF-8''a%22b%5Cc%3Bd.jpg",
        ),
        (
            "../\u{fc} %41.txt",
            "attachment; filename=\"../_ _41.txt\"; filename*=UTF-8''..%2F%C3%BC%20%2541.txt",
        ),
        ("", "attachment; filename=\"\"; filename*=UTF-8''"),
    ] {
        let answer = download(&wire, &blob, &[("name", name)]);
        assert_eq!(answer.header("Content-Disposition"), Some(disposition));
    }
}

#[test]
fn blob_without_a_type_is_octets() {
    let wire = Wire::new();
    let blob = wire.upload(HOME, b"x");
    let answer = download(&wire, &blob, &[("type", " ")]);
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/octet-stream")
    );
    let query = [("jmap", "upload"), ("accountId", HOME)];
    let head = Head {
        content_type: None,
        ..Head::upload(&query)
    };
    let answer = wire.send(&head, &mut Pieces::of(b"x")).json();
    assert_eq!(answer["type"], "application/octet-stream");
}

#[test]
fn blob_download_sends_the_range_asked_for() {
    // RFC 9110 §14.2
    let wire = with_picture();
    let whole = octets(700_000);
    let uploaded = wire.upload(HOME, &whole);
    for (blob, range, expected) in [
        (uploaded.as_str(), "bytes=0-0", 0..1),
        (&uploaded, "bytes=262140-262150", 262_140..262_151),
        (&uploaded, "bytes=524288-", 524_288..700_000),
        (&uploaded, "bytes=-5", 699_995..700_000),
        (
            &uploaded,
            "bytes=699999-99999999999999999999",
            699_999..700_000,
        ),
        ("p1", "bytes=10-19", 10..20),
        ("p1", "bytes=-2000", 0..1000),
    ] {
        let answer = ranged(&wire, blob, &[], Some(range));
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == whole[expected.clone()], "{range}");
        let size = if blob == "p1" { 1000 } else { 700_000 };
        let said = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
        assert_eq!(answer.header("Content-Range"), Some(said.as_str()));
        let length = expected.len().to_string();
        assert_eq!(answer.header("Content-Length"), Some(length.as_str()));
    }
}

#[test]
fn blob_download_ignores_a_range_that_is_none_of_one_part() {
    let wire = with_picture();
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1,2-3",
        "lines=0-1",
    ] {
        let answer = ranged(&wire, "p1", &[], Some(range));
        assert_eq!(answer.status, 200, "{range}");
        assert_eq!(answer.header("Content-Range"), None);
        assert_eq!(answer.body.len(), 1000);
    }
    let many = format!("bytes={}", "0-,".repeat(100_000));
    assert_eq!(ranged(&wire, "p1", &[], Some(&many)).status, 200);
}

#[test]
fn blob_download_says_that_a_range_is_beyond_the_end() {
    let wire = with_picture();
    for range in ["bytes=1000-", "bytes=-0", "bytes=99999999999999999999-"] {
        let answer = ranged(&wire, "p1", &[], Some(range));
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("Content-Range"), Some("bytes */1000"));
        assert_eq!(answer.problem(), "blank");
    }
}

#[test]
fn blob_of_somebody_else_and_one_that_never_was_look_the_same() {
    // §6.1: an upload is its uploader's alone, also in an account that others share.
    let mut wire = with_picture();
    let uploaded = wire.upload(HOME, b"mine");
    let work = wire.upload(WORK, b"mine");
    let missing = wire.download(HOME, "Unone");
    assert_eq!(missing.status, 404);
    let mut others = vec![
        wire.download(HOME, &work),
        wire.download(WORK, &uploaded),
        wire.download("a9", &uploaded),
        wire.download("", &uploaded),
        wire.download(HOME, ""),
        wire.download(HOME, "../p1"),
        wire.download(HOME, "p1\u{0}"),
        wire.download(HOME, "p2"),
        wire.download(HOME, &"U".repeat(300)),
        wire.download(HOME, &uploaded.to_uppercase()),
        wire.download(WORK, "p1"),
        ranged(&wire, "Unone", &[], Some("bytes=0-1")),
        ranged(&wire, "Unone", &[], Some("bytes=99-")),
    ];
    assert_eq!(wire.download(WORK, &work).body, b"mine");
    // The same state and accounts, but the user is another.
    wire.host.accounts.rotate_left(1);
    assert_eq!(wire.host.accounts[0].id.as_str(), WORK);
    others.push(wire.download(HOME, &uploaded));
    others.push(wire.download(WORK, &work));
    for (at, other) in others.iter().enumerate() {
        assert_eq!(other.status, 404, "{at}");
        assert_eq!(other.headers, missing.headers, "{at}");
        assert_eq!(other.text(), missing.text(), "{at}");
    }
}

#[test]
fn blob_upload_to_an_account_of_nobody_is_not_found_and_not_read() {
    let wire = Wire::new();
    for account in ["a9", "", "A1"] {
        let mut unread = Pieces::new([Err(io::ErrorKind::TimedOut.into())]);
        assert_eq!(upload(&wire, account, &mut unread).status, 404);
    }
}

#[test]
fn blob_upload_above_the_limit_is_refused_whatever_it_says_of_its_length() {
    let mut wire = Wire::new();
    wire.settings.limits.max_size_upload = 300_000;
    let query = [("jmap", "upload"), ("accountId", HOME)];
    assert_eq!(wire.upload(HOME, &octets(300_000)).len(), 23);
    for (content_length, body) in [
        (None, Pieces::of(&octets(300_001))),
        (Some(10), Pieces::of(&octets(300_001))),
        (
            Some(300_001),
            Pieces::new([Err(io::ErrorKind::TimedOut.into())]),
        ),
    ] {
        let head = Head {
            content_length,
            ..Head::upload(&query)
        };
        let mut body = body;
        let answer = wire.send(&head, &mut body);
        assert_eq!(answer.status, 413, "{content_length:?}");
        assert_eq!(answer.problem(), "limit");
        assert_eq!(answer.json()["limit"], "maxSizeUpload");
    }
}

#[test]
fn blob_upload_that_breaks_off_leaves_nothing_behind() {
    let mut wire = Wire::new();
    wire.settings.limits.max_uploaded_octets = 900_000;
    let query = [("jmap", "upload"), ("accountId", HOME)];
    let broken = || {
        Pieces::new([
            Ok(octets(600_000)),
            Err(io::ErrorKind::ConnectionReset.into()),
        ])
    };
    for _ in 0..3 {
        assert_eq!(upload(&wire, HOME, &mut broken()).status, 400);
        // It ends early, but looks like an end.
        let head = Head {
            content_length: Some(600_001),
            ..Head::upload(&query)
        };
        let answer = wire.send(&head, &mut Pieces::of(&octets(600_000)));
        assert_eq!(answer.status, 400);
    }
    wire.upload(HOME, &octets(600_000));
}

#[test]
fn blob_upload_over_the_quota_is_refused_and_evicts_nothing_young() {
    let mut wire = Wire::new();
    wire.settings.limits.max_uploaded_octets = 1_000_000;
    let first = wire.upload(HOME, &octets(600_000));
    let answer = upload(&wire, HOME, &mut Pieces::of(&octets(600_000)));
    assert_eq!(answer.status, 507);
    assert_eq!(answer.problem(), "blank");
    assert_eq!(wire.download(HOME, &first).status, 200);
    wire.upload(WORK, &octets(600_000));
}

#[test]
fn blob_upload_ends_with_the_time_of_the_request() {
    let mut wire = Wire::new();
    wire.settings.limits.request_time = Duration::ZERO;
    let answer = upload(&wire, HOME, &mut Pieces::of(b"x"));
    assert_eq!(answer.status, 408);
}

#[test]
fn blob_download_ends_when_the_client_has_gone() {
    let wire = with_picture();
    let uploaded = wire.upload(HOME, &octets(2_000_000));
    let query = [
        ("jmap", "download"),
        ("accountId", HOME),
        ("blobId", &uploaded),
    ];
    let mut answer = Answer {
        gone_after: Some(1),
        ..Answer::default()
    };
    wire.send_to(&Head::get(&query), &mut Pieces::of(b""), &mut answer);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.writes, 2, "one that succeeds and one that fails");
}

#[test]
fn blob_download_ends_with_the_time_of_the_request() {
    let mut wire = Wire::new();
    let uploaded = wire.upload(HOME, &octets(1_000));
    wire.settings.limits.request_time = Duration::ZERO;
    let answer = wire.download(HOME, &uploaded);
    // The client sees that octets are missing.
    assert_eq!(answer.header("Content-Length"), Some("1000"));
    assert!(answer.body.is_empty());
}

#[test]
fn blob_copy_ends_with_the_time_of_the_request() {
    let mut wire = with_picture();
    wire.settings.limits.request_time = Duration::from_secs(1);
    wire.host.blob_time = Duration::from_secs(1);
    let copied = wire.ok(
        "Blob/copy",
        json!({"fromAccountId": HOME, "accountId": WORK, "blobIds": ["p1", "p2", "p3"]}),
    );
    let copies: Vec<&String> = copied["copied"].as_object().unwrap().keys().collect();
    assert_eq!(copies, ["p1"]);
    for id in ["p2", "p3"] {
        assert_eq!(copied["notCopied"][id]["type"], "serverFail");
    }
}

#[test]
fn blob_copy_gives_the_other_account_the_same_octets() {
    // §6.3
    let wire = with_picture();
    let uploaded = wire.upload(HOME, b"mine");
    let copied = wire.ok(
        "Blob/copy",
        json!({
            "fromAccountId": HOME,
            "accountId": WORK,
            "blobIds": [uploaded, "p1", uploaded, "Unone", "../x"],
        }),
    );
    assert_eq!(copied["fromAccountId"], HOME);
    assert_eq!(copied["accountId"], WORK);
    assert_eq!(
        copied["notCopied"],
        json!({"Unone": {"type": "notFound"}, "../x": {"type": "notFound"}})
    );
    let copies = copied["copied"].as_object().unwrap();
    assert_eq!(copies.len(), 2);
    let of = |blob: &str| copies[blob].as_str().unwrap();
    assert_eq!(wire.download(WORK, of(&uploaded)).body, b"mine");
    assert_eq!(wire.download(WORK, of("p1")).body, octets(1000));
    assert_eq!(wire.download(HOME, of("p1")).status, 404);
}

#[test]
fn blob_copy_answers_null_where_nothing_is_to_say() {
    let wire = with_picture();
    let copy = |ids: Value| {
        wire.ok(
            "Blob/copy",
            json!({"fromAccountId": HOME, "accountId": WORK, "blobIds": ids}),
        )
    };
    assert_eq!(copy(json!(["none"]))["copied"], Value::Null);
    assert_eq!(copy(json!(["p1"]))["notCopied"], Value::Null);
}

#[test]
fn blob_copy_refuses_what_it_cannot_do() {
    let mut wire = with_picture();
    wire.settings.limits.max_objects_in_set = 2;
    for (arguments, expected) in [
        (
            json!({"fromAccountId": "a9", "blobIds": ["p1"]}),
            "fromAccountNotFound",
        ),
        (
            json!({"fromAccountId": HOME, "accountId": "a9", "blobIds": ["p1"]}),
            "accountNotFound",
        ),
        (json!({"blobIds": ["p1"]}), "invalidArguments"),
        (json!({"fromAccountId": WORK}), "invalidArguments"),
        (
            json!({"fromAccountId": WORK, "blobIds": [1]}),
            "invalidArguments",
        ),
        (
            json!({"fromAccountId": WORK, "blobIds": [], "x": 1}),
            "invalidArguments",
        ),
        (
            json!({"fromAccountId": HOME, "blobIds": ["p1"]}),
            "invalidArguments",
        ),
        (
            json!({"fromAccountId": WORK, "blobIds": ["a", "b", "c"]}),
            "requestTooLarge",
        ),
    ] {
        assert_eq!(
            wire.error("Blob/copy", arguments.clone()),
            expected,
            "{arguments}"
        );
    }
}

#[test]
fn blob_copy_over_the_quota_fails_for_that_blob() {
    let mut wire = with_picture();
    wire.settings.limits.max_uploaded_octets = 1_500;
    let copied = wire.ok(
        "Blob/copy",
        json!({"fromAccountId": HOME, "accountId": SHARED, "blobIds": ["p1"]}),
    );
    assert_eq!(copied["notCopied"], json!({"p1": {"type": "overQuota"}}));
}
