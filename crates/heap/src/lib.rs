//! An allocator for tests that counts what each thread allocates, and that looks for a planted secret in every block
//! that is freed.
//!
//! ```
//! #[global_allocator]
//! static HEAP: sottovoce_heap::Heap = sottovoce_heap::Heap;
//!
//! let (sum, heap) = sottovoce_heap::measure(|| vec![1u8; 1000].iter().map(|byte| u32::from(*byte)).sum::<u32>());
//! assert_eq!((sum, heap.peak), (1000, 1000));
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What one thread allocated during a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of allocations; growing a block counts as one.
    pub count: usize,
    /// Sum of all allocations, in bytes.
    pub total: usize,
    /// The most that was allocated at one time, in bytes, beyond what was before.
    pub peak: usize,
}

/// Bytes of the secret that [`freed_with_canary`] looks for.
pub const CANARY: usize = 16;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static USAGE: Cell<Usage> = const { Cell::new(Usage { count: 0, total: 0, peak: 0 }) };
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static LOOKING_FOR: Cell<Option<[u8; CANARY]>> = const { Cell::new(None) };
    static FOUND: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counted.
pub struct Heap;

// SAFETY: every call is handed to the system's allocator unchanged; the block of `dealloc` and `realloc` is only read, before it
// is handed on, and only as far as its layout says. During a search blocks come zeroed, which `alloc` permits, and growing one is
// done by the three calls that `realloc` stands for. The thread-locals need no allocation and no destructor.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // What somebody else left in this memory is not to be found in it.
        if LOOKING_FOR.get().is_some() {
            return unsafe { System.alloc_zeroed(layout) };
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { inspect(block, layout.size()) };
        shrink(layout.size());
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { inspect(block, layout.size()) };
        shrink(layout.size());
        grow(size);
        if LOOKING_FOR.get().is_none() {
            return unsafe { System.realloc(block, layout, size) };
        }
        let larger = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let moved = unsafe { System.alloc_zeroed(larger) };
        if !moved.is_null() {
            unsafe { block.copy_to_nonoverlapping(moved, layout.size().min(size)) };
            unsafe { System.dealloc(block, layout) };
        }
        moved
    }
}

fn grow(size: usize) {
    if COUNTING.get() {
        let current = CURRENT.get().saturating_add(size);
        CURRENT.set(current);
        let usage = USAGE.get();
        USAGE.set(Usage { count: usage.count + 1, total: usage.total + size, peak: usage.peak.max(current) });
    }
}

fn shrink(size: usize) {
    if COUNTING.get() {
        CURRENT.set(CURRENT.get().saturating_sub(size));
    }
}

/// # Safety
/// `block` must point to `size` readable bytes. They may be uninitialised: they are read one by one and volatile, as a debugger would.
unsafe fn inspect(block: *mut u8, size: usize) {
    let Some(canary) = LOOKING_FOR.get() else { return };
    let byte = |at: usize| unsafe { block.add(at).read_volatile() };
    let found =
        (0..size.saturating_sub(CANARY - 1)).any(|start| (0..CANARY).all(|i| byte(start + i) == canary[i]));
    if found {
        FOUND.set(FOUND.get() + 1);
    }
}

/// Runs `work` and counts what this thread allocates in it.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    USAGE.set(Usage::default());
    CURRENT.set(0);
    COUNTING.set(true);
    let result = work();
    COUNTING.set(false);
    (result, USAGE.get())
}

/// Runs `work` and counts the blocks that this thread frees in it while they contain `canary`.
pub fn freed_with_canary(canary: [u8; CANARY], work: impl FnOnce()) -> usize {
    FOUND.set(0);
    LOOKING_FOR.set(Some(canary));
    work();
    LOOKING_FOR.set(None);
    FOUND.get()
}
