//! The component: compiled already, at the end of this program, or as a file.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// After the compiled component comes its length in eight bytes, then this.
const MARK: &[u8; 16] = b"blueking:itsm\x00\x00\x01";
const FOOTER: u64 = 8 + MARK.len() as u64;

/// The component that this program holds, or else `itsm.wasm` in the folder that ITSM_WASM_DIR names.
pub fn load() -> Result<Component> {
    let engine = engine()?;
    match at_the_end(&std::env::current_exe()?)? {
        Some(compiled) => compiled_here(&engine, &compiled),
        None => {
            let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
            let folder = folder.context(
                "this program was built without the component: set ITSM_WASM_DIR to the folder of itsm.wasm",
            )?;
            let file = folder.join("itsm.wasm");
            let component = Component::from_file(&engine, &file).map_err(anyhow::Error::from);
            component.with_context(|| format!("{} is no component", file.display()))
        }
    }
}

/// Writes this program again, with a component compiled at its end.
pub fn append(component: &Path, program: &Path) -> Result<()> {
    let this = std::env::current_exe()?;
    if at_the_end(&this)?.is_some() {
        bail!("this program holds a component already");
    }
    let wasm =
        fs::read(component).with_context(|| format!("{} can't be read", component.display()))?;
    let compiled = engine()?.precompile_component(&wasm)?;
    fs::copy(&this, program)?;
    let mut file = fs::OpenOptions::new().append(true).open(program)?;
    file.write_all(&compiled)?;
    file.write_all(&(compiled.len() as u64).to_le_bytes())?;
    file.write_all(MARK)?;
    Ok(())
}

/// The same settings where it is compiled and where it runs: for every processor of this kind, not for the one
/// that happens to compile it.
fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.target(env!("TARGET"))?;
    Ok(Engine::new(&config)?)
}

#[expect(unsafe_code, reason = "there is no other way to load compiled code")]
fn compiled_here(engine: &Engine, compiled: &[u8]) -> Result<Component> {
    // SAFETY: `append` wrote these bytes, from wasmtime's own compiler, into the file of this very program. Whoever
    // can change them can change the program.
    Ok(unsafe { Component::deserialize(engine, compiled) }?)
}

fn at_the_end(program: &Path) -> Result<Option<Vec<u8>>> {
    let mut file = fs::File::open(program)?;
    let all = file.metadata()?.len();
    let mut footer = [0; FOOTER as usize];
    if all < FOOTER {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-(FOOTER as i64)))?;
    file.read_exact(&mut footer)?;
    let (length, mark) = footer.split_at(8);
    if mark != MARK {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length.try_into()?);
    let begin = all.checked_sub(FOOTER).and_then(|end| end.checked_sub(length));
    file.seek(SeekFrom::Start(begin.context("this program is cut")?))?;
    let mut compiled = vec![0; usize::try_from(length)?];
    file.read_exact(&mut compiled)?;
    Ok(Some(compiled))
}
