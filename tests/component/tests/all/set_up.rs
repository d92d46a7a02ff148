//! What the tests start from, and a confirmation in a word.

use component_tests::wit_handling::Assignees;
use component_tests::wit_services::{NamedProcessors, ResolveError, ServiceFilter};
use component_tests::wit_tickets::{NewTicket, Service, UserFilter, UserView};
use component_tests::wit_types::{Advice, Confirmation, Connection, Failure, Verdict};
use component_tests::{Host, TOKEN, any_ticket, call, fast_ticket, gateway, text};
use fake_itsm::{FakeItsm, Options};

/// A server, and the connection of a verified user to its gateway.
pub async fn start(options: Options) -> (FakeItsm, Connection) {
    let fake = FakeItsm::start(options).await.unwrap();
    let connection = gateway(&fake.url());
    (fake, connection)
}

/// A ticket for the built-in approval.
pub fn ticket(tag: &str) -> NewTicket {
    NewTicket { tag: tag.to_owned(), ..fast_ticket() }
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

/// The advice to fix this argument.
pub fn fix(argument: &str) -> Advice {
    Advice::FixArgument(argument.to_owned())
}

/// All of a user's tickets.
pub fn any_of_a_user() -> UserFilter {
    UserFilter { service_id: None, catalog_id: None, created_from: None, created_to: None }
}

/// The functions that change something, and the argument that the parameters of their action are made of.
pub const WRITES: [(&str, &str); 17] = [
    ("create", "ticket"),
    ("withdraw", "sn"),
    ("terminate", "sn"),
    ("suspend", "sn"),
    ("resume", "sn"),
    ("rate", "sn"),
    ("follow", "sn"),
    ("unfollow", "sn"),
    ("approve", "node-id"),
    ("transition", "node-id"),
    ("claim", "node-id"),
    ("distribute", "node-id"),
    ("hand-over", "node-id"),
    ("edit-fields", "fields"),
    ("create-catalog", "catalog-json"),
    ("import-service", "service-json"),
    ("update-service", "service-json"),
];

/// Calls a function that changes something, on behalf of a user.
pub async fn write(host: &Host, c: &Connection, function: &str, who: &str) -> Result<(), Failure> {
    let users = [who.to_owned()];
    let dave = Assignees::People(vec!["dave".to_owned()]);
    let form = [text("title", "another title")];
    match function {
        "create" => {
            let mut ticket = ticket("op1");
            ticket.creator = who.to_owned();
            host.create(c, &ticket).await.map(drop)
        }
        "withdraw" => call!(host => blueking_itsm_operations.call_withdraw(c, "S", who, "m")),
        "terminate" => call!(host => blueking_itsm_operations.call_terminate(c, "S", who, "m")),
        "suspend" => call!(host => blueking_itsm_operations.call_suspend(c, "S", who, "m")),
        "resume" => call!(host => blueking_itsm_operations.call_resume(c, "S", who, "m")),
        "rate" => call!(host => blueking_itsm_operations.call_rate(c, "S", who, 5, "")),
        "follow" => call!(host => blueking_itsm_operations.call_follow(c, "S", &users)),
        "unfollow" => call!(host => blueking_itsm_operations.call_unfollow(c, "S", &users)),
        "approve" => {
            call!(host => blueking_itsm_handling.call_approve(c, "S", 15, who, true, ""))
        }
        "transition" => {
            call!(host => blueking_itsm_handling.call_transition(c, "S", 15, who, &form))
        }
        "claim" => call!(host => blueking_itsm_handling.call_claim(c, "S", 15, who)),
        "distribute" => {
            call!(host => blueking_itsm_handling.call_distribute(c, "S", 15, who, &dave))
        }
        "hand-over" => {
            call!(host => blueking_itsm_handling.call_hand_over(c, "S", 15, who, &dave, "m"))
        }
        "edit-fields" => {
            call!(host => blueking_itsm_handling.call_edit_fields(c, "S", who, &form))
        }
        "create-catalog" => {
            let made = call!(host => blueking_itsm_administration.call_create_catalog(c, "{}"));
            made.map(drop)
        }
        "import-service" => {
            let made = call!(host => blueking_itsm_administration.call_import_service(c, "{}"));
            made.map(drop)
        }
        "update-service" => {
            let made = call!(host => blueking_itsm_administration.call_update_service(c, "{}"));
            made.map(drop)
        }
        other => panic!("nobody knows {other}"),
    }
}

/// The functions that change nothing.
pub const READS: [&str; 21] = [
    "confirm",
    "confirm-own",
    "recover",
    "reconcile",
    "approval-results",
    "verify-token",
    "failed-callbacks",
    "search",
    "search-by-user",
    "status",
    "info",
    "log",
    "explain",
    "node-result",
    "approvers",
    "list-services",
    "form",
    "list-catalogs",
    "nodes",
    "resolve-processors",
    "workflow-detail",
];

/// Calls a function that changes nothing.
pub async fn read(host: &Host, c: &Connection, function: &str) -> Result<(), Failure> {
    let sns = ["S".to_owned()];
    let any_service =
        ServiceFilter { catalog_id: None, kind: None, display_type: None, display_role: None };
    match function {
        "confirm" => host.confirm(c, "S", "op1").await.map(drop),
        "confirm-own" => host.confirm_own(c, "S").await.map(drop),
        "recover" => host.recover(c, &ticket("op1")).await.map(drop),
        "reconcile" => call!(host => blueking_itsm_tickets.call_reconcile(c, &sns)).map(drop),
        "approval-results" => host.approval_results(c, &["S"]).await.map(drop),
        "verify-token" => host.verify_token(c, TOKEN).await.map(drop),
        "failed-callbacks" => host.failed_callbacks(c, &["S"]).await.map(drop),
        "search" => {
            call!(host => blueking_itsm_tickets.call_search(c, &any_ticket(), 1, 10_000)).map(drop)
        }
        "search-by-user" => {
            let (any, view) = (any_of_a_user(), UserView::Todo);
            let found = call!(host => blueking_itsm_tickets.call_search_by_user(c, "bob", view, &any, 1, 10_000));
            found.map(drop)
        }
        "status" => call!(host => blueking_itsm_tickets.call_status(c, "S")).map(drop),
        "info" => call!(host => blueking_itsm_tickets.call_info(c, "S")).map(drop),
        "log" => call!(host => blueking_itsm_tickets.call_log(c, "S")).map(drop),
        "explain" => call!(host => blueking_itsm_tickets.call_explain(c, "S")).map(drop),
        "node-result" => {
            call!(host => blueking_itsm_operations.call_node_result(c, "S", 15)).map(drop)
        }
        "approvers" => call!(host => blueking_itsm_operations.call_approvers(c, "S", 15)).map(drop),
        "list-services" => {
            call!(host => blueking_itsm_services.call_list_services(c, &any_service)).map(drop)
        }
        "form" => call!(host => blueking_itsm_services.call_form(c, 1)).map(drop),
        "list-catalogs" => {
            call!(host => blueking_itsm_services.call_list_catalogs(c, None, false)).map(drop)
        }
        "nodes" => call!(host => blueking_itsm_services.call_nodes(c, 1, None)).map(drop),
        "resolve-processors" => {
            let named = [NamedProcessors { name: "n".to_owned(), users: sns.to_vec() }];
            match call!(host => blueking_itsm_services.call_resolve_processors(c, 1, &named)) {
                Err(ResolveError::Failed(failure)) => Err(failure),
                _ => Ok(()),
            }
        }
        "workflow-detail" => {
            call!(host => blueking_itsm_services.call_workflow_detail(c, 1)).map(drop)
        }
        other => panic!("nobody knows {other}"),
    }
}
