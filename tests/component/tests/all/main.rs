//! The built components through their WIT in wasmtime, against the fake ITSM and against servers that break off.

mod actions;
mod answers;
mod callbacks;
mod create;
mod failures;
mod memory;
mod recovery;
mod secrets;
mod set_up;
mod stories;
mod theft;
mod unsent;
mod versions;
