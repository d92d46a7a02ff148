//! Tickets that pass a filter.

use super::Client;
use super::confirm::{honours_tags, stores_tags};
use super::session::Session;
use crate::domain::action::{Action, GET_TICKETS, GET_TICKETS_BY_USER};
use crate::domain::argument::check_sn;
use crate::domain::failure::{Failure, Origin};
use crate::domain::json::{Json, Mismatch};
use crate::domain::search::{
    ANOTHER_PAGE, Filter, OTHER_NUMBERS, Page, UserFilter, UserTicket, View, ignores,
};
use crate::domain::ticket::Ticket;
use crate::transport::Transport;
use serde_json::{Map, Value};

impl<T: Transport> Client<T> {
    /// A page of the tickets that pass a filter.
    pub fn search(
        &mut self,
        filter: &Filter,
        page: u32,
        page_size: u32,
    ) -> Result<Page<Ticket>, Failure> {
        filter.sns.iter().try_for_each(|sn| check_sn("filter.sns", sn))?;
        let parameters = filter.parameters(page, page_size)?;
        let mut session = self.session_with(filter.tag.as_ref())?;
        let found = paged(&mut session, &GET_TICKETS, parameters, page, |data| {
            let found = Page::<Ticket>::decode(data)?;
            let asked = |sn: &str| filter.sns.iter().any(|asked| asked.eq_ignore_ascii_case(sn));
            if !filter.sns.is_empty() && !found.tickets.iter().all(|row| asked(&row.sn)) {
                return Err(OTHER_NUMBERS);
            }
            Ok(found)
        })?;
        filter.check(&found.tickets)?;
        // Rows tell neither their tag nor their project.
        if !found.tickets.is_empty() {
            if filter.tag.is_some() && !honours_tags(&mut session)? {
                return Err(ignores(&GET_TICKETS, "filter.tag"));
            }
            if filter.project_key.is_some() && !stores_tags(&mut session)? {
                return Err(ignores(&GET_TICKETS, "filter.project-key"));
            }
        }
        Ok(found)
    }

    /// A page of the tickets that concern a user.
    pub fn search_by_user(
        &mut self,
        user: &str,
        view: View,
        filter: &UserFilter,
        page: u32,
        page_size: u32,
    ) -> Result<Page<UserTicket>, Failure> {
        let parameters = view.parameters(user, filter, page, page_size)?;
        let mut session = self.session()?;
        let found = paged(
            &mut session,
            &GET_TICKETS_BY_USER,
            parameters,
            page,
            Page::<UserTicket>::decode,
        )?;
        filter.check(&found.tickets)?;
        Ok(found)
    }
}

/// A page beyond the last is an error of the server that has no code of its own (recorded). Whether
/// it is that, the first page tells; then the answer is what it should have been: no tickets.
fn paged<T>(
    session: &mut Session<impl Transport>,
    action: &Action,
    mut parameters: Map<String, Value>,
    page: u32,
    decode: impl Fn(Json) -> Result<Page<T>, Mismatch>,
) -> Result<Page<T>, Failure> {
    let action = &Action { too_large: Some("page-size"), ..*action };
    let asked = |data: Json| match decode(data)? {
        found if found.page == page => Ok(found),
        _ => Err(ANOTHER_PAGE),
    };
    let failure = match session.query(action, parameters.clone(), asked) {
        Err(failure) if failure.origin == Origin::Itsm && page > 1 => failure,
        other => return other,
    };
    parameters.insert("page".to_owned(), 1.into());
    let first = session.query(action, parameters, &decode)?;
    if page <= first.pages {
        return Err(failure);
    }
    Ok(Page { tickets: Vec::new(), page, ..first })
}
