//! How requests leave: kept connections, proxies, certificates. Whatever happens on the way, no ticket is asked for
//! twice, and what may have been carried out is never denied.

use crate::set_up::{LONGEST, SECRET, component, failure, itsm, settings, until, with_settings};
use component_tests::{Scripted, Step, envelope};
use rust_host::{Advice, Confirmation, Error, Itsm, Network, Origin, Settings, fast_approval};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A host of the ITSM at this address.
fn host(url: &str, network: Network) -> Itsm {
    itsm(with_network(url, network)).0
}

fn with_network(url: &str, network: Network) -> Settings {
    let settings =
        settings(format!("{url}/api/bk-itsm/prod"), "http://127.0.0.1:9/callback".into());
    Settings { network, ..settings }
}

async fn create(itsm: &Itsm, title: &str) -> Result<String, Error> {
    let operation = itsm.prepare(fast_approval("carol", title, &["admin"])).await.unwrap();
    itsm.create(&operation).await.map(|ticket| ticket.sn)
}

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An ITSM that makes tickets, each with the same number.
async fn tickets() -> Scripted {
    Scripted::always(vec![made()]).await
}

fn made() -> Step {
    envelope(&json!({"sn": "REQ1", "id": 1, "ticket_url": "http://itsm.example.com/"}))
}

/// Reads a head, and a body of the length that it tells. Nothing, if the connection ends before.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// What a server does with a connection, once it has answered the first request on it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// Waits for the next, and answers it.
    Keeps,
    /// Closes, and has not said so.
    Closes,
    Resets,
    /// Reads the next request whole, and closes without an answer.
    ReadsAndCloses,
    /// Closes when the next request begins to come.
    ClosesUnderIt,
    /// Reads for some milliseconds, which are others each time, and closes without another answer.
    ClosesSomeTime,
}

/// A server that makes tickets and keeps connections, or not.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    /// The requests that it has read whole.
    read: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(then: Then) -> Self {
        let (listener, address) = listening().await;
        let (connections, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let server = Self {
            address,
            connections: connections.clone(),
            ended: ended.clone(),
            read: seen.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, ended, seen) =
                    (connections.fetch_add(1, SeqCst), ended.clone(), seen.clone());
                tokio::spawn(async move {
                    serve(stream, then, count, &seen).await;
                    ended.fetch_add(1, SeqCst);
                });
            }
        });
        server
    }

    fn times_read(&self, title: &str) -> usize {
        self.read.lock().unwrap().iter().filter(|request| request.contains(title)).count()
    }
}

async fn serve(mut stream: TcpStream, then: Then, count: usize, seen: &Mutex<Vec<String>>) {
    let Step::Send(answer) = made() else { unreachable!("an answer is sent") };
    let answer = String::from_utf8(answer).unwrap().replace("Connection: close\r\n", "");
    let mut answered = 0;
    loop {
        if answered > 0 && then == Then::ClosesUnderIt {
            let _ = stream.read_u8().await;
            return;
        }
        let Some(request) = read(&mut stream).await else { return };
        seen.lock().unwrap().push(request);
        if answered > 0 && then == Then::ReadsAndCloses {
            return;
        }
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        answered += 1;
        match then {
            Then::Closes => return,
            Then::Resets => return stream.set_zero_linger().unwrap(),
            Then::ClosesSomeTime => {
                let time = Duration::from_micros((count as u64 * 7_919) % 20_000);
                let next = tokio::time::timeout(time, read(&mut stream)).await;
                return seen.lock().unwrap().extend(next.ok().flatten());
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_depend_on_each_other_are_under_way_at_once() {
    let none = json!({"page": 1, "total_page": 1, "count": 0, "next": null, "previous": null, "items": []});
    let both = Arc::new(Barrier::new(2));
    let server = Scripted::always(vec![Step::Meet(both), envelope(&none)]).await;
    let itsm = host(&server.url(), Network::default()).within(LONGEST);
    let confirmed = itsm.confirm("REQ1", "tag").await.unwrap();
    assert!(matches!(confirmed, Confirmation::Untraceable), "{confirmed:?}");
    assert_eq!(server.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_is_used_again_and_one_that_ended_makes_no_second_ticket() {
    // How many connections five creates take, and which of them fail.
    for (then, connections, fails) in [
        (Then::Keeps, 1, &[][..]),
        (Then::Closes, 5, &[]),
        (Then::Resets, 5, &[]),
        (Then::ReadsAndCloses, 3, &[1, 3]),
        (Then::ClosesUnderIt, 3, &[1, 3]),
    ] {
        let server = Server::start(then).await;
        let itsm = host(&format!("http://{}", server.address), Network::default());
        for count in 0..5 {
            let title = format!("create {count}.");
            let created = create(&itsm, &title).await;
            let read = server.times_read(&title);
            if !fails.contains(&count) {
                assert_eq!((created.unwrap().as_str(), read), ("REQ1", 1), "{then:?}: {title}");
            } else {
                let failure = failure(created);
                let is_read = then == Then::ReadsAndCloses;
                assert_eq!(read, usize::from(is_read), "{then:?}: {title}");
                assert!(failure.may_have_acted || !is_read, "{then:?}: {failure:?}");
                let looks_up = matches!(failure.advice, Advice::LookUp);
                assert_eq!(looks_up, failure.may_have_acted, "{then:?}: {failure:?}");
            }
            if matches!(then, Then::Closes | Then::Resets) {
                let ended = || server.ended.load(SeqCst) > count;
                until("the server has let go", ended).await;
            }
        }
        assert_eq!(server.connections.load(SeqCst), connections, "{then:?}");
    }
}

/// The server closes while requests are on their way, now before they come and now after.
#[tokio::test(flavor = "multi_thread")]
async fn whenever_a_server_closes_nothing_is_sent_twice_and_what_was_read_is_not_denied() {
    const CREATES: usize = 300;
    let server = Server::start(Then::ClosesSomeTime).await;
    let itsm = host(&format!("http://{}", server.address), Network::default());
    let (mut made, mut lost, mut denied) = (0, 0, 0);
    for count in 0..CREATES {
        let title = format!("create {count}.");
        let created = create(&itsm, &title).await;
        let read = server.times_read(&title);
        assert!(read <= 1, "{title} came {read} times");
        match created {
            Ok(_) => made += 1,
            failed => {
                let failure = failure(failed);
                assert!(failure.may_have_acted || read == 0, "{title}: {failure:?}");
                lost += read;
                denied += usize::from(!failure.may_have_acted);
            }
        }
    }
    assert!(made >= CREATES / 3, "{made} made");
    println!(
        "{CREATES} creates: {made} made, {lost} read and never answered, {denied} proven unsent"
    );
}

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "tls", name].iter().collect()
}

/// Speaks TLS in front of a server, as itsm.example.com, localhost and 127.0.0.1.
async fn secured(url: &str) -> SocketAddr {
    let upstream: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let provider = Arc::new(ring::default_provider());
    let versions =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.pem")).unwrap();
    let config = versions.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let (listener, address) = listening().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut behind = TcpStream::connect(upstream).await?;
                copy_bidirectional(&mut stream, &mut behind).await
            });
        }
    });
    address
}

fn trusting() -> Network {
    Network { ca_file: Some(fixture("ca.pem")), ..Network::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_ca_is_trusted_if_its_file_is_named_and_else_nothing_is_sent() {
    let server = tickets().await;
    let port = secured(&server.url()).await.port();
    for name in ["localhost", "127.0.0.1"] {
        let itsm = host(&format!("https://{name}:{port}"), trusting());
        assert_eq!(create(&itsm, "t").await.unwrap(), "REQ1");
    }
    let served = server.received().len();
    let itsm = host(&format!("https://127.0.0.1:{port}"), Network::default());
    let failure = failure(create(&itsm, "t").await);
    assert!(!failure.may_have_acted, "{failure:?}");
    assert!(matches!(failure.origin, Origin::Transport), "{failure:?}");
    assert!(matches!(failure.advice, Advice::CallOperator), "{failure:?}");
    assert!(failure.message.contains("TLS certificate error"), "{failure:?}");
    assert_eq!(server.received().len(), served);
}

/// A proxy that tunnels, and takes whole addresses, all to one server.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `refuses` is its answer, if it lets nobody through.
    async fn start(upstream: SocketAddr, refuses: Option<&'static str>) -> Self {
        let (listener, address) = listening().await;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heads = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let heads = heads.clone();
                tokio::spawn(async move {
                    let Some(asked) = read(&mut stream).await else { return };
                    heads.lock().unwrap().push(asked.clone());
                    if let Some(refusal) = refuses {
                        let _ = stream.write_all(refusal.as_bytes()).await;
                        return;
                    }
                    let mut behind = TcpStream::connect(upstream).await.unwrap();
                    if asked.starts_with("CONNECT ") {
                        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    } else {
                        behind.write_all(asked.as_bytes()).await.unwrap();
                    }
                    let _ = copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_tunnels_to_a_server_with_tls_and_sees_nothing_of_what_is_said() {
    let server = tickets().await;
    let proxy = Proxy::start(secured(&server.url()).await, None).await;
    let address = format!("http://user:pass%40word@{}", proxy.address);
    let network = Network { https_proxy: Some(address), ..trusting() };
    let itsm = host("https://itsm.example.com", network.clone());
    assert_eq!(create(&itsm, "t").await.unwrap(), "REQ1");
    let [asked] = proxy.asked().try_into().unwrap();
    assert_eq!(
        asked,
        "CONNECT itsm.example.com:443 HTTP/1.1\r\nHost: itsm.example.com:443\r\n\
         Proxy-Authorization: Basic dXNlcjpwYXNzQHdvcmQ=\r\n\r\n"
    );
    let [received] = server.received().try_into().unwrap();
    assert_eq!(received.header("host"), ["itsm.example.com"]);
    assert!(received.header("x-bkapi-authorization")[0].contains(SECRET));
    assert!(received.header("proxy-authorization").is_empty());

    // The certificate has other names.
    let failure = failure(create(&host("https://other.example.com", network), "t").await);
    assert!(!failure.may_have_acted, "{failure:?}");
    assert!(failure.message.contains("TLS certificate error"), "{failure:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_takes_the_whole_address_of_a_server_without_tls_and_its_password_is_in_no_text() {
    let refused = json!({"result": false, "code": 1, "message": "not dXNlcjpwYXNzQHdvcmQ="});
    let refused = component_tests::answer(200, &[], &refused.to_string());
    let server = Scripted::always(vec![refused]).await;
    let proxy =
        Proxy::start(server.url().strip_prefix("http://").unwrap().parse().unwrap(), None).await;
    let address = format!("http://user:pass%40word@{}", proxy.address);
    let network = Network { http_proxy: Some(address), ..Network::default() };
    let itsm = host("http://itsm.example.com:8080", network);
    let failure = failure(create(&itsm, "t").await);
    assert!(failure.message.contains("not [secret]"), "{failure:?}");
    let [asked] = proxy.asked().try_into().unwrap();
    let line = "POST http://itsm.example.com:8080/api/bk-itsm/prod/v2/itsm/create_ticket/ HTTP/1.1";
    assert!(asked.starts_with(line), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic dXNlcjpwYXNzQHdvcmQ=\r\n"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_refuses_was_never_sent() {
    let server = tickets().await;
    let behind = secured(&server.url()).await;
    let (nobody, nowhere) = listening().await;
    drop(nobody);
    for (refusal, words) in [
        (Some("HTTP/1.1 407 Who?\r\n\r\n"), "proxy authorization required"),
        (Some("HTTP/1.1 403 No\r\n\r\n"), "unsuccessful"),
        (Some("HTTP/1.1 302 Elsewhere\r\nLocation: http://127.0.0.1/\r\n\r\n"), "unsuccessful"),
        (Some("ho ho"), "unsuccessful"),
        (Some(""), "unexpected end of file"),
        (None, "Connection refused"),
    ] {
        let proxy = match refusal {
            Some(_) => Proxy::start(behind, refusal).await.address,
            None => nowhere,
        };
        let network = Network { https_proxy: Some(proxy.to_string()), ..trusting() };
        let failure = failure(create(&host("https://itsm.example.com", network), "t").await);
        assert!(!failure.may_have_acted, "{failure:?}");
        assert!(matches!(failure.origin, Origin::Transport), "{failure:?}");
        let says = format!("the proxy {proxy}: ");
        assert!(failure.message.contains(&says), "{failure:?}");
        assert!(failure.message.contains(words), "{failure:?}");
    }
    assert!(server.received().is_empty());
}

/// Nothing but a proxy knows a name below `.invalid`.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_for_its_scheme_and_never_for_this_machine_or_what_is_left_out() {
    let server = tickets().await;
    let upstream: SocketAddr = server.url().strip_prefix("http://").unwrap().parse().unwrap();
    let elsewhere = "http://itsm.invalid".to_owned();
    let at = |host: &str| format!("http://{host}:{}", upstream.port());
    for (https, http, no, url, by_proxy) in [
        (false, true, "", &elsewhere, true),
        (true, false, "", &elsewhere, false),
        (false, true, "other.invalid", &elsewhere, true),
        (false, true, "other.invalid, .invalid", &elsewhere, false),
        (false, true, "itsm.invalid", &elsewhere, false),
        (false, true, "*", &elsewhere, false),
        (true, true, "", &at("127.0.0.1"), false),
        (true, true, "", &at("localhost"), false),
    ] {
        let proxy = Proxy::start(upstream, None).await;
        let address = |is_set: bool| is_set.then(|| format!("http://{}", proxy.address));
        let network = Network {
            https_proxy: address(https),
            http_proxy: address(http),
            no_proxy: (!no.is_empty()).then(|| no.to_owned()),
            ca_file: None,
        };
        let created = create(&host(url, network), "t").await;
        assert_eq!(created.is_ok(), by_proxy || *url != elsewhere, "{no:?}, {url}");
        assert_eq!(proxy.asked().len(), usize::from(by_proxy), "{no:?}, {url}");
    }
}

#[test]
fn a_proxy_or_a_file_that_can_not_be_used_is_named_without_a_password() {
    let proxied = |https: &str, http: &str| Network {
        https_proxy: Some(https.to_owned()),
        http_proxy: Some(http.to_owned()),
        ..Network::default()
    };
    let with_file = |file: &str| Network { ca_file: Some(fixture(file)), ..Network::default() };
    let good = "http://proxy:3128";
    for (network, says) in [
        (
            proxied("socks5://canary@proxy:1080", good),
            "HTTPS_PROXY is no proxy that this host can use",
        ),
        (proxied("https://u:canary@proxy", good), "HTTPS_PROXY is no proxy that this host can use"),
        (proxied(good, "http://u:canary@"), "HTTP_PROXY is no proxy that this host can use"),
        (with_file("absent.pem"), "SSL_CERT_FILE, "),
        (with_file("../all/network.rs"), "holds no certificate of a CA"),
    ] {
        let settings = with_network("https://itsm.example.com", network);
        let error = Itsm::with_component(component(), settings, Arc::new(drop)).err().unwrap();
        let error = format!("{error:#}");
        assert!(error.contains(says) && !error.contains("canary"), "{error}");
    }
}

/// The program reads its proxy and its CA from the environment.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_finds_its_proxy_and_its_ca_in_the_environment() {
    let server = tickets().await;
    let proxy = Proxy::start(secured(&server.url()).await, None).await;
    let settings = with_network("https://itsm.example.com", Network::default());
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_rust-host"));
    let mut program = with_settings(&mut program, &settings)
        .args(["carol", "admin", "t"])
        .env("ITSM_LISTEN", "127.0.0.1:0")
        .env("HTTPS_PROXY", proxy.address.to_string())
        .env("SSL_CERT_FILE", fixture("ca.pem"))
        .env_remove("NO_PROXY")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("a ticket", || server.received().len() == 1).await;
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(proxy.asked().len(), 1);
}
