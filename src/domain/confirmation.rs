//! What ITSM itself says of a ticket, and what that means for who waits for it.

use super::history::Decision;
use super::ticket::{CreatedTicket, Ticket};
use super::verdict::{Evidence, Verdict};

/// What ITSM itself said about our ended ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// The ticket.
    pub ticket: Ticket,
    /// How it ended.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Who decided what, oldest first.
    pub decisions: Vec<Decision>,
}

/// What ITSM says of a ticket that somebody names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Ours, and ended.
    Ended(Outcome),
    /// Ours, and not ended.
    Open(Ticket),
    /// Ours and ended, but the result can't be read yet.
    Undecided(Ticket),
    /// Ours and ended, and nobody can tell how: the reason for a person.
    Undecidable(Ticket, String),
    /// Not made by this operation.
    Foreign,
    /// No such number.
    Missing,
    /// Several tickets of this number or tag.
    Ambiguous(Vec<Ticket>),
    /// The server does not find tickets by tag.
    Untraceable,
}

/// What looking a tag up shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Its ticket.
    Found(CreatedTicket),
    /// Several tickets with the tag.
    Ambiguous(Vec<Ticket>),
    /// The tag, on a ticket of another creator.
    Mismatched(Vec<Ticket>),
    /// No ticket, so far.
    Absent,
    /// The server does not find tickets by tag.
    Untraceable,
}
