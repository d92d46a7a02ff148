//! The component's compiled code, kept in the user's cache folder: compiling takes a second, taking it up again
//! milliseconds.
//!
//! What lies there is machine code. So a file counts only if it and its folder are this user's and nobody else's, and
//! if it is whole.

use anyhow::{Context, Result};
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads a component: its code from the user's cache folder if it is there, or else compiled and put there.
pub fn load_component(engine: &Engine, file: &Path) -> Result<Component> {
    load(engine, file, folder().as_deref())
}

fn load(engine: &Engine, file: &Path, folder: Option<&Path>) -> Result<Component> {
    let named = || format!("{} is no component", file.display());
    let wasm = fs::read(file).with_context(named)?;
    let cached = folder.map(|folder| folder.join(name(engine, &wasm)));
    if let Some(component) = cached.as_deref().and_then(|path| read(engine, path)) {
        return Ok(component);
    }
    let component = Component::new(engine, wasm).map_err(anyhow::Error::from);
    let component = component.with_context(named)?;
    if let Some(path) = cached {
        // A folder that can't be written costs time, and nothing else.
        let _ = write(&path, &component.serialize()?);
    }
    Ok(component)
}

/// The folder. None where the system does not tell whose a file is.
fn folder() -> Option<PathBuf> {
    if !cfg!(unix) {
        return None;
    }
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let in_home = |path| set("HOME").map(|home| home.join(path));
    let caches = if cfg!(target_os = "macos") {
        in_home("Library/Caches")
    } else {
        set("XDG_CACHE_HOME").or_else(|| in_home(".cache"))
    };
    Some(caches?.join("blueking_itsm"))
}

/// Named after all that the compiled code depends on.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut compiler = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compiler);
    let wasm = digest(&SHA256, wasm);
    let wasm: String = wasm.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("component-{:016x}-{wasm}.compiled", compiler.finish())
}

/// The component in a file of this user's alone that is whole.
#[expect(unsafe_code, reason = "there is no other way to load compiled code")]
fn read(engine: &Engine, path: &Path) -> Option<Component> {
    if !is_private(&fs::symlink_metadata(path.parent()?).ok()?) {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let found = file.metadata().ok()?;
    if !found.is_file() || !is_private(&found) {
        return None;
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content).ok()?;
    let (sum, compiled) = content.split_at_checked(SHA256_OUTPUT_LEN)?;
    if digest(&SHA256, compiled).as_ref() != sum {
        return None;
    }
    // SAFETY: `write` wrote these bytes, from wasmtime's own compiler: nobody but this user can write the file, and a
    // file that broke has another sum. Whoever can write as this user can change the program as well.
    unsafe { Component::deserialize(engine, compiled) }.ok()
}

/// Writes a file that others see whole or not at all.
fn write(path: &Path, compiled: &[u8]) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    if !is_private(&fs::symlink_metadata(folder)?) {
        return Ok(());
    }
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let begun = path.with_extension(format!("{}-{count}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(&begun)?;
    let written = file
        .write_all(digest(&SHA256, compiled).as_ref())
        .and_then(|()| file.write_all(compiled))
        .and_then(|()| fs::rename(&begun, path));
    if written.is_err() {
        fs::remove_file(&begun)?;
    }
    written
}

/// Whether nobody but this user can read or write something.
#[cfg(unix)]
fn is_private(it: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    it.uid() == rustix::process::geteuid().as_raw() && it.mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::sync::Barrier;

    /// The smallest component, and a folder for its code that is not there yet.
    struct Set {
        engine: Engine,
        wasm: PathBuf,
        folder: PathBuf,
    }

    fn set_up(name: &str) -> Set {
        let root = std::env::temp_dir().join(format!("itsm-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir(&root).unwrap();
        let wasm = root.join("itsm.wasm");
        fs::write(&wasm, b"\0asm\x0d\0\x01\0").unwrap();
        Set { engine: Engine::default(), wasm, folder: root.join("cache/blueking_itsm") }
    }

    impl Set {
        fn load(&self) {
            load(&self.engine, &self.wasm, Some(&self.folder)).unwrap();
        }

        /// The one file in the folder.
        fn file(&self) -> PathBuf {
            let mut files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
            let file = files.next().unwrap();
            assert_eq!(files.next(), None);
            file
        }

        /// Which file it is: one that is written again is another.
        fn which(&self) -> u64 {
            fs::metadata(self.file()).unwrap().ino()
        }
    }

    impl Drop for Set {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(self.wasm.parent().unwrap());
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn it_is_compiled_once_and_kept_for_this_user_alone() {
        let set = set_up("once");
        set.load();
        let first = set.which();
        set.load();
        assert_eq!(set.which(), first);
        for (path, mode) in [(set.file(), 0o600), (set.folder.clone(), 0o700)] {
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode, "{}", path.display());
        }
    }

    #[test]
    fn a_broken_file_is_compiled_again_and_replaced() {
        let set = set_up("broken");
        set.load();
        let whole = fs::read(set.file()).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let no_code = [digest(&SHA256, b"no code").as_ref(), b"no code"].concat();
        for broken in [b"".as_slice(), b"short", &whole[..whole.len() - 1], &flipped, &no_code] {
            fs::write(set.file(), broken).unwrap();
            assert!(read(&set.engine, &set.file()).is_none());
            set.load();
            assert_eq!(fs::read(set.file()).unwrap(), whole);
        }
    }

    #[test]
    fn a_file_or_folder_that_others_could_have_written_is_not_loaded() {
        let set = set_up("others");
        set.load();
        let (file, first) = (set.file(), set.which());
        set_mode(&set.folder, 0o720);
        assert!(read(&set.engine, &file).is_none());
        set.load();
        assert_eq!(set.which(), first);
        set_mode(&set.folder, 0o700);
        let elsewhere = set.folder.with_file_name("elsewhere");
        fs::rename(&set.folder, &elsewhere).unwrap();
        symlink(&elsewhere, &set.folder).unwrap();
        assert!(read(&set.engine, &file).is_none());
        fs::remove_file(&set.folder).unwrap();
        fs::rename(&elsewhere, &set.folder).unwrap();
        assert!(read(&set.engine, &file).is_some());
        set_mode(&file, 0o602);
        assert!(read(&set.engine, &file).is_none());
        set.load();
        assert_ne!(set.which(), first);
    }

    #[test]
    fn without_a_folder_to_write_it_is_compiled_each_time() {
        let set = set_up("none");
        load(&set.engine, &set.wasm, None).unwrap();
        load(&set.engine, &set.wasm, Some(&set.wasm.join("in a file"))).unwrap();
        let why = load(&set.engine, &set.folder, Some(&set.folder)).err().unwrap().to_string();
        assert!(why.ends_with("is no component"), "{why}");
    }

    #[test]
    fn those_that_start_together_do_not_disturb_each_other() {
        let set = set_up("together");
        let path = set.folder.join(name(&set.engine, &fs::read(&set.wasm).unwrap()));
        let start = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        start.wait();
                        set.load();
                        assert!(read(&set.engine, &path).is_some());
                        if start.wait().is_leader() {
                            fs::remove_file(&path).unwrap();
                        }
                    }
                });
            }
        });
        assert!(fs::read_dir(&set.folder).unwrap().next().is_none(), "nothing else is left");
    }
}
