//! Where the octets of a blob are: in an upload, or inside a record, where the host resolves
//! its id. A blob of somebody else and one that never was look the same.

use super::Server;
use super::error::SetError;
use super::file_part::FilePart;
use crate::state::now_secs;
use crate::state::uploads::{Blob, UploadError, UploadRoom};
use crate::store::{Account, Contents, Id, StoreError};
use std::borrow::Cow;

/// What a blob is read in.
pub const PIECE_OCTETS: usize = 256 * 1024;

/// A blob that the user may see.
pub enum Source {
    Upload(Blob),
    /// Inside a record, stored or in a file.
    Record(Contents),
}

impl Source {
    /// The blob of this id; `None` where the user sees none.
    pub fn find(
        server: &Server<'_>,
        account: &Account,
        id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let Some(id) = Id::new(id) else {
            return Ok(None);
        };
        let uploader = uploader(server, account);
        let uploaded = server.state.blob(&uploader, id.as_str(), now_secs())?;
        if let Some(blob) = uploaded {
            return Ok(Some(Self::Upload(blob)));
        }
        let contents = match FilePart::of_id(&id) {
            Some(part) => part.contents(server, account)?,
            None => server.host.contents(&account.id, &id)?,
        };
        Ok(contents.map(Self::Record))
    }

    pub fn size_octets(&self) -> u64 {
        match self {
            Self::Upload(blob) => blob.size_octets,
            Self::Record(contents) => contents.octets.len() as u64,
        }
    }

    /// As its uploader or its record calls it; perhaps nothing.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Upload(blob) => &blob.media_type,
            Self::Record(contents) => contents.media_type.as_deref().unwrap_or_default(),
        }
    }

    /// The octets from `start` up to `end`, at most [`PIECE_OCTETS`] at a time.
    ///
    /// It fails where an upload goes away meanwhile, and ends with that.
    pub fn pieces<'s>(
        &'s self,
        server: &'s Server<'_>,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = Result<Cow<'s, [u8]>, StoreError>> {
        let mut at = start;
        let end = end.min(self.size_octets());
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let piece = self.piece(server, at, end);
            at = match &piece {
                Ok(piece) => at.saturating_add(piece.len() as u64),
                Err(_) => end,
            };
            Some(piece)
        })
    }

    /// At least one octet from `start`, which is before `end`.
    fn piece(
        &self,
        server: &Server<'_>,
        start: u64,
        end: u64,
    ) -> Result<Cow<'_, [u8]>, StoreError> {
        let length = usize::try_from(end - start).unwrap_or(usize::MAX);
        let gone = || StoreError::Unavailable(Box::new(UploadError::Expired));
        match self {
            Self::Upload(blob) => match server.state.read_blob(blob, start) {
                Ok(piece) if piece.is_empty() => Err(gone()),
                Ok(mut piece) => {
                    piece.truncate(length);
                    Ok(Cow::Owned(piece))
                }
                Err(UploadError::State(error)) => Err(error.into()),
                Err(_) => Err(gone()),
            },
            Self::Record(contents) => {
                let from = usize::try_from(start).unwrap_or(usize::MAX);
                let to = from.saturating_add(length.min(PIECE_OCTETS));
                let piece = contents.octets.get(from..to).ok_or_else(gone)?;
                Ok(Cow::Borrowed(piece))
            }
        }
    }
}

/// The whole of a blob, for a record that is to hold it. It is no larger than what may be
/// uploaded.
pub fn contents(
    server: &Server<'_>,
    account: &Account,
    id: &Id,
) -> Result<Option<Contents>, StoreError> {
    let Some(source) = Source::find(server, account, id.as_str())? else {
        return Ok(None);
    };
    if source.size_octets() > server.settings.limits.max_size_upload {
        return Err(StoreError::TooLarge);
    }
    let blob = match source {
        Source::Record(contents) => return Ok(Some(contents)),
        Source::Upload(ref blob) => blob,
    };
    let mut octets = Vec::new();
    for piece in source.pieces(server, 0, blob.size_octets) {
        octets.extend_from_slice(&piece?);
    }
    Ok(Some(Contents {
        media_type: Some(blob.media_type.clone()),
        octets,
    }))
}

/// Under whom the uploads to an account are kept: they are seen by their uploader alone, also
/// where others share the account (RFC 8620 §6.1).
pub fn uploader(server: &Server<'_>, account: &Account) -> String {
    let own = server.host.accounts().first();
    format!("{}/{}", own.map_or("", |own| own.id.as_str()), account.id)
}

pub fn room<'a>(server: &Server<'_>, uploader: &'a str) -> UploadRoom<'a> {
    UploadRoom {
        account: uploader,
        quota_octets: server.settings.limits.max_uploaded_octets,
    }
}

/// What a client may call a blob, which becomes a header as it is; the media type that says
/// nothing where it has no name for it. `None` where it could be more than a header's value.
pub fn media_type(given: Option<&str>) -> Option<&str> {
    let media_type = given.unwrap_or_default();
    let is_plain = |octet: u8| octet.is_ascii_graphic() || octet == b' ';
    if media_type.len() > 1024 || !media_type.bytes().all(is_plain) {
        return None;
    }
    match media_type.trim() {
        "" => Some("application/octet-stream"),
        _ => Some(media_type),
    }
}

/// Why one of several blobs was not stored.
pub fn not_stored(error: UploadError) -> SetError {
    match error {
        UploadError::OverQuota => SetError::new("overQuota"),
        UploadError::Expired => SetError::new("notFound"),
        UploadError::State(error) => StoreError::from(error).into(),
    }
}
