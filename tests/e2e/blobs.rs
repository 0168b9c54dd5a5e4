//! Upload and download over the wire (RFC 8620 §6).

use crate::http::{Answer, Client};

const USER: &str = "demo@example.org";
const OCTETS: &[u8] = b"0123456789\x00\xFF";

/// Uploads a blob and gives back its id.
pub fn upload(client: &Client, media_type: &str, octets: &[u8]) -> String {
    let url = client.session()["uploadUrl"].as_str().expect("a URL");
    let url = url.replace("{accountId}", &client.account_id());
    let answer = client.post(&url, media_type, octets);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let blob = answer.json();
    assert_eq!(blob["accountId"], client.account_id(), "{blob}");
    assert_eq!(blob["type"], media_type, "{blob}");
    assert_eq!(blob["size"], octets.len(), "{blob}");
    blob["blobId"].as_str().expect("an id").to_owned()
}

/// The URL of a blob; name and type stand in it as they are given.
fn url(client: &Client, account: &str, blob: &str, name: &str, media_type: &str) -> String {
    let url = client.session()["downloadUrl"].as_str().expect("a URL");
    url.replace("{accountId}", account)
        .replace("{blobId}", blob)
        .replace("{name}", name)
        .replace("{type}", media_type)
}

pub fn download(client: &Client, blob: &str) -> Answer {
    client.get(&url(
        client,
        &client.account_id(),
        blob,
        "a.bin",
        "application/x-test",
    ))
}

#[test]
fn blob_download_is_a_file_that_a_browser_does_not_open() {
    let client = Client::of(USER);
    let blob = upload(&client, "application/x-test", OCTETS);
    let url = url(
        &client,
        &client.account_id(),
        &blob,
        "%22a%22%3B%C3%B6.html",
        "text/html",
    );
    let answer = client.get(&url);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.body, OCTETS);
    assert_eq!(answer.header("Content-Type"), Some("text/html"));
    let disposition = answer.header("Content-Disposition").expect("a disposition");
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''%22a%22%3B%C3%B6.html"),
        "{disposition}"
    );
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    let policy = answer.header("Content-Security-Policy").unwrap_or_default();
    assert!(policy.contains("sandbox"), "{policy}");
    let cache_control = answer.header("Cache-Control").unwrap_or_default();
    assert!(cache_control.contains("private"), "{cache_control}");
}

#[test]
fn blob_download_refuses_a_name_or_type_that_would_add_a_header() {
    let client = Client::of(USER);
    let blob = upload(&client, "application/x-test", OCTETS);
    let account = client.account_id();
    for (name, media_type) in [
        ("a%0D%0ASet-Cookie:x=1", "a/b"),
        ("a", "a/b%0D%0ASet-Cookie:x=1"),
    ] {
        let answer = client.get(&url(&client, &account, &blob, name, media_type));
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.header("Set-Cookie"), None);
    }
}

#[test]
fn blob_download_sends_the_range_asked_for() {
    let blob = upload(&Client::of(USER), "application/x-test", OCTETS);
    for (range, expected) in [("bytes=2-4", &OCTETS[2..5]), ("bytes=-2", &OCTETS[10..])] {
        let answer = download(&Client::of(USER).with_header("Range", range), &blob);
        assert_eq!(answer.status, 206, "{range}: {}", answer.text());
        assert_eq!(answer.body, expected, "{range}");
    }
    let answer = download(&Client::of(USER).with_header("Range", "bytes=99-"), &blob);
    assert_eq!(answer.status, 416, "{}", answer.text());
    let ranges = (0..5_000)
        .map(|at| format!("{at}-{at}"))
        .collect::<Vec<_>>()
        .join(",");
    let many = Client::of(USER).with_header("Range", &format!("bytes={}", &ranges[..4_000]));
    assert_eq!(download(&many, &blob).body, OCTETS);
}

#[test]
fn blob_of_somebody_else_and_one_that_never_was_look_the_same() {
    let owner = Client::of(USER);
    let blob = upload(&owner, "application/x-test", OCTETS);
    let other = Client::of("bob@example.org");
    let of_owner = url(&other, &owner.account_id(), &blob, "a.bin", "a/b");
    let taken = url(&other, &other.account_id(), &blob, "a.bin", "a/b");
    let never = url(
        &other,
        &other.account_id(),
        "Gffffffffffffffff",
        "a.bin",
        "a/b",
    );
    let odd = url(
        &other,
        &other.account_id(),
        "..%2F..%2Fetc%2Fpasswd",
        "a.bin",
        "a/b",
    );
    let answers = [of_owner, taken, never, odd].map(|url| other.get(&url));
    for answer in &answers {
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert_eq!(answer.body, answers[0].body, "{}", answer.text());
    }
}

#[test]
fn blob_upload_into_another_account_is_refused() {
    let client = Client::of(USER);
    let url = client.session()["uploadUrl"].as_str().expect("a URL");
    let url = url.replace("{accountId}", &Client::of("bob@example.org").account_id());
    let answer = client.post(&url, "a/b", OCTETS);
    assert_eq!(answer.status, 404, "{}", answer.text());
}
