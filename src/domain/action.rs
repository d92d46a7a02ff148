//! ITSM's actions: where each lives, on which servers, and whether it changes anything.
//!
//! One table. It addresses the requests, answers for the fake's gateway and ESB, and `docs/actions.md` is
//! written from it.

use super::http::Method::{self, Get, Post};

/// One action of the v2 openapi.
///
/// The method is part of the fact: the server answers METHOD_NOT_ALLOWED to the other one, and reads
/// the parameters of a GET from the query alone (recorded).
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// Its path below `v2/itsm/`.
    pub path: &'static str,
    /// Its method.
    pub method: Method,
    /// Whether it changes anything that matters: then it is never sent twice.
    pub writes: bool,
    /// Whether the gateway's published resources want a user who is proven by a token.
    pub wants_user: bool,
    /// How an ESB publishes it.
    pub esb: Esb,
    /// What the functions that use it call the argument its parameters are made of.
    pub argument: &'static str,
    /// The most bytes of an answer that are read.
    pub max_answer_bytes: usize,
    /// The argument that makes an answer shorter, where the call has one.
    pub too_large: Option<&'static str>,
}

/// How an ESB publishes an action: its table is not the gateway's (read in the server's source).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Esb {
    /// By the same path.
    Same,
    /// By the same path, but not the oldest one.
    NotTheOldest,
    /// By this path.
    At(&'static str),
    /// Not at all.
    Missing,
}

const MIB: usize = 1024 * 1024;

const fn reads(method: Method, path: &'static str, argument: &'static str) -> Action {
    Action {
        path,
        method,
        writes: false,
        wants_user: false,
        esb: Esb::Same,
        argument,
        max_answer_bytes: 4 * MIB,
        too_large: None,
    }
}

const fn writes(path: &'static str, argument: &'static str) -> Action {
    Action { writes: true, ..reads(Post, path, argument) }
}

const fn by_a_user(action: Action) -> Action {
    Action { wants_user: true, ..action }
}

const fn over_an_esb(esb: Esb, action: Action) -> Action {
    Action { esb, ..action }
}

impl Action {
    /// The path below `v2/itsm/` by which an ESB publishes it, or would.
    pub fn esb_path(&self) -> &'static str {
        match self.esb {
            Esb::At(path) => path,
            Esb::Same | Esb::NotTheOldest | Esb::Missing => self.path,
        }
    }

    /// Whether its address at a gateway ends with a slash. One resource was published without it.
    pub fn ends_with_slash_at_a_gateway(&self) -> bool {
        *self != GET_WORKFLOW_DETAIL
    }
}

/// Makes a ticket.
pub const CREATE_TICKET: Action = writes("create_ticket", "ticket");
/// Finds tickets by number, tag and more.
pub const GET_TICKETS: Action = reads(Post, "get_tickets", "sn");
/// Finds the tickets that concern a user.
pub const GET_TICKETS_BY_USER: Action =
    over_an_esb(Esb::Missing, reads(Get, "get_tickets_by_user", "user"));
/// A ticket's status and running steps.
pub const GET_TICKET_STATUS: Action = reads(Get, "get_ticket_status", "sn");
/// A ticket with its fields and running steps.
pub const GET_TICKET_INFO: Action = reads(Get, "get_ticket_info", "sn");
/// A ticket's log.
pub const GET_TICKET_LOGS: Action = reads(Get, "get_ticket_logs", "sn");
/// Withdraws, terminates, suspends or resumes a ticket.
pub const OPERATE_TICKET: Action = writes("operate_ticket", "sn");
/// Submits, claims, distributes or hands over a node.
pub const OPERATE_NODE: Action = writes("operate_node", "node-id");
/// Decides an approval.
pub const APPROVE: Action = over_an_esb(Esb::Missing, by_a_user(writes("approve", "node-id")));
/// What was decided at a finished approval.
pub const GET_APPROVE_NODE_RESULT: Action =
    over_an_esb(Esb::Missing, reads(Get, "get_approve_node_result", "node-id"));
/// Who decided at an approval so far.
pub const GET_APPROVER: Action = over_an_esb(Esb::Missing, reads(Get, "get_approver", "node-id"));
/// Rates a finished ticket.
pub const COMMENT: Action =
    over_an_esb(Esb::At("comment_ticket"), by_a_user(writes("comment", "sn")));
/// Makes users follow a ticket, or not.
pub const ADD_FOLLOWER: Action = over_an_esb(Esb::Missing, by_a_user(writes("add_follower", "sn")));
/// Changes fields of a ticket's form.
pub const EDIT_FIELD: Action = over_an_esb(Esb::Missing, by_a_user(writes("edit_field", "fields")));
/// Reads results, and takes the tickets off the failed list.
pub const TICKET_APPROVAL_RESULT: Action = by_a_user(reads(Post, "ticket_approval_result", "sns"));
/// Whether a token is the server's.
pub const TOKEN_VERIFY: Action = reads(Post, "token/verify", "token");
/// The failed list: everybody's, and unbounded.
pub const CALLBACK_FAILED_TICKET: Action = Action {
    max_answer_bytes: 16 * MIB,
    ..by_a_user(reads(Get, "callback_failed_ticket", "among"))
};
/// The services.
pub const GET_SERVICES: Action = reads(Get, "get_services", "filter");
/// A service with its form.
pub const GET_SERVICE_DETAIL: Action = reads(Get, "get_service_detail", "service-id");
/// The tree of catalogues.
pub const GET_SERVICE_CATALOGS: Action = reads(Get, "get_service_catalogs", "project-key");
/// The nodes of a service's flow, and who handles them.
pub const GET_SERVICE_ROLES: Action = by_a_user(reads(Get, "get_service_roles", "service-id"));
/// A flow in full.
pub const GET_WORKFLOW_DETAIL: Action = by_a_user(reads(Get, "get_workflow_detail", "workflow-id"));
/// Makes a catalogue.
pub const CREATE_SERVICE_CATALOG: Action =
    over_an_esb(Esb::NotTheOldest, writes("create_service_catalog", "catalog-json"));
/// Makes a service with its flow.
pub const IMPORT_SERVICE: Action =
    over_an_esb(Esb::NotTheOldest, writes("import_service", "service-json"));
/// Replaces a service and its flow.
pub const UPDATE_SERVICE: Action =
    over_an_esb(Esb::NotTheOldest, writes("update_service", "service-json"));

/// What there is to know of an action beside its address.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: &'static Action,
    /// The first public release of the server that has it.
    pub since: &'static str,
    /// The functions that call it.
    pub functions: &'static [&'static str],
}

/// An action that is published, and that no function calls.
#[derive(Debug)]
pub struct LeftOut {
    /// Its path below `v2/itsm/`.
    pub path: &'static str,
    /// Its method.
    pub method: Method,
    /// The first public release of the server that has it.
    pub since: &'static str,
    /// Why no function calls it.
    pub why: &'static str,
}

const fn entry(
    action: &'static Action,
    since: &'static str,
    functions: &'static [&'static str],
) -> Entry {
    Entry { action, since, functions }
}

/// Every action that a function calls.
pub const ALL: [Entry; 25] = [
    entry(&CREATE_TICKET, "2.6.0", &["tickets.create"]),
    entry(
        &GET_TICKETS,
        "2.6.0",
        &[
            "tickets.search",
            "tickets.confirm",
            "tickets.confirm-own",
            "tickets.reconcile",
            "tickets.recover",
            "tickets.explain",
        ],
    ),
    entry(&GET_TICKETS_BY_USER, "2.6.0", &["tickets.search-by-user"]),
    entry(&GET_TICKET_STATUS, "2.6.0", &["tickets.status", "tickets.explain", "handling.approve"]),
    entry(&GET_TICKET_INFO, "2.6.0", &["tickets.info", "tickets.explain", "handling.edit-fields"]),
    entry(
        &GET_TICKET_LOGS,
        "2.6.0",
        &[
            "tickets.log",
            "tickets.confirm",
            "tickets.confirm-own",
            "tickets.reconcile",
            "tickets.explain",
        ],
    ),
    entry(
        &TICKET_APPROVAL_RESULT,
        "2.6.0",
        &[
            "tickets.approval-results",
            "tickets.confirm",
            "tickets.confirm-own",
            "tickets.reconcile",
            "tickets.explain",
        ],
    ),
    entry(&TOKEN_VERIFY, "2.6.0", &["tickets.verify-token"]),
    entry(&CALLBACK_FAILED_TICKET, "2.6.0", &["tickets.failed-callbacks"]),
    entry(
        &OPERATE_TICKET,
        "2.6.0",
        &["operations.withdraw", "operations.terminate", "operations.suspend", "operations.resume"],
    ),
    entry(
        &OPERATE_NODE,
        "2.6.0",
        &[
            "handling.transition",
            "handling.claim",
            "handling.distribute",
            "handling.hand-over",
            "handling.approve",
        ],
    ),
    entry(&APPROVE, "2.6.3", &["handling.approve"]),
    entry(&GET_APPROVE_NODE_RESULT, "2.6.4", &["operations.node-result"]),
    entry(&GET_APPROVER, "2.6.1.389", &["operations.approvers"]),
    entry(&COMMENT, "2.6.1.389", &["operations.rate"]),
    entry(&ADD_FOLLOWER, "2.6.1.371", &["operations.follow", "operations.unfollow"]),
    entry(&EDIT_FIELD, "2.6.1.371", &["handling.edit-fields"]),
    entry(&GET_SERVICES, "2.6.0", &["services.list-services"]),
    entry(&GET_SERVICE_DETAIL, "2.6.0", &["services.form"]),
    entry(&GET_SERVICE_CATALOGS, "2.6.0", &["services.list-catalogs"]),
    entry(&GET_SERVICE_ROLES, "2.6.0", &["services.nodes", "services.resolve-processors"]),
    entry(&GET_WORKFLOW_DETAIL, "2.6.0", &["services.workflow-detail"]),
    entry(&CREATE_SERVICE_CATALOG, "2.6.1.389", &["administration.create-catalog"]),
    entry(&IMPORT_SERVICE, "2.6.1.371", &["administration.import-service"]),
    entry(&UPDATE_SERVICE, "2.6.1.389", &["administration.update-service"]),
];

/// The published actions that no function calls.
pub const LEFT_OUT: [LeftOut; 6] = [
    LeftOut {
        path: "proceed_approval",
        method: Post,
        since: "2.6.0",
        why: "It decides as `approve` does, for a mobile office, and checks neither that the node runs nor that it is an approval: use `handling.approve`.",
    },
    LeftOut {
        path: "get_fast_approval_summary",
        method: Get,
        since: "2.6.8",
        why: "It is the text that a chat message shows to an approver: `tickets.info` and `tickets.status` tell the same as data.",
    },
    LeftOut {
        path: "get_all_tickets",
        method: Get,
        since: "2.6.6",
        why: "It is a second address of get_tickets, not public, with a method that the server refuses: use `tickets.search`.",
    },
    LeftOut {
        path: "proceed_fast_approval",
        method: Post,
        since: "2.6.1.371",
        why: "It is what a button in a chat message calls, and is not public: use `handling.approve`.",
    },
    LeftOut {
        path: "get_ticket_event_logs",
        method: Get,
        since: "none yet",
        why: "It was proposed in 2025 and is in no public release: `tickets.log` reads the log.",
    },
    LeftOut {
        path: "tickets_processors",
        method: Get,
        since: "none yet",
        why: "It was proposed in 2025 and is in no public release: `tickets.status` tells who has to act.",
    },
];
