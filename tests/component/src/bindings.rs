//! Generated from the WIT package: what the tests call is the contract, not the crate.
#![allow(unsafe_code, clippy::all, clippy::pedantic)]

pub mod provider {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider",
        exports: { default: async },
        additional_derives: [PartialEq],
    });
}

pub mod callbacks_only {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "callbacks-only",
        exports: { default: async },
        additional_derives: [PartialEq],
    });
}
