//! ADR, and the GEO and TZ that belong to it (RFC 9555 §2.6.1, §2.8), and the LABEL of vCard
//! 2.1 and 3.0 (RFC 2426 §3.2.2).

use super::components::{self, Layout, Parts, Repeat};
use super::dates;
use super::emit::Emitter;
use super::params::{self, ParamName, ParamSet};
use super::rule::Target;
use super::value;
use crate::convert::content_line::Line;
use std::borrow::Cow;

/// ADR, with the components of RFC 9554 §2.1.
pub static ADDRESS: Layout = Layout {
    kinds: &[
        "postOfficeBox",
        "apartment",
        "name",
        "locality",
        "region",
        "postcode",
        "country",
        "room",
        "apartment",
        "floor",
        "number",
        "name",
        "building",
        "block",
        "subdistrict",
        "district",
        "landmark",
        "direction",
    ],
    repeats: &[
        Repeat {
            elder: 1,
            newer: &[7, 8, 9, 12],
            whole: true,
        },
        Repeat {
            elder: 2,
            newer: &[10, 11, 13, 14, 15, 16, 17],
            whole: true,
        },
    ],
};

/// The parameters of ADR that make an address of it even if its value is blank.
pub const SAYING: ParamSet = ParamSet::of(&[
    ParamName::Cc,
    ParamName::Geo,
    ParamName::Label,
    ParamName::Tz,
]);

impl<'c> Emitter<'c, '_> {
    pub fn address(&mut self, index: usize, line: Line<'c>) -> ParamSet {
        let mut expressed = ParamSet::EMPTY;
        let text = value::decoded(line);
        let label = params::find_text(line, ParamName::Label);
        expressed.add_if(label.is_some(), ParamName::Label);
        let label = match &label {
            Some(label) => Some(value::unescape(label)),
            None => {
                let card = self.card;
                card.joined(index, Target::DeliveryLabel).map(value::text)
            }
        };
        let order = params::find_text(line, ParamName::Jscomps);
        let is_structured = value::split(&text, b';').nth(1).is_some();
        // What was only made of the label for elder readers says no more than that.
        let is_derived = label.is_some()
            && params::find(line, ParamName::Derived)
                .is_some_and(|derived| derived.eq_ignore_ascii_case(b"true"));
        expressed.add_if(is_derived, ParamName::Derived);
        if is_structured && !is_derived {
            let comma_is_text = self.card.comma_is_text(line, "ADR", &text);
            let mut parts = Parts::read(&text, &ADDRESS, comma_is_text, order.as_deref());
            parts.arrange();
            self.components(index, &parts, &ADDRESS);
            if parts.ordered {
                expressed.add(ParamName::Jscomps);
            }
        }
        // An address that is no list of components is a text, or a street beside one.
        let value = value::unescape(&text);
        match &label {
            Some(label) => {
                self.out.member("full", label);
                if !is_structured && !value.trim().is_empty() {
                    self.out.key("components");
                    self.out.begin_array();
                    self.out.begin_object();
                    self.out.member("kind", "name");
                    self.out.member("value", &value);
                    self.out.end_object();
                    self.out.end_array();
                }
            }
            None if !is_structured && !value.trim().is_empty() => self.out.member("full", &value),
            None => {}
        }
        if let Some(code) = params::find_text(line, ParamName::Cc) {
            self.out.member("countryCode", &code);
            expressed.add(ParamName::Cc);
        }
        let geo = params::find_text(line, ParamName::Geo);
        match geo.as_deref().and_then(coordinates) {
            Some(uri) => {
                self.out.member("coordinates", &uri);
                expressed.add(ParamName::Geo);
            }
            None => self.joined_coordinates(index),
        }
        let zone = params::find_text(line, ParamName::Tz);
        match zone.as_deref().and_then(time_zone) {
            Some(name) => {
                self.out.member("timeZone", &name);
                expressed.add(ParamName::Tz);
            }
            None => self.joined_time_zone(index),
        }
        expressed
    }

    /// Whether there are more components than have a kind: the property is carried besides.
    pub fn address_overflows(&self, line: Line<'c>) -> bool {
        components::overflow(&value::decoded(line), &ADDRESS)
    }

    /// An address of a GEO that belongs to no ADR.
    pub fn coordinates(&mut self, index: usize, line: Line<'c>) {
        if let Some(uri) = coordinates(&value::decoded(line)) {
            self.out.member("coordinates", &uri);
        }
        self.joined_time_zone(index);
    }

    /// An address of a TZ that belongs to no ADR or GEO.
    pub fn time_zone(&mut self, line: Line<'c>) {
        if let Some(name) = time_zone(&value::text(line)) {
            self.out.member("timeZone", &name);
        }
    }

    fn joined_coordinates(&mut self, index: usize) {
        let card = self.card;
        if let Some(line) = card.joined(index, Target::Coordinates)
            && let Some(uri) = coordinates(&value::decoded(line))
        {
            self.out.member("coordinates", &uri);
        }
    }

    fn joined_time_zone(&mut self, index: usize) {
        let card = self.card;
        if let Some(line) = card.joined(index, Target::TimeZone) {
            self.time_zone(line);
        }
    }
}

/// A geo URI of what GEO holds: such a URI, or latitude and longitude in vCard 3.0.
pub fn coordinates(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text
        .get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("geo:"))
    {
        return Some(value::unescape(text));
    }
    let (latitude, longitude) = text.split_once([';', ','])?;
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    let in_range = number(latitude)?.abs() <= 90.0 && number(longitude)?.abs() <= 180.0;
    in_range.then(|| Cow::Owned(format!("geo:{},{}", latitude.trim(), longitude.trim())))
}

/// The name of a time zone, as TZ names it or for the distance from UTC that it gives
/// (RFC 9555 §2.8.2).
pub fn time_zone(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let sign = match text.as_bytes() {
        [b'+', ..] => '-',
        [b'-', ..] => '+',
        [first, ..] if first.is_ascii_alphabetic() => {
            let is_name = text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"/_+-".contains(&octet));
            return is_name.then_some(Cow::Borrowed(text));
        }
        _ => return None,
    };
    // The names of these zones count the other way round.
    match (sign, dates::hours_and_minutes(text.get(1..)?)?) {
        (_, (0, 0)) => Some(Cow::Borrowed("Etc/UTC")),
        ('+', (hours, 0)) if hours <= 12 => Some(Cow::Owned(format!("Etc/GMT+{hours}"))),
        ('-', (hours, 0)) if hours <= 14 => Some(Cow::Owned(format!("Etc/GMT-{hours}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_come_from_any_version() {
        assert_eq!(coordinates("GEO:1,2").as_deref(), Some("GEO:1,2"));
        assert_eq!(
            coordinates("37.38;-122.08").as_deref(),
            Some("geo:37.38,-122.08")
        );
        assert_eq!(coordinates("north;south"), None);
        for outside in ["90.1;0", "-91;0", "0;180.1", "0;-181", "NaN;0", "inf;0"] {
            assert_eq!(coordinates(outside), None, "{outside}");
        }
        assert_eq!(coordinates("-90;180").as_deref(), Some("geo:-90,180"));
    }

    #[test]
    fn time_zone_of_an_offset_counts_the_other_way_round() {
        assert_eq!(time_zone("-0500").as_deref(), Some("Etc/GMT+5"));
        assert_eq!(time_zone("+01:00").as_deref(), Some("Etc/GMT-1"));
        assert_eq!(time_zone("+00").as_deref(), Some("Etc/UTC"));
        assert_eq!(time_zone("Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(time_zone("-0530"), None);
        assert_eq!(time_zone("-1200").as_deref(), Some("Etc/GMT+12"));
        assert_eq!(time_zone("-1300"), None);
        assert_eq!(time_zone("+1400").as_deref(), Some("Etc/GMT-14"));
        assert_eq!(time_zone("+1500"), None);
        assert_eq!(time_zone("Etc/GMT+1_a").as_deref(), Some("Etc/GMT+1_a"));
        assert_eq!(time_zone("Europe; Berlin"), None);
        assert_eq!(time_zone("-05:00; EST; Raleigh"), None);
    }
}
