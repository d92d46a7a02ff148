//! What the server holds: tickets, the failed list, and what administrators changed.

use crate::clock;
use crate::flow::{SERVICES, Service, ServiceKind};
use crate::ticket::{Ended, Ticket};
use crate::{Options, Tags};
use std::collections::BTreeSet;

/// A small generator of numbers that look random: the same seed, the same ones.
#[derive(Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn block(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}

/// A catalogue that somebody has made.
#[derive(Debug)]
pub(crate) struct MadeCatalog {
    pub id: u64,
    pub parent: u64,
    pub key: String,
    pub name: String,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub services: Vec<&'static Service>,
    pub tickets: Vec<Ticket>,
    pub failed: BTreeSet<String>,
    /// Nodes that an administrator has deleted from their flows. Tickets under way pass them all the same.
    pub deleted_nodes: BTreeSet<u64>,
    /// The catalogues that were made here, in project "0" or another one.
    pub catalogs: Vec<MadeCatalog>,
    pub tags: Tags,
    /// The address of the site, where tickets have pages.
    pub site: Option<String>,
    pub rewrites_texts: bool,
    pub random: Random,
    next_number: u64,
}

impl World {
    pub fn new(options: &Options, services: &[&'static Service], url: &str) -> Self {
        let mut random = Random(options.seed);
        let next_number = if options.seed == 0 { 2 } else { 1_000 + random.next() % 500_000 };
        Self {
            services: SERVICES.iter().chain(services.iter().copied()).collect(),
            tickets: Vec::new(),
            failed: BTreeSet::new(),
            deleted_nodes: BTreeSet::new(),
            catalogs: Vec::new(),
            tags: options.tags,
            site: options.page.then(|| url.to_owned()),
            rewrites_texts: options.rewrites_texts,
            random,
            next_number,
        }
    }

    pub fn service(&self, id: u64) -> Option<&'static Service> {
        self.services.iter().find(|service| service.id == id).copied()
    }

    pub fn new_number(&mut self, kind: ServiceKind) -> (u64, String) {
        let number = self.next_number;
        self.next_number += 1;
        let (prefix, today) = (kind.prefix(), clock::today());
        (number, format!("{prefix}{today}{number:06}"))
    }

    /// The ticket of a number. The server's database compares numbers without case.
    pub fn ticket(&self, sn: &str) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.sn.eq_ignore_ascii_case(sn))
    }

    pub fn ticket_mut(&mut self, sn: &str) -> Option<&mut Ticket> {
        self.tickets.iter_mut().find(|ticket| ticket.sn.eq_ignore_ascii_case(sn))
    }

    pub fn approve_result(&self, ticket: &Ticket) -> bool {
        ticket.approve_result(&self.deleted_nodes)
    }

    /// Does something to a ticket. If that ends it, the tickets merged under it end, too.
    pub fn act(&mut self, sn: &str, act: impl FnOnce(&mut Ticket) -> Ended) -> Ended {
        let Some(ticket) = self.ticket_mut(sn) else {
            return Ended::No;
        };
        if act(ticket) == Ended::No {
            return Ended::No;
        }
        let (sn, status, end) = (ticket.sn.clone(), ticket.status.clone(), ticket.end.clone());
        for child in self.tickets.iter_mut().filter(|child| child.parent.as_ref() == Some(&sn)) {
            if let Some(end) = &end {
                child.end_with_parent(&status, end.entry.clone());
            }
        }
        Ended::Yes
    }
}
