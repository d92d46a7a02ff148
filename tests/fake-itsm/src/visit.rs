//! The nodes that a ticket has entered.

use crate::flow::{Condition, Kind, Node};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Finished,
    /// An automatic node that failed. It can be tried again.
    Failed,
    /// The ticket ended while it ran.
    Stopped,
}

/// A node that the ticket has entered.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub node: &'static Node,
    pub state: State,
    /// Who may handle it: names joined by commas.
    pub processors: String,
    /// Since when.
    pub since: String,
    /// Whether one of them has to claim it before.
    pub is_to_be_claimed: bool,
    /// Who handled it, and whether he said yes.
    pub handled: Vec<(String, bool)>,
    /// The values of its form's fields.
    pub values: BTreeMap<String, Value>,
}

impl Visit {
    pub fn waits_for(&self, user: &str) -> bool {
        self.is_for(user) && !self.is_to_be_claimed
    }

    /// Whether he may handle it, or claim it.
    pub fn is_for(&self, user: &str) -> bool {
        self.state == State::Running
            && self.processors.split(',').any(|name| name == user)
            && !self.has_handled(user)
    }

    /// Whether something is decided there.
    pub fn is_decision(&self) -> bool {
        self.node.form().iter().any(|field| field.definition.is_decision)
    }

    /// Whom it still waits for.
    pub fn awaited(&self) -> Vec<&str> {
        let names = self.processors.split(',').filter(|name| !name.is_empty());
        names.filter(|name| !self.has_handled(name)).collect()
    }

    fn has_handled(&self, user: &str) -> bool {
        self.handled.iter().any(|(name, _)| name == user)
    }

    /// Who handled it, the latest first, as the server lists them.
    pub fn handlers(&self) -> String {
        let names = self.handled.iter().rev().map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(",")
    }

    /// Whether those who have handled it are enough.
    pub fn is_decided(&self) -> bool {
        let processors = || self.processors.split(',').filter(|name| !name.is_empty());
        let yes = self.handled.iter().filter(|(_, yes)| *yes).count();
        let all = || processors().all(|name| self.has_handled(name));
        match self.node.kind {
            Kind::Approval(Condition::All) | Kind::SignOff => all(),
            Kind::Approval(Condition::Two) => self.handled.len() >= 2 || all(),
            Kind::Approval(Condition::Half) => 2 * yes >= processors().count() || all(),
            _ => true,
        }
    }
}
