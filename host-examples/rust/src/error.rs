//! Why a call has no answer.

use crate::Failure;
use std::fmt::{self, Display, Formatter};

/// Why a call has no answer. As text it says what to do next, and whether ITSM may have acted.
#[derive(Debug)]
pub enum Error {
    /// ITSM refused, or did not answer.
    Failed {
        /// For a program to decide on.
        failure: Failure,
        /// For a person, in the component's sentences: what to do next, and whether ITSM may have acted.
        advice: String,
    },
    /// The call was stopped half-way, as at the limit to its memory.
    Stopped(anyhow::Error),
    /// The component could not be started, and nothing was sent.
    NotStarted(anyhow::Error),
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { failure, advice } => write!(f, "{}. {advice}", failure.message),
            Self::Stopped(error) => write!(
                f,
                "the call was stopped, and ITSM may have done what it asked for: {error:#}"
            ),
            Self::NotStarted(error) => write!(f, "the component can't be started: {error:#}"),
        }
    }
}

impl std::error::Error for Error {}
