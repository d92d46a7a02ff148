//! What the tests share.

use fake_itsm::{FakeItsm, Options};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

pub const SECRET: &str = "canary-of-the-app-secret";

pub const KEY: &str = "itsm-key.t.0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

pub async fn fake() -> FakeItsm {
    FakeItsm::start(Options::default()).await.unwrap()
}

/// The program with the settings of a site, in English.
pub fn itsm(fake: &FakeItsm, arguments: &[&str]) -> Command {
    let mut itsm = program();
    itsm.args(arguments)
        .env("ITSM_GATEWAY", fake.gateway_url())
        .env("ITSM_APP_CODE", "app")
        .env("ITSM_APP_SECRET", SECRET)
        .env("ITSM_OPERATOR", "carol");
    itsm
}

/// What stands in for the page that reads callbacks, which the suite `site` tries in a browser.
pub const PAGE: &str = "<title>reads callbacks</title>";

/// The program as it is given away, with the component compiled inside. It finds no settings.
pub fn program() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let packed = PROGRAM.get_or_init(|| {
        let given = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
        let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
        let component = given.unwrap_or_else(built).join("itsm.wasm");
        assert!(component.is_file(), "run `cargo xtask build` first");
        let page = folder("page");
        std::fs::write(page.join("index.html"), PAGE).unwrap();
        let packed = folder_of_tests().join("itsm");
        let mut bare = Command::new(env!("CARGO_BIN_EXE_itsm"));
        let done = bare.arg("pack").args([&component, &page, &packed]).status();
        assert!(done.unwrap().success());
        packed
    });
    let mut itsm = Command::new(packed);
    itsm.env_clear()
        .current_dir(folder_of_tests())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    itsm
}

fn folder_of_tests() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// An empty folder for a test.
pub fn folder(name: &str) -> PathBuf {
    let folder = folder_of_tests().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a program that ends has printed. No secret is in it.
pub async fn ended(program: Child) -> (i32, String) {
    let output = tokio::task::spawn_blocking(|| program.wait_with_output());
    let Output { status, stdout, stderr } = output.await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(!printed.contains("canary"), "{printed}");
    assert!(!printed.contains("panicked"), "{printed}");
    (status.code().unwrap_or(-1), printed)
}

/// Waits for something that comes at once on an idle machine.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..18_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} does not come");
}

/// The number of the only ticket, once its flow runs.
pub async fn ticket(fake: &FakeItsm) -> String {
    until("a ticket", || !fake.tickets().is_empty()).await;
    let sn = fake.tickets()[0].sn.clone();
    fake.started(&sn).await.unwrap();
    sn
}
