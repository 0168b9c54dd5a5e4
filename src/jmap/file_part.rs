//! Blobs inside a record inside a file that has not been imported: the photo of the third card
//! of a .vcf. Their ids say where they are, so that nothing of them is kept anywhere.

use super::Server;
use super::blob_source::Source;
use crate::data_types::parse::{ComponentFile, Parse};
use crate::data_types::{self, DataType};
use crate::store::{Account, Contents, Id, StoreError};

/// What the ids of these blobs begin with, and no others.
const LETTER: char = 'E';

/// Where such a blob is.
#[derive(Debug, PartialEq, Eq)]
pub struct FilePart<'a> {
    /// The component that it is in, by its octets in the file.
    pub start: u64,
    pub end: u64,
    /// Which of the component's blobs it is.
    pub number: u64,
    /// The id of the file.
    pub file: &'a str,
}

impl<'a> FilePart<'a> {
    pub fn id(&self) -> String {
        let Self {
            start,
            end,
            number,
            file,
        } = self;
        format!("{LETTER}{start}-{end}-{number:016x}-{file}")
    }

    /// `None` for the id of any other blob.
    pub fn of_id(id: &'a Id) -> Option<Self> {
        let mut parts = id.as_str().strip_prefix(LETTER)?.splitn(4, '-');
        let part = Self {
            start: parts.next()?.parse().ok()?,
            end: parts.next()?.parse().ok()?,
            number: u64::from_str_radix(parts.next()?, 16).ok()?,
            file: parts.next()?,
        };
        (part.id() == id.as_str()).then_some(part)
    }

    /// The blob's octets; `None` where the user sees no such blob.
    pub fn contents(
        &self,
        server: &Server<'_>,
        account: &Account,
    ) -> Result<Option<Contents>, StoreError> {
        // A file that is itself a part would let an id be resolved again and again.
        let Some(file) = Id::new(self.file).filter(|file| FilePart::of_id(file).is_none()) else {
            return Ok(None);
        };
        let Some(source) = Source::find(server, account, file.as_str())? else {
            return Ok(None);
        };
        let parsers = data_types::ALL
            .iter()
            .filter_map(|one: &&DataType| one.parse);
        for parse in parsers {
            let contents = self.contents_as(server, &source, parse)?;
            if contents.is_some() {
                return Ok(contents);
            }
        }
        Ok(None)
    }

    fn contents_as(
        &self,
        server: &Server<'_>,
        source: &Source,
        parse: &Parse,
    ) -> Result<Option<Contents>, StoreError> {
        if self.end > source.size_octets() {
            return Ok(None);
        }
        // A component begins with ASCII, which shows how the whole file is written.
        let mut file = ComponentFile::new(parse.search);
        let mut found = None;
        let mut visit = |item: data_types::parse::Item<'_>| {
            if let Ok(component) = item.content
                && found.is_none()
            {
                found = (parse.embedded)(component.text, self.number);
            }
            Ok::<(), StoreError>(())
        };
        for piece in source.pieces(server, self.start, self.end) {
            file.push(&piece?, &mut visit)?;
        }
        file.finish(&mut visit)?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_part_is_read_from_its_id_alone() {
        let part = FilePart {
            start: 12,
            end: 3456,
            number: 0xab,
            file: "Ua-b_c-d",
        };
        let id = Id::new(part.id()).expect("it is an Id");
        assert_eq!(id.as_str(), "E12-3456-00000000000000ab-Ua-b_c-d");
        assert_eq!(FilePart::of_id(&id), Some(part));
        for other in [
            "E",
            "U12-3456-00000000000000ab-U",
            "E12-3456-00000000000000ab",
            "E012-3456-00000000000000ab-U",
            "E12-3456-ab-U",
            "E12-3456-00000000000000AB-U",
            "E-12-3456-00000000000000ab-U",
            "E99999999999999999999-1-00000000000000ab-U",
        ] {
            let id = Id::new(other).expect("it is an Id");
            assert_eq!(FilePart::of_id(&id), None, "{other}");
        }
    }
}
