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

impl Action {
    const fn by_a_user(self) -> Self {
        Self { wants_user: true, ..self }
    }

    const fn over_an_esb(self, esb: Esb) -> Self {
        Self { esb, ..self }
    }

    const fn of_at_most(self, max_answer_bytes: usize) -> Self {
        Self { max_answer_bytes, ..self }
    }

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

/// The table: each row makes the constant of an action and its entry in [`ALL`].
macro_rules! actions {
    ($(
        $(#[$doc:meta])+
        $name:ident: $action:expr, since $since:literal, for [$($function:literal),+ $(,)?];
    )+) => {
        $(
            $(#[$doc])+
            pub const $name: Action = $action;
        )+

        /// Every action that a function calls.
        pub const ALL: &[Entry] = &[$(Entry {
            action: &$name,
            since: $since,
            functions: &[$($function),+],
        }),+];
    };
}

actions! {
    /// Makes a ticket.
    CREATE_TICKET: writes("create_ticket", "ticket"),
        since "2.6.0", for ["tickets.create"];
    /// Finds tickets by number, tag and more.
    GET_TICKETS: reads(Post, "get_tickets", "sn"),
        since "2.6.0", for [
            "tickets.search", "tickets.confirm", "tickets.confirm-own", "tickets.reconcile",
            "tickets.recover", "tickets.explain",
        ];
    /// Finds the tickets that concern a user.
    GET_TICKETS_BY_USER: reads(Get, "get_tickets_by_user", "user").over_an_esb(Esb::Missing),
        since "2.6.0", for ["tickets.search-by-user"];
    /// A ticket's status and running steps.
    GET_TICKET_STATUS: reads(Get, "get_ticket_status", "sn"),
        since "2.6.0", for ["tickets.status", "tickets.explain", "handling.approve"];
    /// A ticket with its fields and running steps.
    GET_TICKET_INFO: reads(Get, "get_ticket_info", "sn"),
        since "2.6.0", for ["tickets.info", "tickets.explain", "handling.edit-fields"];
    /// A ticket's log.
    GET_TICKET_LOGS: reads(Get, "get_ticket_logs", "sn"),
        since "2.6.0", for [
            "tickets.log", "tickets.confirm", "tickets.confirm-own", "tickets.reconcile",
            "tickets.explain",
        ];
    /// Reads results, and takes the tickets off the failed list.
    TICKET_APPROVAL_RESULT: reads(Post, "ticket_approval_result", "sns").by_a_user(),
        since "2.6.0", for [
            "tickets.approval-results", "tickets.confirm", "tickets.confirm-own",
            "tickets.reconcile", "tickets.explain",
        ];
    /// Whether a token is the server's.
    TOKEN_VERIFY: reads(Post, "token/verify", "token"),
        since "2.6.0", for ["tickets.verify-token"];
    /// The failed list: everybody's, and unbounded.
    CALLBACK_FAILED_TICKET: reads(Get, "callback_failed_ticket", "among").by_a_user().of_at_most(16 * MIB),
        since "2.6.0", for ["tickets.failed-callbacks"];
    /// Withdraws, terminates, suspends or resumes a ticket.
    OPERATE_TICKET: writes("operate_ticket", "sn"),
        since "2.6.0", for [
            "operations.withdraw", "operations.terminate", "operations.suspend",
            "operations.resume",
        ];
    /// Submits, claims, distributes or hands over a node.
    OPERATE_NODE: writes("operate_node", "node-id"),
        since "2.6.0", for [
            "handling.transition", "handling.claim", "handling.distribute", "handling.hand-over",
            "handling.approve",
        ];
    /// Decides an approval.
    APPROVE: writes("approve", "node-id").by_a_user().over_an_esb(Esb::Missing),
        since "2.6.3", for ["handling.approve"];
    /// What was decided at a finished approval.
    GET_APPROVE_NODE_RESULT: reads(Get, "get_approve_node_result", "node-id").over_an_esb(Esb::Missing),
        since "2.6.4", for ["operations.node-result"];
    /// Who decided at an approval so far.
    GET_APPROVER: reads(Get, "get_approver", "node-id").over_an_esb(Esb::Missing),
        since "2.6.1.389", for ["operations.approvers"];
    /// Rates a finished ticket.
    COMMENT: writes("comment", "sn").by_a_user().over_an_esb(Esb::At("comment_ticket")),
        since "2.6.1.389", for ["operations.rate"];
    /// Makes users follow a ticket, or not.
    ADD_FOLLOWER: writes("add_follower", "sn").by_a_user().over_an_esb(Esb::Missing),
        since "2.6.1.371", for ["operations.follow", "operations.unfollow"];
    /// Changes fields of a ticket's form.
    EDIT_FIELD: writes("edit_field", "fields").by_a_user().over_an_esb(Esb::Missing),
        since "2.6.1.371", for ["handling.edit-fields"];
    /// The services.
    GET_SERVICES: reads(Get, "get_services", "filter"),
        since "2.6.0", for ["services.list-services"];
    /// A service with its form.
    GET_SERVICE_DETAIL: reads(Get, "get_service_detail", "service-id"),
        since "2.6.0", for ["services.form"];
    /// The tree of catalogues.
    GET_SERVICE_CATALOGS: reads(Get, "get_service_catalogs", "project-key"),
        since "2.6.0", for ["services.list-catalogs"];
    /// The nodes of a service's flow, and who handles them.
    GET_SERVICE_ROLES: reads(Get, "get_service_roles", "service-id").by_a_user(),
        since "2.6.0", for ["services.nodes", "services.resolve-processors"];
    /// A flow in full.
    GET_WORKFLOW_DETAIL: reads(Get, "get_workflow_detail", "workflow-id").by_a_user(),
        since "2.6.0", for ["services.workflow-detail"];
    /// Makes a catalogue.
    CREATE_SERVICE_CATALOG: writes("create_service_catalog", "catalog-json").over_an_esb(Esb::NotTheOldest),
        since "2.6.1.389", for ["administration.create-catalog"];
    /// Makes a service with its flow.
    IMPORT_SERVICE: writes("import_service", "service-json").over_an_esb(Esb::NotTheOldest),
        since "2.6.1.371", for ["administration.import-service"];
    /// Replaces a service and its flow.
    UPDATE_SERVICE: writes("update_service", "service-json").over_an_esb(Esb::NotTheOldest),
        since "2.6.1.389", for ["administration.update-service"];
}

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
