//! What the data types do on any host: one behaviour a test, each with its section.
//!
//! Over the host in memory all of it is tested; what any host does is in `reading` and
//! `written`, which each host's own tests run too.

#[path = "../convert_vcard/memory.rs"]
mod allocation;
#[path = "../memory/mod.rs"]
mod memory;
#[path = "../convert_vcard/processor.rs"]
mod processor;

mod blob_get;
mod blob_upload;
mod blobs;
mod changes;
mod copy;
mod errors;
mod events;
mod get;
mod large;
mod limits;
mod parse;
mod parse_media;
mod parse_text;
mod query;
mod query_changes;
mod reading;
mod references;
mod request;
mod session;
mod set;
mod wire;
mod written;

use openxport::store::Contents;
use serde_json::json;
use wire::Wire;

reading::contract!(with_filled_account);
written::contract!(with_filled_account);

fn with_filled_account(test: impl FnOnce(&Wire)) {
    let mut wire = Wire::new();
    let picture = Contents {
        media_type: Some("image/png".to_owned()),
        octets: b"\x89PNG\r\n".to_vec(),
    };
    wire.host
        .blobs
        .insert(("a1".to_owned(), "p1".to_owned()), picture);
    let rights = json!({"mayRead": true, "mayWrite": true, "mayShare": false, "mayDelete": true});
    for (id, is_default) in [("b1", true), ("b2", false)] {
        let book = json!({
            "name": id, "description": null, "sortOrder": 0, "isDefault": is_default,
            "isSubscribed": true, "shareWith": null, "myRights": rights,
        });
        wire.host.of("a1", "AddressBook").put(id, book);
    }
    for (id, book, name, updated) in [
        ("c1", "b1", "Jane Doe", "2024-01-02T00:00:00Z"),
        ("c2", "b2", "Émile Zola", "2024-01-01T00:00:00Z"),
    ] {
        let card = json!({
            "@type": "Card", "version": "1.0", "uid": id, "addressBookIds": {book: true},
            "name": {"full": name}, "updated": updated,
        });
        wire.cards().put(id, card);
    }
    let mut card = wire.cards().get("c1").unwrap();
    card["media"] = json!({"k": {"kind": "photo", "blobId": "p1", "mediaType": "image/png"}});
    wire.cards().put("c1", card);
    let group = json!({
        "@type": "Card", "version": "1.0", "uid": "g", "addressBookIds": {"b1": true},
        "name": {"full": "Writers"}, "kind": "group", "members": {"c2": true},
    });
    wire.cards().put("c3", group);
    let identity = json!({
        "name": "Jane", "email": "jane@example.com", "replyTo": null, "bcc": null,
        "textSignature": "", "htmlSignature": "", "mayDelete": true,
    });
    wire.host.of("a1", "Identity").put("i1", identity);
    test(&wire);
}
