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
    /// The host gave this code of wasi:http, such as `HttpRequestDenied` or `DnsError(...)`.
    Host(String),
}

impl Error {
    /// What a code of wasi:http means, given as its `Debug` writes it.
    ///
    /// A host is told the deadline too, and can be the first to notice that it has passed.
    pub fn of_host(code: &str) -> Self {
        let code = code.replace("ErrorCode::", "");
        match code.as_str() {
            "ConnectionTimeout"
            | "ConnectionReadTimeout"
            | "ConnectionWriteTimeout"
            | "HttpResponseTimeout" => Self::Deadline,
            _ => Self::Host(code),
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
        let host = |code: &str| Error::Host(code.to_owned());
        for (code, error) in [
            ("ErrorCode::ConnectionTimeout", Error::Deadline),
            ("ErrorCode::ConnectionReadTimeout", Error::Deadline),
            ("ErrorCode::ConnectionWriteTimeout", Error::Deadline),
            ("ErrorCode::HttpResponseTimeout", Error::Deadline),
            // The name server's time is not the deadline.
            ("ErrorCode::DnsTimeout", host("DnsTimeout")),
            ("ErrorCode::ConnectionRefused", host("ConnectionRefused")),
            (
                "ErrorCode::InternalError(Some(\"ConnectionTimeout\"))",
                host("InternalError(Some(\"ConnectionTimeout\"))"),
            ),
        ] {
            assert_eq!(Error::of_host(code), error, "{code}");
        }
    }
}
