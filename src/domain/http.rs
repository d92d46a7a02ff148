//! What goes to the transport and what comes back from it.

use super::secret::Secret;
pub use wasi_http::Method;
use wasi_http::{Error, SendError};

/// The header that asks for an answer as it is: nothing here unpacks one.
pub fn uncompressed() -> (String, String) {
    ("accept-encoding".to_owned(), "identity".to_owned())
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
    /// When it came, in seconds since 1970 by the host's clock.
    pub came_at_s: u64,
}

impl Response {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// For how many milliseconds a header such as `Retry-After` asks to wait: in seconds, or until a date.
    /// A date counts from the server's own clock, where the answer tells it.
    pub fn wait_ms(&self, header: &str) -> Option<u64> {
        let value = self.header(header)?.trim();
        let of_seconds = |seconds: &str, ms: u64| {
            let is_number =
                !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
            // More digits than a number has room for are a long time.
            let seconds = seconds.parse().unwrap_or(u64::MAX);
            is_number.then(|| seconds.saturating_mul(1_000).saturating_add(ms))
        };
        match value.split_once('.') {
            Some((seconds, fraction)) => of_seconds(seconds, thousandths(fraction)?),
            None => of_seconds(value, 0),
        }
        .or_else(|| {
            let server = self.header("Date").and_then(unix_s);
            let until = unix_s(value)?;
            Some(until.saturating_sub(server.unwrap_or(self.came_at_s)) * 1_000)
        })
    }
}

fn thousandths(fraction: &str) -> Option<u64> {
    let digits = fraction.get(..fraction.len().min(3))?;
    let places = u32::try_from(digits.len()).ok()?;
    Some(digits.parse::<u64>().ok()? * 10_u64.pow(3 - places))
}

/// An HTTP date, in any of the three forms that a reader has to know, as seconds since 1970.
fn unix_s(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<_> = date.split([' ', ',', '-']).filter(|part| !part.is_empty()).collect();
    let (day, month, year, time) = match parts.as_slice() {
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let month = 1 + MONTHS.iter().position(|name| name == month)? as u64;
    let (day, year) = match (number(day)?, number(year)?) {
        (day @ 1..=31, year @ 0..=99) => (day, year + 2_000),
        (day @ 1..=31, year @ 1970..=9999) => (day, year),
        _ => return None,
    };
    let mut clock = time.split(':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // A year that begins with March has its leap day at its end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(((days * 24 + hour.min(23)) * 60 + minute.min(59)) * 60 + second.min(60))
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
    /// The host's name has no address.
    NoSuchHost {
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

impl From<SendError> for NoAnswer {
    fn from(SendError { why, unsent }: SendError) -> Self {
        match why {
            Error::Deadline => Self::DeadlineReached { unsent },
            Error::TooLarge => Self::TooLarge,
            Error::Unsendable(part) => Self::Unsendable(format!("the host refuses the {part}")),
            Error::BrokenOff => {
                Self::Broken { why: "it broke off while the answer came".to_owned(), unsent }
            }
            Error::Host { code, reason } => Self::of_code(code, reason, unsent),
        }
    }
}

impl NoAnswer {
    /// What a code of wasi:http means, with the host's own reason if there is one.
    fn of_code(code: &str, reason: Option<String>, unsent: bool) -> Self {
        let why = match reason {
            Some(reason) => format!("{code}: {reason}"),
            None => code.to_owned(),
        };
        match code {
            "HTTP request denied" => Self::Denied,
            "DNS error" | "destination not found" => Self::NoSuchHost { unsent },
            "TLS certificate error" | "TLS protocol error" | "TLS alert received" => {
                Self::Tls { why, unsent }
            }
            "HTTP request URI invalid"
            | "HTTP request URI too long"
            | "HTTP request method invalid"
            | "HTTP request header section size"
            | "HTTP request header size"
                if unsent =>
            {
                Self::Unsendable(why)
            }
            _ => Self::Broken { why, unsent },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_answer(why: Error, unsent: bool) -> NoAnswer {
        SendError { why, unsent }.into()
    }

    /// All codes of wasi:http 0.2.
    #[test]
    fn each_code_of_wasi_http_says_why_there_is_no_answer() {
        let denied = |_, _| NoAnswer::Denied;
        let deadline = |_, unsent| NoAnswer::DeadlineReached { unsent };
        let no_such_host = |_, unsent| NoAnswer::NoSuchHost { unsent };
        let tls = |why, unsent| NoAnswer::Tls { why, unsent };
        let broken = |why, unsent| NoAnswer::Broken { why, unsent };
        // A host can check a request before it sends it, and a server when it has it.
        let unsendable = |why, unsent| match unsent {
            true => NoAnswer::Unsendable(why),
            false => NoAnswer::Broken { why, unsent },
        };
        type Expected = fn(String, bool) -> NoAnswer;
        let codes: [(&'static str, Expected); 39] = [
            ("DNS timeout", broken),
            ("DNS error", no_such_host),
            ("destination not found", no_such_host),
            ("destination unavailable", broken),
            ("destination IP prohibited", broken),
            ("destination IP unroutable", broken),
            ("connection refused", broken),
            ("connection terminated", broken),
            ("connection timeout", deadline),
            ("connection read timeout", deadline),
            ("connection write timeout", deadline),
            ("connection limit reached", broken),
            ("TLS protocol error", tls),
            ("TLS certificate error", tls),
            ("TLS alert received", tls),
            ("HTTP request denied", denied),
            ("HTTP request length required", broken),
            ("HTTP request body size", broken),
            ("HTTP request method invalid", unsendable),
            ("HTTP request URI invalid", unsendable),
            ("HTTP request URI too long", unsendable),
            ("HTTP request header section size", unsendable),
            ("HTTP request header size", unsendable),
            ("HTTP request trailer section size", broken),
            ("HTTP request trailer size", broken),
            ("HTTP response incomplete", broken),
            ("HTTP response header section size", broken),
            ("HTTP response header size", broken),
            ("HTTP response body size", broken),
            ("HTTP response trailer section size", broken),
            ("HTTP response trailer size", broken),
            ("HTTP response transfer coding", broken),
            ("HTTP response content coding", broken),
            ("HTTP response timeout", deadline),
            ("HTTP upgrade failed", broken),
            ("HTTP protocol error", broken),
            ("loop detected", broken),
            ("configuration error", broken),
            ("internal error", broken),
        ];
        for (code, expected) in codes {
            // A reason is for people: it can say anything.
            for (reason, why) in [
                (None, code.to_owned()),
                (Some("connection timeout"), format!("{code}: connection timeout")),
            ] {
                for unsent in [true, false] {
                    let error = Error::of_host(code, reason.map(str::to_owned));
                    assert_eq!(no_answer(error, unsent), expected(why.clone(), unsent), "{code}");
                }
            }
        }
    }

    #[test]
    fn a_failure_of_our_own_side_says_why_there_is_no_answer() {
        let broken = "it broke off while the answer came".to_owned();
        for unsent in [true, false] {
            for (error, expected) in [
                (Error::Deadline, NoAnswer::DeadlineReached { unsent }),
                (Error::TooLarge, NoAnswer::TooLarge),
                (
                    Error::Unsendable("path".to_owned()),
                    NoAnswer::Unsendable("the host refuses the path".to_owned()),
                ),
                (Error::BrokenOff, NoAnswer::Broken { why: broken.clone(), unsent }),
            ] {
                assert_eq!(no_answer(error, unsent), expected);
            }
        }
    }

    fn wait_ms(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = vec![("retry-after".to_owned(), value.to_owned())];
        headers.extend(date.map(|date| ("date".to_owned(), date.to_owned())));
        let response = Response {
            headers,
            // Wed, 25 Nov 2026 12:00:00 GMT
            came_at_s: 1_795_608_000,
            ..Response::default()
        };
        response.wait_ms("Retry-After")
    }

    #[test]
    fn a_wait_is_read_in_every_form_that_http_knows() {
        for (value, ms) in [
            ("0", Some(0)),
            ("120", Some(120_000)),
            (" 7 ", Some(7_000)),
            ("1.5", Some(1_500)),
            ("0.0625", Some(62)),
            ("4294967296", Some(4_294_967_296_000)),
            ("99999999999999999999", Some(u64::MAX)),
            ("Wed, 25 Nov 2026 12:10:00 GMT", Some(600_000)),
            ("Wednesday, 25-Nov-26 12:10:00 GMT", Some(600_000)),
            ("Wed Nov 25 12:10:00 2026", Some(600_000)),
            ("Tue, 29 Feb 2028 12:00:00 GMT", Some(39_830_400_000)),
            ("Wed, 25 Nov 2020 12:10:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1,5", None),
            ("1.", None),
            ("Wed, 99 Nov 2026 12:10:00 GMT", None),
            ("Wed, 25 Nov 2026", None),
        ] {
            assert_eq!(wait_ms(value, None), ms, "{value}");
        }
    }

    #[test]
    fn a_date_counts_from_the_clock_of_the_server_that_names_it() {
        let until = "Wed, 25 Nov 2026 12:10:00 GMT";
        let slow = "Wed, 25 Nov 2026 12:09:30 GMT";
        assert_eq!(wait_ms(until, Some(slow)), Some(30_000));
        assert_eq!(wait_ms(until, Some("today")), Some(600_000));
    }
}
