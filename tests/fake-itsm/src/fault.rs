//! What can go wrong, to be switched on.

use std::time::Duration;

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Behind the line with the status.
    AfterStatusLine,
    /// Among the headers.
    InHeaders,
    /// Behind the headers, which promise a body.
    AfterHeaders,
    /// In the middle of the body.
    InBody,
}

/// A fault. It applies to an action's next requests, or with the action `callback` to ITSM's own
/// next callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes only after this long.
    Slow(Duration),
    /// The action is carried out, and the connection breaks without an answer.
    DropAfterExecuting,
    /// The connection breaks before the action is carried out.
    DropBeforeExecuting,
    /// The action is carried out, and the answer breaks off in the middle of its body.
    Truncated,
    /// The action is carried out, and the answer breaks off there.
    CutAt(Stage),
    /// The request is read whole and never answered. Nothing is carried out: for a request that is, take
    /// `Slow` with a long time.
    Hang,
    /// A page instead of an answer, with status 200. Nothing is carried out.
    Html,
    /// An answer of this status and body. Nothing is carried out.
    Answer {
        /// The status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// A redirect to this address. Nothing is carried out.
    Redirect(String),
    /// The gateway's error of this status and code. Nothing is carried out.
    Gateway {
        /// The status.
        status: u16,
        /// The code, such as 1640001.
        code: u32,
        /// The message.
        message: String,
    },
    /// The ESB's error of this code. Nothing is carried out.
    Esb {
        /// The code, such as 1306000.
        code: u32,
        /// The message.
        message: String,
    },
    /// The action is carried out, and the answer is followed by so many blanks.
    Huge(usize),
    /// get_tickets: the filter by tag is ignored.
    TagsIgnored,
    /// create_ticket: the ticket ends approved, and its callback comes, before the answer.
    EarlyCallback,
    /// create_ticket: the ticket gets the number of the one before.
    DuplicateSn,
    /// ticket_approval_result: the rows are not visible yet.
    ResultNotVisible,
    /// create_ticket: the flow never starts.
    NeverStarts,
    /// callback: it is not sent, and not put on the failed list either.
    LostCallback,
}

impl Fault {
    /// The gateway's refusal of a user whom no token proves.
    pub fn needs_verified_user() -> Self {
        Self::Gateway {
            status: 400,
            code: 1_640_001,
            message: "Parameters error [reason=\"user authentication failed, please provide a valid user identity, such as bk_username, bk_token, access_token\"]".into(),
        }
    }
}
