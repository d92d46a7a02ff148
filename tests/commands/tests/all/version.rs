//! In 0.x the compatible line is 0.1: what was built for 0.1.0 finds 0.1.1, and never 0.2.0.

use crate::c_host;
use command_tests::{output, ticket};
use fake_itsm::{FakeItsm, Options};
use std::path::PathBuf;

/// A folder with the component, its interfaces in another version.
fn component_of(version: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(version);
    std::fs::create_dir_all(&folder).unwrap();
    let bytes = component_tests::under_version("itsm.wasm", version);
    std::fs::write(folder.join("itsm.wasm"), bytes).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_in_c_takes_0_1_1_and_not_0_2_0() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = c_host::approval(&fake, &component_of("0.1.1"));
    let sn = ticket(&fake).await;
    fake.approve(&sn, "bob").await.unwrap();
    let (code, stdout, stderr) = output(running).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");

    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = c_host::approval(&fake, &component_of("0.2.0"));
    let (code, stdout, stderr) = output(running).await;
    let why = "the component is of another version: a function is missing\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), "", why));
    assert!(fake.exchanges().is_empty());
}
