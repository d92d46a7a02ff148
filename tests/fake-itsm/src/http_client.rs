//! A plain HTTP client for callbacks and for tests: it verifies nothing, reuses its connections and
//! follows redirects as Python's `requests` does.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// As many redirects as `requests` follows.
const MOST_REDIRECTS: u32 = 30;

/// Sends requests over plain http.
#[derive(Clone)]
pub struct HttpClient(Client<HttpConnector, Full<Bytes>>);

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. What is not UTF-8 in it is replaced.
    pub body: String,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl HttpClient {
    /// Sends a GET.
    pub async fn get(&self, url: &str) -> Result<HttpAnswer> {
        self.send("GET", url, &[], "").await
    }

    /// Sends a POST.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<HttpAnswer> {
        self.send("POST", url, headers, body).await
    }

    /// Sends a request. A header that is no header is left out.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<HttpAnswer> {
        let mut method = Method::from_bytes(method.as_bytes())?;
        let mut url: Uri = url.parse().with_context(|| format!("{url} is no address"))?;
        let mut body = Bytes::copy_from_slice(body.as_bytes());
        for _ in 0..=MOST_REDIRECTS {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = url.clone();
            for (name, value) in headers {
                let name = HeaderName::from_bytes(name.as_bytes());
                if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                    request.headers_mut().insert(name, value);
                }
            }
            let (head, answer) = self.0.request(request).await?.into_parts();
            let location = head.headers.get(LOCATION).filter(|_| head.status.is_redirection());
            let Some(location) = location else {
                let answer = answer.collect().await?.to_bytes();
                return Ok(HttpAnswer {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body: String::from_utf8_lossy(&answer).into_owned(),
                });
            };
            url = joined(&url, location.to_str()?)?;
            if !matches!(
                head.status,
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            ) && method != Method::HEAD
            {
                method = Method::GET;
                body = Bytes::new();
            }
        }
        bail!("more than {MOST_REDIRECTS} redirects")
    }
}

/// An absolute address, or another path of the same server.
fn joined(base: &Uri, location: &str) -> Result<Uri> {
    let location: Uri = location.parse()?;
    if location.scheme().is_some() {
        return Ok(location);
    }
    let mut parts = base.clone().into_parts();
    parts.path_and_query = location.into_parts().path_and_query;
    Ok(Uri::from_parts(parts)?)
}
