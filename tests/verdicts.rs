//! The verdicts in the places that no compiler reads.
#![allow(clippy::unwrap_used)]

use blueking_itsm::domain::tracking;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The verdicts that a stored record may hold, by the record's version. An older component has to say of a
/// record with a newer verdict that a newer component is wanted: so a case more is a line more here, with the
/// next version of `src/domain/tracking.rs`. The lines that are here stay as they are.
const STORED: &[(u64, &str)] = &[
    // Older versions had no `completed`.
    (3, "open approved rejected completed withdrawn terminated closed"),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The cases of `types.verdict`, in their order.
fn cases() -> Vec<String> {
    let wit = read("wit/types.wit");
    let (_, rest) = wit.split_once("  enum verdict {\n").unwrap();
    let (cases, _) = rest.split_once("\n  }\n").unwrap();
    let lines = cases.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    lines.map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// The cases that an ended ticket can have.
fn endings() -> Vec<String> {
    cases().into_iter().filter(|case| case != "open").collect()
}

#[test]
fn records_with_another_verdict_have_another_version() {
    let record = tracking::start("op", None, 1).unwrap().record.to_json();
    let record: Value = serde_json::from_str(&record).unwrap();
    let (version, verdicts) = STORED.last().unwrap();
    assert_eq!(
        cases().join(" "),
        *verdicts,
        "a verdict more wants the next version of tracking's records"
    );
    assert_eq!(record["version"], *version, "STORED and tracking's VERSION differ");
    assert!(STORED.is_sorted_by(|(one, _), (next, _)| one < next));
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
fn the_receivers_readme_names_each_verdict() {
    let page = read("receiver/README.md");
    let row = page.lines().find(|line| line.starts_with("| `verdict` |")).unwrap();
    for ending in endings() {
        assert!(
            row.contains(&format!("`{ending}`")),
            "receiver/README.md does not name `{ending}`"
        );
    }
}
