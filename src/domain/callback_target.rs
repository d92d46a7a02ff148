//! Where ITSM reports a ticket's end, and the request that it would make there.

use super::argument::{Checked, check_headers, refuse};
use super::http::{Method, Request, uncompressed};
use super::secret::Secret;
use wasi_http::Address;

/// Where ITSM reports the end.
pub struct CallbackTarget {
    /// The address.
    pub url: String,
    /// What ITSM sends with it: a binding, most often.
    pub headers: Vec<(String, Secret)>,
}

impl CallbackTarget {
    /// The request that ITSM would make there with this body.
    pub fn request(&self, body: String) -> Checked<Request> {
        let mut headers = self.checked_headers("target")?;
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(uncompressed());
        let address = address("target.url", &self.url)?;
        Ok(Request {
            method: Method::Post,
            tls: address.tls,
            authority: address.authority.to_owned(),
            target: Secret::new(address.target()),
            headers,
            authorization: None,
            body: Some(Secret::new(body)),
            writes: false,
            max_answer_bytes: 64 * 1024,
        })
    }

    /// The values of its headers.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.headers.iter().map(|(_, value)| value)
    }

    pub(super) fn checked_headers(&self, name: &str) -> Checked<Vec<(String, String)>> {
        address(&format!("{name}.url"), &self.url)?;
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect();
        check_headers(&format!("{name}.headers"), &headers, &[])?;
        Ok(headers)
    }
}

/// ITSM stores any text as an address (recorded), and what is wrong with it shows only when the ticket has
/// ended.
fn address<'a>(name: &str, url: &'a str) -> Checked<Address<'a>> {
    Address::parse(url).or_else(|why| refuse(name, why))
}
