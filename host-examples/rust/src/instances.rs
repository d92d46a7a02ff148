//! Instances of the component that wait for calls: making one takes longer than most calls.

use crate::bindings::{Provider, ProviderPre};
use crate::sandbox::{Egress, State, store};
use crate::{Error, MOST_MEMORY};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::Store;

/// So many wait at most.
const IDLE_MOST: usize = 64;
/// So many calls an instance serves.
const CALLS_MOST: usize = 1_000;
/// An instance with more memory than this, in bytes, is not kept: memory only ever grows.
const KEPT_MEMORY: usize = 4 << 20;

/// An instance and all that it has. It serves one call at a time.
pub(crate) struct Instance {
    pub store: Store<State>,
    pub exports: Provider,
    calls: usize,
}

/// The instances that share a limit to their memory. Clones share the instances.
#[derive(Clone)]
pub(crate) struct Instances {
    provider: ProviderPre<State>,
    egress: Egress,
    most_memory: usize,
    idle: Arc<Mutex<Vec<Instance>>>,
}

impl Instances {
    pub fn new(provider: ProviderPre<State>, egress: Egress) -> Self {
        Self { provider, egress, most_memory: MOST_MEMORY, idle: Arc::default() }
    }

    /// Others, with another limit.
    pub fn with_memory(&self, most_memory: usize) -> Self {
        Self { most_memory, idle: Arc::default(), ..self.clone() }
    }

    /// An instance for a call. Give it to [`Self::keep`] once the call has ended well. Dropped, as after a trap or
    /// with a call that is given up, it is gone, and with it whatever it left half-way.
    pub async fn take(&self) -> Result<Instance, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(instance) => Ok(instance),
            None => self.make(self.egress.clone()).await,
        }
    }

    /// An instance for one call by another way out. It is never kept.
    pub async fn make(&self, egress: Egress) -> Result<Instance, Error> {
        let mut store = store(self.provider.engine(), egress, self.most_memory);
        let exports = self.provider.instantiate_async(&mut store).await;
        let exports = exports.map_err(|error| Error::NotStarted(error.into()))?;
        Ok(Instance { store, exports, calls: 0 })
    }

    /// Keeps an instance for the next call, unless it has served long or has grown, or the call left something open.
    pub fn keep(&self, mut instance: Instance) {
        instance.calls += 1;
        let state = instance.store.data_mut();
        if instance.calls < CALLS_MOST && state.memory() <= KEPT_MEMORY && state.is_clean() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MOST {
                idle.push(instance);
            }
        }
    }
}
