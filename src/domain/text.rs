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
            encoded.push(hex_digit(byte >> 4).to_ascii_uppercase());
            encoded.push(hex_digit(byte & 15).to_ascii_uppercase());
        }
    }
    encoded
}

/// `bytes` in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(hex_digit(byte >> 4));
        text.push(hex_digit(byte & 15));
    }
    text
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
    let mut bytes = Vec::with_capacity(pairs.len());
    for &[high, low] in pairs {
        bytes.push(value(high)? << 4 | value(low)?);
    }
    Some(bytes)
}

fn hex_digit(nibble: u8) -> char {
    char::from(match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + (nibble - 10),
    })
}

/// Whether every character can stand in an HTTP header's value: printable ASCII, no line breaks.
pub fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

/// Whether a character shows nothing by itself: it joins, separates or turns what stands around it.
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The names in ITSM's lists of users, such as `",carol,bob,"`.
pub fn users(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|user| !user.is_empty()).map(str::to_owned).collect()
}

/// Whether `text` is a time as ITSM writes it: `2026-11-24 07:26:12`, with more behind it or not.
pub fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes().first_chunk::<19>();
    bytes.is_some_and(|bytes| {
        bytes.iter().zip(b"0000-00-00 00:00:00").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            b' ' => matches!(byte, b' ' | b'T'),
            mark => byte == mark,
        })
    })
}

/// Whether `text` is a date, or a date with a time, as ITSM reads one: without a zone, which its database
/// does not take.
pub fn is_date(text: &str) -> bool {
    let number = |digits: &str, places: usize| {
        let is_number = digits.len() == places && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let is_day = || {
        let mut parts = date.splitn(3, '-');
        let year = number(parts.next()?, 4)?;
        let month = number(parts.next()?, 2)?;
        let day = number(parts.next()?, 2)?;
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        (year > 0 && (1..=days).contains(&day)).then_some(())
    };
    let is_time = |time: &str| {
        let mut parts = time.splitn(3, ':');
        let hour = number(parts.next()?, 2)?;
        let minute = number(parts.next()?, 2)?;
        let (second, fraction) = match parts.next() {
            None => ("00", "0"),
            Some(second) => second.split_once('.').unwrap_or((second, "0")),
        };
        let second = number(second, 2)?;
        number(fraction, fraction.len().clamp(1, 6))?;
        (hour < 24 && minute < 60 && second < 60).then_some(())
    };
    is_day().is_some() && time.is_none_or(|time| is_time(time).is_some())
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
