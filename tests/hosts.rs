//! Every host in `host-examples` is explained and has a row in each table of hosts. That a suite runs it, and that
//! the table of the READMEs names the suite, is what `cargo xtask test readme` checks. `hosts.json` names the test
//! that shows each thing on each host that sends requests.
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
        let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
        let programs = within(&host).into_iter().filter(|path| !is_page(path));
        assert!(programs.count() > 0, "{host} holds nothing to run");
    }
}

#[test]
fn every_host_has_a_row_in_each_table_of_hosts() {
    for (page, heading) in [
        ("README.md", "| host | private CA |"),
        ("README.zh.md", "| 宿主 | 私有 CA |"),
        ("docs/platforms.md", "| host | version |"),
        ("docs/platforms.zh.md", "| 宿主 | 版本 |"),
    ] {
        let rows = rows(page, heading);
        for host in hosts() {
            let links = [format!("{host})"), format!("{host}/README.zh.md)")];
            let has_row = rows.iter().any(|row| links.iter().any(|link| row.contains(link)));
            assert!(has_row, "{page}: {host} has no row in the table `{heading}`");
        }
    }
}

#[test]
fn each_thing_that_a_host_must_do_is_tested_on_each_host() {
    let table: serde_json::Value = serde_json::from_str(&read("tests/hosts.json")).unwrap();
    let rows = table.as_array().unwrap();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        let shows = row["shows"].as_str().unwrap();
        for host in ["rust", "python", "javascript", "c"] {
            let test = row[host].as_str().unwrap_or_default();
            let (file, name) = test.split_once(": ").unwrap_or_default();
            assert!(!name.is_empty(), "no test on the host {host} shows: {shows}");
            assert!(read(file).contains(name), "{file} has no test `{name}`");
        }
    }
}
