//! AddressBook: the books that Roundcube's configuration names.

use crate::fixture::{self, Roundcube, settings};
use serde_json::json;

// RFC 9610 §2
#[test]
fn address_book_get_returns_the_books_that_this_roundcube_has() {
    let roundcube = Roundcube::new();
    let book = |id: &str, name: &str, sort_order: u64| {
        json!({
            "id": id,
            "name": name,
            "description": null,
            "sortOrder": sort_order,
            "isDefault": id == "b0",
            "isSubscribed": true,
            "shareWith": null,
            "myRights": {"mayRead": true, "mayWrite": id == "b0", "mayShare": false,
                "mayDelete": false},
        })
    };
    assert_eq!(
        roundcube.all("AddressBook"),
        [
            book("b0", "Personal Addresses", 0),
            book("b1", "Collected Recipients", 1),
            book("b2", "Trusted Senders", 2),
        ]
    );
    assert_eq!(
        roundcube.get("AddressBook", &["b2", "b7"]),
        [book("b2", "Trusted Senders", 2)]
    );
}

#[test]
fn address_book_fingerprint_changes_with_the_configuration() {
    let roundcube = Roundcube::new();
    let fingerprint = |settings| {
        let host = roundcube.open_with(settings);
        fixture::store(&*host, "AddressBook")
            .fingerprint()
            .expect("the fingerprint is read")
    };
    let mut renamed = settings();
    renamed["address_books"][1]["name"] = "Gesammelte Empfänger".into();
    let mut fewer = settings();
    fewer["address_books"]
        .as_array_mut()
        .expect("it is one")
        .pop();
    assert_ne!(fingerprint(settings()), fingerprint(renamed));
    assert_ne!(fingerprint(settings()), fingerprint(fewer.clone()));
    assert_eq!(fingerprint(fewer).count, 2);
}
