//! Tickets that pass a filter.

use super::Client;
use super::confirm::{honours_tags, stores_tags};
use super::session::{Asked, Question, Session};
use crate::domain::action::{Action, GET_TICKETS, GET_TICKETS_BY_USER};
use crate::domain::argument::check_sn;
use crate::domain::failure::{Failure, Origin};
use crate::domain::json::{Json, Mismatch};
use crate::domain::parameters::Parameters;
use crate::domain::search::{
    ANOTHER_PAGE, Filter, OTHER_NUMBERS, Page, UserFilter, UserTicket, View, ignores,
};
use crate::domain::ticket::{Ticket, is_same_sn};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// A page of the tickets that pass a filter.
    pub fn search(
        &mut self,
        filter: &Filter,
        page: u32,
        page_size: u32,
    ) -> Result<Page<Ticket>, Failure> {
        filter.sns.iter().try_for_each(|sn| check_sn("filter.sns", sn))?;
        let mut session = self.session_with(filter.tag.as_ref())?;
        // Rows tell neither their tag nor their project.
        let mut untold: Vec<Untold> = Vec::new();
        if filter.tag.is_some() {
            untold.push(("filter.tag", honours_tags(&mut session)?));
        }
        if filter.project_key.is_some() {
            untold.push(("filter.project-key", stores_tags(&mut session)?));
        }
        let parameters = |page| filter.parameters(page, page_size);
        let decode = |data: Json| {
            let found = Page::<Ticket>::decode(data)?;
            let asked = |sn: &str| filter.sns.iter().any(|asked| is_same_sn(asked, sn));
            if !filter.sns.is_empty() && !found.tickets.iter().all(|row| asked(&row.sn)) {
                return Err(OTHER_NUMBERS);
            }
            Ok(found)
        };
        let found = paged(&mut session, &GET_TICKETS, page, parameters, decode, &mut untold)?;
        filter.check(&found.tickets)?;
        if !found.tickets.is_empty() {
            for (name, is_honoured) in untold {
                if !is_honoured.answer? {
                    return Err(ignores(&GET_TICKETS, name));
                }
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
        let mut session = self.session()?;
        let parameters = |page| view.parameters(user, filter, page, page_size);
        let decode = Page::<UserTicket>::decode;
        let found = paged(&mut session, &GET_TICKETS_BY_USER, page, parameters, decode, &mut [])?;
        filter.check(&found.tickets)?;
        Ok(found)
    }
}

/// A condition that rows do not tell, and whether the server knows it.
type Untold<'q> = (&'static str, Question<'q, bool>);

/// A page, asked for together with whether the server knows what its rows do not tell.
///
/// A page beyond the last is an error of the server that has no code of its own (recorded). Whether
/// it is that, the first page tells; then the answer is what it should have been: no tickets.
fn paged<T>(
    session: &mut Session<impl Transport>,
    action: &Action,
    page: u32,
    parameters: impl Fn(u32) -> Result<Parameters, Failure>,
    decode: impl Fn(Json) -> Result<Page<T>, Mismatch>,
    untold: &mut [Untold],
) -> Result<Page<T>, Failure> {
    let action = &Action { too_large: Some("page-size"), ..*action };
    let mut found = session.question(action, parameters(page)?, |data| match decode(data)? {
        found if found.page == page => Ok(found),
        _ => Err(ANOTHER_PAGE),
    })?;
    let mut questions: Vec<&mut dyn Asked> = vec![&mut found];
    questions.extend(untold.iter_mut().map(|(_, one)| one as &mut dyn Asked));
    session.ask(&mut questions);
    let failure = match found.answer {
        Err(failure) if failure.origin == Origin::Itsm && page > 1 => failure,
        other => return other,
    };
    let first = session.query(action, parameters(1)?, &decode)?;
    if page <= first.pages {
        return Err(failure);
    }
    Ok(Page { tickets: Vec::new(), page, ..first })
}
