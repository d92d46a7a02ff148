//! Serves the receiver under the `wasmtime` command.

use crate::{python, tools};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

/// Many requests for each instance: a callback then costs no instantiation.
const REQUESTS_AN_INSTANCE: &str = "1000";

/// Serves until it is stopped. What is wrong with the settings is said before anything is received.
pub fn run(folder: &Path) -> Result<ExitCode> {
    let listen = std::env::var("ITSM_LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    // Else whoever holds the port would answer in the receiver's place.
    drop(TcpListener::bind(&listen).with_context(|| format!("{listen} can't be listened on"))?);
    let forwards = std::env::var("ITSM_FORWARD_URL").is_ok();
    let sink = if forwards { "forward" } else { "stdout" };
    let names = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("ITSM_"));
    let mut serving = start(&mut command(folder, sink, &listen, names)?, &listen)?;
    println!("ready: outcomes go to {sink}");
    Ok(tools::exit_code(serving.wait()?))
}

/// What serves, with the settings of these names in its environment.
pub fn command(
    folder: &Path,
    sink: &str,
    listen: &str,
    settings: impl IntoIterator<Item = String>,
) -> Result<Command> {
    let mut wasmtime = Command::new(python::wasmtime()?);
    wasmtime
        .args(["serve", "-S", "cli", "--no-logging-prefix", "--addr", listen])
        .args(["--max-instance-reuse-count", REQUESTS_AN_INSTANCE]);
    for name in settings {
        // By name alone: a value on a command line is there for every user to see.
        wasmtime.args(["--env", &name]);
    }
    wasmtime.arg(folder.join(format!("itsm-receiver-{sink}.wasm")));
    Ok(wasmtime)
}

/// Starts it, and waits until it answers that it is set up.
pub fn start(wasmtime: &mut Command, listen: &str) -> Result<Child> {
    let mut serving = wasmtime.spawn().context("wasmtime can't be started")?;
    if let Err(why) = ready(&mut serving, listen) {
        let _ = serving.kill();
        let _ = serving.wait();
        return Err(why);
    }
    Ok(serving)
}

/// Serves with a setting missing, and at a port that another server holds. Both have to end at once with a
/// sentence.
pub fn check() -> Result<()> {
    let other = TcpListener::bind("127.0.0.1:0")?;
    let held = other.local_addr()?.to_string();
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let no_callback = "error: the receiver is not ready: ITSM_CALLBACK_URL is not set";
    for (listen, sentence) in
        [(&free, no_callback.to_owned()), (&held, format!("error: {held} can't be listened on: "))]
    {
        let ended = Command::new(std::env::current_exe()?)
            .arg("serve")
            .env("ITSM_LISTEN", listen)
            .env("ITSM_GATEWAY", "http://127.0.0.1:1/prod")
            .env_remove("ITSM_CALLBACK_URL")
            .output()?;
        let said = String::from_utf8_lossy(&ended.stderr);
        let is_said = said.lines().any(|line| line.starts_with(&sentence));
        if ended.status.success() || !is_said {
            bail!(
                "`cargo xtask serve` ended with {}, and should say {sentence}:\n{said}",
                ended.status
            );
        }
        println!("{sentence}");
    }
    Ok(())
}

/// Waits until the receiver answers that it is set up.
fn ready(serving: &mut Child, listen: &str) -> Result<()> {
    loop {
        if let Some(status) = serving.try_wait()? {
            bail!("wasmtime ended ({status})");
        }
        let answer = match ask(listen) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            answer => answer.with_context(|| format!("{listen} does not answer"))?,
        };
        if answer.starts_with("HTTP/1.1 200 ") {
            return Ok(());
        }
        bail!("the receiver is not ready: {}", message(&answer));
    }
}

fn ask(listen: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(listen)?;
    let request = format!("GET / HTTP/1.1\r\nhost: {listen}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The sentence in the receiver's answer; the whole answer if there is none.
fn message(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["message"].as_str().unwrap_or(answer).to_owned()
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn the_sentence_is_taken_from_the_answer() {
        let answer = "HTTP/1.1 503 x\r\ncontent-length: 9\r\n\r\n{\"message\":\"\\\"A\\\" is not set\",\"code\":1}";
        assert_eq!(message(answer), "\"A\" is not set");
        for other in ["no answer", "HTTP/1.1 500 x\r\n\r\n", "HTTP/1.1 500 x\r\n\r\n<p>"] {
            assert_eq!(message(other), other);
        }
    }
}
