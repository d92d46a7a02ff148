//! What this program carries at its end: the component, compiled already, and the page that reads callbacks. A program
//! as cargo builds it carries neither.

use anyhow::{Context, Result, bail};
use fake_itsm::Reader;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// After the parts come their lengths, in eight bytes each, then this.
const MARK: &[u8; 16] = b"blueking:itsm\x00\x00\x02";
const FOOTER: u64 = 2 * 8 + MARK.len() as u64;

/// The component that this program carries, or else `itsm.wasm` in the folder that ITSM_WASM_DIR names.
pub fn component() -> Result<Component> {
    let engine = engine()?;
    let parts = Parts::find(&std::env::current_exe()?)?;
    if let Some(mut parts) = parts {
        return compiled_here(&engine, &parts.component()?);
    }
    let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
    let folder = folder.context(
        "this program was built without the component: set ITSM_WASM_DIR to the folder of itsm.wasm",
    )?;
    rust_host::load_component(&engine, &folder.join("itsm.wasm"))
}

/// The page that this program carries. One that carries none has no such page.
pub fn reader() -> Result<Reader> {
    match Parts::find(&std::env::current_exe()?)? {
        Some(mut parts) => parts.reader(),
        None => Ok(Reader::default()),
    }
}

/// Writes this program again, with a component compiled at its end, and the page in a folder.
pub fn pack(component: &Path, page: &Path, program: &Path) -> Result<()> {
    let this = std::env::current_exe()?;
    if Parts::find(&this)?.is_some() {
        bail!("this program carries a component already");
    }
    let wasm =
        fs::read(component).with_context(|| format!("{} can't be read", component.display()))?;
    let compiled = engine()?.precompile_component(&wasm)?;
    let mut files = BTreeMap::new();
    read_folder(page, "", &mut files)?;
    fs::copy(&this, program)?;
    append(program, &compiled, &serde_json::to_vec(&files)?)
}

fn append(program: &Path, compiled: &[u8], page: &[u8]) -> Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(program)?;
    for part in [compiled, page] {
        file.write_all(part)?;
    }
    for part in [compiled, page] {
        file.write_all(&(part.len() as u64).to_le_bytes())?;
    }
    file.write_all(MARK)?;
    Ok(())
}

/// The texts in a folder that browsers read, by their paths within it.
fn read_folder(folder: &Path, within: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    let entries = fs::read_dir(folder);
    for entry in entries.with_context(|| format!("{} can't be read", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{within}{name}");
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
        } else if [".html", ".css", ".js"].iter().any(|ending| name.ends_with(ending)) {
            files.insert(path, fs::read_to_string(entry.path())?);
        }
    }
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
    // SAFETY: `pack` wrote these bytes, from wasmtime's own compiler, into the file of this very program. Whoever
    // can change them can change the program.
    Ok(unsafe { Component::deserialize(engine, compiled) }?)
}

/// Where the parts are in a program's file.
struct Parts {
    file: fs::File,
    begin: u64,
    component: u64,
    page: u64,
}

impl Parts {
    fn find(program: &Path) -> Result<Option<Self>> {
        let mut file = fs::File::open(program)?;
        let all = file.metadata()?.len();
        if all < FOOTER {
            return Ok(None);
        }
        file.seek(SeekFrom::End(-(FOOTER as i64)))?;
        let mut number = || -> Result<u64> {
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        };
        let (component, page) = (number()?, number()?);
        let mut mark = [0; MARK.len()];
        file.read_exact(&mut mark)?;
        if mark != *MARK {
            return Ok(None);
        }
        let begin = (all - FOOTER).checked_sub(page).and_then(|end| end.checked_sub(component));
        let begin = begin.context("this program is cut")?;
        Ok(Some(Self { file, begin, component, page }))
    }

    fn component(&mut self) -> Result<Vec<u8>> {
        self.read(self.begin, self.component)
    }

    fn reader(&mut self) -> Result<Reader> {
        let text = self.read(self.begin + self.component, self.page)?;
        Ok(Reader(serde_json::from_slice(&text)?))
    }

    fn read(&mut self, begin: u64, length: u64) -> Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(begin))?;
        let mut bytes = vec![0; usize::try_from(length)?];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_carries_what_was_packed_and_a_bare_or_cut_one_does_not() -> Result<()> {
        let file = std::env::temp_dir().join(format!("itsm-packed-{}", std::process::id()));
        fs::write(&file, "a program")?;
        assert!(Parts::find(&file)?.is_none());
        append(&file, b"compiled", br#"{"index.html":"<html>"}"#)?;
        let mut parts = Parts::find(&file)?.context("nothing is packed")?;
        assert_eq!(parts.component()?, b"compiled");
        assert!(parts.reader()?.is_there());
        let whole = fs::read(&file)?;
        let cut = whole.split_at(whole.len() - FOOTER as usize - 30).1;
        fs::write(&file, cut)?;
        let error = Parts::find(&file).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("this program is cut"));
        fs::remove_file(&file)?;
        Ok(())
    }
}
