//! The plugin's own tables.

use std::fs;
use std::path::Path;

// Roundcube's initdb.sh runs the one file, its updatedb.sh the others and notes the newest.
#[test]
fn tables_are_the_same_when_made_at_once_and_by_updates() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("roundcube-plugin/SQL");
    for database in ["sqlite", "mysql", "postgres"] {
        let updates = fs::read_dir(folder.join(database)).expect("there are updates");
        let updates = updates.map(|entry| entry.expect("it is read").path());
        let mut updates: Vec<_> = updates.collect();
        updates.sort();
        let newest = updates.last().and_then(|path| path.file_stem());
        let newest = newest.expect("there is one").to_string_lossy().into_owned();
        let mut made: String = updates
            .iter()
            .map(|path| fs::read_to_string(path).expect("it is read"))
            .collect();
        made +=
            &format!("\nINSERT INTO system (name, value) VALUES ('jmap-version', '{newest}');\n");
        let initial = folder.join(format!("{database}.initial.sql"));
        let initial = fs::read_to_string(initial).expect("it is read");
        assert_eq!(initial, made, "{database}");
    }
}
