//! What every host does, here over JMAP from Roundcube's tables on MariaDB.

use crate::wire::Wire;
use crate::{filled, reading, written};
use openxport::store::Host;

reading::contract!(with_filled_account);
written::contract!(with_filled_account);

fn with_filled_account(test: impl FnOnce(&Wire<Box<dyn Host + '_>>)) {
    let roundcube = filled();
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, changed, name, email, vcard) VALUES
         (6, 1, '2024-03-01 10:00:03', '', '',
          'BEGIN:VCARD\r\nFN:Seen\r\nPHOTO;ENCODING=b:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==\r\nEND:VCARD')",
    );
    test(&Wire::over(roundcube.open()));
}
