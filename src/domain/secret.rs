//! The one type for what must never be seen.

use zeroize::Zeroizing;

/// A text that cannot be printed, compared or serialised, and is wiped when dropped.
///
/// It implements none of `Debug`, `Display` and `Serialize`, so that a type which holds one can't
/// derive them by accident.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text in.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, to put it where it belongs: a request on its way out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What follows this secret in `text`, if `text` begins with it, however it is written: as it is, escaped as
    /// JSON does it, or as a URL does.
    pub fn after<'a>(&self, text: &'a str) -> Option<&'a str> {
        // One or two characters are no secret, and redacting them would spoil every message.
        self.expose().chars().nth(2)?;
        // A per cent sign can be one, or begin what a URL writes for one.
        [true, false].into_iter().find_map(|escaped| self.after_written(text, escaped))
    }

    fn after_written<'a>(&self, text: &'a str, percent_escaped: bool) -> Option<&'a str> {
        let mut before = None;
        self.expose().chars().try_fold(text, |text, character| {
            let again = before.replace(character) == Some('\\');
            match character {
                // One backslash can be written as several, and several as more.
                '\\' if again => Some(text),
                '\\' => after_json_escape(text, '\\')
                    .map(after_more_backslashes)
                    .or_else(|| after_backslashes(text))
                    .or_else(|| after_percent_backslashes(text)),
                '%' if percent_escaped => {
                    after_percent_escape(text, b'%').or_else(|| after_json_escape(text, '%'))
                }
                _ => after_written(text, character),
            }
        })
    }
}

/// What follows `character` in `text`, if `text` begins with it in any of its written forms.
fn after_written(text: &str, character: char) -> Option<&str> {
    let mut bytes = [0; 4];
    let encoded = character.encode_utf8(&mut bytes);
    text.strip_prefix(character)
        .or_else(|| after_json_escape(text, character))
        .or_else(|| encoded.bytes().try_fold(text, after_percent_escape))
        .or_else(|| text.strip_prefix('+').filter(|_| character == ' '))
}

/// The text can have been escaped more than once, so that there are several backslashes.
fn after_json_escape(text: &str, character: char) -> Option<&str> {
    let short = match character {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        other => other,
    };
    let rest = after_backslashes(text)?;
    if let Some(rest) = rest.strip_prefix(short) {
        return Some(rest);
    }
    let mut units = [0; 2];
    let mut units = character.encode_utf16(&mut units).iter();
    let first = after_unit(rest, *units.next()?)?;
    units.try_fold(first, |text, unit| after_unit(after_backslashes(text)?, *unit))
}

fn after_backslashes(text: &str) -> Option<&str> {
    text.starts_with('\\').then(|| text.trim_start_matches('\\'))
}

/// Of several in a row, each written as `\u005c`.
fn after_more_backslashes(mut text: &str) -> &str {
    while let Some(further) = after_json_escape(text, '\\') {
        text = further;
    }
    text
}

fn after_percent_backslashes(text: &str) -> Option<&str> {
    let mut rest = after_percent_escape(text, b'\\')?;
    while let Some(further) = after_percent_escape(rest, b'\\') {
        rest = further;
    }
    Some(rest)
}

/// `uXXXX`
fn after_unit(text: &str, unit: u16) -> Option<&str> {
    let digits = text.strip_prefix('u')?;
    let (digits, rest) = digits.split_at_checked(4)?;
    (u16::from_str_radix(digits, 16) == Ok(unit)).then_some(rest)
}

/// `%XX`
fn after_percent_escape(text: &str, byte: u8) -> Option<&str> {
    let (digits, rest) = text.strip_prefix('%')?.split_at_checked(2)?;
    (u8::from_str_radix(digits, 16) == Ok(byte)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use crate::domain::message::redacted;

    fn shown(secret: &Secret, text: &str) -> String {
        redacted(text, &[secret])
    }

    #[test]
    fn each_written_form_of_a_secret_is_redacted() {
        let secret = Secret::new("p\"w/ 1".to_owned());
        for (text, expected) in [
            ("no p\"w/ 1 here", "no [secret] here"),
            (r#"{"s":"p\"w/ 1"}"#, r#"{"s":"[secret]"}"#),
            (r#"{\\"s\\": \\"p\\\\\"w\\/ 1\\"}"#, r#"{\\"s\\": \\"[secret]\\"}"#),
            ("?s=p%22w%2F%201&x=1", "?s=[secret]&x=1"),
            ("?s=p%22w%2f+1&x=1", "?s=[secret]&x=1"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(shown(&secret, text), expected);
        }
    }

    #[test]
    fn a_secret_with_backslashes_is_redacted_too() {
        let secret = Secret::new(r#"a\\b\"c"#.to_owned());
        for text in [r#"a\\b\"c"#, r#"a\\\\b\\\"c"#, "a%5C%5Cb%5C%22c"] {
            assert_eq!(shown(&secret, &format!("<{text}>")), "<[secret]>", "{text}");
        }
    }

    #[test]
    fn a_secret_with_per_cent_signs_is_redacted_too() {
        let secret = Secret::new("100%25%x".to_owned());
        for text in ["100%25%x", "100%2525%25x", r"100\u002525\u0025x"] {
            assert_eq!(shown(&secret, &format!("<{text}>")), "<[secret]>", "{text}");
        }
    }

    #[test]
    fn a_secret_of_other_letters_is_redacted_in_each_form_too() {
        let secret = Secret::new("密钥\u{1f511}x".to_owned());
        for text in [
            "密钥\u{1f511}x",
            r"\u5bc6\u94a5\ud83d\udd11x",
            r"\u5BC6\u94A5\uD83D\uDD11x",
            r"\\u5bc6\\u94a5\\ud83d\\udd11x",
            "%E5%AF%86%E9%92%A5%F0%9F%94%91x",
            "%e5%af%86%e9%92%a5%f0%9f%94%91%78",
        ] {
            assert_eq!(shown(&secret, &format!("<{text}>")), "<[secret]>", "{text}");
        }
        assert_eq!(shown(&secret, r"\u5bc6\u94a5\ud83d"), r"\u5bc6\u94a5\ud83d");
    }

    #[test]
    fn a_secret_too_short_to_be_one_leaves_messages_readable() {
        assert_eq!(shown(&Secret::new(String::new()), "abc"), "abc");
        assert_eq!(shown(&Secret::new("b".to_owned()), "abc"), "abc");
    }
}
