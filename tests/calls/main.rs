//! Each call's branches, over a server that answers by a script: what is asked, in which order, how long is
//! waited, and what the caller gets. What real servers answer is in `recordings.rs` and `stories.rs`.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod asking;
mod confirming;
mod creating;
mod operating;
mod retrying;
mod scripted;
mod together;
