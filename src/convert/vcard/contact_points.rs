//! How to reach somebody: EMAIL, TEL, IMPP and its kin, NICKNAME (RFC 9555 §2.5.6, §2.7).

use super::Card;
use super::emit::Emitter;
use super::entry;
use super::keys::Keys;
use super::params::{self, ParamName, ParamSet};
use super::rule::{Rule, Target};
use super::value;
use crate::convert::content_line::Line;

/// A nickname that stands, among others perhaps, in the line with this index.
pub type Nickname<'c> = (usize, Line<'c>, String);

/// The keys of the nicknames, in their order.
pub fn nickname_keys<'c>(names: &[Nickname<'c>]) -> Keys<'c> {
    let lines = names.iter();
    Keys::of(lines.map(|(index, line, value)| (*index, *line, "NICKNAME", value.as_bytes())))
}

impl Card<'_> {
    /// The nicknames, still escaped.
    pub(super) fn nicknames(&self) -> Vec<Nickname<'_>> {
        let mut names = Vec::new();
        for (index, line, rule) in self.converting(Target::Nickname.bit()) {
            let text = value::decoded(line);
            if self.comma_is_text(line, rule.name, &text) {
                names.push((index, line, text.into_owned()));
                continue;
            }
            let values = value::split(&text, b',').filter(|value| !value.trim().is_empty());
            names.extend(values.map(|value| (index, line, value.to_owned())));
        }
        names
    }
}

impl<'c> Emitter<'c, '_> {
    /// IMPP, SOCIALPROFILE and what came before them.
    pub fn online_service(&mut self, line: Line<'c>, rule: &'static Rule) -> ParamSet {
        let mut expressed = ParamSet::of(&[ParamName::ServiceType, ParamName::Username]);
        let value = value::text(line);
        let user = params::find_text(line, ParamName::Username);
        let is_user =
            rule.target == Target::OnlineUser || params::value_is(line, "text") || !is_uri(&value);
        let service = params::find_text(line, ParamName::ServiceType);
        // Apple names the service of an X-SOCIALPROFILE by its TYPE.
        let by_type = match rule.name {
            "X-SOCIALPROFILE" => service_type(line),
            _ => None,
        };
        match (&service, by_type) {
            (Some(service), _) => self.out.member("service", service),
            (None, Some(service)) => {
                self.out.member("service", &params::text(service));
                if entry::types(line).count() == 1 {
                    expressed.add(ParamName::Type);
                }
            }
            (None, None) if !rule.implies.is_empty() => self.out.member("service", rule.implies),
            (None, None) => {}
        }
        match (is_user, &user) {
            (true, None) => self.out.member("user", &value),
            // The parameter is the name; the value is then what its writer took for a URI.
            (true | false, user) => {
                self.out.member("uri", &value);
                if let Some(user) = user {
                    self.out.member("user", user);
                }
            }
        }
        expressed
    }

    /// NICKNAME, of which each of its values is an entry.
    pub fn nicknames(&mut self) {
        let names = self.card.nicknames();
        let keys = nickname_keys(&names);
        self.out.key("nicknames");
        self.out.begin_object();
        for ((index, key), (_, _, name)) in keys.iter().zip(&names) {
            self.out.key(key);
            self.out.begin_object();
            self.out.member("name", &value::unescape(name));
            self.common_members(index, ParamSet::EMPTY);
            self.out.end_object();
        }
        self.out.end_object();
    }
}

/// The first TYPE that is no context and no preference.
fn service_type(line: Line<'_>) -> Option<&[u8]> {
    const OTHERS: [&[u8]; 4] = [b"home", b"work", b"pref", b"internet"];
    entry::types(line).find(|value| !OTHERS.iter().any(|other| value.eq_ignore_ascii_case(other)))
}

/// Whether a text starts with a scheme (RFC 3986 §3.1).
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
}
