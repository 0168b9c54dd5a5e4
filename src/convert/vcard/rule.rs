//! Which JSContact property each vCard property converts to (RFC 9555 §2.4 to §2.13), and
//! what a host's own dialect adds.

/// What a host's own vCards do differently from the standard.
#[derive(Debug)]
pub struct Dialect {
    /// Properties that the standard table has not, or that mean something else here.
    pub rules: &'static [Rule],
    /// TYPE values beyond the standard's. They are kept in `vCardParams` too.
    pub types: &'static [TypeRule],
    /// Properties, in upper case, whose writer leaves commas unescaped, so that a comma is
    /// text there. A value that does escape a comma is somebody else's and is a list again.
    pub comma_is_text: &'static [&'static str],
    /// The properties, in upper case, by which it is written what others could say as well.
    pub writes: &'static [&'static str],
    /// Properties in other languages are lines; elsewhere they are JSPROPs, unless they are
    /// lines already.
    pub has_languages: bool,
    /// New cards are folded (RFC 6350 §3.2).
    pub folds: bool,
    /// A parameter ends at a colon or semicolon in quotes, too.
    pub cuts_quotes: bool,
}

/// vCard 2.1, 3.0 and 4.0 with the extensions that are widely met.
pub const STANDARD: Dialect = Dialect {
    rules: &[],
    types: &[],
    comma_is_text: &[],
    writes: &[],
    has_languages: true,
    folds: true,
    cuts_quotes: false,
};

/// What one vCard property converts to.
#[derive(Debug)]
pub struct Rule {
    /// In upper case.
    pub name: &'static str,
    pub target: Target,
    /// The kind, service or relation that the property's name implies, or nothing.
    pub implies: &'static str,
    pub shape: Shape,
}

/// What a TYPE value says, in RFC 9553's words; nothing where it is empty.
#[derive(Debug)]
pub struct TypeRule {
    /// In lower case.
    pub value: &'static str,
    pub context: &'static str,
    pub feature: &'static str,
    /// What has this context and this feature is written so.
    pub is_written: bool,
}

/// Where in a Card a vCard property goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Target {
    /// Nowhere: it is carried in `vCardProps`.
    Carried,
    /// BEGIN, END: they are the card, no part of it.
    Frame,
    Uid,
    Kind,
    Language,
    ProdId,
    Created,
    Updated,
    FullName,
    NameComponents,
    SurnameSort,
    Nickname,
    Organization,
    OrganizationUnit,
    GrammaticalGender,
    Pronouns,
    Title,
    Email,
    /// The value is a URI.
    OnlineService,
    /// The value is a user name at the service that the property's name implies.
    OnlineUser,
    Phone,
    PreferredLanguage,
    Calendar,
    SchedulingAddress,
    Address,
    /// The LABEL property of vCard 2.1 and 3.0.
    DeliveryLabel,
    Coordinates,
    TimeZone,
    CryptoKey,
    Directory,
    Link,
    Media,
    Anniversary,
    AnniversaryPlace,
    /// Apple's X-ABDATE, whose kind is its label.
    LabelledDate,
    Keywords,
    Note,
    PersonalInfo,
    Relation,
    /// Apple's X-ABRELATEDNAMES, whose relation is its label.
    LabelledRelation,
    Member,
    Label,
    JsProp,
}

/// How the value is written, which jCard tells apart (RFC 7095 §3.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Uri,
    /// A date, date and time, or a part of it.
    Date,
    Timestamp,
    LanguageTag,
    /// Texts between commas.
    List,
    /// Components between semicolons, each of them texts between commas.
    Structured,
    /// Of a property that no standard defines.
    Unknown,
}

impl Target {
    /// The bit in a set of targets.
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }
}

const fn rule(name: &'static str, target: Target, implies: &'static str, shape: Shape) -> Rule {
    Rule {
        name,
        target,
        implies,
        shape,
    }
}

/// The rule of a property that is only carried along.
pub static UNKNOWN: Rule = rule("", Target::Carried, "", Shape::Unknown);

/// By the length of the name, which narrows the search to a few.
static RULES: &[&[Rule]] = {
    use Shape::{Date, LanguageTag, List, Structured, Text, Timestamp, Unknown, Uri};
    use Target::*;
    &[
        &[],
        &[rule("N", NameComponents, "", Structured)],
        &[
            rule("FN", FullName, "", Text),
            rule("TZ", TimeZone, "", Text),
        ],
        &[
            rule("TEL", Phone, "", Text),
            rule("ADR", Address, "", Structured),
            rule("ORG", Organization, "", Structured),
            rule("URL", Link, "", Uri),
            rule("UID", Uid, "", Uri),
            rule("REV", Updated, "", Timestamp),
            rule("KEY", CryptoKey, "", Uri),
            rule("GEO", Coordinates, "", Uri),
            rule("END", Frame, "", Text),
            rule("XML", Carried, "", Text),
        ],
        &[
            rule("BDAY", Anniversary, "birth", Date),
            rule("NOTE", Note, "", Text),
            rule("ROLE", Title, "role", Text),
            rule("KIND", Kind, "", Text),
            rule("IMPP", OnlineService, "", Uri),
            rule("LANG", PreferredLanguage, "", LanguageTag),
            rule("LOGO", Media, "logo", Uri),
        ],
        &[
            rule("EMAIL", Email, "", Text),
            rule("BEGIN", Frame, "", Text),
            rule("TITLE", Title, "title", Text),
            rule("PHOTO", Media, "photo", Uri),
            rule("X-AIM", OnlineUser, "AIM", Unknown),
            rule("X-ICQ", OnlineUser, "ICQ", Unknown),
            rule("X-MSN", OnlineUser, "MSN", Unknown),
            rule("SOUND", Media, "sound", Uri),
            rule("FBURL", Calendar, "freeBusy", Uri),
            rule("HOBBY", PersonalInfo, "hobby", Text),
            rule("LABEL", DeliveryLabel, "", Text),
            rule("CLASS", Carried, "", Text),
            rule("AGENT", Carried, "", Text),
        ],
        &[
            rule("PRODID", ProdId, "", Text),
            rule("SOURCE", Directory, "entry", Uri),
            rule("MEMBER", Member, "", Uri),
            rule("CALURI", Calendar, "calendar", Uri),
            rule("JSPROP", JsProp, "", Text),
            rule("GENDER", Carried, "", Structured),
            rule("MAILER", Carried, "", Text),
        ],
        &[
            rule("VERSION", Carried, "", Text),
            rule("X-YAHOO", OnlineUser, "Yahoo", Unknown),
            rule("X-SKYPE", OnlineUser, "Skype", Unknown),
            rule("RELATED", Relation, "", Uri),
            rule("CREATED", Created, "", Timestamp),
        ],
        &[
            rule("NICKNAME", Nickname, "", List),
            rule("X-JABBER", OnlineUser, "Jabber", Unknown),
            rule("X-SPOUSE", Relation, "spouse", Unknown),
            rule("X-ABDATE", LabelledDate, "", Unknown),
            rule("LANGUAGE", Language, "", LanguageTag),
            rule("PRONOUNS", Pronouns, "", Text),
            rule("INTEREST", PersonalInfo, "interest", Text),
        ],
        &[
            rule("X-ABLABEL", Label, "", Unknown),
            rule("X-MANAGER", Relation, "co-worker", Unknown),
            rule("DEATHDATE", Anniversary, "death", Date),
            rule("CALADRURI", SchedulingAddress, "", Uri),
            rule("EXPERTISE", PersonalInfo, "expertise", Text),
            rule("X-TWITTER", OnlineUser, "Twitter", Unknown),
        ],
        &[
            rule("CATEGORIES", Keywords, "", List),
            rule("BIRTHPLACE", AnniversaryPlace, "birth", Text),
            rule("DEATHPLACE", AnniversaryPlace, "death", Text),
            rule("GRAMGENDER", GrammaticalGender, "", Text),
            rule("X-GADUGADU", OnlineUser, "Gadu-Gadu", Unknown),
        ],
        &[
            rule("ANNIVERSARY", Anniversary, "wedding", Date),
            rule("X-ASSISTANT", Relation, "agent", Unknown),
            rule("CONTACT-URI", Link, "contact", Uri),
            rule("SORT-STRING", SurnameSort, "", Text),
            rule("X-GROUPWISE", OnlineUser, "GroupWise", Unknown),
        ],
        &[rule("CLIENTPIDMAP", Carried, "", Structured)],
        &[
            rule("X-ANNIVERSARY", Anniversary, "wedding", Unknown),
            rule("SOCIALPROFILE", OnlineService, "", Uri),
            rule("ORG-DIRECTORY", Directory, "directory", Uri),
        ],
        &[],
        &[rule("X-SOCIALPROFILE", OnlineService, "", Unknown)],
        &[
            rule("X-SKYPE-USERNAME", OnlineUser, "Skype", Unknown),
            rule("X-ABRELATEDNAMES", LabelledRelation, "", Unknown),
        ],
        &[],
        &[rule("X-EVOLUTION-SPOUSE", Relation, "spouse", Unknown)],
        &[rule("X-EVOLUTION-MANAGER", Relation, "co-worker", Unknown)],
        &[],
        &[rule("X-EVOLUTION-ASSISTANT", Relation, "agent", Unknown)],
        &[],
        &[rule(
            "X-EVOLUTION-ANNIVERSARY",
            Anniversary,
            "wedding",
            Unknown,
        )],
        &[rule("X-ADDRESSBOOKSERVER-KIND", Kind, "", Unknown)],
        &[],
        &[rule("X-ADDRESSBOOKSERVER-MEMBER", Member, "", Unknown)],
    ]
};

impl Dialect {
    /// All rules, those that it writes first.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        let written = self.writes.iter().map(|name| self.rule(name.as_bytes()));
        let standard = RULES.iter().flat_map(|rules| rules.iter());
        written.chain(standard.filter(|rule| rule.shape != Shape::Unknown))
    }

    /// The rule of a property by its name in any case.
    pub fn rule(&self, name: &[u8]) -> &'static Rule {
        let named = |rule: &&'static Rule| rule.name.as_bytes().eq_ignore_ascii_case(name);
        let standard = RULES.get(name.len()).copied().unwrap_or_default();
        let own = self.rules.iter().find(named);
        own.or_else(|| standard.iter().find(named))
            .unwrap_or(&UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_under_the_length_of_its_name() {
        for (length, rules) in RULES.iter().enumerate() {
            for rule in *rules {
                assert_eq!(rule.name.len(), length, "{}", rule.name);
            }
        }
    }

    #[test]
    fn rule_is_found_in_any_case() {
        assert_eq!(STANDARD.rule(b"TeL").target, Target::Phone);
        assert_eq!(STANDARD.rule(b"X-UNHEARD-OF").target, Target::Carried);
    }
}
