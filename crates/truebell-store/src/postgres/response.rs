//! Sites, lists matched against them, and what was found. What a list names comes in pages, each one statement.

use super::columns::{bound, find, fixed, int, list, number, optional_fixed, optional_time, run, small, time};
use super::failure::Result;
use crate::response::{Ask, Candidate, Decided, Joined, Listed, Match, Named, Phase, Relation, Site, Standing, TallyRow, Told, merge};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use truebell_core::hash::Hash32;
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId, WorkerId};
use truebell_core::time::UnixMillis;

const MATCH: &str = "matching, site, state, made, secret, source, progress";
const LISTED: &str = "account, relation, grade, generation, found, sealed, word";

pub(super) async fn response(db: &impl GenericClient, ask: &Ask) -> Result<Told> {
    Ok(match ask {
        Ask::AddSite(site) => Told::Done(add_site(db, site).await?),
        Ask::Sites => Told::Sites(sites(db).await?),
        Ask::RemoveSite(site) => Told::Done(remove_site(db, *site).await?),
        Ask::BeginMatch(new) => begin_match(db, new).await?,
        Ask::Matches(site) => Told::Matches(matches_of(db, *site).await?),
        Ask::LeaseMatch { matching, worker, now, until } => Told::Done(lease_match(db, *matching, *worker, *now, *until).await?),
        Ask::Advance { matching, from, to, progress } => Told::Done(advance(db, *matching, (*from, *to), progress).await?),
        Ask::AddNamed { matching, named } => {
            add_named(db, *matching, named).await?;
            Told::Done(true)
        }
        Ask::Join { matching, joined } => {
            for joined in joined {
                join(db, *matching, joined).await?;
            }
            Told::Done(true)
        }
        Ask::Accounts { matching, standing, after, limit } => Told::Accounts(accounts(db, *matching, *standing, *after, *limit).await?),
        Ask::Claim { matching, worker, now, until, limit } => Told::Accounts(claim(db, *matching, *worker, (*now, *until), *limit).await?),
        Ask::Finish { matching, worker, decided } => Told::Done(finish(db, *matching, *worker, decided).await?),
        Ask::Tally(matching) => tally(db, *matching).await?,
        Ask::Tried { matching, worker, account, pair } => Told::Done(note_tried(db, *matching, *worker, *account, *pair).await?),
    })
}

async fn add_site(db: &impl GenericClient, new: &Site) -> Result<bool> {
    let sql = "INSERT INTO sites (site, made, secrets, definition, name) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    run(db, sql, &[&new.site.0.as_slice(), &int(new.made.0)?, &new.secrets, &new.definition, &new.name]).await?;
    let stored = find(db, "SELECT site FROM sites WHERE name = $1", &[&new.name]).await?;
    Ok(stored.map(|row| fixed(&row, 0)).transpose()? == Some(new.site.0))
}

async fn sites(db: &impl GenericClient) -> Result<Vec<Site>> {
    let read = |row: &Row| {
        let (secrets, definition, name) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        Ok(Site { site: SiteId(fixed(row, 0)?), name, made: time(row, 1)?, definition, secrets })
    };
    list(db, "SELECT site, made, secrets, definition, name FROM sites ORDER BY name", &[]).await?.iter().map(read).collect()
}

async fn remove_site(db: &impl GenericClient, site: SiteId) -> Result<bool> {
    let site = site.0.as_slice();
    // Behind this lock no match begins.
    if find(db, "SELECT 1 FROM sites WHERE site = $1 FOR UPDATE", &[&site]).await?.is_none() {
        return Ok(false);
    }
    for table in ["breach_candidates", "breach_accounts"] {
        let sql = format!("DELETE FROM {table} WHERE matching IN (SELECT matching FROM breach_matches WHERE site = $1)");
        run(db, &sql, &[&site]).await?;
    }
    run(db, "DELETE FROM breach_matches WHERE site = $1", &[&site]).await?;
    Ok(run(db, "DELETE FROM sites WHERE site = $1", &[&site]).await? == 1)
}

fn to_match(row: &Row) -> Result<Match> {
    Ok(Match {
        matching: MatchId(fixed(row, 0)?),
        site: SiteId(fixed(row, 1)?),
        phase: Phase::from_number(number(row, 2)?)?,
        made: time(row, 3)?,
        secret: row.try_get(4)?,
        source: row.try_get(5)?,
        progress: row.try_get(6)?,
    })
}

async fn begin_match(db: &impl GenericClient, new: &Match) -> Result<Told> {
    let (id, site) = (new.matching.0.as_slice(), new.site.0.as_slice());
    if find(db, "SELECT 1 FROM sites WHERE site = $1 FOR SHARE", &[&site]).await?.is_none() {
        return Ok(Told::Done(false));
    }
    run(db, "DELETE FROM breach_matches WHERE matching = $1 AND state = 4", &[&id]).await?;
    let sql = "INSERT INTO breach_matches (matching, site, state, made, lease, secret, source, progress)
               VALUES ($1, $2, $3, $4, 0, $5, $6, $7) ON CONFLICT DO NOTHING";
    let phase = i64::from(new.phase.number());
    run(db, sql, &[&id, &site, &phase, &int(new.made.0)?, &new.secret, &new.source, &new.progress]).await?;
    let found = list(db, &format!("SELECT {MATCH} FROM breach_matches WHERE matching = $1"), &[&id]).await?;
    Ok(Told::Matches(found.iter().map(to_match).collect::<Result<_>>()?))
}

async fn matches_of(db: &impl GenericClient, site: SiteId) -> Result<Vec<Match>> {
    let sql = format!("SELECT {MATCH} FROM breach_matches WHERE site = $1 ORDER BY made, matching");
    list(db, &sql, &[&site.0.as_slice()]).await?.iter().map(to_match).collect()
}

async fn lease_match(db: &impl GenericClient, matching: MatchId, worker: WorkerId, now: UnixMillis, until: UnixMillis) -> Result<bool> {
    let sql = "UPDATE breach_matches SET worker = $2, lease = $4 WHERE matching = $1 AND (worker = $2 OR lease < $3)";
    let (matching, worker) = (matching.0.as_slice(), worker.0.as_slice());
    Ok(run(db, sql, &[&matching, &worker, &bound(now.0), &int(until.0)?]).await? == 1)
}

async fn advance(db: &impl GenericClient, matching: MatchId, (from, to): (Phase, Phase), progress: &str) -> Result<bool> {
    let id = matching.0.as_slice();
    let sql = "UPDATE breach_matches SET state = $3, progress = $4 WHERE matching = $1 AND state = $2";
    if run(db, sql, &[&id, &i64::from(from.number()), &i64::from(to.number()), &progress]).await? == 0 {
        return Ok(false);
    }
    if to == Phase::Stopped {
        run(db, "UPDATE breach_matches SET secret = '' WHERE matching = $1", &[&id]).await?;
        run(db, "DELETE FROM breach_accounts WHERE matching = $1", &[&id]).await?;
        run(db, "DELETE FROM breach_candidates WHERE matching = $1", &[&id]).await?;
    }
    if to == Phase::Verifying {
        run(db, "DELETE FROM breach_accounts WHERE matching = $1 AND state = 0", &[&id]).await?;
        let sql = "DELETE FROM breach_candidates c WHERE c.matching = $1 AND NOT EXISTS (SELECT 1 FROM breach_accounts a
                       WHERE a.matching = $1 AND a.account = c.account AND a.state = 1)";
        run(db, sql, &[&id]).await?;
    }
    Ok(true)
}

async fn add_named(db: &impl GenericClient, matching: MatchId, named: &[Named]) -> Result<()> {
    let (accounts, candidates) = merge(named);
    let ids: Vec<&[u8]> = accounts.keys().map(|id| id.0.as_slice()).collect();
    let relations: Vec<i64> = accounts.values().map(|relation| relation.number().into()).collect();
    let sql = "INSERT INTO breach_accounts (matching, account, state, relation, turn, lease, tried, word)
               SELECT $1, n.account, 0, n.relation, 0, 0, 0, '' FROM unnest($2::bytea[], $3::bigint[]) AS n (account, relation)
               ON CONFLICT (matching, account) DO UPDATE SET relation = least(breach_accounts.relation, excluded.relation)";
    run(db, sql, &[&matching.0.as_slice(), &ids, &relations]).await?;
    let ids: Vec<&[u8]> = candidates.keys().map(|(id, _)| id.0.as_slice()).collect();
    let pairs: Vec<&[u8]> = candidates.keys().map(|(_, pair)| pair.0.as_slice()).collect();
    let relations: Vec<i64> = candidates.values().map(|candidate| candidate.relation.number().into()).collect();
    let sealed: Vec<&[u8]> = candidates.values().map(|candidate| candidate.sealed.as_slice()).collect();
    let sql = "INSERT INTO breach_candidates (matching, account, pair, relation, sealed)
               SELECT $1, n.account, n.pair, n.relation, n.sealed
               FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[]) AS n (account, pair, relation, sealed)
               ON CONFLICT (matching, account, pair) DO UPDATE SET relation = least(breach_candidates.relation, excluded.relation)";
    run(db, sql, &[&matching.0.as_slice(), &ids, &pairs, &relations, &sealed]).await?;
    Ok(())
}

async fn join(db: &impl GenericClient, matching: MatchId, joined: &Joined) -> Result<()> {
    let id = matching.0.as_slice();
    match joined {
        Joined::Waiting { account, turn, sealed, word } => {
            let sql = "UPDATE breach_accounts SET state = 1, turn = $3, sealed = $4, word = $5
                       WHERE matching = $1 AND account = $2 AND state = 0";
            run(db, sql, &[&id, &account.0.as_slice(), &int(*turn)?, &sealed, &word]).await?;
        }
        Joined::Decided(decided) => {
            let sql = "SELECT 1 FROM breach_accounts WHERE matching = $1 AND account = $2 AND state = 0 FOR UPDATE";
            if find(db, sql, &[&id, &decided.account.0.as_slice()]).await?.is_some() {
                decide(db, matching, decided).await?;
            }
        }
    }
    Ok(())
}

async fn decide(db: &impl GenericClient, matching: MatchId, decided: &Decided) -> Result<()> {
    let (id, account) = (matching.0.as_slice(), decided.account.0.as_slice());
    let (grade, generation) = (decided.grade.map(i64::from), decided.generation.as_ref().map(|generation| generation.0.as_slice()));
    let sql = "UPDATE breach_accounts SET state = 2, grade = $3, generation = $4, found = $5, sealed = $6, tried = tried + $7, word = $8,
                   worker = NULL, lease = 0
               WHERE matching = $1 AND account = $2";
    let (found, tried) = (int(decided.found.0)?, int(decided.tried)?);
    run(db, sql, &[&id, &account, &grade, &generation, &found, &decided.sealed, &tried, &decided.word]).await?;
    let evidence = decided.evidence.as_ref().map(|pair| pair.0.as_slice());
    let sql = "DELETE FROM breach_candidates WHERE matching = $1 AND account = $2 AND pair IS DISTINCT FROM $3::bytea";
    run(db, sql, &[&id, &account, &evidence]).await?;
    Ok(())
}

/// Reads [`LISTED`]; its candidates come apart.
fn to_listed(row: &Row) -> Result<Listed> {
    let grade: Option<i64> = row.try_get(2)?;
    Ok(Listed {
        account: ListedId(fixed(row, 0)?),
        relation: Relation::from_number(number(row, 1)?)?,
        grade: grade.map(|_| small(row, 2)).transpose()?,
        generation: optional_fixed(row, 3)?.map(Hash32),
        found: optional_time(row, 4)?,
        sealed: row.try_get(5)?,
        word: row.try_get(6)?,
        candidates: Vec::new(),
    })
}

/// Reads accounts with their candidates, which come in one statement for all of them.
async fn with_candidates(db: &impl GenericClient, matching: MatchId, rows: &[Row]) -> Result<Vec<Listed>> {
    let mut listed = rows.iter().map(to_listed).collect::<Result<Vec<_>>>()?;
    let ids: Vec<Vec<u8>> = listed.iter().map(|listed| listed.account.0.to_vec()).collect();
    let sql =
        "SELECT account, pair, relation, sealed FROM breach_candidates WHERE matching = $1 AND account = ANY ($2) ORDER BY account, pair";
    for row in list(db, sql, &[&matching.0.as_slice(), &ids]).await? {
        let account = ListedId(fixed(&row, 0)?);
        let candidate =
            Candidate { pair: PairId(fixed(&row, 1)?), relation: Relation::from_number(number(&row, 2)?)?, sealed: row.try_get(3)? };
        listed.iter_mut().filter(|listed| listed.account == account).for_each(|listed| listed.candidates.push(candidate.clone()));
    }
    Ok(listed)
}

async fn accounts(
    db: &impl GenericClient,
    matching: MatchId,
    standing: Standing,
    after: Option<ListedId>,
    limit: u32,
) -> Result<Vec<Listed>> {
    let sql = format!(
        "SELECT {LISTED} FROM breach_accounts WHERE matching = $1 AND state = $2 AND account > $3::bytea ORDER BY account LIMIT $4"
    );
    // The empty text is before every id.
    let after = after.map_or(Vec::new(), |id| id.0.to_vec());
    let rows = list(db, &sql, &[&matching.0.as_slice(), &i64::from(standing.number()), &after, &i64::from(limit)]).await?;
    with_candidates(db, matching, &rows).await
}

/// Claimers pass by what another one holds: nobody waits, and no account is claimed twice.
async fn claim(
    db: &impl GenericClient,
    matching: MatchId,
    worker: WorkerId,
    (now, until): (UnixMillis, UnixMillis),
    limit: u32,
) -> Result<Vec<Listed>> {
    let (id, worker, until) = (matching.0.as_slice(), worker.0.as_slice(), int(until.0)?);
    let sql = "UPDATE breach_accounts SET lease = $3 WHERE matching = $1 AND state = 1 AND worker = $2";
    run(db, sql, &[&id, &worker, &until]).await?;
    let sql = format!(
        "SELECT {LISTED} FROM breach_accounts WHERE matching = $1 AND state = 1 AND lease < $2 AND worker IS DISTINCT FROM $3::bytea
         ORDER BY turn, account LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED"
    );
    let rows = list(db, &sql, &[&id, &bound(now.0), &worker, &i64::from(limit)]).await?;
    let listed = with_candidates(db, matching, &rows).await?;
    let ids: Vec<&[u8]> = listed.iter().map(|listed| listed.account.0.as_slice()).collect();
    let sql = "UPDATE breach_accounts SET worker = $3, lease = $4 WHERE matching = $1 AND account = ANY ($2)";
    run(db, sql, &[&id, &ids, &worker, &until]).await?;
    Ok(listed)
}

async fn finish(db: &impl GenericClient, matching: MatchId, worker: WorkerId, decided: &Decided) -> Result<bool> {
    let sql = "SELECT 1 FROM breach_accounts WHERE matching = $1 AND account = $2 AND state = 1 AND worker = $3 FOR UPDATE";
    let claimed = find(db, sql, &[&matching.0.as_slice(), &decided.account.0.as_slice(), &worker.0.as_slice()]).await?;
    if claimed.is_some() {
        decide(db, matching, decided).await?;
    }
    Ok(claimed.is_some())
}

async fn note_tried(db: &impl GenericClient, matching: MatchId, worker: WorkerId, account: ListedId, pair: PairId) -> Result<bool> {
    let (id, account, worker) = (matching.0.as_slice(), account.0.as_slice(), worker.0.as_slice());
    let sql = "SELECT 1 FROM breach_accounts WHERE matching = $1 AND account = $2 AND state = 1 AND worker = $3 FOR UPDATE";
    if find(db, sql, &[&id, &account, &worker]).await?.is_none() {
        return Ok(false);
    }
    let sql = "DELETE FROM breach_candidates WHERE matching = $1 AND account = $2 AND pair = $3";
    let gone = run(db, sql, &[&id, &account, &pair.0.as_slice()]).await?;
    run(db, "UPDATE breach_accounts SET tried = tried + $3 WHERE matching = $1 AND account = $2", &[&id, &account, &int(gone)?]).await?;
    Ok(true)
}

async fn tally(db: &impl GenericClient, matching: MatchId) -> Result<Told> {
    let id = matching.0.as_slice();
    let sql = "SELECT state, grade, word, count(*), sum(tried)::bigint FROM breach_accounts WHERE matching = $1
               GROUP BY state, grade, word ORDER BY state, grade NULLS FIRST, word";
    let read = |row: &Row| {
        let grade: Option<i64> = row.try_get(1)?;
        Ok(TallyRow {
            standing: Standing::from_number(number(row, 0)?)?,
            grade: grade.map(|_| small(row, 1)).transpose()?,
            word: row.try_get(2)?,
            accounts: number(row, 3)?,
            tried: number(row, 4)?,
        })
    };
    let rows = list(db, sql, &[&id]).await?.iter().map(read).collect::<Result<_>>()?;
    let sql = "SELECT count(*) FROM breach_candidates c JOIN breach_accounts a ON a.matching = c.matching AND a.account = c.account
               WHERE c.matching = $1 AND a.state = 1";
    let waiting = find(db, sql, &[&id]).await?.map(|row| number(&row, 0)).transpose()?.unwrap_or(0);
    Ok(Told::Tally(rows, waiting))
}
