//! The README in two languages: what a reader pastes is the same in both, and is compiled.

use crate::tools;
use anyhow::{Context, Result, bail};

/// A page, the language of the first code block that it has of a program, and the file that this block is from.
const EXCERPTS: [(&str, &str, &str); 2] = [
    ("README.md", "rust", "host-examples/rust/src/main.rs"),
    ("host-examples/python/README.md", "python", "host-examples/python/smallest.py"),
];

/// Compares the code blocks of the two, and programs in pages with the files that they are from.
pub fn check() -> Result<()> {
    let folder = tools::root()?;
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name)).with_context(|| format!("{name} can't be read"))
    };
    let blocks = code_blocks(&read("README.md")?);
    if blocks.is_empty() || blocks != code_blocks(&read("README.zh.md")?) {
        bail!("the code blocks of README.md and README.zh.md are not the same");
    }
    for command in ["cargo xtask demo", "cargo xtask test"] {
        if !blocks.concat().contains(command) {
            bail!("README.md does not show `{command}`");
        }
    }
    for (page, language, file) in EXCERPTS {
        let blocks = code_blocks(&read(page)?);
        let fence = format!("{language}\n");
        let excerpt = blocks.iter().find_map(|block| block.strip_prefix(&fence));
        let excerpt = excerpt.with_context(|| format!("{page} shows no {language}"))?;
        if !is_excerpt(excerpt, &read(file)?) {
            bail!("what {page} shows in {language} is not in {file}");
        }
    }
    Ok(())
}

/// Whether these lines follow each other in a file, where they may stand further to the right.
fn is_excerpt(lines: &str, file: &str) -> bool {
    let lines: Vec<&str> = lines.lines().collect();
    let file: Vec<&str> = file.lines().collect();
    file.windows(lines.len()).any(|window| {
        let indentation = window[0].len() - window[0].trim_start().len();
        let moved = window.iter().map(|line| line.get(indentation..).unwrap_or_default());
        moved.eq(lines.iter().copied())
    })
}

fn code_blocks(page: &str) -> Vec<String> {
    let parts = page.split("```").skip(1);
    parts.step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{code_blocks, is_excerpt};

    #[test]
    fn an_excerpt_has_each_line_of_its_file_and_no_other() {
        let file = "fn f() {\n    a;\n\n    if b {\n        c;\n    }\n}\n";
        for (lines, expected) in [
            ("a;\n\nif b {\n    c;\n}\n", true),
            ("fn f() {\n    a;\n", true),
            ("a;\nif b {\n", false),
            ("a;\n\nif b {\nc;\n", false),
            ("a;\n\nif d {\n", false),
        ] {
            assert_eq!(is_excerpt(lines, file), expected, "{lines}");
        }
    }

    #[test]
    fn only_what_stands_between_fences_counts() {
        let page = "a `b`\n```sh\nx\n```\nc\n```rust\ny\n```\n";
        assert_eq!(code_blocks(page), ["sh\nx\n", "rust\ny\n"]);
    }
}
