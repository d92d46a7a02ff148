//! One function an ITSM action, generic over the transport.

mod confirm;
mod create;
mod diagnose;
mod explain;
mod operate;
mod read;
mod search;
mod service;
mod session;
mod state;

pub use confirm::{confirm, reconcile, recover};
pub use create::{create, new_operation_id};
pub use diagnose::{Finding, Unfit, check_callback_url, diagnose};
pub use explain::explain;
pub use operate::operate;
pub use read::{approval_results, failed_callbacks, verify_token};
pub use search::{list, list_by_user};
pub use service::{ServiceFilter, administer, resolve_processors, service};
pub use state::{approvers, info, log, node_result, status};
