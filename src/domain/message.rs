//! The one way out for messages: text that people read in a failure, a finding, a report or a log.

use super::secret::Secret;
use super::text;

/// No message is longer than this many bytes.
pub const MAX_BYTES: usize = 256;

/// `text` as it may be shown: secrets redacted, on one line, without what steers a terminal or the
/// direction of writing, and not too long.
pub fn redacted(text: &str, secrets: &[&Secret]) -> String {
    redacted_within(text, secrets, MAX_BYTES)
}

/// The same for a text with a limit of its own. No more of it is looked at than is shown.
pub fn redacted_within(text: &str, secrets: &[&Secret], max_bytes: usize) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while shown.len() < max_bytes
        && let Some(character) = rest.chars().next()
    {
        // One secret can begin like another: the one that reaches farther counts.
        let after =
            secrets.iter().filter_map(|secret| secret.after(rest)).min_by_key(|after| after.len());
        rest = match after {
            Some(after) => {
                shown.push_str("[secret]");
                after
            }
            None => {
                let steers = character.is_control() || text::is_invisible(character);
                shown.push(if steers { ' ' } else { character });
                rest.get(character.len_utf8()..).unwrap_or_default()
            }
        };
    }
    text::cut(&shown, max_bytes).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_breaks_a_line_steers_a_terminal_or_holds_a_secret() {
        let secret = Secret::new("s3cret".to_owned());
        for (text, expected) in [
            ("单据 is plain", "单据 is plain"),
            ("a\r\nb\tc\0d", "a  b c d"),
            ("\u{1b}[31mred\u{9b}0m", " [31mred 0m"),
            ("\u{202e}gnp\u{2066}\u{2028}\u{feff}\u{7f}", " gnp    "),
            ("it is s3cret, s3cret", "it is [secret], [secret]"),
            // What was said in two lines could hide it.
            ("s3\u{200b}cret", "s3 cret"),
        ] {
            assert_eq!(redacted(text, &[&secret]), expected, "{text:?}");
        }
        assert_eq!(redacted(&"单".repeat(200), &[]).len(), 255);
        let longer = Secret::new("s3cret-and-more".to_owned());
        assert_eq!(
            redacted("s3cret-and-more s3cret-and", &[&secret, &longer]),
            "[secret] [secret]-and"
        );
    }
}
