//! The pure part: no I/O, no clock, no randomness, no panic.

pub mod action;
mod address;
pub mod advice;
pub mod binding;
pub mod callback;
pub mod confirmation;
pub mod connection;
pub mod envelope;
pub mod explanation;
pub mod failure;
pub mod history;
pub mod http;
pub mod json;
pub mod message;
pub mod new_ticket;
pub mod operation;
pub mod operation_id;
pub mod progress;
pub mod reception;
pub mod search;
pub mod secret;
pub mod service;
mod text;
pub mod ticket;
pub mod tracking;
pub mod verdict;
