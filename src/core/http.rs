//! What goes to the transport and what comes back from it.

use super::secret::Secret;

/// The two methods that ITSM's actions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Parameters travel in the query.
    Get,
    /// Parameters travel in a JSON body.
    Post,
}

/// A request, ready to be sent. Each part that can hold a credential is a [`Secret`], so that no
/// copy of it is printed or outlives the call.
pub struct Request {
    /// The method.
    pub method: Method,
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Host and port.
    pub authority: String,
    /// Path and query.
    pub target: Secret,
    /// The headers that hold no secret.
    pub headers: Vec<(String, String)>,
    /// The value of `X-Bkapi-Authorization`, unless the host adds it.
    pub authorization: Option<Secret>,
    /// The JSON body.
    pub body: Option<Secret>,
    /// Whether it can change something. Then it matters how much of it has left, if there is no answer.
    pub writes: bool,
    /// The most bytes of an answer's body to read.
    pub max_answer_bytes: usize,
}

/// An answer, read whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers. A value that is no text is left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The host does not let the request out. Nothing was sent.
    Denied,
    /// The request can't be sent as it is, with the reason. Nothing was sent.
    Unsendable(String),
    /// TLS failed: the other side speaks none, or has a certificate that the host does not trust.
    Tls {
        /// The reason.
        why: String,
        /// Whether it is proven that the server did not get the whole request.
        unsent: bool,
    },
    /// The deadline came first. The request may have been carried out, or may still be.
    DeadlineReached {
        /// Whether it is proven that the server did not get the whole request.
        unsent: bool,
    },
    /// There was no connection, or it broke.
    Broken {
        /// The reason.
        why: String,
        /// Whether it is proven that the server did not get the whole request.
        unsent: bool,
    },
    /// The answer is larger than the request allows.
    TooLarge,
}
