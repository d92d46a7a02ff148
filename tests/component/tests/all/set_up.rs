//! What the tests start from, and a confirmation in a word.

use component_tests::wit_tickets::{NewTicket, Service};
use component_tests::wit_types::{Confirmation, Connection, Verdict};
use component_tests::{Host, fast_ticket, gateway, text};
use fake_itsm::{FakeItsm, Options};

/// A server, and the connection of a proven user to its gateway.
pub async fn start(options: Options) -> (FakeItsm, Connection) {
    let fake = FakeItsm::start(options).await.unwrap();
    let connection = gateway(&fake.url());
    (fake, connection)
}

/// A ticket for the built-in approval.
pub fn ticket(tag: &str) -> NewTicket {
    NewTicket {
        tag: tag.to_owned(),
        ..fast_ticket()
    }
}

/// A ticket of a service, to be handled by bob and carol where its form asks by whom.
pub fn ticket_of(service: u64, tag: &str) -> NewTicket {
    let built_in = ticket(tag);
    if service == 2 {
        return built_in;
    }
    let asks = matches!(service, 3..=6);
    NewTicket {
        service: Service::Id(service),
        fields: Vec::from_iter(asks.then(|| text("APPROVER", "bob,carol"))),
        ..built_in
    }
}

/// Makes a ticket, and waits until its flow runs.
pub async fn create(fake: &FakeItsm, connection: &Connection, ticket: &NewTicket) -> String {
    let created = Host::new().create(connection, ticket).await.unwrap();
    fake.started(&created.sn).await.unwrap();
    created.sn
}

/// A confirmation in a word.
pub fn word(confirmation: &Confirmation) -> String {
    match confirmation {
        Confirmation::Ended(outcome) => match outcome.verdict {
            Verdict::Open => "open, as an outcome",
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Completed => "completed",
            Verdict::Withdrawn => "withdrawn",
            Verdict::Terminated => "terminated",
            Verdict::Closed => "closed",
        },
        Confirmation::Open(_) => "open",
        Confirmation::Undecided(_) => "undecided",
        Confirmation::Undecidable(_) => "undecidable",
        Confirmation::Foreign => "foreign",
        Confirmation::Missing => "missing",
        Confirmation::Ambiguous(_) => "ambiguous",
        Confirmation::Untraceable => "untraceable",
        Confirmation::Other(words) => words,
    }
    .to_owned()
}
