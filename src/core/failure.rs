//! The one error model: what to do next, and whether ITSM may have acted.

use super::action::Action;
use super::http::NoAnswer;
use super::secret::Secret;
use super::text;

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
const MAX_MESSAGE_BYTES: usize = 256;

impl Failure {
    /// An argument that must be fixed before anything is sent.
    pub fn argument(name: &str, why: &str) -> Self {
        Self {
            advice: Advice::FixArgument(name.to_owned()),
            may_have_acted: false,
            origin: Origin::Argument,
            code: None,
            message: format!("{name} {why}"),
            request_id: None,
        }
    }

    /// No answer came.
    pub fn transport(action: &Action, authority: &str, cause: NoAnswer) -> Self {
        let acted = |unsent: bool| action.writes && !unsent;
        let again = |unsent: bool| {
            if unsent {
                Advice::WaitMs(WAIT_MS)
            } else {
                action.unclear()
            }
        };
        let (advice, may_have_acted, message) = match cause {
            NoAnswer::Denied => (
                Advice::AllowHost(authority.to_owned()),
                false,
                format!("the host does not allow calls to {authority}"),
            ),
            // Repeating does not help: the host needs the site's CA, or the site another certificate.
            NoAnswer::Tls { why, unsent } => (
                if acted(unsent) {
                    Advice::LookUp
                } else {
                    Advice::CallOperator
                },
                acted(unsent),
                format!(
                    "no TLS with {authority}, whose certificate may be of a CA that the host does not know: {why}"
                ),
            ),
            NoAnswer::Unsendable(why) => (
                Advice::FixArgument("connection".to_owned()),
                false,
                format!("the request can't be sent: {why}"),
            ),
            NoAnswer::DeadlineReached { unsent } => (
                again(unsent),
                acted(unsent),
                format!("{authority} did not answer before the deadline"),
            ),
            NoAnswer::Broken { why, unsent: true } => (
                again(true),
                false,
                format!("{authority} can't be reached: {why}"),
            ),
            NoAnswer::Broken { why, unsent: false } => (
                again(false),
                acted(false),
                format!("the connection to {authority} broke: {why}"),
            ),
            NoAnswer::TooLarge => (
                if action.writes {
                    Advice::LookUp
                } else {
                    Advice::CallOperator
                },
                action.writes,
                format!(
                    "{authority} answered with more than {} bytes",
                    action.max_answer_bytes
                ),
            ),
        };
        Self {
            advice,
            may_have_acted,
            origin: Origin::Transport,
            code: None,
            message,
            request_id: None,
        }
    }

    /// Something answered, but not as ITSM does.
    pub fn answer(action: &Action, why: impl Into<String>) -> Self {
        Self {
            advice: if action.writes {
                Advice::LookUp
            } else {
                Advice::CallOperator
            },
            may_have_acted: action.writes,
            origin: Origin::Answer,
            code: None,
            message: why.into(),
            request_id: None,
        }
    }

    /// Whether the same read can succeed a moment later, and after how many milliseconds at least.
    pub fn wait_ms(&self) -> Option<u32> {
        match self.advice {
            Advice::WaitMs(wait) => Some(wait),
            _ => None,
        }
    }

    /// The failure as it may leave the component: secrets blotted out, texts of bounded length.
    pub fn without(mut self, secrets: &[&Secret]) -> Self {
        let clean = |text: &mut String, limit: usize| {
            for secret in secrets {
                *text = secret.blot_out(text);
            }
            text.truncate(text::cut(text, limit).len());
        };
        clean(&mut self.message, MAX_MESSAGE_BYTES);
        if let Some(code) = &mut self.code {
            clean(code, 64);
        }
        if let Some(id) = &mut self.request_id {
            clean(id, 128);
        }
        if let Advice::FixArgument(text) | Advice::AllowHost(text) | Advice::Other(text) =
            &mut self.advice
        {
            clean(text, 256);
        }
        self
    }
}

/// A text from outside, short enough for a message.
pub fn cut_message(text: &str) -> String {
    text::cut(text, MAX_MESSAGE_BYTES).to_owned()
}

impl Action {
    /// The advice after an answer that does not tell whether the action was carried out.
    pub fn unclear(&self) -> Advice {
        if self.writes {
            Advice::LookUp
        } else {
            Advice::WaitMs(WAIT_MS)
        }
    }
}
