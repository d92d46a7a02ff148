//! The world around `tracking`, as a state machine that a model checker can walk through whole.
//!
//! There are operations, one host that follows the rule of `wit/tracking.wit` (store the record, then
//! act, then advance), an ITSM that commits late, refuses and rewrites, a thief who reads headers, a clock
//! that jumps, and a network that loses, repeats, reorders and forges. Each record is the real
//! [`Record`](blueking_itsm::domain::tracking::Record), and each step is the real `advance`: nothing of
//! tracking is modelled again here.
//!
//! What takes one step in the model is what nothing can come between in the world: a record is
//! advanced and stored; a call reaches ITSM, and is answered from what ITSM then holds; an answer
//! reaches the host. So a crash can come before and after each store and each act, and an answer can
//! be out of date when it arrives.
//!
//! Losing a message needs no step of its own where the message may stay on its way for ever: each
//! callback is taken at any later time, in any order, or never.
//!
//! Every run ends: time only goes forward through [`Bounds::times`], a tick needs a due time or a crash,
//! and each fault takes from a budget. So the walk ends, and what it saw is all there is.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod properties;
mod transitions;
mod world;

pub use properties::*;
pub use world::{Bounds, Bug, Trouble, World};

use stateright::{Model, Property};
use transitions::Happening;
use world::State;

impl Model for World {
    type State = State;
    type Action = Happening;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.bounds)]
    }

    fn actions(&self, state: &State, can: &mut Vec<Happening>) {
        self.possible(state, can);
    }

    fn next_state(&self, before: &State, happening: Happening) -> Option<State> {
        let mut state = before.clone();
        self.happen(&mut state, happening);
        let now_s = self.bounds.times[before.time];
        for operation in &mut state.operations {
            operation.busy_since_s = match operation.is_idle() {
                true => None,
                false => operation.busy_since_s.or(Some(now_s)),
            };
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
