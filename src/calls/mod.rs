//! One function an ITSM action, generic over the transport.

mod confirm;
mod create;
mod read;
mod session;

pub use confirm::confirm;
pub use create::{create, new_operation_id};
pub use read::{approval_results, failed_callbacks, verify_token};
