//! The guests in Rust, Python and JavaScript, each composed with `itsm.wasm`, as commands. `wasmtime`
//! knows no `blueking:itsm`: that they run shows that nothing of it is left to import.

use command_tests::{SECRET, component, output, ticket, wasmtime};
use component_tests::{Scripted, answer};
use fake_itsm::{FakeItsm, Fault, Options};
use std::process::Stdio;
use tokio::process::Child;

const GUESTS: [&str; 3] = ["rust", "python", "javascript"];
/// Of them, who carries out an action.
const ACTS: &str = "rust";

/// What the guests ask, and what their action would call.
struct Site {
    fake: FakeItsm,
    action: Scripted,
}

impl Site {
    async fn new() -> Self {
        Self {
            fake: FakeItsm::start(Options::default()).await.unwrap(),
            action: Scripted::always(vec![answer(200, &[], "done")]).await,
        }
    }

    /// Starts a guest with all settings but the one left out.
    fn start(&self, guest: &str, left_out: Option<&str>) -> Child {
        let mut command = wasmtime();
        command.args(["run", "-S", "http"]);
        for (name, value) in [
            ("ITSM_GATEWAY", self.fake.gateway_url().as_str()),
            ("ITSM_APP_CODE", "gate"),
            ("ITSM_APP_SECRET", SECRET),
            ("APPROVER", "bob"),
            ("CREATOR", "alice"),
            ("TITLE", "open an account"),
            ("ACTION_URL", &self.action.url()),
        ] {
            if left_out != Some(name) {
                command.env(name, value).args(["--env", name]);
            }
        }
        command.arg(component(&format!("guest-{guest}.wasm")));
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().expect("wasmtime starts")
    }

    /// What a guest said on stderr names the operation, and never the ticket's tag.
    fn operation(&self, stderr: &str) -> String {
        let tickets = self.fake.tickets();
        let tag = tickets.last().unwrap().tag.as_ref().unwrap();
        assert!(!stderr.contains(tag), "{stderr}");
        let (_, rest) = stderr.split_once("operation ").unwrap();
        rest.lines().next().unwrap().to_owned()
    }
}

fn denied() -> Fault {
    Fault::Gateway { status: 403, code: 1_640_301, message: "App has no permission".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_ends_with_0_and_the_action_follows_once_under_the_operations_id() {
    for guest in GUESTS {
        let site = Site::new().await;
        let running = site.start(guest, None);
        let sn = ticket(&site.fake).await;
        site.fake.approve(&sn, "bob").await.unwrap();
        let (code, stdout, stderr) = output(running).await;
        assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
        let operation = site.operation(&stderr);
        assert_eq!(operation.len(), 26, "{stderr}");
        assert!(stderr.contains(&format!("waiting for {sn} ")));
        let actions = site.action.received();
        assert_eq!(actions.len(), usize::from(guest == ACTS), "{guest}");
        for action in actions {
            assert!(action.head.starts_with("POST / "));
            assert_eq!(action.header("idempotency-key"), [&operation]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_printed_and_nothing_is_done() {
    for guest in GUESTS {
        let site = Site::new().await;
        let running = site.start(guest, None);
        let sn = ticket(&site.fake).await;
        site.fake.refuse(&sn, "bob", "no").await.unwrap();
        let (code, stdout, stderr) = output(running).await;
        assert_eq!((code, stdout.as_str()), (Some(1), "rejected\n"), "{stderr}");
        assert!(site.action.received().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_whether_itsm_may_have_acted_and_what_to_do_next() {
    for guest in GUESTS {
        for (fault, tickets, sentences) in [
            (Fault::DropAfterExecuting, 1, ["Do not repeat the call.", "ITSM may have acted."]),
            (denied(), 0, ["apply for it in the developer centre", "ITSM has changed nothing."]),
        ] {
            let site = Site::new().await;
            site.fake.fault("create_ticket", fault, 1);
            let (code, stdout, stderr) = output(site.start(guest, None)).await;
            assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
            assert_eq!(site.fake.tickets().len(), tickets);
            assert!(stderr.contains("create failed: "), "{stderr}");
            for sentence in sentences {
                assert!(stderr.contains(sentence), "{stderr}");
            }
            assert!(site.action.received().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_to_ask_is_printed_and_asked_again() {
    for guest in GUESTS {
        let site = Site::new().await;
        site.fake.fault("get_tickets", denied(), 1);
        let running = site.start(guest, None);
        let sn = ticket(&site.fake).await;
        site.fake.approve(&sn, "bob").await.unwrap();
        let (code, stdout, stderr) = output(running).await;
        assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
        assert_eq!(stderr.matches("asking again: ").count(), 1, "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_fails_is_named_with_its_key() {
    let mut site = Site::new().await;
    site.action = Scripted::always(vec![answer(500, &[], "")]).await;
    let running = site.start(ACTS, None);
    let sn = ticket(&site.fake).await;
    site.fake.approve(&sn, "bob").await.unwrap();
    let (code, stdout, stderr) = output(running).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    let message = format!(
        "approved, but the action failed: it answered 500\nnext: repeat it with the key {}\n",
        site.operation(&stderr)
    );
    assert!(stderr.ends_with(&message), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_missing_is_named_before_anything_is_sent() {
    for guest in GUESTS {
        let site = Site::new().await;
        let (code, _, stderr) = output(site.start(guest, Some("APPROVER"))).await;
        assert_eq!((code, stderr.as_str()), (Some(1), "APPROVER is not set\n"));
        assert!(site.fake.exchanges().is_empty());
    }
}
