//! A line of JSON on stdout.

use crate::Disposition;
use wasi::cli::stdout;

/// The most that one blocking write takes.
const AT_ONCE: usize = 4096;

pub fn ready() -> Result<(), String> {
    Ok(())
}

pub fn hand_over(_: &str, object: &str) -> Disposition {
    let stdout = stdout::get_stdout();
    let line = format!("{object}\n");
    for chunk in line.as_bytes().chunks(AT_ONCE) {
        if stdout.blocking_write_and_flush(chunk).is_err() {
            return Disposition::Retry("stdout is closed".to_owned());
        }
    }
    Disposition::Taken
}
