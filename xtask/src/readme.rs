//! The README: what it says of hosts and figures is true of the tree, and its programs are compiled.

use crate::suites::{SUITES, Suite};
use crate::{pages, tools};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

/// A page, the language of the first code block that it has of a program, and the file that this block is from.
const EXCERPTS: [(&str, &str, &str); 2] = [
    ("README.md", "rust", "host-examples/rust/src/main.rs"),
    ("host-examples/python/README.md", "python", "host-examples/python/smallest.py"),
];

/// Checks the pages in both languages, and what they show and claim.
pub fn check() -> Result<()> {
    let root = tools::root()?;
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name)).with_context(|| format!("{name} can't be read"))
    };
    pages::check(&root)?;
    let evidence = read("docs/evidence.md")?;
    let pages = [("README.md", read("README.md")?), ("README.zh.md", read("README.zh.md")?)];
    let blocks = code_blocks(&pages[0].1);
    for command in ["cargo xtask demo", "cargo xtask test"] {
        if !blocks.concat().contains(command) {
            bail!("README.md does not show `{command}`");
        }
    }
    let mut folders = BTreeSet::new();
    for entry in std::fs::read_dir(root.join(EXAMPLES))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.insert(format!("{EXAMPLES}/{}", entry.file_name().to_string_lossy()));
        }
    }
    for (name, page) in pages {
        let explained = |folder: &str| root.join(folder).join("README.md").is_file();
        let mut faults = host_faults(&page, &folders, explained, SUITES);
        let measured = figures(&evidence);
        let claimed = figures(&prose(&page));
        faults.extend(
            claimed
                .difference(&measured)
                .map(|figure| format!("{figure} is not in docs/evidence.md")),
        );
        if !faults.is_empty() {
            bail!("{name}: {}", faults.join("; "));
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

/// The folder with a folder for each host.
const EXAMPLES: &str = "host-examples";

/// What stands between the fences of a page.
pub fn code_blocks(page: &str) -> Vec<String> {
    let parts = page.split("```").skip(1);
    parts.step_by(2).map(str::to_owned).collect()
}

/// A page without its code.
fn prose(page: &str) -> String {
    let outside = |text: &str, fence| -> String { text.split(fence).step_by(2).collect() };
    outside(&outside(page, "```"), "`")
}

/// What is wrong with a page's table of hosts: each host has a row, which links to a folder with a README, and
/// whose last cell names a suite that runs the host.
fn host_faults(
    page: &str,
    folders: &BTreeSet<String>,
    explained: impl Fn(&str) -> bool,
    suites: &[Suite],
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for cells in hosts_table(page) {
        let (Some(host), Some(tested_by)) = (cells.first(), cells.last()) else { continue };
        let Some(folder) = link(host) else {
            faults.push(format!("the row of {host} links to no folder"));
            continue;
        };
        seen.insert(folder.to_owned());
        if !explained(folder) {
            faults.push(format!("there is no {folder}/README.md"));
        }
        let words = tested_by.split('`').skip(1).step_by(2);
        let names: Vec<_> = words.filter(|word| !word.starts_with("cargo xtask ")).collect();
        for name in &names {
            if suites.iter().all(|suite| suite.name != *name) {
                faults.push(format!("{folder}: there is no suite `{name}`"));
            }
        }
        let runs = |suite: &Suite| names.contains(&suite.name) && suite.hosts.contains(&folder);
        if !suites.iter().any(runs) {
            faults.push(format!("{folder}: no suite that its row names runs it"));
        }
    }
    let run = suites.iter().flat_map(|suite| suite.hosts).map(|folder| (*folder).to_owned());
    let all: BTreeSet<_> = folders.iter().cloned().chain(run).collect();
    faults.extend(all.difference(&seen).map(|folder| format!("{folder} has no row")));
    faults
}

/// The cells of each row of the table whose first cells link to hosts.
fn hosts_table(page: &str) -> Vec<Vec<&str>> {
    let lines: Vec<_> = page.lines().collect();
    let tables = lines.split(|line| !line.starts_with('|')).map(|rows| {
        let rows = rows.iter().skip(2).map(|row| row.trim_matches('|'));
        rows.map(|row| row.split('|').map(str::trim).collect()).collect::<Vec<Vec<_>>>()
    });
    let is_host = |cells: &Vec<&str>| {
        let target = cells.first().and_then(|host| link(host));
        target.is_some_and(|target| target.starts_with(EXAMPLES))
    };
    tables.into_iter().find(|rows| rows.iter().any(is_host)).unwrap_or_default()
}

/// Where the first link of a text leads.
fn link(text: &str) -> Option<&str> {
    let (_, target) = text.split_once("](")?;
    target.split_once(')').map(|(target, _)| target)
}

/// The numbers of three digits or more, without the spaces or commas in them. A smaller one may be a version.
fn figures(text: &str) -> BTreeSet<String> {
    let mut figures = BTreeSet::new();
    let mut figure = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after = &rest[next.len_utf8()..];
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        if next.is_ascii_digit() {
            figure.push(next);
        } else if figure.is_empty() || ![' ', ','].contains(&next) || digits != 3 {
            figures.insert(std::mem::take(&mut figure));
        }
        rest = after;
    }
    figures.insert(figure);
    figures.retain(|figure| figure.len() >= 3);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suites::PLAIN;

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
        assert_eq!(prose(page), "a \n\nc\n\n");
    }

    #[test]
    fn figures_are_read_however_their_digits_are_grouped() {
        let text = "of 20 734, 491 and 1,342,317 (V2.7, 127.0.0.1): 12 of 7 5000";
        let expected = ["127", "1342317", "20734", "491", "5000"].map(str::to_owned);
        assert_eq!(figures(text), BTreeSet::from(expected));
    }

    const PAGE: &str = "
| file | what |
| --- | --- |
| [a list](tests/list) | x |

| host | tested by |
| --- | --- |
| [C](host-examples/c) | suite `workspace`, `cargo xtask prove` |
| a [page](receiver) of words | `serve` |
";

    #[test]
    fn a_host_has_a_row_a_readme_and_a_suite_that_runs_it() {
        let suites = [
            Suite { name: "workspace", hosts: &["host-examples/c"], ..PLAIN },
            Suite { name: "serve", hosts: &["receiver"], ..PLAIN },
        ];
        let all = ["host-examples/c"];
        for (from, to, folders, expected) in [
            ("", "", all.as_slice(), ""),
            (
                "`workspace`",
                "`workspace tests`",
                &all,
                "host-examples/c: there is no suite `workspace tests`; host-examples/c: no suite that its row names runs it",
            ),
            ("`serve`", "`workspace`", &all, "receiver: no suite that its row names runs it"),
            ("`serve`", "nobody", &all, "receiver: no suite that its row names runs it"),
            (
                "(receiver)",
                "",
                &all,
                "the row of a [page] of words links to no folder; receiver has no row",
            ),
            (
                "(receiver)",
                "(gone)",
                &all,
                "there is no gone/README.md; gone: no suite that its row names runs it; receiver has no row",
            ),
            ("", "", &["host-examples/c", "host-examples/go"], "host-examples/go has no row"),
            ("host-examples", "examples", &all, "host-examples/c has no row; receiver has no row"),
        ] {
            let page = PAGE.replace(from, to);
            let folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
            let faults = host_faults(&page, &folders, |folder| folder != "gone", &suites);
            assert_eq!(faults.join("; "), expected);
        }
    }
}
