use crate::artifacts;
use crate::host::Host;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, LinearMemory, MemoryCreator, MemoryType};

/// The linear memory of the instance that was made last.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Arc<[AtomicU8]>>>);

/// More than the component ever takes in a test.
const CAPACITY: usize = 32 << 20;

/// A host whose component's memory can be searched, also while the component waits for an answer.
pub fn watched() -> (Host, Memory) {
    let memory = Memory::default();
    let mut config = Config::new();
    config
        .with_host_memory(Arc::new(memory.clone()))
        .memory_reservation(0)
        .memory_guard_size(0)
        .memory_init_cow(false);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::new(&engine, artifacts::read("itsm.wasm")).expect("a component");
    let host = Host::of(&component).expect("the world provider");
    (host, memory)
}

impl Memory {
    /// Whether a text stands anywhere in it.
    pub fn holds(&self, text: &str) -> bool {
        let bytes = self.0.lock().unwrap();
        // SAFETY: the component waits, so nobody writes, and atomic bytes are laid out as bytes are.
        #[allow(unsafe_code)]
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len()) };
        // This crate is not optimised, and its dependencies are: a search of our own takes seconds.
        memchr::memmem::find(bytes, text.as_bytes()).is_some()
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
        // SAFETY: zero is a value of an atomic byte.
        let bytes = unsafe { Arc::<[AtomicU8]>::new_zeroed_slice(CAPACITY).assume_init() };
        *self.0.lock().unwrap() = bytes.clone();
        Ok(Box::new(Linear { bytes, size: minimum }))
    }
}
