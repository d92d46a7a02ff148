//! What the component gives back of its memory is wiped: a host may keep an instance for many calls, and nothing that
//! one of them held is there any more when it has ended.
// An allocator has no safe form.
#![expect(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

/// The usual allocator, which gets nothing back but zeros. What grows moves, so that its old place is wiped too.
struct Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

// SAFETY: all is as the usual allocator has it. What is wiped belongs to the caller until `System` gets it.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe {
            place.write_bytes(0, layout.size());
            System.dealloc(place, layout);
        }
    }
}

/// Runs a call that computes with a key, and wipes the stack that the call has used: no allocator knows of it.
pub fn wiping_stack<T>(call: impl FnOnce() -> T) -> T {
    let answer = apart(call);
    wipe_stack();
    answer
}

/// What it calls has its place below this function's, where `wipe_stack` then has its own.
#[inline(never)]
fn apart<T>(call: impl FnOnce() -> T) -> T {
    call()
}

#[inline(never)]
fn wipe_stack() {
    black_box(&mut [0_u8; 8 << 10]);
}
