use crate::{component, wasmtime};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;

/// A component under `wasmtime serve`, whose instances take many requests each.
pub struct Served {
    port: u16,
    stdout: Lines,
    stderr: Lines,
    child: Child,
}

type Lines = Arc<Mutex<Vec<String>>>;

/// Less than a leak of a few kilobytes a request would need.
const MOST_MEMORY: &str = "max-memory-size=16777216";

impl Served {
    /// A port that is free now. Settings want the address before it is served. It is below the ports that systems
    /// give to connections on their way out, so none of those takes it meanwhile.
    pub fn free_port() -> u16 {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut ports = std::iter::from_fn(|| {
            let place = std::process::id() + NEXT.fetch_add(1, Ordering::Relaxed);
            u16::try_from(20_000 + place % 10_000).ok()
        });
        ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
    }

    /// Serves a built component.
    pub async fn start(name: &str, port: u16, settings: &[(&str, &str)]) -> Self {
        let mut command = wasmtime();
        command
            .args(["serve", "-S", "cli", "-W", MOST_MEMORY, "--no-logging-prefix"])
            .args(["--max-instance-reuse-count", "100000"])
            .args(["--addr", &format!("127.0.0.1:{port}")]);
        for (setting, value) in settings {
            command.args(["--env", &format!("{setting}={value}")]);
        }
        command.arg(component(name)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("wasmtime starts");
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let stderr = lines(child.stderr.take().expect("a pipe"));
        let served = Self { port, stdout, stderr, child };
        served.until(|served| served.stderr().contains("Serving HTTP")).await;
        served
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits for something that it is about to print.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..12_000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("stdout: {}\nstderr: {}", self.stdout(), self.stderr());
    }

    /// What it printed.
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap().concat()
    }

    /// What it logged.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().concat()
    }

    /// Stops it.
    pub async fn stop(mut self) {
        self.child.kill().await.expect("it runs until now");
    }
}

fn lines(pipe: impl AsyncRead + Unpin + Send + 'static) -> Lines {
    let lines = Lines::default();
    let seen = lines.clone();
    tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = pipe.next_line().await {
            seen.lock().unwrap().push(format!("{line}\n"));
        }
    });
    lines
}
