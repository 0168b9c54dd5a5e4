use super::{Blob, KEPT_AT_LEAST_SECS, KEPT_AT_MOST_SECS, UploadError, UploadRoom};
use crate::state::State;
use crate::state::testing::{fresh, rows};

const ROOM: UploadRoom<'_> = UploadRoom {
    account: "a1",
    quota_octets: 1_000_000,
};

/// Octets that differ from place to place, so that a wrong offset shows.
fn octets(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn upload(state: &State, room: UploadRoom<'_>, octets: &[u8], now_secs: i64) -> Blob {
    let mut upload = state.begin_upload(room, "text/plain").unwrap();
    for part in octets.chunks(100_000) {
        upload.append(part, now_secs).unwrap();
    }
    upload.finish(now_secs).unwrap()
}

fn read_from(state: &State, blob: &Blob, mut offset: u64) -> Vec<u8> {
    let mut found = Vec::new();
    loop {
        let part = state.read_blob(blob, offset).unwrap();
        if part.is_empty() {
            return found;
        }
        offset += part.len() as u64;
        found.extend_from_slice(&part);
    }
}

#[test]
fn upload_is_read_back_whole_and_from_any_offset() {
    let state = fresh();
    for length in [0, 1, 262_143, 262_144, 262_145, 524_288, 600_000] {
        let octets = octets(length);
        let blob = upload(
            &state,
            UploadRoom {
                account: "a",
                quota_octets: 9_000_000,
            },
            &octets,
            0,
        );
        assert_eq!(blob.size_octets, length as u64);
        assert_eq!(state.blob("a", &blob.id, 0).unwrap(), Some(blob.clone()));
        for offset in [
            0,
            1,
            262_143,
            262_144,
            262_150,
            length.saturating_sub(1),
            length + 1,
        ] {
            let expected = octets.get(offset..).unwrap_or_default();
            let found = read_from(&state, &blob, offset as u64);
            assert!(found == expected, "{length} octets, read from {offset}");
        }
    }
}

#[test]
fn upload_is_invisible_to_another_account() {
    let state = fresh();
    let blob = upload(&state, ROOM, b"mine", 0);
    assert_eq!(state.blob("a2", &blob.id, 0).unwrap(), None);
    assert_eq!(state.blob("a1", "Uguessed", 0).unwrap(), None);
}

#[test]
fn upload_that_breaks_off_is_never_visible_and_leaves_nothing() {
    let state = fresh();
    let mut upload = state.begin_upload(ROOM, "text/plain").unwrap();
    upload.append(&octets(600_000), 0).unwrap();
    let id = upload.id.clone();
    assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (1, 2));
    assert_eq!(state.blob("a1", &id, 0).unwrap(), None);
    drop(upload);
    assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (0, 0));
}

#[test]
fn upload_is_gone_after_a_day() {
    let state = fresh();
    let blob = upload(&state, ROOM, b"old", 0);
    let found = state.blob("a1", &blob.id, KEPT_AT_MOST_SECS - 1).unwrap();
    assert!(found.is_some());
    assert_eq!(state.blob("a1", &blob.id, KEPT_AT_MOST_SECS).unwrap(), None);
}

#[test]
fn upload_over_quota_evicts_the_oldest_that_is_an_hour_old() {
    let state = fresh();
    let oldest = upload(&state, ROOM, &octets(400_000), 0);
    let older = upload(&state, ROOM, &octets(400_000), 1);
    let newest = upload(&state, ROOM, &octets(400_000), KEPT_AT_LEAST_SECS);
    let found = |blob: &Blob| state.blob("a1", &blob.id, KEPT_AT_LEAST_SECS).unwrap();
    assert_eq!(found(&oldest), None);
    assert!(found(&older).is_some() && found(&newest).is_some());
    let reading = state.read_blob(&oldest, 0);
    assert!(matches!(reading, Err(UploadError::Expired)), "{reading:?}");
}

#[test]
fn upload_over_quota_is_refused_when_all_others_are_young() {
    let state = fresh();
    let young = upload(&state, ROOM, &octets(600_000), 1);
    let mut upload = state.begin_upload(ROOM, "text/plain").unwrap();
    let outcome = upload.append(&octets(600_000), KEPT_AT_LEAST_SECS);
    assert!(
        matches!(outcome, Err(UploadError::OverQuota)),
        "{outcome:?}"
    );
    drop(upload);
    assert!(
        state
            .blob("a1", &young.id, KEPT_AT_LEAST_SECS)
            .unwrap()
            .is_some()
    );
    assert_eq!(rows(&state, "uploads"), 1);
}

#[test]
fn upload_of_nothing_counts_against_the_quota() {
    let state = fresh();
    let room = UploadRoom {
        quota_octets: 3000,
        ..ROOM
    };
    upload(&state, room, b"", 0);
    upload(&state, room, b"", 0);
    let third = state.begin_upload(room, "text/plain").unwrap().finish(0);
    assert!(matches!(third, Err(UploadError::OverQuota)), "{third:?}");
}

#[test]
fn upload_quota_of_one_account_is_not_that_of_another() {
    let state = fresh();
    upload(&state, ROOM, &octets(900_000), 0);
    upload(
        &state,
        UploadRoom {
            account: "a2",
            ..ROOM
        },
        &octets(900_000),
        0,
    );
}

#[test]
fn blob_copy_outlives_its_original() {
    let state = fresh();
    let original = upload(&state, ROOM, &octets(300_000), 0);
    let copy_room = UploadRoom {
        account: "a2",
        ..ROOM
    };
    let copy = state
        .copy_blob(&original, copy_room, KEPT_AT_LEAST_SECS)
        .unwrap();
    upload(&state, ROOM, &octets(900_000), KEPT_AT_LEAST_SECS);
    assert_eq!(
        state.blob("a1", &original.id, KEPT_AT_LEAST_SECS).unwrap(),
        None
    );
    assert_eq!(
        state.blob("a1", &copy.id, KEPT_AT_LEAST_SECS).unwrap(),
        None
    );
    assert_eq!(
        state.blob("a2", &copy.id, KEPT_AT_LEAST_SECS).unwrap(),
        Some(copy.clone())
    );
    assert!(read_from(&state, &copy, 0) == octets(300_000));
}

#[test]
fn blob_copy_of_an_evicted_upload_says_so() {
    let state = fresh();
    let original = upload(&state, ROOM, &octets(600_000), 0);
    upload(&state, ROOM, &octets(600_000), KEPT_AT_LEAST_SECS);
    let outcome = state.copy_blob(
        &original,
        UploadRoom {
            account: "a2",
            ..ROOM
        },
        9000,
    );
    assert!(matches!(outcome, Err(UploadError::Expired)), "{outcome:?}");
}
