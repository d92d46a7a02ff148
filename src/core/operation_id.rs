//! The id that ties a ticket to the operation it gates.

/// The alphabet of RFC 4648's base32, lower case: ITSM compares tags without case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// ITSM's tag column holds this many characters.
pub const MAX_CHARS: usize = 32;

/// 128 random bits as 26 characters.
pub fn from_random(bits: u128) -> String {
    (0..26)
        .map(|place| (bits >> (5 * place)) & 31)
        .filter_map(|index| ALPHABET.get(index as usize))
        .map(|&character| char::from(character))
        .collect()
}

/// Whether `id` can be a tag that is found again: 1 to 32 lower-case letters and digits.
///
/// Ids of the host's own making are welcome; ones that differ only in case would be one tag to ITSM.
pub fn is_valid(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_of_the_randomness_reach_the_id() {
        let zero = from_random(0);
        assert_eq!(zero, "a".repeat(26));
        for bit in 0..128 {
            let id = from_random(1 << bit);
            assert_ne!(id, zero, "bit {bit}");
            assert!(is_valid(&id));
        }
        assert_eq!(from_random(u128::MAX), format!("{}h", "7".repeat(25)));
    }

    #[test]
    fn an_id_that_itsm_would_refuse_or_confuse_is_invalid() {
        for id in ["", "A", "a b", "ä", &"a".repeat(33)] {
            assert!(!is_valid(id), "{id}");
        }
        assert!(is_valid(&"a".repeat(32)));
    }
}
