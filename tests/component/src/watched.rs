use crate::artifacts;
use crate::host::Host;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, LinearMemory, MemoryCreator, MemoryType};

/// The linear memories of all instances, in the order in which these were made.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Arc<Bytes>>>>);

struct Bytes {
    bytes: Box<[AtomicU8]>,
    size: AtomicUsize,
}

/// More than the component ever takes in a test.
const CAPACITY: usize = 32 << 20;

/// A host whose component's memory can be searched, also while the component waits for an answer.
pub fn watched() -> (Host, Memory) {
    let (component, memory) = watched_component();
    let host = Host::of(&component).expect("the world provider");
    (host, memory)
}

/// The component, for a host of one's own.
pub fn watched_component() -> (Component, Memory) {
    let memory = Memory::default();
    let mut config = Config::new();
    config
        .with_host_memory(Arc::new(memory.clone()))
        .memory_reservation(0)
        .memory_guard_size(0)
        .memory_init_cow(false);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::new(&engine, artifacts::read("itsm.wasm")).expect("a component");
    (component, memory)
}

impl Memory {
    /// How many instances were made so far.
    pub fn made(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The content of the instances that are still there.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        let all = self.0.lock().unwrap();
        all.iter().filter(|it| Arc::strong_count(it) > 1).map(|it| it.content().to_vec()).collect()
    }

    /// Whether a text stands anywhere in that of the last instance.
    pub fn holds(&self, text: &str) -> bool {
        let all = self.0.lock().unwrap();
        // This crate is not optimised, and its dependencies are: a search of our own takes seconds.
        memchr::memmem::find(all.last().unwrap().content(), text.as_bytes()).is_some()
    }
}

impl Bytes {
    fn content(&self) -> &[u8] {
        let bytes = &self.bytes[..self.size.load(Ordering::Relaxed)];
        // SAFETY: the component waits, so nobody writes, and atomic bytes are laid out as bytes are.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len())
        }
    }
}

struct Linear(Arc<Bytes>);

// SAFETY: the bytes stay where they are for the life of the memory, they are zero at first, and
// `CAPACITY` of them are there, without guard pages, as the configuration above says.
#[allow(unsafe_code)]
unsafe impl LinearMemory for Linear {
    fn byte_size(&self) -> usize {
        self.0.size.load(Ordering::Relaxed)
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            wasmtime::bail!("more memory than a test gives");
        }
        self.0.size.store(new_size, Ordering::Relaxed);
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.0.bytes.as_ptr().cast_mut().cast()
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
        let bytes = unsafe { Box::<[AtomicU8]>::new_zeroed_slice(CAPACITY).assume_init() };
        let bytes = Arc::new(Bytes { bytes, size: minimum.into() });
        self.0.lock().unwrap().push(bytes.clone());
        Ok(Box::new(Linear(bytes)))
    }
}
