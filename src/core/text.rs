//! Small rules about text that several modules share.

/// `text` cut to at most `limit` bytes at a character's border.
pub fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// `text` as a URL's query or path writes it.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(hex_digit(byte >> 4)).to_ascii_uppercase());
            encoded.push(char::from(hex_digit(byte & 15)).to_ascii_uppercase());
        }
    }
    encoded
}

/// `bytes` in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)])
        .map(char::from)
        .collect()
}

/// The bytes that lower-case hex digits stand for, or `None` if it is anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(value(high)? << 4 | value(low)?))
        .collect()
}

fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + (nibble - 10),
    }
}

/// Whether every character can stand in an HTTP header's value: printable ASCII, no line breaks.
pub fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

/// The names in ITSM's lists of users, such as `",carol,bob,"`.
pub fn users(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|user| !user.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether `text` is a time as ITSM writes it: `2026-11-24 07:26:12`, with more behind it or not.
pub fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes().first_chunk::<19>();
    bytes.is_some_and(|bytes| {
        bytes
            .iter()
            .zip(b"0000-00-00 00:00:00")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b' ' => matches!(byte, b' ' | b'T'),
                mark => byte == mark,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_never_splits_a_character() {
        assert_eq!(cut("单据", 4), "单");
        assert_eq!(cut("ab", 9), "ab");
    }

    #[test]
    fn hex_is_lower_case_and_comes_in_pairs() {
        assert_eq!(hex(&[0, 0xaf]), "00af");
        assert_eq!(unhex("00af"), Some(vec![0, 0xaf]));
        for wrong in ["0", "0G", "AF", "é0"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn user_lists_are_read_with_or_without_the_outer_commas() {
        assert_eq!(users(",carol,bob,"), ["carol", "bob"]);
        assert_eq!(users("admin"), ["admin"]);
        assert!(users("").is_empty());
    }
}
