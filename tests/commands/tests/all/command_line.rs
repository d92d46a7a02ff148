//! The page `host-examples/command-line/invoke.md`: what it says to type is typed, and answers what it says.

use crate::set_up::{self, KEY};
use command_tests::{SECRET, wasmtime};
use component_tests::wit_callbacks::Binding;
use fake_itsm::{FakeItsm, Options};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

const README: &str = include_str!("../../../../host-examples/command-line/invoke.md");

/// A shell in the example's folder, with `wasmtime` on its `PATH`.
fn shell(script: &str) -> Command {
    let wasmtime = wasmtime();
    let program = Path::new(wasmtime.as_std().get_program());
    let mut path: Vec<PathBuf> = vec![program.parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../host-examples/command-line");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    shell
}

/// The commands in the README, each with the answer that stands below it.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = README.split("```sh\n").skip(1);
    let block = |block: &'static str| {
        let (commands, rest) = block.split_once("```\n").unwrap();
        let answer = rest.strip_prefix("```text\n");
        (commands, answer.map_or("", |rest| rest.split_once("```\n").unwrap().0))
    };
    blocks.by_ref().map(block).collect()
}

/// A text without what differs from run to run: numbers of two digits and more, and operation ids.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for word in text.split_inclusive(|next: char| !next.is_ascii_alphanumeric()) {
        let letters = word.trim_end_matches(|last: char| !last.is_ascii_alphanumeric());
        if letters.len() == 26 {
            steady.push_str(&word.replace(letters, "OPERATION"));
            continue;
        }
        let mut rest = word;
        while let Some(start) = rest.find(|next: char| next.is_ascii_digit()) {
            let digits = &rest[start..];
            let end = digits.find(|next: char| !next.is_ascii_digit());
            let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
            steady.push_str(&rest[..start]);
            steady.push_str(if digits.len() == 1 { digits } else { "00" });
            rest = after;
        }
        steady.push_str(rest);
    }
    steady
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_readme_says_to_type_answers_what_it_says() {
    const END: &str = "-- the end of a block\n";
    let credentials = Some(("my-app".to_owned(), SECRET.to_owned()));
    let options = Options { credentials, ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    let blocks = blocks();
    let mut script = "trap 'kill $proxy' EXIT; exec 2>&1\n".to_owned();
    for (commands, _) in &blocks {
        script += &format!("{commands}\nprintf %s '{END}'\n");
    }
    let typed = shell(&script)
        .env("ITSM_GATEWAY", fake.gateway_url())
        .env("ITSM_APP_CODE", "my-app")
        .env("ITSM_APP_SECRET", SECRET)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(600), typed).await;
    let output = output.expect("it ends").unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = output.split(END).collect();
    assert_eq!(answers.len(), blocks.len() + 1, "{output}");
    for ((commands, answer), answered) in blocks.iter().zip(answers) {
        assert_eq!(steady(answered), steady(answer), "{commands}");
    }
    for exchange in fake.exchanges() {
        let sent = exchange.header("x-bkapi-authorization").unwrap();
        assert!(sent.contains(SECRET), "{}", exchange.action);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_prints_nothing_on_stdout_and_ends_with_1() {
    for (call, start) in
        [("'parse([1, 2])'", "err(malformed("), ("'nosuch()'", "Error: "), ("", "./invoke: ")]
    {
        let output = shell(&format!("./invoke {call}")).output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(start), "{stderr}");
        assert!(output.stdout.is_empty(), "{call}");
        assert!(!output.status.success(), "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_answer_never_ends_is_given_up_at_the_deadline() {
    for (what, server) in set_up::never_ending().await {
        let call = format!(
            r#"./invoke 'status({{endpoint: gateway("{}/prod"), authorization: added-by-host, headers: [], deadline-ms: 1000}}, "REQ1")'"#,
            server.url()
        );
        let begun = Instant::now();
        let output = shell(&call).output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("err({advice: "), "{what}: {stderr}");
        assert!(!server.received().is_empty(), "{what}: {stderr}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
    }
}

/// The way that the README describes for a callback, and what a thief of the header gets on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_thiefs_ticket_is_foreign_and_the_operations_own_is_not() {
    const URL: &str = "https://my-host.example.com/itsm/callback";
    const SCRIPT: &str = r#"
        ./invoke "receive([\"$KEY\"], [$HEADER], \"$URL\", 1, [$BYTES])" itsm-callbacks.wasm >"$RECEPTION" || exit
        SN=$(sed 's/.*callback: {sn: \("[^"]*"\).*/\1/' "$RECEPTION")
        TAG=$(sed 's/.* tag: \("[^"]*"\).*/\1/' "$RECEPTION")
        ./invoke "confirm($ITSM, $SN, $TAG)""#;
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let Binding { header, tag } = set_up::binding("op1", URL).await;
    let real = set_up::make(&fake, &set_up::fast(&tag, "bob")).await;
    let stolen = set_up::make(&fake, &set_up::fast("op1", "mallory")).await;
    fake.approve(&stolen, "mallory").await.unwrap();
    let itsm = format!(
        r#"{{endpoint: gateway("{}"), authorization: app({{app-code: "gate", app-secret: "s"}}), headers: []}}"#,
        fake.gateway_url()
    );
    let confirm = async |sn: &str| {
        let bytes = set_up::callback(&fake, sn).into_bytes();
        let bytes: Vec<_> = bytes.iter().map(u8::to_string).collect();
        let output = shell(SCRIPT)
            .env("RECEPTION", format!("{}/reception", env!("CARGO_TARGET_TMPDIR")))
            .env("KEY", KEY)
            .env("HEADER", format!(r#"("{}", "{}")"#, header.0, header.1))
            .env("URL", URL)
            .env("BYTES", bytes.join(","))
            .env("ITSM", &itsm)
            .output();
        let output = output.await.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(confirm(&stolen).await, "ok(foreign)\n");
    assert!(confirm(&real).await.starts_with("ok(open("));
    fake.approve(&real, "bob").await.unwrap();
    let answer = confirm(&real).await;
    assert!(answer.starts_with("ok(ended(") && answer.contains("verdict: approved"), "{answer}");
}

#[test]
fn only_numbers_and_operation_ids_are_passed_over() {
    for (one, other, same) in [
        ("REQ20261124000002", "REQ20270101000010", true),
        ("07:26:12, 10", "23:59:59, 120", true),
        ("(aomfnrycnpu4e76tdgry4ymopb)", "(muje4wzud6ecpkond4cbm6coug)", true),
        ("exit code 1", "exit code 0", false),
        ("approved", "rejected", false),
        ("op1", "op2", false),
    ] {
        assert_eq!(steady(one) == steady(other), same, "{one} {other}");
    }
}
