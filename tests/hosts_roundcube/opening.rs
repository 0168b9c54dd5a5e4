//! Opening Roundcube's data for a user.

use crate::fixture::{Roundcube, settings};
use openxport::hosts;
use openxport::store::{Id, Object};
use serde_json::json;

#[test]
fn open_refuses_an_unknown_host_and_wrong_settings() {
    let roundcube = Roundcube::new();
    let unknown = hosts::open("pigeon", Object::new(), Box::new(&roundcube));
    assert!(unknown.is_err());
    let mut wrong = settings();
    wrong["tables"] = json!({});
    let wrong = serde_json::from_value(wrong).expect("it is an object");
    assert!(hosts::open("roundcube", wrong, Box::new(&roundcube)).is_err());
}

#[test]
fn a_store_answers_for_its_own_account_only() {
    let roundcube = Roundcube::new();
    let host = roundcube.open();
    let other = Id::new("aMg").expect("it is an Id");
    assert!(host.store(&other, "Identity").is_none());
    assert!(
        host.capability(&other, "urn:ietf:params:jmap:contacts")
            .is_none()
    );
}
