//! Identity/set over MariaDB, whose comparisons and transactions differ from SQLite's.

use crate::fixture::Roundcube;
use crate::wire::Wire;
use crate::{by_id, filled};
use serde_json::{Value, json};

fn set(roundcube: &Roundcube, data_type: &str, arguments: Value) -> Value {
    Wire::over(roundcube.open()).ok(&format!("{data_type}/set"), arguments)
}

fn identity(roundcube: &Roundcube, id: &str) -> Value {
    by_id(&roundcube.read("Identity", None), id).clone()
}

#[test]
fn identity_set_creates_changes_and_destroys() {
    let roundcube = filled();
    let create = json!({"create": {"k": {"name": "Zoë 🎈", "email": "zoe@example.org",
        "htmlSignature": "<b>Z</b>", "textSignature": "-- Z 🎈"}}});
    let response = set(&roundcube, "Identity", create);
    assert_eq!(response["created"]["k"]["id"], "i2", "{response:#}");
    assert_eq!(identity(&roundcube, "i2")["textSignature"], "-- Z 🎈");
    // Letters of another case are another text, whatever the collation says.
    let patch = json!({"update": {"i2": {"name": "ZOË 🎈", "textSignature": "-- z 🎈"}}});
    let response = set(&roundcube, "Identity", patch);
    assert_eq!(response["updated"], json!({"i2": null}), "{response:#}");
    let stored = identity(&roundcube, "i2");
    assert_eq!(
        (&stored["name"], &stored["textSignature"]),
        (&json!("ZOË 🎈"), &json!("-- z 🎈"))
    );
    let response = set(&roundcube, "Identity", json!({"destroy": ["i1", "i2"]}));
    assert_eq!(response["destroyed"], json!(["i1"]), "{response:#}");
    assert_eq!(
        response["notDestroyed"]["i2"]["type"], "forbidden",
        "{response:#}"
    );
}

#[test]
fn identity_set_keeps_both_signatures_until_the_page_edits_one() {
    let roundcube = filled();
    let patch = json!({"update": {"i1": {"htmlSignature": "<b>A</b>", "textSignature": "a"}}});
    set(&roundcube, "Identity", patch);
    assert_eq!(identity(&roundcube, "i1")["textSignature"], "a");
    roundcube.sql("UPDATE identities SET signature = '<b>a</b>' WHERE identity_id = 1");
    assert_eq!(
        identity(&roundcube, "i1")["textSignature"],
        "text of <b>a</b>"
    );
    // A signature that nobody has ever set is NULL there.
    roundcube
        .sql("UPDATE identities SET signature = NULL, html_signature = 0 WHERE identity_id = 1");
    let response = set(
        &roundcube,
        "Identity",
        json!({"update": {"i1": {"textSignature": "new"}}}),
    );
    assert_eq!(response["updated"], json!({"i1": null}), "{response:#}");
    assert_eq!(identity(&roundcube, "i1")["textSignature"], "new");
}
