//! The interface `tracking`.

use super::Component;
use super::generated::exports::blueking::itsm::tracking as wit;
use super::types::{Unknown, all};
use crate::domain::tracking::{self, Action, Event, LookedUp, Record, Step};

impl wit::Guest for Component {
    fn start(
        operation_id: String,
        decide_by_s: Option<u64>,
        now_s: u64,
    ) -> Result<wit::Step, String> {
        tracking::start(&operation_id, decide_by_s, now_s)?.try_into()
    }

    fn advance(record_json: String, event: wit::Event, now_s: u64) -> Result<wit::Step, String> {
        let record = Record::from_json(&record_json)?;
        let step = match event.try_into() {
            Ok(event) => record.advance(event, now_s),
            Err(Unknown(words)) => record.unchanged(words, now_s),
        };
        step.try_into()
    }
}

impl TryFrom<Step> for wit::Step {
    type Error = String;

    fn try_from(step: Step) -> Result<Self, String> {
        let record_json = step.record.to_json()?;
        Ok(Self { record_json, actions: all(step.actions), due_s: step.due_s })
    }
}

impl From<Action> for wit::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Create => Self::Create,
            Action::Recover => Self::Recover,
            Action::Confirm(sn) => Self::Confirm(sn),
            Action::Withdraw(sn) => Self::Withdraw(sn),
            Action::Deliver(outcome) => Self::Deliver((*outcome).into()),
            Action::Report(why) => Self::Report(why),
        }
    }
}

impl TryFrom<wit::Event> for Event {
    type Error = Unknown;

    fn try_from(event: wit::Event) -> Result<Self, Unknown> {
        Ok(match event {
            wit::Event::Created(created) => Self::Created(created.into()),
            wit::Event::NotCreated(failure) => Self::NotCreated(failure.into()),
            wit::Event::MaybeCreated(failure) => Self::MaybeCreated(failure.into()),
            wit::Event::Recovered(looked_up) => Self::Recovered(LookedUp {
                asked_s: looked_up.asked_s,
                recovery: looked_up.recovery.try_into()?,
            }),
            wit::Event::Callback(callback) => Self::Callback(callback.into()),
            wit::Event::Confirmed(answer) => Self::Confirmed(answer.try_into()?),
            wit::Event::Delivered => Self::Delivered,
            wit::Event::NotWithdrawn(failure) => Self::NotWithdrawn(failure.into()),
            wit::Event::Tick => Self::Tick,
        })
    }
}
