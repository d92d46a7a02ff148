//! A server's texts, as they may be shown.

/// A text on one line, without what steers a terminal, and without secrets, however they are written.
pub(crate) fn redacted(mut text: &str, secrets: &[String]) -> String {
    let mut redacted = String::new();
    while let Some(letter) = text.chars().next() {
        if let Some(rest) = secrets.iter().find_map(|secret| after(text, secret)) {
            redacted.push_str("[secret]");
            text = rest;
        } else {
            let unseen = letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
            redacted.push(if unseen { ' ' } else { letter });
            text = &text[letter.len_utf8()..];
        }
    }
    redacted
}

/// What follows a secret at the beginning of a text. Long texts come cut: one that ends within the secret,
/// after three letters or more, is one too.
fn after<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    // Several, because a letter's two forms can both fit: a backslash, and two for one.
    let mut rests = vec![text];
    for (passed, letter) in secret.chars().enumerate() {
        let forms = written(letter);
        let pairs = || forms.iter().flat_map(|form| rests.iter().map(move |rest| (form, *rest)));
        if passed > 2 && pairs().any(|(form, rest)| begins(form, rest)) {
            return Some("");
        }
        let fits =
            |(form, rest): (&String, &'a str)| begins(rest, form).then(|| &rest[form.len()..]);
        let mut next: Vec<&str> = pairs().filter_map(fits).collect();
        next.sort_unstable_by_key(|rest| rest.len());
        next.dedup();
        if next.is_empty() {
            return None;
        }
        rests = next;
    }
    rests.first().copied()
}

/// A letter as it is, and as JSON and a URL write it. JSON within JSON has twice the backslashes.
fn written(letter: char) -> Vec<String> {
    let units = letter.encode_utf16(&mut [0; 2]).to_vec();
    let bytes = letter.to_string().into_bytes();
    let mut forms: Vec<String> = vec![bytes.iter().map(|byte| format!("%{byte:02x}")).collect()];
    for count in 0..8 {
        let slashes = "\\".repeat(count);
        let unit = |unit: &u16| format!("{slashes}\\u{unit:04x}");
        forms.push(units.iter().map(unit).collect());
        forms.push(slashes + &letter.to_string());
    }
    forms
}

fn begins(text: &str, with: &str) -> bool {
    let start = text.get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn secrets_are_redacted_and_the_rest_stands_on_one_line() {
        let secrets = ["p\"w/ \\\\密😀".to_owned(), "canary".to_owned()];
        for (text, expected) in [
            ("nothing: p\"w/", "nothing: [secret]"),
            ("no p\"w/ \\\\密😀.", "no [secret]."),
            (r#"{"s":"p\"w\/ \\\\密😀"}"#, r#"{"s":"[secret]"}"#),
            (r#""p\"w/ \\\\\u5bc6\ud83d\ude00""#, r#""[secret]""#),
            (r#""p\\\"w/ \\\\\\\\\\u5bc6\\ud83d\\ude00""#, r#""[secret]""#),
            (r#""p\u0022w/ \\\\\u5BC6\uD83D\uDE00""#, r#""[secret]""#),
            ("?s=p%22w%2F%20%5C%5C%E5%AF%86%F0%9F%98%80&x", "?s=[secret]&x"),
            ("?s=p%22w%2f%20%5c%5c%e5%af%86%f0%9f%98%80&x", "?s=[secret]&x"),
            ("canary, Canary, canar", "[secret], [secret], [secret]"),
            ("ca", "ca"),
            ("a\r\nb\u{1b}[31m\u{9b}c\u{7f}\u{2028}", "a  b [31m c  "),
        ] {
            assert_eq!(redacted(text, &secrets), expected, "{text}");
        }
    }
}
