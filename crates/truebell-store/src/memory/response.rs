//! Sites, lists matched against them, and what was found.

use super::state::State;
use crate::response::{Ask, Candidate, Decided, Joined, Listed, Match, Named, Phase, Relation, Site, Standing, TallyRow, Told, merge};
use crate::store::Result;
use crate::tables::{BreachAccountRow, BreachCandidateRow, BreachMatchRow, SiteRow};
use std::collections::BTreeMap;
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId, WorkerId};
use truebell_core::time::UnixMillis;

const LOWEST: ListedId = ListedId([0; 16]);
const HIGHEST: ListedId = ListedId([u8::MAX; 16]);

impl State {
    pub(super) fn response(&mut self, ask: &Ask) -> Result<Told> {
        Ok(match ask {
            Ask::AddSite(site) => Told::Done(self.add_site(site)),
            Ask::Sites => Told::Sites(self.all_sites()),
            Ask::RemoveSite(site) => Told::Done(self.remove_site(*site)),
            Ask::BeginMatch(new) => self.begin_match(new)?,
            Ask::Matches(site) => Told::Matches(self.matches_of(*site)?),
            Ask::LeaseMatch { matching, worker, now, until } => Told::Done(self.lease_match(*matching, *worker, *now, *until)),
            Ask::Advance { matching, from, to, progress } => Told::Done(self.advance(*matching, *from, *to, progress)),
            Ask::AddNamed { matching, named } => {
                self.add_named(*matching, named)?;
                Told::Done(true)
            }
            Ask::Join { matching, joined } => {
                joined.iter().for_each(|joined| self.join(*matching, joined));
                Told::Done(true)
            }
            Ask::Accounts { matching, standing, after, limit } => {
                Told::Accounts(self.breach_accounts_of(*matching, *standing, *after, *limit)?)
            }
            Ask::Claim { matching, worker, now, until, limit } => {
                Told::Accounts(self.claim_accounts(*matching, *worker, (*now, *until), *limit)?)
            }
            Ask::Finish { matching, worker, decided } => Told::Done(self.finish_account(*matching, *worker, decided)),
            Ask::Tally(matching) => self.tally(*matching)?,
            Ask::Tried { matching, worker, account, pair } => Told::Done(self.note_tried(*matching, *worker, *account, *pair)),
        })
    }

    fn add_site(&mut self, new: &Site) -> bool {
        if let Some(stored) = self.sites.values().find(|stored| stored.name == new.name) {
            return stored.site == new.site;
        }
        let row = SiteRow {
            site: new.site,
            made: new.made,
            secrets: new.secrets.clone(),
            definition: new.definition.clone(),
            name: new.name.clone(),
        };
        self.sites.insert(new.site, row);
        true
    }

    fn all_sites(&self) -> Vec<Site> {
        let read = |row: &SiteRow| Site {
            site: row.site,
            name: row.name.clone(),
            made: row.made,
            definition: row.definition.clone(),
            secrets: row.secrets.clone(),
        };
        let mut sites: Vec<_> = self.sites.values().map(read).collect();
        sites.sort_by(|a, b| a.name.cmp(&b.name));
        sites
    }

    fn remove_site(&mut self, site: SiteId) -> bool {
        let of_site: Vec<_> = self.breach_matches.values().filter(|row| row.site == site).map(|row| row.matching).collect();
        for matching in of_site {
            self.forget_named(matching);
            self.breach_matches.remove(&matching);
        }
        self.sites.remove(&site).is_some()
    }

    fn forget_named(&mut self, matching: MatchId) {
        self.breach_accounts.retain(|(of, _), _| *of != matching);
        self.breach_candidates.retain(|(of, ..), _| *of != matching);
    }

    fn begin_match(&mut self, new: &Match) -> Result<Told> {
        if !self.sites.contains_key(&new.site) {
            return Ok(Told::Done(false));
        }
        if self.breach_matches.get(&new.matching).is_some_and(|row| row.state == Phase::Stopped.number()) {
            self.breach_matches.remove(&new.matching);
        }
        let row = self.breach_matches.entry(new.matching).or_insert_with(|| BreachMatchRow {
            matching: new.matching,
            site: new.site,
            state: new.phase.number(),
            made: new.made,
            worker: None,
            lease: UnixMillis(0),
            secret: new.secret.clone(),
            source: new.source.clone(),
            progress: new.progress.clone(),
        });
        Ok(Told::Matches(vec![to_match(row)?]))
    }

    fn matches_of(&self, site: SiteId) -> Result<Vec<Match>> {
        let mut matches = self.breach_matches.values().filter(|row| row.site == site).map(to_match).collect::<Result<Vec<_>>>()?;
        matches.sort_by_key(|found| (found.made, found.matching));
        Ok(matches)
    }

    fn lease_match(&mut self, matching: MatchId, worker: WorkerId, now: UnixMillis, until: UnixMillis) -> bool {
        let Some(row) = self.breach_matches.get_mut(&matching) else { return false };
        if row.worker != Some(worker) && row.lease >= now {
            return false;
        }
        (row.worker, row.lease) = (Some(worker), until);
        true
    }

    fn advance(&mut self, matching: MatchId, from: Phase, to: Phase, progress: &str) -> bool {
        let Some(row) = self.breach_matches.get_mut(&matching).filter(|row| row.state == from.number()) else { return false };
        row.state = to.number();
        progress.clone_into(&mut row.progress);
        if to == Phase::Stopped {
            row.secret.clear();
            self.forget_named(matching);
        }
        if to == Phase::Verifying {
            let named = Standing::Named.number();
            self.breach_accounts.retain(|(of, _), row| *of != matching || row.state != named);
            let waits = |account: &ListedId| {
                self.breach_accounts.get(&(matching, *account)).is_some_and(|row| row.state == Standing::Waiting.number())
            };
            self.breach_candidates.retain(|(of, account, _), _| *of != matching || waits(account));
        }
        true
    }

    fn add_named(&mut self, matching: MatchId, named: &[Named]) -> Result<()> {
        let (accounts, candidates) = merge(named);
        for (account, relation) in accounts {
            let row = self.breach_accounts.entry((matching, account)).or_insert_with(|| BreachAccountRow {
                matching,
                account,
                state: Standing::Named.number(),
                relation: relation.number(),
                turn: 0,
                worker: None,
                lease: UnixMillis(0),
                grade: None,
                generation: None,
                found: None,
                sealed: None,
                tried: 0,
                word: String::new(),
            });
            row.relation = row.relation.min(relation.number());
        }
        for ((account, pair), candidate) in candidates {
            let Candidate { relation, sealed, .. } = candidate;
            let relation = relation.number();
            let row = BreachCandidateRow { matching, account, pair, relation, sealed };
            let row = self.breach_candidates.entry((matching, account, pair)).or_insert(row);
            row.relation = row.relation.min(relation);
        }
        Ok(())
    }

    fn join(&mut self, matching: MatchId, joined: &Joined) {
        let account = match joined {
            Joined::Waiting { account, .. } => *account,
            Joined::Decided(decided) => decided.account,
        };
        let row = self.breach_accounts.get_mut(&(matching, account)).filter(|row| row.state == Standing::Named.number());
        let Some(row) = row else { return };
        match joined {
            Joined::Waiting { turn, sealed, word, .. } => {
                row.state = Standing::Waiting.number();
                row.turn = *turn;
                row.sealed = Some(sealed.clone());
                row.word.clone_from(word);
            }
            Joined::Decided(decided) => self.decide(matching, decided),
        }
    }

    fn decide(&mut self, matching: MatchId, decided: &Decided) {
        if let Some(row) = self.breach_accounts.get_mut(&(matching, decided.account)) {
            row.state = Standing::Decided.number();
            row.grade = decided.grade;
            row.generation = decided.generation;
            row.found = Some(decided.found);
            row.sealed.clone_from(&decided.sealed);
            row.tried += decided.tried;
            row.word.clone_from(&decided.word);
            (row.worker, row.lease) = (None, UnixMillis(0));
        }
        let is_kept = |(of, account, pair): &(MatchId, ListedId, PairId)| {
            (*of, *account) != (matching, decided.account) || Some(*pair) == decided.evidence
        };
        self.breach_candidates.retain(|key, _| is_kept(key));
    }

    fn breach_accounts_of(&self, matching: MatchId, standing: Standing, after: Option<ListedId>, limit: u32) -> Result<Vec<Listed>> {
        let rows = self.breach_accounts.range((matching, after.unwrap_or(LOWEST))..=(matching, HIGHEST)).map(|(_, row)| row);
        let rows = rows.filter(|row| row.state == standing.number() && Some(row.account) != after);
        rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|row| self.to_listed(row)).collect()
    }

    fn to_listed(&self, row: &BreachAccountRow) -> Result<Listed> {
        let key = (row.matching, row.account);
        let candidates = self.breach_candidates.range((key.0, key.1, PairId([0; 16]))..=(key.0, key.1, PairId([u8::MAX; 16])));
        let candidates = candidates.map(|(_, row)| {
            Ok(Candidate { pair: row.pair, relation: Relation::from_number(row.relation.into())?, sealed: row.sealed.clone() })
        });
        Ok(Listed {
            account: row.account,
            relation: Relation::from_number(row.relation.into())?,
            grade: row.grade,
            generation: row.generation,
            found: row.found,
            sealed: row.sealed.clone(),
            word: row.word.clone(),
            candidates: candidates.collect::<Result<_>>()?,
        })
    }

    fn claim_accounts(
        &mut self,
        matching: MatchId,
        worker: WorkerId,
        (now, until): (UnixMillis, UnixMillis),
        limit: u32,
    ) -> Result<Vec<Listed>> {
        let waiting = Standing::Waiting.number();
        let of_match = (matching, LOWEST)..=(matching, HIGHEST);
        let rows = self.breach_accounts.range_mut(of_match).map(|(_, row)| row).filter(|row| row.state == waiting);
        let (own, others): (Vec<_>, Vec<_>) = rows.partition(|row| row.worker == Some(worker));
        own.into_iter().for_each(|row| row.lease = until);
        let mut free: Vec<_> = others.into_iter().filter(|row| row.lease < now).collect();
        free.sort_by_key(|row| (row.turn, row.account));
        free.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::new();
        for row in free {
            (row.worker, row.lease) = (Some(worker), until);
            claimed.push(row.clone());
        }
        claimed.iter().map(|row| self.to_listed(row)).collect()
    }

    fn finish_account(&mut self, matching: MatchId, worker: WorkerId, decided: &Decided) -> bool {
        let row = self.breach_accounts.get(&(matching, decided.account));
        let is_claimed = row.is_some_and(|row| row.state == Standing::Waiting.number() && row.worker == Some(worker));
        if is_claimed {
            self.decide(matching, decided);
        }
        is_claimed
    }

    fn note_tried(&mut self, matching: MatchId, worker: WorkerId, account: ListedId, pair: PairId) -> bool {
        let row = self.breach_accounts.get_mut(&(matching, account));
        let claimed = row.filter(|row| row.state == Standing::Waiting.number() && row.worker == Some(worker));
        let Some(row) = claimed else { return false };
        let was_there = self.breach_candidates.remove(&(matching, account, pair)).is_some();
        row.tried += u64::from(was_there);
        true
    }

    fn tally(&self, matching: MatchId) -> Result<Told> {
        let mut rows: BTreeMap<(Standing, Option<u8>, String), (u64, u64)> = BTreeMap::new();
        for (_, row) in self.breach_accounts.range((matching, LOWEST)..=(matching, HIGHEST)) {
            let counted = rows.entry((Standing::from_number(row.state.into())?, row.grade, row.word.clone())).or_default();
            *counted = (counted.0 + 1, counted.1 + row.tried);
        }
        let waits = |row: &&BreachCandidateRow| {
            let account = self.breach_accounts.get(&(row.matching, row.account));
            row.matching == matching && account.is_some_and(|account| account.state == Standing::Waiting.number())
        };
        let waiting = self.breach_candidates.values().filter(waits).count() as u64;
        let row = |((standing, grade, word), (accounts, tried))| TallyRow { standing, grade, word, accounts, tried };
        Ok(Told::Tally(rows.into_iter().map(row).collect(), waiting))
    }
}

fn to_match(row: &BreachMatchRow) -> Result<Match> {
    Ok(Match {
        matching: row.matching,
        site: row.site,
        phase: Phase::from_number(row.state.into())?,
        made: row.made,
        secret: row.secret.clone(),
        source: row.source.clone(),
        progress: row.progress.clone(),
    })
}
