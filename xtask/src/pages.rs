//! The pages that users read, in English and Chinese: each exists in both, and both show the same code.

use crate::readme::code_blocks;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Pages and folders in English alone, and why.
const ENGLISH_ONLY: [(&str, &str); 5] = [
    ("CHANGELOG.md", "for people who follow the code, whose names it lists"),
    ("CONTRIBUTING.md", "for people who change the code, whose comments are in English"),
    ("SECURITY.md", "for people who report a fault in the code"),
    ("docs/actions.md", "a generated table of ITSM's own names"),
    ("docs/decisions/", "for people who change the code"),
];

/// How many lines of a page are its first ones.
const FIRST_LINES: usize = 10;

/// Finds the pages: those of the root, of the receiver, of each host, and of `docs` with its folders.
pub fn check(root: &Path) -> Result<()> {
    let mut folders = vec![String::new(), "docs/".to_owned(), "receiver/".to_owned()];
    for parent in ["docs", "host-examples"] {
        let within = names(&root.join(parent))?;
        let within = within.iter().map(|name| format!("{parent}/{name}/"));
        folders.extend(within.filter(|folder| root.join(folder).is_dir()));
    }
    let mut pages = BTreeMap::new();
    for folder in folders {
        for name in names(&root.join(&folder))?.iter().filter(|name| name.ends_with(".md")) {
            let path = folder.clone() + name;
            let text = fs::read_to_string(root.join(&path))
                .with_context(|| format!("{path} can't be read"))?;
            pages.insert(path, text);
        }
    }
    let faults = faults(&pages);
    if !faults.is_empty() {
        bail!(faults.join("\n"));
    }
    Ok(())
}

/// The names of what is in a folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Commands that compile wasmtime once more, with the features that one package alone wants. Without `-p`, cargo takes
/// the packages that `cargo xtask` has compiled together.
const SLOW: [&str; 2] = ["cargo run -p", "cargo build -p"];

/// What is wrong with these pages, given as path and text.
fn faults(pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, page) in pages {
        for command in SLOW.iter().filter(|command| page.contains(**command)) {
            faults.push(format!("{path} says `{command}`: name the program by --bin instead"));
        }
    }
    let english_only = |path: &str| ENGLISH_ONLY.iter().any(|(page, _)| path.starts_with(page));
    for (path, english) in pages.iter().filter(|(path, _)| !path.ends_with(".zh.md")) {
        let translation = path.replace(".md", ".zh.md");
        let Some(chinese) = pages.get(&translation) else {
            if !english_only(path) {
                faults.push(format!("{path} has no Chinese page {translation}"));
            }
            continue;
        };
        if code_blocks(english) != code_blocks(chinese) {
            faults.push(format!("the code blocks of {path} and {translation} are not the same"));
        }
        for (from, text, to) in [(path, english, &translation), (&translation, chinese, path)] {
            let name = to.rsplit('/').next().unwrap_or(to);
            if !text.lines().take(FIRST_LINES).any(|line| line.contains(&format!("]({name})"))) {
                faults.push(format!("the first lines of {from} do not link to {name}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_has_a_chinese_page_with_the_same_code_and_they_link_to_each_other() {
        let english = "# A\n\n[中文](a.zh.md)\n\n```sh\nx\n```\n";
        let chinese = "# 甲\n\n[English](a.md)\n\n```sh\nx\n```\n";
        for (pages, expected) in [
            (vec![("docs/a.md", english), ("docs/a.zh.md", chinese)], ""),
            (vec![("docs/a.md", english)], "docs/a.md has no Chinese page docs/a.zh.md"),
            (
                vec![("docs/actions.md", "`cargo run -p host`")],
                "docs/actions.md says `cargo run -p`: name the program by --bin instead",
            ),
            (vec![("docs/actions.md", english), ("docs/decisions/001-a.md", english)], ""),
            (
                vec![("docs/a.md", english), ("docs/a.zh.md", &chinese.replace('x', "y"))],
                "the code blocks of docs/a.md and docs/a.zh.md are not the same",
            ),
            (
                vec![("docs/a.md", english), ("docs/a.zh.md", &chinese.replace("a.md", "b.md"))],
                "the first lines of docs/a.zh.md do not link to a.md",
            ),
            (
                vec![
                    ("docs/a.md", &english.replace("[", &("\n".repeat(9) + "["))),
                    ("docs/a.zh.md", chinese),
                ],
                "the first lines of docs/a.md do not link to a.zh.md",
            ),
        ] {
            let pages = pages.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
            assert_eq!(faults(&pages.collect()).join("\n"), expected);
        }
    }
}
