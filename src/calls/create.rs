//! Creating a ticket, and the ids that belong to it.

use super::Client;
use crate::domain::action::CREATE_TICKET;
use crate::domain::failure::{Failure, Origin};
use crate::domain::new_ticket::NewTicket;
use crate::domain::operation_id;
use crate::domain::ticket::CreatedTicket;
use crate::transport::Transport;

/// A new operation id, or a new tag: they have one form.
pub fn new_id(transport: &mut impl Transport) -> String {
    operation_id::from_bits(transport.random())
}

impl<T: Transport> Client<T> {
    /// Creates a ticket. Sent once.
    pub fn create(&mut self, ticket: &NewTicket) -> Result<CreatedTicket, Failure> {
        let parameters = ticket.parameters()?;
        self.session_with(ticket.secrets())?
            .send_once(&CREATE_TICKET, parameters, CreatedTicket::decode)
            .map_err(|failure| {
                if failure.origin == Origin::Itsm && ticket.can_leave_a_ghost() {
                    failure.unproven()
                } else {
                    failure
                }
            })
    }
}
