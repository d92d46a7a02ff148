//! The one error model: what to do next, and whether ITSM may have acted.

use super::action::Action;
use super::http::NoAnswer;
use super::message;
use super::secret::Secret;

/// What to do about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Fix this argument.
    FixArgument(String),
    /// App code, secret or token are wrong.
    FixCredentials,
    /// Apply for the permission.
    AskPermission,
    /// Give a token that proves the user.
    SendVerifiedUser,
    /// Let the component reach this `host:port`.
    AllowHost(String),
    /// Call again after so many milliseconds.
    WaitMs(u32),
    /// Look first whether ITSM did it.
    LookUp,
    /// Somebody has to fix what lies between.
    CallOperator,
    /// No repetition will help.
    GiveUp,
    /// In words.
    Other(String),
}

/// Where a failure arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the arguments; nothing was sent.
    Argument,
    /// Between the component and the first server.
    Transport,
    /// In the API gateway.
    Gateway,
    /// In the ESB.
    Esb,
    /// In ITSM.
    Itsm,
    /// In an answer that none of them gives.
    Answer,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do next.
    pub advice: Advice,
    /// False only when it is proven that ITSM did nothing.
    pub may_have_acted: bool,
    /// Where it arose.
    pub origin: Origin,
    /// The answering server's code.
    pub code: Option<String>,
    /// For a person to read.
    pub message: String,
    /// The gateway's or the ESB's id of the request.
    pub request_id: Option<String>,
}

/// A wait for want of a better figure from the server.
const WAIT_MS: u32 = 1_000;

impl Failure {
    /// An argument that must be fixed before anything is sent.
    pub fn argument(name: &str, why: &str) -> Self {
        Self {
            advice: Advice::FixArgument(message::redacted(name, &[])),
            may_have_acted: false,
            origin: Origin::Argument,
            code: None,
            message: message::redacted(&format!("{name} {why}"), &[]),
            request_id: None,
        }
    }

    /// A server refused. Where it is not proven that nothing was done, a write is to be looked for, whatever
    /// else could be advised: this is the one place where advice and proof meet.
    pub fn refused(
        action: &Action,
        origin: Origin,
        (advice, undone): (Advice, bool),
        message: String,
    ) -> Self {
        let may_have_acted = action.writes && !undone;
        Self {
            advice: if may_have_acted { Advice::LookUp } else { advice },
            may_have_acted,
            origin,
            code: None,
            message,
            request_id: None,
        }
    }

    /// The same where what seemed to prove that nothing was done does not.
    pub fn unproven(self) -> Self {
        Self { advice: Advice::LookUp, may_have_acted: true, ..self }
    }

    /// Something answered, but not as ITSM does; `advice` is for a call that only reads.
    pub fn unusable(action: &Action, advice: Advice, why: impl Into<String>) -> Self {
        Self::refused(action, Origin::Answer, (advice, false), why.into())
    }

    /// Something answered, but not as ITSM does.
    pub fn answer(action: &Action, why: impl Into<String>) -> Self {
        Self::unusable(action, Advice::CallOperator, why)
    }

    /// No answer came.
    pub fn transport(action: &Action, authority: &str, cause: NoAnswer) -> Self {
        let again = Advice::WaitMs(WAIT_MS);
        let (advice, undone, message) = match cause {
            NoAnswer::Denied => (
                Advice::AllowHost(authority.to_owned()),
                true,
                format!("the host does not allow calls to {authority}"),
            ),
            // Repeating does not help: the host needs the site's CA, or the site another certificate.
            NoAnswer::Tls { why, unsent } => (
                Advice::CallOperator,
                unsent,
                format!(
                    "no TLS with {authority}, whose certificate may be of a CA that the host does not know: {why}"
                ),
            ),
            NoAnswer::Unsendable(why) => (
                Advice::FixArgument("connection".to_owned()),
                true,
                format!("the request can't be sent: {why}"),
            ),
            // Neither does it help to wait for a name to appear.
            NoAnswer::NoSuchHost { unsent } => (
                Advice::CallOperator,
                unsent,
                format!(
                    "the host name in {authority} has no address: the name is wrong, or the name server that is asked here does not know it"
                ),
            ),
            NoAnswer::DeadlineReached { unsent } => {
                (again, unsent, format!("{authority} did not answer before the deadline"))
            }
            NoAnswer::Broken { why, unsent: true } => {
                (again, true, format!("{authority} can't be reached: {why}"))
            }
            NoAnswer::Broken { why, unsent: false } => {
                (again, false, format!("the connection to {authority} broke: {why}"))
            }
            NoAnswer::TooLarge => (
                action.too_large.map_or(Advice::CallOperator, |argument| {
                    Advice::FixArgument(argument.to_owned())
                }),
                false,
                format!("{authority} answered with more than {} bytes", action.max_answer_bytes),
            ),
        };
        Self::refused(action, Origin::Transport, (advice, undone), message)
    }

    /// Whether the same read can succeed a moment later, and after how many milliseconds at least.
    pub fn wait_ms(&self) -> Option<u32> {
        match self.advice {
            Advice::WaitMs(wait) => Some(wait),
            _ => None,
        }
    }

    /// The failure as it may leave the component.
    pub fn redacted(self, secrets: &[&Secret]) -> Self {
        let redact = |text: String| message::redacted(&text, secrets);
        Self {
            advice: match self.advice {
                Advice::FixArgument(text) => Advice::FixArgument(redact(text)),
                Advice::AllowHost(text) => Advice::AllowHost(redact(text)),
                Advice::Other(text) => Advice::Other(redact(text)),
                advice => advice,
            },
            code: self.code.map(|code| message::redacted_within(&code, secrets, 64)),
            message: redact(self.message),
            request_id: self.request_id.map(|id| message::redacted_within(&id, secrets, 128)),
            ..self
        }
    }
}

impl Action {
    /// The advice after an answer that does not tell whether the action was carried out.
    pub fn unclear(&self) -> Advice {
        if self.writes { Advice::LookUp } else { Advice::WaitMs(WAIT_MS) }
    }
}
