//! Every host in `host-examples` is in the tables, and a suite runs it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn within(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The folders of `host-examples`, by their path in the repository.
fn hosts() -> Vec<String> {
    let folders = within("host-examples").into_iter().filter(|path| path.is_dir());
    let hosts: Vec<_> = folders
        .map(|path| format!("host-examples/{}", path.file_name().unwrap().to_str().unwrap()))
        .collect();
    assert!(hosts.len() > 4, "{hosts:?}");
    hosts
}

/// The rows of the table that follows a heading row.
fn rows(page: &str, heading: &str) -> Vec<String> {
    let text = read(page);
    let rows = text.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).map(str::to_owned).collect();
    assert!(!rows.is_empty(), "{page} has no table `{heading}`");
    rows
}

#[test]
fn every_host_has_a_program_and_says_how_to_run_it() {
    for host in hosts() {
        assert!(root().join(&host).join("README.md").is_file(), "{host} has no README.md");
        assert!(within(&host).len() > 1, "{host} holds nothing to run");
    }
}

#[test]
fn every_host_has_a_row_in_each_table_of_hosts() {
    for (page, heading) in [
        ("README.md", "| host | create |"),
        ("README.md", "| host | private CA |"),
        ("README.zh.md", "| 宿主 | 提单 |"),
        ("README.zh.md", "| 宿主 | 私有 CA |"),
        ("docs/platforms.md", "| host | version |"),
    ] {
        let rows = rows(page, heading);
        for host in hosts() {
            let has_row = rows.iter().any(|row| row.contains(&format!("{host})")));
            assert!(has_row, "{page}: {host} has no row in the table `{heading}`");
        }
    }
}

/// What a row says of the suite that runs it is the name of one.
#[test]
fn every_host_names_a_suite_that_there_is() {
    let suites = read("xtask/src/suites.rs");
    for row in rows("README.md", "| host | create |") {
        let cell = row.split('|').rev().nth(1).unwrap().to_owned();
        let words: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!words.is_empty(), "no suite runs it: {row}");
        for word in words.into_iter().filter(|word| !word.starts_with("cargo xtask ")) {
            assert!(suites.contains(&format!("\"{word}\"")), "there is no suite `{word}`: {row}");
        }
    }
}

#[test]
fn every_host_is_run_by_something() {
    let mut texts = vec![read("Cargo.toml")];
    for folder in ["xtask/src", "tests/commands/src", "tests/commands/tests/all"] {
        let files = within(folder).into_iter().filter(|path| path.is_file());
        texts.extend(files.map(read));
    }
    for host in hosts() {
        let is_run = texts.iter().any(|text| text.contains(&host));
        assert!(is_run, "no package, suite or test names {host}");
    }
}
