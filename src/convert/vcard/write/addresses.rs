//! ADR, GEO and TZ (RFC 9555 §2.6.1, §2.8).

use super::components::Placed;
use super::groups::group_of;
use super::line::{NewLine, NewValue, Version};
use super::names::components;
use super::writer::{Members, Writer, text};
use crate::convert::vcard::addresses::ADDRESS;

impl Writer<'_> {
    /// ADR, or GEO and TZ where that is all there is; and the lines that belong to it.
    pub fn address(&mut self, line: &mut NewLine, address: &Members) -> Vec<NewLine> {
        let components = components(address);
        let placed = Placed::of(components, &ADDRESS);
        line.value = placed.value(7);
        self.order(line, &placed, address);
        if let Some(full) = text(address, "full") {
            if components.is_empty() && self.style.version < Version::Four {
                // Elder readers know no label there.
                line.value = NewValue::Texts(
                    ["", "", full, "", "", "", ""]
                        .map(|it| vec![it.to_owned()])
                        .to_vec(),
                );
                line.param("DERIVED", "TRUE");
            }
            line.param("LABEL", full);
        }
        if let Some(code) = text(address, "countryCode") {
            line.param("CC", code);
        }
        let mut followers = Vec::new();
        for (member, param) in [("coordinates", "GEO"), ("timeZone", "TZ")] {
            let Some(value) = text(address, member) else {
                continue;
            };
            match self.style.version {
                Version::Four => line.param(param, value),
                _ => followers.extend(place_line(param, value)),
            }
        }
        let says_nothing = components.is_empty()
            && !address.contains_key("full")
            && !address.contains_key("countryCode");
        if says_nothing && self.style.version < Version::Four && !followers.is_empty() {
            *line = followers.remove(0);
        }
        if !followers.is_empty() || matches!(line.name.as_str(), "GEO" | "TZ") {
            let group = group_of(address).unwrap_or_else(|| self.groups.fresh());
            line.group = Some(group);
        }
        if let (Some(value), Some(line)) = (placed.sounds(7), self.sound("ADR", address)) {
            followers.push(NewLine { value, ..line });
        }
        followers
    }
}

/// GEO or TZ as vCard 3.0 has them (RFC 2426 §3.4).
fn place_line(name: &str, value: &str) -> Option<NewLine> {
    if name == "TZ" {
        return Some(NewLine::text(name, value));
    }
    let uri = value.strip_prefix("geo:")?;
    let value = match uri.split_once(',') {
        Some((latitude, longitude)) if !longitude.contains([',', ';']) => {
            NewValue::Texts(vec![vec![latitude.to_owned()], vec![longitude.to_owned()]])
        }
        _ => NewValue::Uri(value.to_owned()),
    };
    Some(NewLine::new(name, value))
}
