//! The rules of the rooms of `src/`, held to its text: what each may know, and what stands in one place only.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The sources of one room, without their tests and comments: `file:line` and text of each line.
fn lines(room: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for file in files(room) {
        let text = read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            if !line.trim_start().starts_with("//") {
                lines.push((format!("{name}:{}", number + 1), line.to_owned()));
            }
        }
    }
    lines
}

fn files(room: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src").join(room)];
    while let Some(folder) = folders.pop() {
        for path in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 3, "{room} is empty");
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn places(lines: &[(String, String)], is_against: impl Fn(&str) -> bool) -> Vec<String> {
    let against = lines.iter().filter(|(_, line)| is_against(line));
    against.map(|(place, line)| format!("{place}: {}", line.trim())).collect()
}

/// What is decided, or what ITSM calls something, is in `domain` or `calls`, where a native test reaches it.
#[test]
fn the_component_holds_no_decision_and_no_name_of_the_wire() {
    let lines: Vec<_> = lines("component")
        .into_iter()
        // Who speaks to the host names its headers; what is generated is not written.
        .filter(|(place, _)| !place.contains("network.rs") && !place.contains("generated.rs"))
        .filter(|(_, line)| !line.contains("#[cfg(feature = \"network\")]"))
        .collect();
    let decides = |line: &str| {
        line.contains('"')
            || [" if ", " && ", " || ", " == ", " != "].iter().any(|word| line.contains(word))
    };
    assert_eq!(places(&lines, decides), [""; 0]);
}

#[test]
fn no_room_knows_what_lies_above_it_and_the_domain_neither_clock_nor_chance() {
    let unknown = |room: &str| -> &[&str] {
        match room {
            "domain" => &[
                "crate::calls",
                "crate::component",
                "crate::transport",
                "wasi::",
                "wasi_http::send",
                "std::time",
                "std::env",
                "std::fs",
                "std::io",
                "TcpStream",
                "UdpSocket",
                "random",
            ],
            "calls" => &[
                "crate::component",
                "wasi::",
                "wasi_http::send",
                "std::time",
                "std::env",
                "std::io",
                "TcpStream",
                "UdpSocket",
            ],
            _ => &[],
        }
    };
    for room in ["domain", "calls"] {
        let knows = |line: &str| unknown(room).iter().any(|word| line.contains(word));
        assert_eq!(places(&lines(room), knows), [""; 0], "{room}");
    }
    for room in ["domain", "calls", "component"] {
        // On this target their order is the same each time, so that chosen keys can make them slow.
        let hashes = |line: &str| line.contains("HashMap") || line.contains("HashSet");
        assert_eq!(places(&lines(room), hashes), [""; 0], "{room}");
    }
}

/// Which ending is a yes is decided in one place: no other may compare the word.
#[test]
fn the_status_of_a_flow_that_ran_to_its_end_is_written_once() {
    let all: Vec<_> = ["domain", "calls", "component"].into_iter().flat_map(lines).collect();
    let writes = places(&all, |line| line.contains("\"FINISHED\""));
    let in_one_place = |place: &String| {
        place.starts_with("src/domain/verdict.rs")
            // What `check_callback_url` posts is a whole callback, not a decision.
            || place.starts_with("src/domain/callback.rs")
    };
    assert!(writes.iter().all(in_one_place), "{writes:?}");
    let verdicts = writes.iter().filter(|place| place.starts_with("src/domain/verdict.rs"));
    assert_eq!(verdicts.count(), 1, "{writes:?}");
}

#[test]
fn each_module_says_what_it_is() {
    for room in ["domain", "calls", "component"] {
        for file in files(room) {
            let text = read_to_string(&file).unwrap();
            assert!(text.starts_with("//! "), "{} begins without a doc comment", file.display());
        }
    }
}
