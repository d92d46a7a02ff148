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
        argument,
        max_answer_bytes: 4 * MIB,
    }
}

const fn writes(path: &'static str, argument: &'static str) -> Action {
    Action {
        path,
        method: Post,
        writes: true,
        argument,
        max_answer_bytes: 4 * MIB,
    }
}

/// Makes a ticket.
pub const CREATE_TICKET: Action = writes("create_ticket", "ticket");
/// Finds tickets by number, tag and more.
pub const GET_TICKETS: Action = reads(Post, "get_tickets", "sn");
/// Reads results, and takes the tickets off the failed list.
pub const TICKET_APPROVAL_RESULT: Action = reads(Post, "ticket_approval_result", "sns");
/// Whether a token is the server's.
pub const TOKEN_VERIFY: Action = reads(Post, "token/verify", "token");
/// The failed list: everybody's, and unbounded.
pub const CALLBACK_FAILED_TICKET: Action = Action {
    max_answer_bytes: 16 * MIB,
    ..reads(Get, "callback_failed_ticket", "among")
};
