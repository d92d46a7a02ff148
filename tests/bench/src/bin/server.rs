//! The ITSM that answers at once, over http and https: `server CERTIFICATE`. It writes its certificate into the file,
//! and prints both ports.

use anyhow::{Result, anyhow};
use bench::itsm::Tickets;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

type Shared = Arc<Mutex<Tickets>>;

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::args().nth(1).ok_or_else(|| anyhow!("usage: server CERTIFICATE"))?;
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(file, made.cert.pem())?;
    let key =
        PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(|why| anyhow!(why))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{} {}", plain.local_addr()?.port(), tls.local_addr()?.port());
    let tickets = Shared::default();
    let shared = tickets.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = tls.accept().await {
            let (acceptor, tickets) = (acceptor.clone(), shared.clone());
            tokio::spawn(async move {
                drop(stream.set_nodelay(true));
                if let Ok(secured) = acceptor.accept(stream).await {
                    serve(secured, tickets).await;
                }
            });
        }
    });
    loop {
        let (stream, _) = plain.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, tickets.clone()));
    }
}

/// Answers until the client hangs up.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, tickets: Shared) {
    let answering = service_fn(|request| answer(request, &tickets));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await);
}

async fn answer(request: Request<Incoming>, tickets: &Shared) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut tickets = tickets.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = Full::new(tickets.answer(head.uri.path(), &body).into());
    Ok(Response::builder().header("content-type", "application/json").body(answer)?)
}
