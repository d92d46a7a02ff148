//! Generated from `wit/`.
#![allow(unsafe_code, clippy::all, clippy::pedantic)]

#[cfg(feature = "network")]
wit_bindgen::generate!({ path: "wit", world: "provider" });

#[cfg(not(feature = "network"))]
wit_bindgen::generate!({ path: "wit", world: "callbacks-only" });

export!(Component with_types_in self);

use super::Component;
