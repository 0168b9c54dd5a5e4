//! How records are read out of files, for `/parse`.

pub use crate::convert::component_file::{Component, ComponentFile, Fault, Item, Search};

use crate::json::Writer;
use crate::store::{Contents, Object, Selection};

/// An encoding of text.
pub type Charset = &'static encoding_rs::Encoding;

/// The encoding that a name stands for.
pub fn charset(name: &str) -> Option<Charset> {
    encoding_rs::Encoding::for_label(name.as_bytes())
}

/// The encoding that the `charset` of a media type names.
pub fn charset_of_media_type(media_type: &str) -> Option<Charset> {
    let params = media_type.split(';').skip(1);
    let mut params = params.filter_map(|param| param.split_once('='));
    let (_, name) = params.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    charset(name.trim().trim_matches('"'))
}

/// A record inside a file.
pub struct FileRecord<'a> {
    /// Of its component.
    pub text: &'a [u8],
    /// How text is encoded that does not say so itself and is no UTF-8.
    pub charset: Option<Charset>,
    /// The id of the blob with this number inside it.
    pub blob_id: &'a dyn Fn(u64) -> String,
}

/// What a data type declares so that its records can be read out of files.
#[derive(Debug)]
pub struct Parse {
    /// The URI that a request must name in `using`.
    pub capability: &'static str,
    /// What an account with such records tells of itself under the capability.
    pub account_capability: fn() -> Object,
    pub search: Search,
    /// Writes the record as one JSON object, without `id`. Returns whether characters are lost.
    pub emit: fn(&FileRecord<'_>, &Selection, &mut Writer) -> bool,
    /// The blob with this number inside a component.
    pub embedded: fn(text: &[u8], number: u64) -> Option<Contents>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charset_is_taken_from_a_media_type() {
        // RFC 9110 §8.3.2
        for media_type in [
            "text/vcard;charset=Shift_JIS",
            "text/vcard; version=3.0; CharSet=\"shift_jis\"",
        ] {
            let found = charset_of_media_type(media_type);
            assert_eq!(found, Some(encoding_rs::SHIFT_JIS), "{media_type}");
        }
        for media_type in ["text/vcard", "charset=utf-8", "text/vcard; charset=none"] {
            assert_eq!(charset_of_media_type(media_type), None, "{media_type}");
        }
    }
}
