//! What the exit code says.

use rust_host::{Advice, Error, Failure, Verdict};
use std::process::ExitCode;

/// How a command ended. Only [`Exit::Done`] is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; of a gate: approved.
    Done = 0,
    /// The settings or arguments are wrong, or something else on this machine is. 2 is also what a wrong command
    /// line gives.
    Usage = 2,
    Rejected = 10,
    Withdrawn = 11,
    Terminated = 12,
    Closed = 13,
    /// It ended, and no approval lay on its way.
    Completed = 14,
    /// Nobody decided in time, and the ticket is open.
    TimedOut = 20,
    /// It was interrupted, and the ticket is open.
    Interrupted = 21,
    /// A person must look: it can't be told how the ticket ended, or whether there is one.
    Undecided = 22,
    /// ITSM refuses the arguments.
    Argument = 30,
    /// ITSM refuses the credentials, or the app lacks a permission.
    Permission = 31,
    /// The server can't be reached, or is failing: try again later.
    Unreachable = 32,
    /// The answer was lost, and ITSM may have done what it was asked for: look before trying again.
    Unknown = 33,
    /// ITSM refuses for good.
    Refused = 34,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approved => Self::Done,
            Verdict::Rejected => Self::Rejected,
            Verdict::Withdrawn => Self::Withdrawn,
            Verdict::Terminated => Self::Terminated,
            Verdict::Closed => Self::Closed,
            Verdict::Completed => Self::Completed,
            Verdict::Open => Self::TimedOut,
        }
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match &failure.advice {
            _ if failure.may_have_acted => Self::Unknown,
            Advice::FixArgument(_) => Self::Argument,
            Advice::FixCredentials | Advice::AskPermission | Advice::SendVerifiedUser => {
                Self::Permission
            }
            Advice::WaitMs(_) | Advice::CallOperator | Advice::AllowHost(_) => Self::Unreachable,
            Advice::LookUp => Self::Unknown,
            Advice::GiveUp | Advice::Other(_) => Self::Refused,
        }
    }
}

/// The code of an error.
pub fn of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Error>() {
        Some(Error::Failed { failure, .. }) => failure.into(),
        Some(Error::Stopped(_)) => Exit::Unknown,
        Some(Error::NotStarted(_)) | None => Exit::Usage,
    }
}
