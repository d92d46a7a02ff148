//! HTTP as components speak it, over wasi:http: a request with its answer, a body within a limit and a
//! deadline, a reply. It knows nothing of ITSM.
//!
//! `itsm.wasm`, the receiver and its forwarding sink share this crate. It lies in `src` because the main
//! package uses it, and because a sink must not link that package, which exports functions.
//!
//! wasi:http exists on wasm32 alone. What needs no host compiles natively too: [`Address`], [`Method`] and
//! the errors.
//!
//! Not by waki, as of 0.5.1: it takes the end of the body's stream for a failure, which a server brings about
//! that closes as soon as it has the whole body, and it has no limit to the waiting.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod address;
#[cfg(target_arch = "wasm32")]
mod body;
#[cfg(target_arch = "wasm32")]
mod deadline;
mod error;
#[cfg(target_arch = "wasm32")]
mod incoming;
#[cfg(target_arch = "wasm32")]
mod outgoing;

pub use address::Address;
#[cfg(target_arch = "wasm32")]
pub use deadline::Deadline;
pub use error::{Error, SendError};
#[cfg(target_arch = "wasm32")]
pub use incoming::{reply, request_body};
#[cfg(target_arch = "wasm32")]
pub use outgoing::{Request, Response, Sent, send};

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}
