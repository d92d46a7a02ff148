//! In 0.x the compatible line is 0.1: this host, built for 0.1.0, finds 0.1.1 as runtimes find it, and
//! never 0.2.0.

use crate::set_up::{folder, settings};
use anyhow::Result;
use component_tests::under_version;
use fake_itsm::{FakeItsm, Options};
use rust_host::{Confirmation, Itsm, Settings, fast_approval};
use std::sync::Arc;

/// This host with the built component under another version.
fn load(version: &str, settings: Settings) -> Result<Itsm> {
    let file = folder(&format!("version-{version}")).join("itsm.wasm");
    std::fs::write(&file, under_version("itsm.wasm", version)).unwrap();
    Itsm::load(&file, settings, Arc::new(|_| ()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_0_1_1_serves_the_host_and_one_of_0_2_0_does_not() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let settings = settings(fake.gateway_url(), "http://127.0.0.1:9/callback".into());

    let itsm = load("0.1.1", settings.clone()).unwrap();
    let operation = itsm.prepare(fast_approval("carol", "扩容", &["admin"])).await.unwrap();
    let ticket = itsm.create(&operation).await.unwrap();
    let answer = itsm.confirm_own(&ticket.sn).await;
    assert!(matches!(answer, Ok(Confirmation::Open(_))), "{answer:?}");

    let why = load("0.2.0", settings).err();
    let why = format!("{:#}", why.expect("another interface is refused"));
    assert!(why.contains("blueking:itsm/"), "{why}");
}
