//! The verdicts in the places that no compiler reads.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The cases of `types.verdict` that an ended ticket can have, in their order.
fn endings() -> Vec<String> {
    let wit = read("wit/types.wit");
    let (_, rest) = wit.split_once("  enum verdict {\n").unwrap();
    let (cases, _) = rest.split_once("\n  }\n").unwrap();
    let lines = cases.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    let cases = lines.map(|line| line.trim_end_matches(',').to_owned());
    cases.filter(|case| case != "open").collect()
}

#[test]
fn each_verdict_has_a_story_that_deserves_it() {
    let stories = read("tests/fixtures/stories.jsonl");
    let deserved: BTreeSet<String> = stories
        .lines()
        .flat_map(|line| {
            let story: Value = serde_json::from_str(line).unwrap();
            let words = ["proven_user", "app_only"].map(|reader| story["expected"][reader].clone());
            words.into_iter().filter_map(|word| word.as_str().map(str::to_owned))
        })
        .collect();
    for ending in endings() {
        assert!(deserved.contains(&ending), "no story in stories.jsonl ends as {ending}");
    }
}

/// The first cells of the table that follows a heading row.
fn first_cells(page: &str, heading: &str) -> Vec<String> {
    let rows = page.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn both_readmes_have_a_row_for_each_verdict() {
    for page in ["README.md", "README.zh.md"] {
        assert_eq!(first_cells(&read(page), "| verdict |"), endings(), "{page}");
    }
}

#[test]
fn both_pages_of_the_receiver_name_each_verdict() {
    for page in ["receiver/README.md", "receiver/README.zh.md"] {
        let text = read(page);
        let row = text.lines().find(|line| line.starts_with("| `verdict` |")).unwrap();
        for ending in endings() {
            assert!(row.contains(&format!("`{ending}`")), "{page} does not name `{ending}`");
        }
    }
}
