//! What a gate must not lose: one operation, in one file, so that a gate that was killed goes on with the same
//! ticket.

use anyhow::{Context, Result, bail};
use rust_host::durable::Store;
use rust_host::{Operation, Outcome, Step};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The progress of one gate: in memory, or in a file as well. The file holds the ticket's tag, so only its owner
/// may read it.
pub struct Progress {
    file: Option<PathBuf>,
    /// Held while this gate runs: two gates that share a file would share its ticket.
    _lock: Option<File>,
    state: Mutex<Option<State>>,
    reports: Mutex<Vec<String>>,
    delivered: Notify,
}

#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    /// When the gate began, in seconds since 1970.
    began_s: u64,
    operation: Operation,
    record: String,
    due_s: Option<u64>,
    sn: Option<String>,
    outcome: Option<Outcome>,
}

const VERSION: u32 = 1;

impl Progress {
    /// Progress that ends with the program.
    pub fn in_memory() -> Self {
        Self {
            file: None,
            _lock: None,
            state: Mutex::default(),
            reports: Mutex::default(),
            delivered: Notify::new(),
        }
    }

    /// Progress in a file, which may be there from an earlier run.
    pub fn in_file(file: &Path) -> Result<Self> {
        let lock = private(&beside(file, "lock"))
            .with_context(|| format!("{} can't be written", file.display()))?;
        if lock.try_lock().is_err() {
            bail!("another gate runs with {}", file.display());
        }
        let state = match std::fs::read(file) {
            Ok(text) => {
                // serde's own words could quote the tag.
                let state: Option<State> = serde_json::from_slice(&text).ok();
                match state {
                    Some(state) if state.version == VERSION => Some(state),
                    _ => bail!("{} is no file that a gate of this version wrote", file.display()),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => bail!("{} can't be read: {error}", file.display()),
        };
        Ok(Self {
            file: Some(file.to_owned()),
            _lock: Some(lock),
            state: Mutex::new(state),
            reports: Mutex::default(),
            delivered: Notify::new(),
        })
    }

    /// The operation that has begun: its title, when it began, and its ticket where that is known.
    pub fn begun(&self) -> Option<Begun> {
        let state = self.state();
        let state = state.as_ref()?;
        Some(Begun {
            title: state.operation.title().to_owned(),
            creator: state.operation.creator().to_owned(),
            began_s: state.began_s,
            sn: state.sn.clone(),
            is_given_up: state.due_s.is_none() && state.outcome.is_none(),
        })
    }

    /// The number of the ticket, once it is known.
    pub fn has_ticket(&self, sn: &str) -> Result<()> {
        self.change(|state| state.sn = Some(sn.to_owned()))
    }

    /// Ends when the outcome has been stored. A callback brings it about while nothing else is under way.
    pub async fn delivered(&self) {
        self.delivered.notified().await;
    }

    /// How it ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.state().as_ref()?.outcome.clone()
    }

    /// What a person must look at, and has not been told.
    pub fn reports(&self) -> Vec<String> {
        std::mem::take(&mut self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets an operation whose ticket was proven never to have been made: the next run begins anew.
    pub fn forget(&self) -> Result<()> {
        *self.state() = None;
        match &self.file {
            Some(file) => Ok(std::fs::remove_file(file)?),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.state();
        let state = state.as_mut().context("nothing has begun")?;
        let changed = change(state);
        self.write(state)?;
        Ok(changed)
    }

    /// When this has returned, a crash no longer undoes the write, and one before left the file as it was.
    fn write(&self, state: &State) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let next = beside(file, "next");
        let mut written = private(&next)?;
        written.set_len(0)?;
        written.write_all(&serde_json::to_vec(state)?)?;
        written.sync_all()?;
        std::fs::rename(&next, file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Not every system lets a folder be opened; where it can't, the rename itself is what there is.
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            folder.sync_all()?;
        }
        Ok(())
    }
}

/// What is known of an operation that has begun.
pub struct Begun {
    pub title: String,
    pub creator: String,
    pub began_s: u64,
    pub sn: Option<String>,
    /// There is no ticket, or none that can be told to be its own.
    pub is_given_up: bool,
}

fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// A file that only its owner can read.
fn private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

impl Store for Progress {
    fn insert(&self, operation: &Operation, step: &Step) -> Result<()> {
        // An operation has no `clone`, as a secret should have none.
        let operation = serde_json::from_value(serde_json::to_value(operation)?)?;
        let state = State {
            version: VERSION,
            began_s: crate::gate::now_s(),
            operation,
            record: step.record_json.clone(),
            due_s: step.due_s,
            sn: None,
            outcome: None,
        };
        self.write(&state)?;
        *self.state() = Some(state);
        Ok(())
    }

    fn is_known(&self, title: &str) -> Result<bool> {
        Ok(self.begun().is_some_and(|begun| begun.title == title))
    }

    fn operation(&self, id: &str) -> Result<Operation> {
        let state = self.state();
        let state = state.as_ref().filter(|state| state.operation.id == id);
        let operation = &state.context("there is no such operation")?.operation;
        Ok(serde_json::from_value(serde_json::to_value(operation)?)?)
    }

    fn record(&self, id: &str) -> Result<Option<String>> {
        let state = self.state();
        let state = state.as_ref().filter(|state| state.operation.id == id);
        Ok(state.map(|state| state.record.clone()))
    }

    fn advance(&self, _: &str, _: &str, record: &str, step: &Step) -> Result<bool> {
        self.change(|state| {
            let is_same = state.record == record;
            if is_same {
                state.record.clone_from(&step.record_json);
                state.due_s = step.due_s;
            }
            is_same
        })
    }

    fn deliver(&self, _: &str, outcome: &Outcome, record: &str, step: &Step) -> Result<bool> {
        let delivered = self.change(|state| {
            let is_same = state.record == record;
            if is_same {
                state.record.clone_from(&step.record_json);
                state.due_s = step.due_s;
                state.outcome = Some(outcome.clone());
            }
            is_same
        })?;
        self.delivered.notify_one();
        Ok(delivered)
    }

    fn is_delivered(&self, id: &str) -> Result<bool> {
        let state = self.state();
        let state = state.as_ref().filter(|state| state.operation.id == id);
        Ok(state.is_some_and(|state| state.outcome.is_some()))
    }

    fn due(&self, until_s: u64) -> Result<Vec<String>> {
        let state = self.state();
        let due = state.as_ref().filter(|state| state.due_s.is_some_and(|due_s| due_s <= until_s));
        Ok(due.map(|state| state.operation.id.clone()).into_iter().collect())
    }

    fn report(&self, _: &str, why: &str) -> Result<()> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).push(why.to_owned());
        Ok(())
    }
}
