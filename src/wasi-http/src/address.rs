//! The one parser of addresses.
//!
//! As strict as the standards are: an address is often checked nowhere else before it is needed.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An `http` or `https` address, taken apart.
///
/// ```
/// use wasi_http::Address;
///
/// let address = Address::parse("https://itsm.example.com:8443/callback?from=itsm").unwrap();
/// assert_eq!(address.authority, "itsm.example.com:8443");
/// assert_eq!(address.target(), "/callback?from=itsm");
/// assert_eq!(Address::parse("ftp://itsm.example.com"), Err("must begin with https:// or http://"));
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Host and port.
    pub authority: &'a str,
    /// The path. Empty, or begins with a slash.
    pub path: &'a str,
    /// What stands behind the question mark.
    pub query: Option<&'a str>,
}

const MAX_BYTES: usize = 2048;
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

impl<'a> Address<'a> {
    /// Takes an address apart, or says what it must be.
    pub fn parse(url: &'a str) -> Result<Self, &'static str> {
        let (tls, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("must begin with https:// or http://"),
        };
        if url.len() > MAX_BYTES {
            return Err("must have at most 2048 bytes");
        }
        if rest.contains('#') {
            return Err("must not have a fragment, which is never sent");
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        check_authority(authority)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        if !is_written(path, "/") || !is_written(query.unwrap_or_default(), "/?") {
            return Err(
                "must write other characters than letters, digits and the marks of addresses as %XX",
            );
        }
        Ok(Self { tls, authority, path, query })
    }

    /// What a request for the address asks for: the path, which is never empty there, and the query.
    pub fn target(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { self.path };
        match self.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("must not hold a user or a password");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) if host.parse::<Ipv6Addr>().is_ok() => (None, port),
            _ => return Err("must have an IPv6 address between its brackets"),
        },
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (Some(host), port)
        }
    };
    if host.is_some_and(|host| !is_host(host)) {
        return Err("must name a host");
    }
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(port) if is_port(port) => Ok(()),
        _ => Err("must have a port from 1 to 65535, or none and no colon"),
    }
}

/// A name of the domain name system, or an IPv4 address.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    // A last label of digits makes it an IPv4 address, and all of it has to be one.
    if host.rsplit('.').next().is_some_and(is_number) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= MAX_HOST_BYTES && host.split('.').all(is_label)
}

/// Whether a part has only characters that stand for themselves there, and `%XX`.
fn is_written(part: &str, further: &str) -> bool {
    let mut bytes = part.bytes();
    let is_hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
    while let Some(byte) = bytes.next() {
        let stands = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@".contains(&byte)
            || further.as_bytes().contains(&byte);
        let is_escape = byte == b'%' && is_hex(bytes.next()) && is_hex(bytes.next());
        if !stands && !is_escape {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart_at_their_marks() {
        for (url, tls, authority, path, query, target) in [
            ("https://gate.example.com", true, "gate.example.com", "", None, "/"),
            ("http://h_1:8080/cb", false, "h_1:8080", "/cb", None, "/cb"),
            ("http://127.0.0.1:1/", false, "127.0.0.1:1", "/", None, "/"),
            ("http://[::1]:80/a/b?c=d?e", false, "[::1]:80", "/a/b", Some("c=d?e"), "/a/b?c=d?e"),
            ("https://h?x=%E5%8D%95", true, "h", "", Some("x=%E5%8D%95"), "/?x=%E5%8D%95"),
            ("https://h/a?", true, "h", "/a", Some(""), "/a?"),
            ("https://bk-1.com/~a;b/(c)", true, "bk-1.com", "/~a;b/(c)", None, "/~a;b/(c)"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address, Address { tls, authority, path, query }, "{url}");
            assert_eq!(address.target(), target, "{url}");
        }
    }

    #[test]
    fn what_can_be_no_address_is_refused_with_what_it_must_be() {
        let long_label = format!("http://{}.com/", "a".repeat(64));
        let long_host = format!("http://{}com/", "abc.".repeat(63));
        let long = format!("http://h/{}", "a".repeat(2048));
        for (urls, why) in [
            (
                &["", "h/cb", "ftp://h/cb", "HTTP://h/cb", "http:/h", "//h/cb", " http://h/"][..],
                "must begin with https:// or http://",
            ),
            (
                &[
                    "http://",
                    "http:///cb",
                    "http://***",
                    "http://{HOST}/cb",
                    "http://:8080/cb",
                    "http://h\\cb",
                    "http://h h/cb",
                    "http://主机/cb",
                    "http://h..com/",
                    "http://.h/",
                    "http://-h/",
                    "http://h-/",
                    "http://h./",
                    "http://<host>/",
                    "http://%68/",
                    "http://1.2.3/",
                    "http://1.2.3.256/",
                    "http://h.1/",
                    &long_label,
                    &long_host,
                ],
                "must name a host",
            ),
            (
                &[
                    "http://h:/cb",
                    "http://h:port/cb",
                    "http://h:99999/cb",
                    "http://h:0/cb",
                    "http://h:+80/cb",
                    "http://h:80:80/cb",
                    "http://[::1]80/cb",
                    "http://[::1]:/cb",
                ],
                "must have a port from 1 to 65535, or none and no colon",
            ),
            (
                &["http://h@/cb", "http://u:p@h/cb", "http://u@h/cb", "http://@h/cb"],
                "must not hold a user or a password",
            ),
            (
                &["http://[::1/cb", "http://[h]/cb", "http://[]/cb", "http://[fe80::1%25eth0]/"],
                "must have an IPv6 address between its brackets",
            ),
            (&["http://h/cb#top", "http://h#"], "must not have a fragment, which is never sent"),
            (
                &[
                    "http://h/<x>",
                    "http://h/a b",
                    "http://h/单",
                    "http://h/\"",
                    "http://h/{id}",
                    "http://h/a\\b",
                    "http://h/%",
                    "http://h/%zz",
                    "http://h/?a=[1]",
                    "http://h/a\r\nX: y",
                    "http://h/\u{7f}",
                ],
                "must write other characters than letters, digits and the marks of addresses as %XX",
            ),
            (&[&long], "must have at most 2048 bytes"),
        ] {
            for url in urls {
                assert_eq!(Address::parse(url), Err(why), "{url}");
            }
        }
    }
}
