//! Address books: Roundcube's own lists of contacts, which exist by configuration.

use super::settings::{self, Settings, Source};
use crate::data_types::contacts::{AddressBook, books_of, no_such_books};
use crate::json;
use crate::store::{
    Fingerprint, Object, Record, Selection, Store, StoreError, Version, Visit, Wanted,
};

/// The id of a book, also on the cards that are in it.
pub const fn id(source: Source) -> &'static str {
    match source {
        Source::Personal => "b0",
        Source::CollectedRecipients => "b1",
        Source::TrustedSenders => "b2",
    }
}

/// Looks whether a card can be where it says that it is.
///
/// # Errors
/// `Forbidden` for the books that only Roundcube itself fills.
pub fn check_book(settings: &Settings, card: &Object) -> Result<(), StoreError> {
    const PERSONAL: &str = id(Source::Personal);
    let is_known = |book: &str| {
        let mut known = settings.address_books.iter();
        known.any(|known| id(known.source) == book)
    };
    match books_of(card)[..] {
        [PERSONAL] => Ok(()),
        [book] if is_known(book) => Err(StoreError::Forbidden("the address book is read-only")),
        _ => Err(no_such_books()),
    }
}

pub struct AddressBooks {
    books: Vec<settings::AddressBook>,
}

impl AddressBooks {
    pub fn new(books: &[settings::AddressBook]) -> Self {
        Self {
            books: books.to_vec(),
        }
    }

    /// The books as objects, in Roundcube's order.
    fn objects(&self) -> impl Iterator<Item = AddressBook<'_>> {
        (0..)
            .zip(&self.books)
            .map(|(sort_order, book)| AddressBook {
                id: id(book.source),
                name: &book.name,
                sort_order,
                is_default: book.source == Source::Personal,
                may_write: book.source == Source::Personal,
            })
    }
}

impl Store for AddressBooks {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let mut text = json::Writer::new();
        self.objects()
            .for_each(|book| book.emit(&Selection::ALL, &mut text));
        let Version(digest) = Version::of([text.as_bytes()]);
        Ok(Fingerprint {
            digest,
            count: self.books.len() as u64,
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.objects().try_for_each(|book| {
            let mut text = json::Writer::new();
            book.emit(&Selection::ALL, &mut text);
            visit(book.id, Version::of([text.as_bytes()]))
        })
    }

    fn read(
        &self,
        wanted: Wanted<'_>,
        _selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        self.objects()
            .filter(|book| match wanted {
                Wanted::All => true,
                Wanted::Ids(ids) => ids.iter().any(|id| id.as_str() == book.id),
            })
            .try_for_each(|book| visit(&book))
    }
}
