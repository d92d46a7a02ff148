//! What a host finds that was built for this version, and what each world grants.

use crate::set_up::{start, ticket, word};
use component_tests::{Host, under_version};
use fake_itsm::Options;
use std::collections::BTreeSet;
use std::path::Path;

/// In 0.x the compatible line is 0.1. These bindings are for 0.1.0.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_0_1_1_serves_a_host_of_0_1_0_and_one_of_0_2_0_does_not() {
    let (_fake, c) = start(Options::default()).await;
    let host = Host::of_bytes(&under_version("itsm.wasm", "0.1.1")).unwrap();
    let created = host.create(&c, &ticket("op1")).await.unwrap();
    let confirmed = host.confirm(&c, &created.sn, "op1").await.unwrap();
    assert_eq!(word(&confirmed), "open");
    let refused = Host::of_bytes(&under_version("itsm.wasm", "0.2.0"));
    let why = format!("{:?}", refused.err().expect("another interface"));
    assert!(why.contains("blueking:itsm/"), "{why}");
}

const WORLDS: &str = include_str!("../../../../wit/worlds.wit");

/// The interfaces that a world imports, also by including another.
fn imports(world: &str) -> BTreeSet<&str> {
    let opening = format!("world {world} {{");
    let (_, rest) = WORLDS.split_once(&opening).expect("a world");
    let (block, _) = rest.split_once('}').expect("its end");
    let mut found = BTreeSet::new();
    for item in block.split(';').map(str::trim) {
        match item.split_once(' ') {
            Some(("import", interface)) => drop(found.insert(interface)),
            Some(("include", other)) => found.append(&mut imports(other)),
            _ => {}
        }
    }
    found
}

/// A composition grants by interface: who is composed as a `consumer` can't act in somebody's name, nor replace an
/// approval flow.
#[test]
fn only_the_worlds_that_say_so_import_handling_and_administration() {
    const GRANTED: [&str; 2] = ["handling", "administration"];
    for (world, expected) in [
        ("consumer", &[][..]),
        ("handler", &["handling"]),
        ("administrator", &["administration"]),
        ("receiver", &[]),
    ] {
        let imports = imports(world);
        assert!(imports.contains("tickets"), "{world}: {imports:?}");
        let granted: Vec<_> = GRANTED.into_iter().filter(|name| imports.contains(name)).collect();
        assert_eq!(granted, expected, "{world}");
    }
    // A type of theirs in another interface would bring them into every world that imports it.
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    for file in std::fs::read_dir(wit).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for name in GRANTED {
            assert!(!text.contains(&format!("use {name}.")), "{}", path.display());
        }
    }
}
