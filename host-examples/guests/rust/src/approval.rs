//! The approval, and the action it gates.

use bindings::blueking::itsm::diagnosis::{Language, describe_failure};
use bindings::blueking::itsm::tickets::{self, FastApproval, NewTicket, Service};
use bindings::blueking::itsm::types::{
    AppCredentials, Authorization, Confirmation, Connection, Endpoint, Failure, Verdict,
};
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};
use waki::Client;

mod bindings {
    #![allow(unsafe_code)]
    wit_bindgen::generate!({ path: "../../../wit", world: "consumer" });
}

/// How often ITSM is asked, and how long in all.
const EVERY: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(600);

pub fn main() -> ExitCode {
    match run() {
        Ok(verdict) => {
            println!("{verdict}");
            ExitCode::from(u8::from(verdict != Verdict::Approved))
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Verdict, String> {
    let connection = Connection {
        endpoint: Endpoint::Gateway(env("ITSM_GATEWAY")?),
        authorization: Authorization::App(AppCredentials {
            app_code: env("ITSM_APP_CODE")?,
            app_secret: env("ITSM_APP_SECRET")?,
            user: None,
        }),
        headers: Vec::new(),
        deadline_ms: None,
    };
    let action_url = env("ACTION_URL")?;
    // Public, unlike the tag: it goes into logs, and to whoever carries the action out.
    let operation = tickets::new_operation_id();
    let title = env("TITLE")?;
    let ticket = NewTicket {
        tag: tickets::new_tag(),
        service: Service::FastApproval(FastApproval {
            approvers: vec![env("APPROVER")?],
            content: title.clone(),
        }),
        creator: env("CREATOR")?,
        title,
        fields: Vec::new(),
        processors: Vec::new(),
        callback: None,
        extra_json: None,
    };
    eprintln!("operation {operation}");
    let created = tickets::create(&connection, &ticket)
        .map_err(|failure| format!("create failed: {}", sentences(&failure)))?;
    eprintln!("waiting for {} ({})", created.sn, created.ticket_url);

    let verdict = wait(&connection, &created.sn)?;
    if verdict == Verdict::Approved {
        act(&action_url, &operation)?;
    }
    Ok(verdict)
}

/// Asks until the ticket has ended. Its number is our own: `create` answered it.
fn wait(connection: &Connection, sn: &str) -> Result<Verdict, String> {
    let start = Instant::now();
    while start.elapsed() < AT_MOST {
        match tickets::confirm_own(connection, sn) {
            Ok(Confirmation::Ended(outcome)) => return Ok(outcome.verdict),
            Ok(Confirmation::Open(_) | Confirmation::Undecided(_)) => {}
            Ok(Confirmation::Undecidable(it)) => {
                return Err(format!("{sn}: a person must look: {}", it.why));
            }
            Ok(_) => return Err(format!("{sn}: a person must look at this ticket")),
            // Asking changes nothing, and the ticket is still there.
            Err(failure) => eprintln!("asking again: {}", sentences(&failure)),
        }
        sleep(EVERY);
    }
    eprintln!("{sn} has not ended yet");
    Ok(Verdict::Open)
}

/// The gated action. Whoever carries it out knows by the key when it comes twice.
fn act(url: &str, operation: &str) -> Result<(), String> {
    let sent = Client::new()
        .post(url)
        .header("Idempotency-Key", operation)
        .header("Content-Length", "0")
        .connect_timeout(Duration::from_secs(5))
        .send();
    let why = match sent {
        Ok(response) if (200..300).contains(&response.status_code()) => return Ok(()),
        Ok(response) => format!("it answered {}", response.status_code()),
        Err(error) => format!("{error:#}"),
    };
    Err(format!("approved, but the action failed: {why}\nnext: repeat it with the key {operation}"))
}

/// A failure for a person: what happened, what to do next, and whether ITSM may have acted.
fn sentences(failure: &Failure) -> String {
    format!("{}\n{}", failure.message, describe_failure(failure, Language::English))
}

fn env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Open => "open",
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Completed => "completed",
            Verdict::Withdrawn => "withdrawn",
            Verdict::Terminated => "terminated",
            Verdict::Closed => "closed",
        })
    }
}
