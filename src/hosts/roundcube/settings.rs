//! What the plugin says about this Roundcube and its user.

use serde::{Deserialize, Deserializer, de};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `users.user_id`, as a number or as its decimal text.
    #[serde(deserialize_with = "number")]
    pub user_id: i64,
    /// The login name, as the user would recognise it.
    pub user_name: String,
    /// What this installation is called; uids are derived from it, so it must never change.
    pub instance: String,
    pub tables: Tables,
    /// Roundcube's `identities_level`: what of the identities the user may change.
    #[serde(default)]
    pub identities_level: IdentitiesLevel,
    /// The address that the login name makes; the only one where others are not allowed.
    #[serde(default)]
    pub user_email: String,
    /// In the order in which Roundcube lists them. A book that is not here is not shown.
    pub address_books: Vec<AddressBook>,
}

/// The names of Roundcube's tables, with prefix, quoted for the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    pub contacts: String,
    pub contactgroups: String,
    pub contactgroupmembers: String,
    /// Empty before Roundcube 1.5, which has no collected addresses.
    #[serde(default)]
    pub collected_addresses: String,
    pub identities: String,
    /// The plugin's own. Empty: there is none.
    #[serde(default)]
    pub jmap_carried: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressBook {
    pub source: Source,
    /// As Roundcube shows it, in the user's language.
    pub name: String,
}

/// Roundcube's own address books, which its tables hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Personal,
    CollectedRecipients,
    TrustedSenders,
}

/// Roundcube's `identities_level`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "i64")]
pub enum IdentitiesLevel {
    /// 0: as many as the user wants, of any address.
    #[default]
    Any,
    /// 1: as many as the user wants, of the user's own address.
    OwnAddress,
    /// 2 and 3: the identities that there are, no others.
    NoOthers,
    /// 4: of these, the signatures alone.
    Signatures,
}

impl From<i64> for IdentitiesLevel {
    fn from(level: i64) -> Self {
        match level {
            ..=0 => Self::Any,
            1 => Self::OwnAddress,
            2 | 3 => Self::NoOthers,
            _ => Self::Signatures,
        }
    }
}

impl IdentitiesLevel {
    /// Whether identities may come and go.
    pub fn may_add(self) -> bool {
        matches!(self, Self::Any | Self::OwnAddress)
    }
}

impl Settings {
    pub fn has(&self, source: Source) -> bool {
        self.address_books.iter().any(|book| book.source == source)
    }
}

/// PHP's database layers give numbers as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Integer(i64),
        Text(String),
    }
    match Number::deserialize(deserializer)? {
        Number::Integer(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(de::Error::custom),
    }
}

#[cfg(test)]
pub mod tests {
    use super::{Settings, Source};
    use serde_json::json;

    pub fn settings() -> Settings {
        serde_json::from_value(json!({
            "user_id": "7",
            "user_name": "alice@example.org",
            "instance": "mail.example.org",
            "tables": {
                "contacts": "contacts",
                "contactgroups": "contactgroups",
                "contactgroupmembers": "contactgroupmembers",
                "identities": "identities"
            },
            "address_books": [{"source": "personal", "name": "Personal Addresses"}]
        }))
        .expect("the settings are right")
    }

    #[test]
    fn settings_take_a_user_id_as_text() {
        let settings = settings();
        assert_eq!(settings.user_id, 7);
        assert!(settings.has(Source::Personal));
        assert!(!settings.has(Source::TrustedSenders));
    }
}
