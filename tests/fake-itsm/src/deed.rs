//! What a person can do to a ticket on its page, and the site's rules for that.

use crate::ticket::{MANAGER, Ticket};

/// What a person does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Approve,
    Refuse,
    Claim,
    HandOver,
    Suspend,
    Resume,
    Withdraw,
    Terminate,
    Close,
}

/// Why somebody can't do something now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyNot {
    Ended,
    Merged,
    NothingRuns,
    NotTheirs(String),
    ClaimFirst,
    NoDecision,
    NothingToClaim,
    NoHandingOver,
    IsSuspended,
    NotSuspended,
    NeitherProcessorNorManager(String),
    NotTheCreator(String),
    TooLate,
    NotTheManager(String),
    /// Something that has to be filled in is not.
    Missing(String),
    /// What was chosen can't be.
    NoChoice(String),
}

impl Deed {
    pub const ALL: [Self; 9] = [
        Self::Approve,
        Self::Refuse,
        Self::Claim,
        Self::HandOver,
        Self::Suspend,
        Self::Resume,
        Self::Withdraw,
        Self::Terminate,
        Self::Close,
    ];

    /// The last part of its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Claim => "claim",
            Self::HandOver => "hand-over",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Withdraw => "withdraw",
            Self::Terminate => "terminate",
            Self::Close => "close",
        }
    }
}

impl Ticket {
    /// Why somebody can't do this now.
    pub fn why_not(&self, deed: Deed, user: &str) -> Option<WhyNot> {
        if self.is_ended() {
            return Some(WhyNot::Ended);
        }
        if self.parent.is_some() {
            return Some(WhyNot::Merged);
        }
        let visit = self.visits.iter().find(|visit| visit.waits_for(user));
        let is_suspended = self.status == "SUSPENDED";
        let may_operate = self.may_handle(user) || user == MANAGER;
        match (deed, visit) {
            (Deed::Approve | Deed::Refuse | Deed::HandOver, None) => {
                Some(self.why_not_theirs(user))
            }
            (Deed::Refuse, Some(visit)) => (!visit.is_decision()).then_some(WhyNot::NoDecision),
            (Deed::HandOver, Some(_)) => {
                let mut theirs = self.visits.iter().filter(|visit| visit.waits_for(user));
                let may_be = theirs.any(|visit| visit.node.may_be_handed_over);
                (!may_be).then_some(WhyNot::NoHandingOver)
            }
            (Deed::Approve, Some(_)) => None,
            (Deed::Claim, _) => {
                self.to_be_claimed_by(user).is_none().then_some(WhyNot::NothingToClaim)
            }
            (Deed::Suspend, _) if is_suspended => Some(WhyNot::IsSuspended),
            (Deed::Resume, _) if !is_suspended => Some(WhyNot::NotSuspended),
            (Deed::Suspend | Deed::Resume | Deed::Terminate, _) => {
                (!may_operate).then(|| WhyNot::NeitherProcessorNorManager(user.to_owned()))
            }
            (Deed::Withdraw, _) if user != self.creator && user != MANAGER => {
                Some(WhyNot::NotTheCreator(user.to_owned()))
            }
            (Deed::Withdraw, _) => (!self.can_be_withdrawn()).then_some(WhyNot::TooLate),
            (Deed::Close, _) => (user != MANAGER).then(|| WhyNot::NotTheManager(user.to_owned())),
        }
    }

    fn why_not_theirs(&self, user: &str) -> WhyNot {
        if self.to_be_claimed_by(user).is_some() {
            WhyNot::ClaimFirst
        } else if self.running().next().is_none() {
            WhyNot::NothingRuns
        } else {
            WhyNot::NotTheirs(user.to_owned())
        }
    }
}
