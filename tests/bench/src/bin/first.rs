//! The first call of a process: `first call` reads a callback, and `first` does nothing.

use anyhow::{Result, bail};
use rust_host::Reception;

fn main() -> Result<()> {
    if std::env::args().len() < 2 {
        return Ok(());
    }
    let itsm = bench::rust_host("http://127.0.0.1:1/prod", None)?;
    let headers = [bench::native::binding()?.header];
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let body = bench::body(bench::SMALL);
    let reception = itsm.reception(&headers, &body);
    match runtime.block_on(reception)? {
        Reception::Genuine(_) => Ok(()),
        _ => bail!("the callback was refused"),
    }
}
