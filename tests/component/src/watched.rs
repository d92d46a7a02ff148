use crate::bindings::provider::{Provider, ProviderPre};
use crate::host::{Host, State};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, LinearMemory, MemoryCreator, MemoryType, Store};

/// A component whose linear memory can be searched, also while it waits for an answer.
pub struct Watched {
    provider: ProviderPre<State>,
    memory: Memory,
}

/// The linear memory of the instance that was made last.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Arc<[AtomicU8]>>>);

/// More than the component ever takes in a test.
const CAPACITY: usize = 32 << 20;

impl Default for Watched {
    fn default() -> Self {
        let memory = Memory::default();
        let mut config = Config::new();
        config
            .with_host_memory(Arc::new(memory.clone()))
            .memory_reservation(0)
            .memory_guard_size(0)
            .memory_init_cow(false);
        let engine = Engine::new(&config).expect("an engine");
        let component = Component::from_file(&engine, crate::artifacts::path("itsm.wasm"));
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).expect("a fresh linker");
        let pre = linker.instantiate_pre(&component.expect("a component"));
        Self {
            provider: ProviderPre::new(pre.expect("all imports")).expect("the world provider"),
            memory,
        }
    }
}

impl Watched {
    /// A fresh instance of it, in a host.
    pub async fn instance(&self, host: &Host) -> (Store<State>, Provider) {
        let mut store = Store::new(self.provider.engine(), host.state());
        let instance = self.provider.instantiate_async(&mut store).await;
        (store, instance.expect("the component can be instantiated"))
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        self.memory.clone()
    }
}

impl Memory {
    /// Whether a text stands anywhere in it.
    pub fn holds(&self, text: &str) -> bool {
        let bytes: Vec<u8> = self
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|byte| byte.load(Ordering::Relaxed))
            .collect();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

struct Linear {
    bytes: Arc<[AtomicU8]>,
    size: usize,
}

// SAFETY: the bytes stay where they are for the life of the memory, they are zero at first, and
// `CAPACITY` of them are there, without guard pages, as the configuration above says.
#[allow(unsafe_code)]
unsafe impl LinearMemory for Linear {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            wasmtime::bail!("more memory than a test gives");
        }
        self.size = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr().cast_mut().cast()
    }
}

// SAFETY: each memory is a fresh allocation of `CAPACITY` bytes.
#[allow(unsafe_code)]
unsafe impl MemoryCreator for Memory {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        _: Option<usize>,
        _: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let bytes: Arc<[AtomicU8]> = (0..CAPACITY).map(|_| AtomicU8::new(0)).collect();
        *self.0.lock().unwrap() = bytes.clone();
        Ok(Box::new(Linear {
            bytes,
            size: minimum,
        }))
    }
}
