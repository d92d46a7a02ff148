//! Asks for one approval, and posts to ACTION_URL once it is given. It exits with 0 only then.
//!
//! A component: it imports `blueking:itsm`, and `cargo xtask guests` composes it with `itsm.wasm`.
//! Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, APPROVER, CREATOR,
//! TITLE, ACTION_URL.

// The imports do not link natively.
#[cfg(target_arch = "wasm32")]
mod approval;

#[cfg(target_arch = "wasm32")]
fn main() -> std::process::ExitCode {
    approval::main()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!("this runs as a component: see host-examples/guests/README.md");
}
