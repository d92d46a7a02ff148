//! Rules for the sentences of a doc comment. They keep what a second-language reader and a machine
//! translation stumble over out of `wit/`, as far as that can be told without reading.

/// The most words between two marks that end a clause.
const MAX_WORDS: usize = 30;

/// A sentence that begins so has a question for a subject, or a pronoun instead of a noun.
const NO_BEGINNING: [&str; 14] = [
    "Who", "Whose", "What", "Which", "Whether", "How", "It", "Its", "They", "Their", "This",
    "That", "These", "Those",
];

/// Rare words, private metaphors, and names for which the project has another.
const NO_WORD: [&str; 10] = [
    "blot", "blotted", "heed", "heeds", "hereby", "mend", "mended", "oneself", "proven", "whoever",
];

/// What is wrong with a text.
pub fn faults(text: &str) -> Vec<String> {
    let text = without_code(text);
    let mut faults = Vec::new();
    for sentence in text.split("\n\n").flat_map(|paragraph| pieces(paragraph, &['.', '?', '!'])) {
        let beginning = sentence.split_whitespace().next().unwrap_or_default();
        if NO_BEGINNING.contains(&beginning) {
            faults.push(format!("a sentence begins with \"{beginning}\""));
        }
        for clause in pieces(sentence, &[':', ';']) {
            let words = clause.split_whitespace().count();
            if words > MAX_WORDS {
                faults.push(format!("{words} words from \"{beginning}\" on: make two sentences"));
            }
        }
    }
    let words = text.split(|character: char| !character.is_alphabetic());
    let unwanted = words.filter(|word| NO_WORD.contains(&word.to_lowercase().as_str()));
    faults.extend(unwanted.map(|word| format!("the word \"{word}\"")));
    faults
}

/// The text with one word in place of each piece of code, whose marks and blanks do not count.
fn without_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { "code" }).collect()
}

/// The pieces of a text that one of `marks` ends, before white space or at the end.
fn pieces<'a>(text: &'a str, marks: &'static [char]) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let is_end = |(index, mark): &(usize, char)| {
            marks.contains(mark)
                && rest[index + mark.len_utf8()..].chars().next().is_none_or(char::is_whitespace)
        };
        let end = rest.char_indices().find(is_end).map_or(rest.len(), |(index, _)| index + 1);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::faults;

    #[test]
    fn a_sentence_that_a_reader_must_undo_is_a_fault() {
        let long = ["word"; 31].join(" ");
        for (text, expected) in [
            ("The ticket's title. `It`, in code, is no pronoun.", &[][..]),
            ("Servers before V2.6.3 ignore 10.5 % of them: see `a. b`.", &[]),
            ("Who renames the node breaks it.", &["a sentence begins with \"Who\""]),
            ("The end.\nIt comes.", &["a sentence begins with \"It\""]),
            ("The title\n\nThis is another.", &["a sentence begins with \"This\""]),
            ("Secrets are Blotted out.", &["the word \"Blotted\""]),
            ("A mendacious amendment.", &[]),
            (&format!("{long}."), &["31 words from \"word\" on: make two sentences"]),
            (&format!("Yes: {long}."), &["31 words from \"Yes:\" on: make two sentences"]),
            (&format!("{}: {}.", &long[..99], &long[..99]), &[]),
        ] {
            assert_eq!(faults(text), expected, "{text}");
        }
    }
}
