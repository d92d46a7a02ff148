//! How requests leave: over connections that are kept, by way of a proxy, and with TLS to servers whose CA is known.
//!
//! Nothing is sent twice. The component knows by itself whether a request was sent: a body is taken from it only once
//! the connection stands. What an [`ErrorCode`] says of that is for people.

use crate::settings::Network;
use anyhow::{Context as _, Result, bail};
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tower_service::Service;
use wasmtime_wasi_http::p2::bindings::http::types::{
    DnsErrorPayload, ErrorCode, TlsAlertReceivedPayload,
};
use wasmtime_wasi_http::{Error, WasiBody};

/// So long a connection is kept. Many servers close theirs after a minute, just when a request could be on its way.
const IDLE: Duration = Duration::from_secs(20);
/// So many connections to one server are kept.
const IDLE_MOST: usize = 32;
/// A connection that is not wanted any more may still be under way: so long.
const CONNECTED_WITHIN: Duration = Duration::from_secs(30);
/// What this machine itself is called.
const THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

/// Sends requests. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Client {
    pool: Pool<Connector, WasiBody>,
    proxies: Arc<Matcher>,
}

impl Client {
    pub fn new(network: &Network) -> Result<Self> {
        let proxies = Arc::new(proxies(network)?);
        let connector =
            Connector { proxies: proxies.clone(), tls: Arc::new(tls(network.ca_file.as_deref())?) };
        // A request is tried again only if it comes back from a kept connection untouched: hyper gives a request
        // back as long as not even its head was taken. One whose first byte may have left is never sent again.
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MOST)
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Self { pool, proxies })
    }

    /// The head of the answer. Redirects are not followed.
    pub async fn send(&self, mut request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
        // A tunnel's proxy is told when the tunnel is asked for.
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.proxies.intercept(request.uri())
            && let Some(authorization) = proxy.basic_auth()
        {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        match self.pool.request(request).await {
            Ok(answer) => Ok(answer.map(|body| body.map_err(Error::from).boxed_unsync())),
            Err(error) => Err(why(&error).into()),
        }
    }

    /// What is secret in the proxies' addresses, as it leaves.
    pub fn secrets(&self) -> Vec<String> {
        let one = |of| self.proxies.intercept(&Uri::from_static(of));
        let proxies = ["http://itsm.invalid", "https://itsm.invalid"].into_iter().filter_map(one);
        let secret = |value: &HeaderValue| Some(value.to_str().ok()?.split_once(' ')?.1.to_owned());
        proxies.filter_map(|proxy| secret(proxy.basic_auth()?)).collect()
    }
}

/// Which proxy is for which server.
fn proxies(network: &Network) -> Result<Matcher> {
    let checked = |name: &str, proxy: &Option<String>| {
        let Some(proxy) = proxy else { return Ok(String::new()) };
        let read = Matcher::builder().all(proxy.as_str()).build();
        let read = read.intercept(&Uri::from_static("http://itsm.invalid"));
        // Its value can hold a password.
        if read.is_none_or(|proxy| proxy.uri().scheme() != Some(&Scheme::HTTP)) {
            bail!("{name} is no proxy that this host can use: write http://HOST:PORT");
        }
        Ok(proxy.clone())
    };
    let no = network.no_proxy.as_deref().unwrap_or_default();
    Ok(Matcher::builder()
        .https(checked("HTTPS_PROXY", &network.https_proxy)?)
        .http(checked("HTTP_PROXY", &network.http_proxy)?)
        .no(format!("{no},{THIS_MACHINE}"))
        .build())
}

/// TLS with the public CAs and those of a PEM file.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    if let Some(file) = ca_file {
        let named = || format!("SSL_CERT_FILE, {}", file.display());
        let certificates = CertificateDer::pem_file_iter(file).with_context(named)?;
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().with_context(named)?;
        // A system's file can hold a few that nobody reads any more.
        let (taken, _) = roots.add_parsable_certificates(certificates);
        if taken == 0 {
            bail!("{} holds no certificate of a CA", named());
        }
    }
    let provider = Arc::new(ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions?.with_root_certificates(roots).with_no_client_auth())
}

/// Why there is no answer.
fn why(error: &legacy::Error) -> ErrorCode {
    let source = error.source();
    if let Some(unconnected) = source.and_then(|source| source.downcast_ref::<ErrorCode>()) {
        return unconnected.clone();
    }
    match source.and_then(|source| source.downcast_ref::<hyper::Error>()) {
        Some(error) if error.is_incomplete_message() => ErrorCode::HttpResponseIncomplete,
        Some(error) if error.is_parse() => ErrorCode::HttpProtocolError,
        _ => ErrorCode::ConnectionTerminated,
    }
}

/// Makes connections.
#[derive(Clone)]
struct Connector {
    proxies: Arc<Matcher>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    async fn connect(&self, server: Uri) -> Result<Wire, ErrorCode> {
        let is_tls = server.scheme() == Some(&Scheme::HTTPS);
        let proxy = self.proxies.intercept(&server);
        let tcp = match &proxy {
            None => tcp(server.clone()).await.map_err(|error| unreachable(&error))?,
            Some(proxy) if is_tls => tunnel(proxy, server.clone()).await?,
            Some(proxy) => {
                tcp(proxy.uri().clone()).await.map_err(|error| by_proxy(proxy, error.into()))?
            }
        };
        if !is_tls {
            return Ok(Wire { io: TokioIo::new(Box::new(tcp)), to_proxy: proxy.is_some() });
        }
        let name = ServerName::try_from(host(&server).to_owned());
        let name = name.map_err(|_| ErrorCode::TlsCertificateError)?;
        let secured = TlsConnector::from(self.tls.clone()).connect(name, tcp).await;
        let secured = secured.map_err(|error| untrusted(&error))?;
        Ok(Wire { io: TokioIo::new(Box::new(secured)), to_proxy: false })
    }
}

fn host(server: &Uri) -> &str {
    server.host().unwrap_or_default().trim_matches(['[', ']'])
}

async fn tcp(server: Uri) -> io::Result<TcpStream> {
    let port = if server.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let at = (host(&server), server.port_u16().unwrap_or(port));
    let found = tokio::net::lookup_host(at).await;
    // No attempt to connect ends with this kind.
    let addresses: Vec<_> =
        found.map_err(|error| io::Error::new(ErrorKind::NotFound, error))?.collect();
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn unreachable(error: &io::Error) -> ErrorCode {
    match error.kind() {
        ErrorKind::NotFound => {
            ErrorCode::DnsError(DnsErrorPayload { rcode: Some(error.to_string()), info_code: None })
        }
        ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            ErrorCode::DestinationIpUnroutable
        }
        _ => ErrorCode::DestinationUnavailable,
    }
}

/// A connection to a server through a proxy that sees nothing of what is said.
async fn tunnel(proxy: &Intercept, server: Uri) -> Result<TcpStream, ErrorCode> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), Tcp);
    if let Some(authorization) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    let connected = tunnel.call(server).await.map_err(|error| by_proxy(proxy, error.into()))?;
    Ok(connected.into_inner())
}

fn by_proxy(proxy: &Intercept, error: anyhow::Error) -> ErrorCode {
    let at = proxy.uri().authority().map_or("", |at| at.as_str());
    ErrorCode::InternalError(Some(format!("the proxy {at}: {error:#}")))
}

/// Why there is no TLS.
fn untrusted(error: &io::Error) -> ErrorCode {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(_)) => ErrorCode::TlsCertificateError,
        Some(rustls::Error::AlertReceived(alert)) => {
            ErrorCode::TlsAlertReceived(TlsAlertReceivedPayload {
                alert_id: Some((*alert).into()),
                alert_message: Some(format!("{alert:?}")),
            })
        }
        _ => ErrorCode::TlsProtocolError,
    }
}

type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = ErrorCode;
    type Future = Connecting<Wire, ErrorCode>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ErrorCode>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let connected = tokio::time::timeout(CONNECTED_WITHIN, connector.connect(server)).await;
            connected.unwrap_or(Err(ErrorCode::DestinationUnavailable))
        })
    }
}

/// The connection to a proxy, below a tunnel.
struct Tcp;

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting<Self::Response, io::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        Box::pin(async move { Ok(TokioIo::new(tcp(proxy).await?)) })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection, with TLS or without.
struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    /// Whether a proxy reads the requests: it wants whole addresses in them.
    to_proxy: bool,
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.to_proxy)
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
