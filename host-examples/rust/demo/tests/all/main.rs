//! The demo, as `cargo xtask demo` runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/itsm");
    let folder = std::env::var_os("ITSM_WASM_DIR").unwrap_or_else(|| built.into());
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.args(arguments).env("ITSM_WASM_DIR", folder).output().unwrap()
}

#[test]
fn the_demo_ends_well_in_any_order_and_shows_what_a_flipped_decision_changes() {
    for seed in ["1", "2", "7"] {
        let run = demo(&["--seed", seed]);
        let printed = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{printed}");
        assert!(printed.contains("6 of 6 verdicts are as expected"), "{printed}");
        for line in [
            "ITSM says that ticket is not this operation's",
            "its callback is counted as failed, and this ticket is still open",
        ] {
            assert!(printed.contains(line), "{printed}");
        }
    }
    let run = demo(&["--flip"]);
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(1), "{printed}");
    assert!(printed.contains("5 of 6 verdicts are as expected"), "{printed}");
    assert!(printed.contains("approved   rejected  <- wrong"), "{printed}");
    assert_eq!(demo(&["--sed"]).status.code(), Some(1));
}
