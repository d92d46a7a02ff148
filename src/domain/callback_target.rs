//! Where ITSM reports a ticket's end, and the request that it would make there.

use super::address::Address;
use super::argument::{Checked, check_headers, refuse};
use super::http::{Method, Request, uncompressed};
use super::secret::Secret;

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
        let path = if address.path.is_empty() { "/" } else { address.path };
        let target = match address.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        Ok(Request {
            method: Method::Post,
            tls: address.tls,
            authority: address.authority.to_owned(),
            target: Secret::new(target),
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

fn address<'a>(name: &str, url: &'a str) -> Checked<Address<'a>> {
    Address::parse(url).or_else(|why| refuse(name, why))
}
