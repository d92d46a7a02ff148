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

    /// `text` with this secret blotted out, in its own form and as JSON or a URL's query writes it.
    pub fn blot_out(&self, text: &str) -> String {
        let plain = self.expose();
        let json = serde_json::to_string(plain).unwrap_or_default();
        let json = json.trim_matches('"');
        let query = super::text::percent_encode(plain);
        let mut text = text.to_owned();
        for form in [plain, json, &query] {
            // One or two characters are no secret, and would turn every message into blots.
            if form.len() > 2 {
                text = text.replace(form, "[secret]");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn each_written_form_of_a_secret_is_blotted_out() {
        let secret = Secret::new("p\"w/ 1".to_owned());
        for (text, blotted) in [
            ("no p\"w/ 1 here", "no [secret] here"),
            (r#"{"s":"p\"w/ 1"}"#, r#"{"s":"[secret]"}"#),
            ("?s=p%22w%2F%201&x=1", "?s=[secret]&x=1"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(secret.blot_out(text), blotted);
        }
    }

    #[test]
    fn a_secret_too_short_to_be_one_leaves_messages_readable() {
        assert_eq!(Secret::new(String::new()).blot_out("abc"), "abc");
        assert_eq!(Secret::new("b".to_owned()).blot_out("abc"), "abc");
    }
}
