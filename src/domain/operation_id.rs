//! Operation ids and tags: texts of one form, the first public, the second secret.

/// The alphabet of base32 (RFC 4648), lower case: ITSM compares tags without case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// ITSM's tag column holds this many characters.
pub const MAX_CHARS: usize = 32;

/// 128 bits as the 26 characters of base32 without padding.
pub fn from_bits(bits: u128) -> String {
    (0..26)
        .map(|place| (bits << (5 * place)) >> 123)
        .filter_map(|index| ALPHABET.get(index as usize))
        .map(|&character| char::from(character))
        .collect()
}

/// Whether `id` has the form of both, 1 to 32 lower-case letters and digits: a tag of this form is found
/// again.
///
/// Ids of the host's own making are welcome; ones that differ only in case would be one tag to ITSM.
pub fn is_valid(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_of_the_randomness_reach_the_id() {
        let zero = from_bits(0);
        assert_eq!(zero, "a".repeat(26));
        for bit in 0..128 {
            let id = from_bits(1 << bit);
            assert_ne!(id, zero, "bit {bit}");
            assert!(is_valid(&id));
        }
        assert_eq!(from_bits(u128::MAX), format!("{}4", "7".repeat(25)));
    }

    #[test]
    fn an_id_that_itsm_would_refuse_or_confuse_is_invalid() {
        for id in ["", "A", "a b", "ä", &"a".repeat(33)] {
            assert!(!is_valid(id), "{id}");
        }
        assert!(is_valid(&"a".repeat(32)));
    }
}
