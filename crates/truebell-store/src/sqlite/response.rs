//! Sites, lists matched against them, and what was found.

use super::columns::{bound, int, number, optional_time, time};
use crate::response::{Ask, Candidate, Decided, Joined, Listed, Match, Named, Phase, Relation, Site, Standing, TallyRow, Told, merge};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId, WorkerId};
use truebell_core::time::UnixMillis;

const MATCH: &str = "matching, site, state, made, secret, source, progress";
const LISTED: &str = "account, relation, grade, generation, found, sealed, word";

/// A number that means nothing: damage.
fn read<T>(row: &Row<'_>, column: usize, from: impl Fn(u64) -> Result<T>) -> rusqlite::Result<T> {
    from(number(row, column)?).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, -1))
}

pub(super) fn response(db: &Connection, ask: &Ask) -> Result<Told> {
    Ok(match ask {
        Ask::AddSite(site) => Told::Done(add_site(db, site)?),
        Ask::Sites => Told::Sites(sites(db)?),
        Ask::RemoveSite(site) => Told::Done(remove_site(db, *site)?),
        Ask::BeginMatch(new) => begin_match(db, new)?,
        Ask::Matches(site) => Told::Matches(matches_of(db, *site)?),
        Ask::LeaseMatch { matching, worker, now, until } => Told::Done(lease_match(db, *matching, *worker, *now, *until)?),
        Ask::Advance { matching, from, to, progress } => Told::Done(advance(db, *matching, (*from, *to), progress)?),
        Ask::AddNamed { matching, named } => {
            add_named(db, *matching, named)?;
            Told::Done(true)
        }
        Ask::Join { matching, joined } => {
            joined.iter().try_for_each(|joined| join(db, *matching, joined))?;
            Told::Done(true)
        }
        Ask::Accounts { matching, standing, after, limit } => Told::Accounts(accounts(db, *matching, *standing, *after, *limit)?),
        Ask::Claim { matching, worker, now, until, limit } => Told::Accounts(claim(db, *matching, *worker, (*now, *until), *limit)?),
        Ask::Finish { matching, worker, decided } => Told::Done(finish(db, *matching, *worker, decided)?),
        Ask::Tally(matching) => tally(db, *matching)?,
        Ask::Tried { matching, worker, account, pair } => Told::Done(note_tried(db, *matching, *worker, *account, *pair)?),
    })
}

fn add_site(db: &Connection, new: &Site) -> Result<bool> {
    let mut same = db.prepare_cached("SELECT site FROM sites WHERE name = ?")?;
    if let Some(stored) = same.query_row([&new.name], |row| row.get::<_, [u8; 16]>(0)).optional()? {
        return Ok(stored == new.site.0);
    }
    let mut insert = db.prepare_cached("INSERT INTO sites (site, made, secrets, definition, name) VALUES (?, ?, ?, ?, ?)")?;
    insert.execute(params![new.site.0, int(new.made.0)?, new.secrets, new.definition, new.name])?;
    Ok(true)
}

fn sites(db: &Connection) -> Result<Vec<Site>> {
    let mut statement = db.prepare_cached("SELECT site, made, secrets, definition, name FROM sites ORDER BY name")?;
    let read = |row: &Row<'_>| {
        let (site, secrets, definition, name) = (SiteId(row.get(0)?), row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Site { site, name, made: time(row, 1)?, definition, secrets })
    };
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

fn remove_site(db: &Connection, site: SiteId) -> Result<bool> {
    for table in ["breach_candidates", "breach_accounts"] {
        let sql = format!("DELETE FROM {table} WHERE matching IN (SELECT matching FROM breach_matches WHERE site = ?)");
        db.prepare_cached(&sql)?.execute([site.0])?;
    }
    db.prepare_cached("DELETE FROM breach_matches WHERE site = ?")?.execute([site.0])?;
    Ok(db.prepare_cached("DELETE FROM sites WHERE site = ?")?.execute([site.0])? == 1)
}

fn to_match(row: &Row<'_>) -> rusqlite::Result<Match> {
    Ok(Match {
        matching: MatchId(row.get(0)?),
        site: SiteId(row.get(1)?),
        phase: read(row, 2, Phase::from_number)?,
        made: time(row, 3)?,
        secret: row.get(4)?,
        source: row.get(5)?,
        progress: row.get(6)?,
    })
}

fn begin_match(db: &Connection, new: &Match) -> Result<Told> {
    if !db.prepare_cached("SELECT 1 FROM sites WHERE site = ?")?.exists([new.site.0])? {
        return Ok(Told::Done(false));
    }
    db.prepare_cached("DELETE FROM breach_matches WHERE matching = ? AND state = 4")?.execute([new.matching.0])?;
    let sql = "INSERT INTO breach_matches (matching, site, state, made, lease, secret, source, progress)
               VALUES (?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT DO NOTHING";
    let (id, site, phase) = (new.matching.0, new.site.0, new.phase.number());
    db.prepare_cached(sql)?.execute(params![id, site, phase, int(new.made.0)?, new.secret, new.source, new.progress])?;
    let mut find = db.prepare_cached(&format!("SELECT {MATCH} FROM breach_matches WHERE matching = ?"))?;
    Ok(Told::Matches(vec![find.query_row([id], to_match)?]))
}

fn matches_of(db: &Connection, site: SiteId) -> Result<Vec<Match>> {
    let mut statement = db.prepare_cached(&format!("SELECT {MATCH} FROM breach_matches WHERE site = ? ORDER BY made, matching"))?;
    Ok(statement.query_map([site.0], to_match)?.collect::<rusqlite::Result<_>>()?)
}

fn lease_match(db: &Connection, matching: MatchId, worker: WorkerId, now: UnixMillis, until: UnixMillis) -> Result<bool> {
    let sql = "UPDATE breach_matches SET worker = ?2, lease = ?4 WHERE matching = ?1 AND (worker IS ?2 OR lease < ?3)";
    Ok(db.prepare_cached(sql)?.execute(params![matching.0, worker.0, bound(now.0), int(until.0)?])? == 1)
}

fn advance(db: &Connection, matching: MatchId, (from, to): (Phase, Phase), progress: &str) -> Result<bool> {
    let sql = "UPDATE breach_matches SET state = ?3, progress = ?4 WHERE matching = ?1 AND state = ?2";
    if db.prepare_cached(sql)?.execute(params![matching.0, from.number(), to.number(), progress])? == 0 {
        return Ok(false);
    }
    if to == Phase::Stopped {
        db.prepare_cached("UPDATE breach_matches SET secret = x'' WHERE matching = ?")?.execute([matching.0])?;
        db.prepare_cached("DELETE FROM breach_accounts WHERE matching = ?")?.execute([matching.0])?;
        db.prepare_cached("DELETE FROM breach_candidates WHERE matching = ?")?.execute([matching.0])?;
    }
    if to == Phase::Verifying {
        db.prepare_cached("DELETE FROM breach_accounts WHERE matching = ? AND state = 0")?.execute([matching.0])?;
        let sql = "DELETE FROM breach_candidates WHERE matching = ?1 AND NOT EXISTS (SELECT 1 FROM breach_accounts a
                       WHERE a.matching = ?1 AND a.account = breach_candidates.account AND a.state = 1)";
        db.prepare_cached(sql)?.execute([matching.0])?;
    }
    Ok(true)
}

fn add_named(db: &Connection, matching: MatchId, named: &[Named]) -> Result<()> {
    let (accounts, candidates) = merge(named);
    let mut insert = db.prepare_cached(
        "INSERT INTO breach_accounts (matching, account, state, relation, turn, lease, tried, word) VALUES (?, ?, 0, ?, 0, 0, 0, '')
         ON CONFLICT (matching, account) DO UPDATE SET relation = min(relation, excluded.relation)",
    )?;
    for (account, relation) in accounts {
        insert.execute(params![matching.0, account.0, relation.number()])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO breach_candidates (matching, account, pair, relation, sealed) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (matching, account, pair) DO UPDATE SET relation = min(relation, excluded.relation)",
    )?;
    for ((account, pair), candidate) in candidates {
        insert.execute(params![matching.0, account.0, pair.0, candidate.relation.number(), candidate.sealed])?;
    }
    Ok(())
}

fn join(db: &Connection, matching: MatchId, joined: &Joined) -> Result<()> {
    match joined {
        Joined::Waiting { account, turn, sealed, word } => {
            let sql = "UPDATE breach_accounts SET state = 1, turn = ?3, sealed = ?4, word = ?5
                       WHERE matching = ?1 AND account = ?2 AND state = 0";
            db.prepare_cached(sql)?.execute(params![matching.0, account.0, int(*turn)?, sealed, word])?;
        }
        Joined::Decided(decided) => {
            let sql = "SELECT 1 FROM breach_accounts WHERE matching = ? AND account = ? AND state = 0";
            if db.prepare_cached(sql)?.exists(params![matching.0, decided.account.0])? {
                decide(db, matching, decided)?;
            }
        }
    }
    Ok(())
}

fn decide(db: &Connection, matching: MatchId, decided: &Decided) -> Result<()> {
    let sql = "UPDATE breach_accounts SET state = 2, grade = ?3, generation = ?4, found = ?5, sealed = ?6, tried = tried + ?7, word = ?8,
                   worker = NULL, lease = 0
               WHERE matching = ?1 AND account = ?2";
    let (id, account, generation) = (matching.0, decided.account.0, decided.generation.map(|generation| generation.0));
    let (found, tried) = (int(decided.found.0)?, int(decided.tried)?);
    db.prepare_cached(sql)?.execute(params![id, account, decided.grade, generation, found, decided.sealed, tried, decided.word])?;
    let sql = "DELETE FROM breach_candidates WHERE matching = ?1 AND account = ?2 AND pair IS NOT ?3";
    db.prepare_cached(sql)?.execute(params![id, account, decided.evidence.map(|pair| pair.0)])?;
    Ok(())
}

/// Reads [`LISTED`]; its candidates come apart.
fn to_listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        account: ListedId(row.get(0)?),
        relation: read(row, 1, Relation::from_number)?,
        grade: row.get(2)?,
        generation: row.get::<_, Option<[u8; 32]>>(3)?.map(Hash32),
        found: optional_time(row, 4)?,
        sealed: row.get(5)?,
        word: row.get(6)?,
        candidates: Vec::new(),
    })
}

fn with_candidates(db: &Connection, matching: MatchId, mut listed: Listed) -> Result<Listed> {
    let sql = "SELECT pair, relation, sealed FROM breach_candidates WHERE matching = ? AND account = ? ORDER BY pair";
    let read =
        |row: &Row<'_>| Ok(Candidate { pair: PairId(row.get(0)?), relation: read(row, 1, Relation::from_number)?, sealed: row.get(2)? });
    let mut statement = db.prepare_cached(sql)?;
    listed.candidates = statement.query_map(params![matching.0, listed.account.0], read)?.collect::<rusqlite::Result<_>>()?;
    Ok(listed)
}

fn accounts(db: &Connection, matching: MatchId, standing: Standing, after: Option<ListedId>, limit: u32) -> Result<Vec<Listed>> {
    let sql = format!(
        "SELECT {LISTED} FROM breach_accounts WHERE matching = ?1 AND state = ?2 AND (?3 IS NULL OR account > ?3) ORDER BY account LIMIT ?4"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params![matching.0, standing.number(), after.map(|id| id.0), limit], to_listed)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(|listed| with_candidates(db, matching, listed)).collect()
}

fn claim(db: &Connection, matching: MatchId, worker: WorkerId, (now, until): (UnixMillis, UnixMillis), limit: u32) -> Result<Vec<Listed>> {
    let sql = "UPDATE breach_accounts SET lease = ?3 WHERE matching = ?1 AND state = 1 AND worker = ?2";
    db.prepare_cached(sql)?.execute(params![matching.0, worker.0, int(until.0)?])?;
    let sql = format!(
        "SELECT {LISTED} FROM breach_accounts WHERE matching = ?1 AND state = 1 AND lease < ?2 AND worker IS NOT ?3
         ORDER BY turn, account LIMIT ?4"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params![matching.0, bound(now.0), worker.0, limit], to_listed)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut take = db.prepare_cached("UPDATE breach_accounts SET worker = ?3, lease = ?4 WHERE matching = ?1 AND account = ?2")?;
    for listed in &found {
        take.execute(params![matching.0, listed.account.0, worker.0, int(until.0)?])?;
    }
    found.into_iter().map(|listed| with_candidates(db, matching, listed)).collect()
}

fn finish(db: &Connection, matching: MatchId, worker: WorkerId, decided: &Decided) -> Result<bool> {
    let sql = "SELECT 1 FROM breach_accounts WHERE matching = ? AND account = ? AND state = 1 AND worker = ?";
    let is_claimed = db.prepare_cached(sql)?.exists(params![matching.0, decided.account.0, worker.0])?;
    if is_claimed {
        decide(db, matching, decided)?;
    }
    Ok(is_claimed)
}

fn note_tried(db: &Connection, matching: MatchId, worker: WorkerId, account: ListedId, pair: PairId) -> Result<bool> {
    let sql = "SELECT 1 FROM breach_accounts WHERE matching = ? AND account = ? AND state = 1 AND worker = ?";
    if !db.prepare_cached(sql)?.exists(params![matching.0, account.0, worker.0])? {
        return Ok(false);
    }
    let sql = "DELETE FROM breach_candidates WHERE matching = ? AND account = ? AND pair = ?";
    let gone = db.prepare_cached(sql)?.execute(params![matching.0, account.0, pair.0])?;
    let sql = "UPDATE breach_accounts SET tried = tried + ?3 WHERE matching = ?1 AND account = ?2";
    db.prepare_cached(sql)?.execute(params![matching.0, account.0, int(gone as u64)?])?;
    Ok(true)
}

fn tally(db: &Connection, matching: MatchId) -> Result<Told> {
    let sql = "SELECT state, grade, word, count(*), sum(tried) FROM breach_accounts WHERE matching = ?
               GROUP BY state, grade, word ORDER BY state, grade, word";
    let read = |row: &Row<'_>| {
        let standing = read(row, 0, Standing::from_number)?;
        Ok(TallyRow { standing, grade: row.get(1)?, word: row.get(2)?, accounts: number(row, 3)?, tried: number(row, 4)? })
    };
    let rows = db.prepare_cached(sql)?.query_map([matching.0], read)?.collect::<rusqlite::Result<_>>()?;
    let sql = "SELECT count(*) FROM breach_candidates c JOIN breach_accounts a ON a.matching = c.matching AND a.account = c.account
               WHERE c.matching = ? AND a.state = 1";
    let waiting = db.prepare_cached(sql)?.query_row([matching.0], |row| number(row, 0))?;
    Ok(Told::Tally(rows, waiting))
}
