//! What the component does for a host: each function sends the requests that it takes, over any transport.

mod confirm;
mod create;
mod diagnose;
mod explain;
mod operate;
mod progress;
mod results;
mod search;
mod service;
mod session;

pub use confirm::{confirm, confirm_own, reconcile, recover};
pub use create::{create, new_id};
pub use diagnose::{Finding, Unfit, check_callback_url, diagnose};
pub use explain::explain;
pub use operate::{approve, edit_fields, operate};
pub use progress::{approvers, info, log, node_result, status};
pub use results::{approval_results, failed_callbacks, verify_token};
pub use search::{search, search_by_user};
pub use service::{ServiceFilter, administer, resolve_processors, service};
