//! Identity: the sender addresses of Roundcube's settings.

use crate::fixture::Roundcube;
use serde_json::json;

pub fn with_identities() -> Roundcube {
    let roundcube = Roundcube::new();
    roundcube.sql(
        "INSERT INTO identities
         (identity_id, user_id, changed, del, name, email, \"reply-to\", bcc, signature, html_signature)
         VALUES
         (3, 1, '2024-03-01 10:00:00', 0, 'Alice', 'alice@example.org',
          'Desk <desk@example.org>, team@example.org', 'archive@example.org',
          'Kind regards', 0),
         (4, 1, '2024-03-01 10:00:00', 0, 'Sales', 'sales@example.org', '', '',
          '<b>Sales</b>', 1),
         (5, 1, '2024-03-01 10:00:00', 1, 'Gone', 'gone@example.org', '', '', '', 0),
         (6, 2, '2024-03-01 10:00:00', 0, 'Bob', 'bob@example.org', '', '', '', 0)",
    );
    roundcube
}

// RFC 8621 §6
#[test]
fn identity_get_returns_what_roundcube_shows() {
    assert_eq!(
        with_identities().all("Identity"),
        [
            json!({
                "id": "i3",
                "name": "Alice",
                "email": "alice@example.org",
                "replyTo": [
                    {"name": "Desk", "email": "desk@example.org"},
                    {"name": null, "email": "team@example.org"},
                ],
                "bcc": [{"name": null, "email": "archive@example.org"}],
                "textSignature": "Kind regards",
                "htmlSignature": "",
                "mayDelete": true,
            }),
            json!({
                "id": "i4",
                "name": "Sales",
                "email": "sales@example.org",
                "replyTo": null,
                "bcc": null,
                "textSignature": "text of <b>Sales</b>",
                "htmlSignature": "<b>Sales</b>",
                "mayDelete": true,
            }),
        ]
    );
}

#[test]
fn identity_get_passes_over_the_ids_of_others() {
    let roundcube = with_identities();
    let found = roundcube.select("Identity", &["i5", "i6", "i99", "c3", "i3"], &["name"]);
    assert_eq!(found, [json!({"id": "i3", "name": "Alice"})]);
}

#[test]
fn identity_fingerprint_changes_with_any_property() {
    let roundcube = with_identities();
    let mut seen = vec![roundcube.fingerprint("Identity")];
    assert_eq!(seen[0].count, 2);
    for change in [
        "name = 'A'",
        "email = 'a@example.org'",
        "\"reply-to\" = ''",
        "bcc = ''",
        "signature = 'Best'",
        "html_signature = 1",
        "del = 1",
    ] {
        roundcube.sql(&format!(
            "UPDATE identities SET {change} WHERE identity_id = 3"
        ));
        let now = roundcube.fingerprint("Identity");
        assert!(!seen.contains(&now), "{change}");
        seen.push(now);
    }
}

#[test]
fn identity_versions_change_for_the_changed_one_alone() {
    let roundcube = with_identities();
    let before = roundcube.versions("Identity");
    roundcube.sql("UPDATE identities SET signature = 'Best' WHERE identity_id = 4");
    let after = roundcube.versions("Identity");
    assert_eq!(before["i3"], after["i3"]);
    assert_ne!(before["i4"], after["i4"]);
    assert_eq!(after.len(), 2);
}

// RFC 8621 §6: mayDelete
#[test]
fn identity_get_says_that_the_last_one_may_not_be_deleted() {
    let roundcube = with_identities();
    let before = roundcube.versions("Identity");
    roundcube.sql("UPDATE identities SET del = 1 WHERE identity_id = 3");
    let last = &roundcube.select("Identity", &["i4"], &["mayDelete"])[0];
    assert_eq!(last["mayDelete"], false);
    assert_ne!(before["i4"], roundcube.versions("Identity")["i4"]);
}

// RFC 8621 §7: whoever advertises identities must answer for submissions.
#[test]
fn email_submission_get_is_empty() {
    let roundcube = Roundcube::new();
    assert!(roundcube.all("EmailSubmission").is_empty());
    assert_eq!(roundcube.fingerprint("EmailSubmission").count, 0);
}
