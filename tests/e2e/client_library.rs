//! A JMAP client library that others wrote (io-jmap) reads the account. Identities it asks for
//! with the mail capability only, which nobody here has yet.

use crate::environment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use io_jmap::client::{JmapClientStd, JmapClientStdError};
use io_jmap::rfc9610::contact_card::changes::JmapContactCardChangesOptions;
use io_jmap::rfc9610::contact_card::get::JmapContactCardGetOptions;
use io_jmap::rfc9610::contact_card::query::{JmapContactCardFilter, JmapContactCardQueryOptions};
use std::net::TcpStream;

const USER: &str = "demo@example.org";

fn connect() -> JmapClientStd {
    let stream = TcpStream::connect(environment::address()).expect("the server listens");
    let credentials = BASE64.encode(format!("{USER}:{}", environment::password(USER)));
    let mut client = JmapClientStd::new(stream, format!("Basic {credentials}").into());
    // This client finds the redirect and leaves it to its caller to follow it.
    let url = format!("{}/", environment::origin());
    let redirect = client.session_get(&url.parse().expect("a URL"));
    let Err(JmapClientStdError::UnexpectedRedirect(url)) = redirect else {
        panic!("no redirect from the well-known address: {redirect:?}");
    };
    client.session_get(&url).expect("a session");
    client
}

#[test]
fn io_jmap_reads_books_cards_and_changes() {
    let mut client = connect();
    let books = client
        .address_book_get(Default::default())
        .expect("address books");
    assert_eq!(books.address_books.len(), 3, "{:?}", books.address_books);

    let options = JmapContactCardQueryOptions {
        filter: Some(JmapContactCardFilter {
            email: Some("zoe.work@example.com".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let found = client.contact_card_query(options).expect("a query");
    let [card] = found.cards.as_slice() else {
        panic!("{:?}", found.cards);
    };
    assert_eq!(
        card.card["name"]["full"], "Dr. Zoë Quinn Müller Jr.",
        "{card:?}"
    );
    assert_eq!(card.address_book_ids.len(), 1, "{card:?}");

    let options = JmapContactCardGetOptions {
        ids: Some(vec![card.id.clone().expect("an id"), "nope".to_owned()]),
        ..Default::default()
    };
    let got = client.contact_card_get(options).expect("cards");
    assert_eq!(got.cards.len(), 1);
    assert_eq!(got.not_found, ["nope"]);

    let options = JmapContactCardChangesOptions::default();
    let changes = client
        .contact_card_changes(got.new_state.clone(), options)
        .expect("changes");
    assert_eq!(changes.new_state, got.new_state);
}

#[test]
fn io_jmap_downloads_what_it_uploaded() {
    let mut client = connect();
    let session = client.session().expect("a session").clone();
    let account_id = session.primary_account_id_for("urn:ietf:params:jmap:contacts");
    let url = session.resolve_upload_url(&account_id).expect("a URL");
    let octets = b"any \x00 octets \xFF".to_vec();
    let blob = client
        .blob_upload(&url, "application/x-test", octets.clone())
        .expect("an upload");
    let url =
        session.resolve_download_url(&account_id, &blob.blob_id, "a b.bin", "application/x-test");
    let got = client
        .blob_download(&url.expect("a URL"))
        .expect("a download");
    assert_eq!(got, octets);
}
