//! The interface `handling`.

use super::generated::exports::blueking::itsm::handling as wit;
use super::types::all;
use super::{Component, client};
use crate::domain::handling::Assignees;

impl wit::Guest for Component {
    fn approve(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        approver: String,
        approved: bool,
        remark: String,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).approve(&sn, node_id, &approver, approved, &remark)?)
    }

    fn transition(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).transition(&sn, node_id, &operator, &all(fields))?)
    }

    fn claim(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).claim(&sn, node_id, &operator)?)
    }

    fn distribute(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        to: wit::Assignees,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).distribute(&sn, node_id, &operator, &to.into())?)
    }

    fn hand_over(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        to: wit::Assignees,
        message: String,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).hand_over(&sn, node_id, &operator, &to.into(), &message)?)
    }

    fn edit_fields(
        connection: wit::Connection,
        sn: String,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).edit_fields(&sn, &operator, &all(fields))?)
    }
}

impl From<wit::Assignees> for Assignees {
    fn from(assignees: wit::Assignees) -> Self {
        match assignees {
            wit::Assignees::People(users) => Self::People(users),
            wit::Assignees::Others(group) => Self::Others { kind: group.kind, id: group.id },
        }
    }
}
