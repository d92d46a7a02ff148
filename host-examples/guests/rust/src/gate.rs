//! The approval, and the action it gates.

use bindings::blueking::itsm::tickets::{self, FastApproval, NewTicket, Service};
use bindings::blueking::itsm::types::{
    Advice, AppCredentials, Authorization, Confirmation, Connection, Endpoint, Failure, Verdict,
};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};
use waki::Client;

mod bindings {
    #![allow(missing_docs, unsafe_code)]
    wit_bindgen::generate!({ path: "../../../wit", world: "consumer" });
}

/// How often ITSM is asked, and how long in all.
const EVERY: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(600);

pub fn main() -> ExitCode {
    match run() {
        Ok(verdict) => {
            println!("{}", word(verdict));
            ExitCode::from(u8::from(verdict != Verdict::Approved))
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Verdict, String> {
    let connection = Connection {
        endpoint: Endpoint::Gateway(setting("ITSM_GATEWAY")?),
        authorization: Authorization::App(AppCredentials {
            app_code: setting("ITSM_APP_CODE")?,
            app_secret: setting("ITSM_APP_SECRET")?,
            user: None,
        }),
        headers: Vec::new(),
        deadline_ms: None,
    };
    let action_url = setting("ACTION_URL")?;
    // Public, unlike the tag: it goes into logs, and to whoever carries the action out.
    let operation = tickets::new_operation_id();
    let title = setting("TITLE")?;
    let ticket = NewTicket {
        tag: tickets::new_tag(),
        service: Service::FastApproval(FastApproval {
            approvers: vec![setting("APPROVER")?],
            content: title.clone(),
        }),
        creator: setting("CREATOR")?,
        title,
        fields: Vec::new(),
        processors: Vec::new(),
        callback: None,
        extra_json: None,
    };
    eprintln!("operation {operation}");
    let created =
        tickets::create(&connection, &ticket).map_err(|failure| explain(&failure, &ticket))?;
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
            Ok(other) => {
                return Err(format!("{sn}: a person must look, ITSM says {other:?}"));
            }
            // Asking changes nothing, and the ticket is still there.
            Err(failure) => eprintln!("asking again: {}", failure.message),
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

/// Why there is no ticket, whether ITSM may have acted, and what to do next.
fn explain(failure: &Failure, ticket: &NewTicket) -> String {
    let acted = if failure.may_have_acted { "ITSM may have acted" } else { "ITSM did nothing" };
    let next = match &failure.advice {
        Advice::FixArgument(name) => format!("mend {name}"),
        Advice::FixCredentials => "mend ITSM_APP_CODE and ITSM_APP_SECRET".to_owned(),
        Advice::AskPermission => "apply for the API in the developer centre".to_owned(),
        Advice::SendVerifiedUser => "use an app that the gateway trusts with users".to_owned(),
        Advice::AllowHost(host) => format!("let the component reach {host}"),
        Advice::WaitMs(ms) => format!("wait {ms} ms"),
        Advice::LookUp => {
            let (title, creator) = (&ticket.title, &ticket.creator);
            format!("look for the ticket \"{title}\" of {creator} before running this again")
        }
        Advice::CallOperator => "call the operator of the gateway".to_owned(),
        Advice::GiveUp => "running this again does not help".to_owned(),
        Advice::Other(words) => words.clone(),
    };
    format!("create failed: {}\n{acted}\nnext: {next}", failure.message)
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Completed => "completed",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}
