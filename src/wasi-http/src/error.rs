//! Why a request or a body failed.

/// Why an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The deadline came first.
    Deadline,
    /// The body is longer than the limit.
    TooLarge,
    /// The host refuses to send this part of the request, such as `path`.
    Unsendable(String),
    /// The body broke off.
    BrokenOff,
    /// The host gave a code of wasi:http.
    Host {
        /// Its name in words: `HTTP request denied`, `DNS error`.
        code: &'static str,
        /// The host's own words, if it gave any with the code.
        reason: Option<String>,
    },
}

impl Error {
    /// What a code of wasi:http means, given by its name in words.
    ///
    /// A host is told the deadline too, and can be the first to notice that it has passed.
    pub fn of_host(code: &'static str, reason: Option<String>) -> Self {
        match code {
            "connection timeout"
            | "connection read timeout"
            | "connection write timeout"
            | "HTTP response timeout" => Self::Deadline,
            _ => Self::Host { code, reason },
        }
    }
}

/// Why a request came to no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError {
    /// The reason.
    pub why: Error,
    /// Whether it is proven that the server did not get the whole request: the host never took the end of
    /// it. Nothing else proves anything. What a host says of a connection that broke can be wrong
    /// (recorded: a time-out of the connection, told of a request that the server had read whole).
    pub unsent: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_the_host_is_the_deadline_and_any_other_code_keeps_its_words() {
        for code in [
            "connection timeout",
            "connection read timeout",
            "connection write timeout",
            "HTTP response timeout",
        ] {
            assert_eq!(Error::of_host(code, None), Error::Deadline, "{code}");
        }
        // The name server's time is not the deadline, and a reason can say anything.
        for (code, reason) in
            [("DNS timeout", None), ("internal error", Some("connection timeout".to_owned()))]
        {
            let error = Error::Host { code, reason: reason.clone() };
            assert_eq!(Error::of_host(code, reason), error, "{code}");
        }
    }
}
