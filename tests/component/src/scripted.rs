use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet};

/// A server on a free port that answers each connection's first request with bytes from a script.
pub struct Scripted {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    serving: JoinHandle<()>,
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Received {
    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.lines().filter_map(|line| line.split_once(": "))
    }

    /// The action that it is for: the end of its path.
    pub fn action(&self) -> &str {
        let target = self.head.split_whitespace().nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let parts = path.trim_end_matches('/').rsplit('/').next();
        parts.unwrap_or_default()
    }

    /// The headers, in order.
    pub fn headers(&self) -> Vec<(String, String)> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.lines().map(owned).collect()
    }

    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.lines()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// What the server does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits.
    Pause(Duration),
    /// Sends these bytes again and again, with this pause between them, until nobody reads.
    Forever(Vec<u8>, Duration),
    /// Breaks the connection off, so that the other side sees a reset.
    Reset,
    /// Waits until as many connections wait here as the barrier wants.
    Meet(Arc<Barrier>),
    /// Says nothing more and keeps the connection.
    Hang,
}

impl Scripted {
    /// Serves what `script` says for the request of this count, from 0.
    pub async fn start(
        script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::serving(script, true).await
    }

    /// Serves the same steps to each request as soon as it has read the request's head, and never reads a body.
    pub async fn after_the_head(steps: Vec<Step>) -> Self {
        Self::serving(move |_, _| steps.clone(), false).await
    }

    async fn serving(
        script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static,
        reads_bodies: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let received = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&received);
        let script = Arc::new(script);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                connections
                    .spawn(async move { serve(stream, &seen, &*script, reads_bodies).await });
            }
        });
        Self { address, received, serving }
    }

    /// Serves the same steps to each request.
    pub async fn always(steps: Vec<Step>) -> Self {
        Self::start(move |_, _| steps.clone()).await
    }

    /// `http://` and where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Received>>,
    script: &(impl Fn(usize, &Received) -> Vec<Step> + ?Sized),
    reads_bodies: bool,
) -> std::io::Result<()> {
    let request = read(&mut stream, reads_bodies).await?;
    let steps = {
        let mut seen = seen.lock().unwrap();
        let steps = script(seen.len(), &request);
        seen.push(request);
        steps
    };
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Meet(others) => {
                others.wait().await;
            }
            Step::Forever(bytes, pause) => loop {
                stream.write_all(&bytes).await?;
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            },
            Step::Reset => stream.set_zero_linger()?,
            Step::Hang => std::future::pending().await,
        }
    }
    Ok(())
}

async fn read(stream: &mut TcpStream, reads_bodies: bool) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    let border = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut request = Received {
        head: String::from_utf8_lossy(&bytes[..border]).into_owned(),
        body: String::new(),
    };
    if !reads_bodies {
        return Ok(request);
    }
    let length = request.header("content-length").first().map_or("0", |n| n);
    let end = border + length.parse::<usize>().expect("a length");
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.body = String::from_utf8_lossy(&bytes[border..end]).into_owned();
    Ok(request)
}

/// A whole HTTP answer, after which the connection closes.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Step {
    answer_of_bytes(status, headers, body.as_bytes())
}

/// The same with a body that need not be text.
pub fn answer_of_bytes(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Step {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    Step::Send([head.as_bytes(), body].concat())
}

/// A success of ITSM's with this data.
pub fn envelope(data: &serde_json::Value) -> Step {
    let body = serde_json::json!({"result": true, "code": 0, "message": "success", "data": data});
    answer(200, &[("Content-Type", "application/json")], &body.to_string())
}
