//! ITSM's actions: where each lives, and whether it changes anything.

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
    /// What the functions that use it call the argument its parameters are made of.
    pub argument: &'static str,
    /// The most bytes of an answer that are read.
    pub max_answer_bytes: usize,
}

const MIB: usize = 1024 * 1024;

const fn reads(method: Method, path: &'static str, argument: &'static str) -> Action {
    Action {
        path,
        method,
        writes: false,
        wants_user: false,
        argument,
        max_answer_bytes: 4 * MIB,
    }
}

const fn writes(path: &'static str, argument: &'static str) -> Action {
    Action {
        writes: true,
        ..reads(Post, path, argument)
    }
}

const fn by_a_user(action: Action) -> Action {
    Action {
        wants_user: true,
        ..action
    }
}

/// Makes a ticket.
pub const CREATE_TICKET: Action = writes("create_ticket", "ticket");
/// Finds tickets by number, tag and more.
pub const GET_TICKETS: Action = reads(Post, "get_tickets", "sn");
/// Finds the tickets that concern a user.
pub const GET_TICKETS_BY_USER: Action = reads(Get, "get_tickets_by_user", "user");
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
pub const APPROVE: Action = by_a_user(writes("approve", "node-id"));
/// What was decided at a finished approval.
pub const GET_APPROVE_NODE_RESULT: Action = reads(Get, "get_approve_node_result", "node-id");
/// Who decided at an approval so far.
pub const GET_APPROVER: Action = reads(Get, "get_approver", "node-id");
/// Rates a finished ticket.
pub const COMMENT: Action = by_a_user(writes("comment", "sn"));
/// Makes users follow a ticket, or not.
pub const ADD_FOLLOWER: Action = by_a_user(writes("add_follower", "sn"));
/// Changes fields of a ticket's form.
pub const EDIT_FIELD: Action = by_a_user(writes("edit_field", "fields"));
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
pub const CREATE_SERVICE_CATALOG: Action = writes("create_service_catalog", "catalog-json");
/// Makes a service with its flow.
pub const IMPORT_SERVICE: Action = writes("import_service", "service-json");
/// Replaces a service and its flow.
pub const UPDATE_SERVICE: Action = writes("update_service", "service-json");

/// Every action.
pub const ALL: [&Action; 25] = [
    &CREATE_TICKET,
    &GET_TICKETS,
    &GET_TICKETS_BY_USER,
    &GET_TICKET_STATUS,
    &GET_TICKET_INFO,
    &GET_TICKET_LOGS,
    &OPERATE_TICKET,
    &OPERATE_NODE,
    &APPROVE,
    &GET_APPROVE_NODE_RESULT,
    &GET_APPROVER,
    &COMMENT,
    &ADD_FOLLOWER,
    &EDIT_FIELD,
    &TICKET_APPROVAL_RESULT,
    &TOKEN_VERIFY,
    &CALLBACK_FAILED_TICKET,
    &GET_SERVICES,
    &GET_SERVICE_DETAIL,
    &GET_SERVICE_CATALOGS,
    &GET_SERVICE_ROLES,
    &GET_WORKFLOW_DETAIL,
    &CREATE_SERVICE_CATALOG,
    &IMPORT_SERVICE,
    &UPDATE_SERVICE,
];
