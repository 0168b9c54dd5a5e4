//! UUIDs (RFC 9562), as the URNs that uids are.

use sha1::{Digest, Sha1};

/// Appends the URN of the UUID of this version that the first 16 octets make.
pub fn write_urn(octets: &[u8], version: u8, urn: &mut String) {
    urn.push_str("urn:uuid:");
    for (at, octet) in octets.iter().take(16).enumerate() {
        let octet = match at {
            6 => octet & 0x0f | version << 4,
            8 => octet & 0x3f | 0x80,
            _ => *octet,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            urn.push('-');
        }
        let digits = [octet >> 4, octet & 0x0f].map(u32::from);
        urn.extend(digits.map(|digit| char::from_digit(digit, 16).unwrap_or('0')));
    }
}

/// The URN of the version 5 UUID of a name in a namespace.
pub fn urn(namespace: &[u8; 16], name: &[u8]) -> String {
    let digest = Sha1::new()
        .chain_update(namespace)
        .chain_update(name)
        .finalize();
    let mut urn = String::new();
    write_urn(&digest, 5, &mut urn);
    urn
}

#[cfg(test)]
mod tests {
    use super::urn;

    #[test]
    fn urn_is_that_of_a_version_5_uuid() {
        // RFC 9562 appendix A.4
        let dns = [
            0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4,
            0x30, 0xc8,
        ];
        assert_eq!(
            urn(&dns, b"www.example.com"),
            "urn:uuid:2ed6657d-e927-568b-95e1-2665a8aea6a2"
        );
    }
}
