//! A contact that was made over JMAP, in Roundcube's own editor as a person sees it: a real
//! browser runs Roundcube's scripts (RFC 9610 §3.5).

use crate::blobs::upload;
use crate::browser::Browser;
use crate::environment::{self, origin};
use crate::http::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

const USER: &str = "nina@example.org";
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

/// A card with all that Roundcube's editor has a field for.
fn card(photo: &str) -> Value {
    json!({
        "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
        "name": { "full": "Dr. Zoë Quinn Browsed Jr.", "components": [
            { "kind": "title", "value": "Dr." }, { "kind": "given", "value": "Zoë" },
            { "kind": "given2", "value": "Quinn" }, { "kind": "surname", "value": "Browsed" },
            { "kind": "credential", "value": "Jr." }] },
        "nicknames": { "k": { "name": "Zo, the first" } },
        "organizations": { "o": { "name": "Acme; Ltd", "units": [{ "name": "R&D" }] } },
        "titles": { "t": { "name": "CTO" } },
        "emails": {
            "w": { "address": "zoe@example.org", "contexts": { "work": true } },
            "p": { "address": "zoe@home.example", "contexts": { "private": true } } },
        "phones": {
            "m": { "number": "+49 170 1", "features": { "mobile": true } },
            "f": { "number": "+49 30 2", "features": { "fax": true }, "contexts": { "work": true } } },
        "addresses": { "a": { "contexts": { "private": true }, "components": [
            { "kind": "name", "value": "Straße 1" }, { "kind": "locality", "value": "Berlin" },
            { "kind": "region", "value": "BE" }, { "kind": "postcode", "value": "10115" },
            { "kind": "country", "value": "Germany" }] } },
        "anniversaries": {
            "b": { "kind": "birth", "date": { "@type": "PartialDate", "year": 1980, "month": 2, "day": 29 } },
            "w": { "kind": "wedding", "date": { "@type": "PartialDate", "year": 2010, "month": 5, "day": 1 } } },
        "links": { "h": { "uri": "https://zoe.example/" } },
        "notes": { "n": { "note": "one\ntwo; three, \\four <b>five</b>" } },
        "media": { "p": { "kind": "photo", "blobId": photo, "mediaType": "image/png" } },
    })
}

/// A browser in which the user has logged in and opened the address book.
fn address_book() -> Browser {
    let browser = Browser::start();
    browser.open(&origin());
    browser.type_into("#rcmloginuser", USER);
    browser.type_into("#rcmloginpwd", environment::password(USER));
    browser.click("#rcmloginsubmit", "a.contacts");
    browser.open(&format!("{}/?_task=addressbook", origin()));
    browser
}

/// Selects the contact with this id in the list, so that its page is shown.
fn select(browser: &Browser, id: &str) {
    let row = format!("#rcmrow{}", &id[1..]);
    browser.click(&format!("{row} td.name"), &format!("{row}.selected"));
}

/// What a person sees of it, by the names of the fields.
const FIELDS: &[&str] = &[
    "_prefix=Dr.",
    "_firstname=Zoë",
    "_middlename=Quinn",
    "_surname=Browsed",
    "_suffix=Jr.",
    "_name=Dr. Zoë Quinn Browsed Jr.",
    "_nickname=Zo, the first",
    "_organization=Acme; Ltd",
    "_department=R&D",
    "_jobtitle=CTO",
    "_subtype_email[]=home",
    "_email[]=zoe@home.example",
    "_subtype_email[]=work",
    "_email[]=zoe@example.org",
    "_subtype_phone[]=mobile",
    "_phone[]=+49 170 1",
    "_subtype_phone[]=workfax",
    "_phone[]=+49 30 2",
    "_subtype_address[]=home",
    "_street[]=Straße 1",
    "_locality[]=Berlin",
    "_zipcode[]=10115",
    "_country[]=Germany",
    "_region[]=BE",
    "_website[]=https://zoe.example/",
    "_birthday=1980-02-29",
    "_anniversary=2010-05-01",
    "_notes=one\ntwo; three, \\four <b>five</b>",
];

#[test]
fn contact_card_made_over_jmap_is_in_the_fields_of_roundcubes_editor() {
    let client = Client::of(USER);
    let photo = upload(
        &client,
        "image/png",
        &BASE64.decode(PNG).expect("it is base64"),
    );
    let create = json!({ "create": { "k": card(&photo) } });
    let answer = client.call("ContactCard/set", create);
    let id = answer["created"]["k"]["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{answer:#}"));

    let browser = address_book();
    select(&browser, id);
    browser.enter_frame("#contact-frame");
    browser.click("a.edit, button.edit", "input[name=_firstname]");
    let fields = browser.run(
        "return [...document.querySelectorAll('input, textarea, select')] \
         .map(field => field.name + '=' + field.value)",
    );
    let fields: Vec<&str> = fields
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for field in FIELDS {
        assert!(fields.contains(field), "no {field} in {fields:#?}");
    }
    let photo = "return document.querySelector('#contactpic img').naturalWidth";
    assert_eq!(browser.run(photo), 1, "the photo is not shown");
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}

#[test]
fn markup_in_a_contact_made_over_jmap_is_shown_as_text() {
    let client = Client::of(USER);
    let script = "<img src=x onerror=\"top.document.title='owned'\">";
    let of = |kind: &str| {
        json!({
            "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true }, "kind": kind,
            "name": { "full": format!("{kind} {script}") },
        })
    };
    let mut contact = of("individual");
    contact["organizations"] = json!({ "o": { "name": script } });
    contact["notes"] = json!({ "n": { "note": script } });
    contact["links"] = json!({ "l": { "uri": "javascript:top.document.title='owned'" } });
    let create = json!({ "create": { "c": contact, "g": of("group") } });
    let answer = client.call("ContactCard/set", create);
    let ids = ["c", "g"].map(|key| answer["created"][key]["id"].clone());
    let row = ids[0].as_str().unwrap_or_else(|| panic!("{answer:#}"));

    let browser = address_book();
    select(&browser, row);
    browser.wait_for("#directorylist li.contactgroup a");
    let page = browser.run("return document.body.innerText");
    for kind in ["individual", "group"] {
        let shown = page.as_str().expect("a text");
        assert!(shown.contains(&format!("{kind} {script}")), "{shown}");
    }
    browser.enter_frame("#contact-frame");
    browser.wait_for("#contacthead .namefield.name");
    assert!(
        browser
            .run("return document.body.textContent")
            .to_string()
            .contains("onerror")
    );
    assert_ne!(browser.run("return top.document.title"), "owned");
    assert_eq!(
        browser.run("return document.querySelectorAll('[onerror*=owned]').length"),
        0
    );
    client.call("ContactCard/set", json!({ "destroy": ids }));
}
