//! Sites, lists matched against them, and what was found.

use crate::world::{Shared, at, digest};
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId, WorkerId};
use truebell_store::response::{Ask, Candidate, Decided, Joined, Listed, Match, Named, Phase, Relation, Site, Standing, TallyRow, Told};

const SITE: SiteId = SiteId([1; 16]);
const MATCH: MatchId = MatchId([2; 16]);
const ADA: ListedId = ListedId([10; 16]);
const BOB: ListedId = ListedId([11; 16]);
const EVE: ListedId = ListedId([12; 16]);
const ONE: WorkerId = WorkerId([20; 16]);
const OTHER: WorkerId = WorkerId([21; 16]);

const YES: Told = Told::Done(true);
const NO: Told = Told::Done(false);

async fn ask(store: &Shared, ask: Ask) -> Told {
    store.response(&ask).await.expect("it answers")
}

fn site(number: u8, name: &str) -> Site {
    Site { site: SiteId([number; 16]), name: name.into(), made: at(5), definition: r#"{"ä":1}"#.into(), secrets: vec![number; 3] }
}

fn matching(site: SiteId) -> Match {
    let (source, progress) = (r#"{"name":"Forum"}"#.into(), "{}".into());
    Match { matching: MATCH, site, phase: Phase::Reading, made: at(6), secret: vec![7; 4], source, progress }
}

fn candidate(number: u8, relation: Relation) -> Candidate {
    Candidate { pair: PairId([number; 16]), relation, sealed: vec![number; 5] }
}

fn named(account: ListedId, relation: Relation, candidate: Option<u8>) -> Named {
    Named { account, relation, candidate: candidate.map(|number| self::candidate(number, relation)) }
}

fn waiting(account: ListedId, turn: u64) -> Joined {
    Joined::Waiting { account, turn, sealed: vec![3; 6], word: "pbkdf2".into() }
}

fn decided(account: ListedId, grade: Option<u8>, evidence: Option<u8>) -> Decided {
    let evidence = evidence.map(|number| PairId([number; 16]));
    let (generation, sealed) = (grade.map(|_| digest(9)), grade.map(|_| vec![4; 4]));
    Decided { account, grade, generation, found: at(70), sealed, tried: 2, word: "pbkdf2".into(), evidence }
}

async fn advance(store: &Shared, from: Phase, to: Phase) -> Told {
    ask(store, Ask::Advance { matching: MATCH, from, to, progress: format!("{{\"to\":\"{to:?}\"}}") }).await
}

async fn accounts(store: &Shared, standing: Standing, after: Option<ListedId>, limit: u32) -> Vec<Listed> {
    match ask(store, Ask::Accounts { matching: MATCH, standing, after, limit }).await {
        Told::Accounts(accounts) => accounts,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &Shared, worker: WorkerId, now: u64, limit: u32) -> Vec<ListedId> {
    match ask(store, Ask::Claim { matching: MATCH, worker, now: at(now), until: at(now + 30), limit }).await {
        Told::Accounts(accounts) => accounts.into_iter().map(|listed| listed.account).collect(),
        other => panic!("{other:?}"),
    }
}

/// A match of three accounts: Ada with two candidates, Bob with one of a linked address, Eve with none.
async fn begun(store: &Shared) {
    assert_eq!(ask(store, Ask::AddSite(site(1, "shop"))).await, YES);
    assert_eq!(ask(store, Ask::BeginMatch(matching(SITE))).await, Told::Matches(vec![matching(SITE)]));
    let list = vec![
        named(BOB, Relation::Linked, Some(33)),
        named(ADA, Relation::Linked, Some(31)),
        named(ADA, Relation::Same, Some(32)),
        named(EVE, Relation::Same, None),
    ];
    assert_eq!(ask(store, Ask::AddNamed { matching: MATCH, named: list }).await, YES);
}

/// The same, and everybody's candidates wait.
async fn joined(store: &Shared) {
    begun(store).await;
    assert_eq!(advance(store, Phase::Reading, Phase::Joining).await, YES);
    let joined = vec![waiting(ADA, 2), waiting(BOB, 1), Joined::Decided(decided(EVE, Some(4), None))];
    assert_eq!(ask(store, Ask::Join { matching: MATCH, joined }).await, YES);
    assert_eq!(advance(store, Phase::Joining, Phase::Verifying).await, YES);
}

/// Rows in each table, with and without what may be missing.
pub(crate) async fn fill(store: &Shared) {
    joined(store).await;
    assert_eq!(claim(store, ONE, 50, 1).await, [BOB]);
    let lease = Ask::LeaseMatch { matching: MATCH, worker: ONE, now: at(50), until: at(80) };
    assert_eq!(ask(store, lease).await, YES);
}

pub(crate) async fn a_site_has_a_name_and_goes_with_all_that_was_found(store: Shared) {
    assert_eq!(ask(&store, Ask::Sites).await, Told::Sites(vec![]));
    assert_eq!(ask(&store, Ask::BeginMatch(matching(SITE))).await, NO, "of a site that is not there");
    joined(&store).await;
    let changed = Site { definition: "other".into(), ..site(1, "shop") };
    assert_eq!(ask(&store, Ask::AddSite(changed)).await, YES, "it is there, as it was");
    assert_eq!(ask(&store, Ask::AddSite(site(4, "shop"))).await, NO, "the name is taken");
    assert_eq!(ask(&store, Ask::AddSite(site(3, "forum"))).await, YES);
    assert_eq!(ask(&store, Ask::Sites).await, Told::Sites(vec![site(3, "forum"), site(1, "shop")]));
    assert_eq!(ask(&store, Ask::RemoveSite(SITE)).await, YES);
    assert_eq!(ask(&store, Ask::RemoveSite(SITE)).await, NO);
    assert_eq!(ask(&store, Ask::Matches(SITE)).await, Told::Matches(vec![]));
    assert_eq!(ask(&store, Ask::Tally(MATCH)).await, Told::Tally(vec![], 0));
    assert_eq!(ask(&store, Ask::Sites).await, Told::Sites(vec![site(3, "forum")]));
}

pub(crate) async fn a_match_begins_once_and_goes_from_phase_to_phase(store: Shared) {
    begun(&store).await;
    let other = Match { secret: vec![8; 4], source: "other".into(), ..matching(SITE) };
    assert_eq!(ask(&store, Ask::BeginMatch(other)).await, Told::Matches(vec![matching(SITE)]), "it stays as it is");
    assert_eq!(advance(&store, Phase::Joining, Phase::Verifying).await, NO);
    assert_eq!(advance(&store, Phase::Reading, Phase::Joining).await, YES);
    assert_eq!(advance(&store, Phase::Reading, Phase::Joining).await, NO);
    let now = Match { phase: Phase::Joining, progress: r#"{"to":"Joining"}"#.into(), ..matching(SITE) };
    assert_eq!(ask(&store, Ask::Matches(SITE)).await, Told::Matches(vec![now]));
}

pub(crate) async fn a_match_is_worked_on_by_one_until_its_lease_ends(store: Shared) {
    begun(&store).await;
    let lease = |worker, now, until| Ask::LeaseMatch { matching: MATCH, worker, now: at(now), until: at(until) };
    for (worker, now, until, expected) in
        [(ONE, 10, 40, YES), (OTHER, 20, 50, NO), (ONE, 30, 60, YES), (OTHER, 60, 90, NO), (OTHER, 61, 90, YES), (ONE, 70, 95, NO)]
    {
        assert_eq!(ask(&store, lease(worker, now, until)).await, expected, "{worker:?} at {now}");
    }
}

pub(crate) async fn what_a_list_names_is_there_once_with_its_closest_relation(store: Shared) {
    begun(&store).await;
    let again = vec![named(ADA, Relation::Same, Some(31)), named(BOB, Relation::Linked, Some(33)), named(BOB, Relation::Linked, None)];
    assert_eq!(ask(&store, Ask::AddNamed { matching: MATCH, named: again }).await, YES);
    let found = accounts(&store, Standing::Named, None, 10).await;
    let seen: Vec<_> = found
        .iter()
        .map(|listed| {
            (listed.account, listed.relation, listed.candidates.iter().map(|one| (one.pair.0[0], one.relation)).collect::<Vec<_>>())
        })
        .collect();
    let expected = [
        (ADA, Relation::Same, vec![(31, Relation::Same), (32, Relation::Same)]),
        (BOB, Relation::Linked, vec![(33, Relation::Linked)]),
        (EVE, Relation::Same, vec![]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(found[0].candidates[1], candidate(32, Relation::Same));
    let page = accounts(&store, Standing::Named, Some(ADA), 1).await;
    assert_eq!(page.iter().map(|listed| listed.account).collect::<Vec<_>>(), [BOB]);
}

pub(crate) async fn accounts_the_table_does_not_know_are_forgotten(store: Shared) {
    begun(&store).await;
    assert_eq!(advance(&store, Phase::Reading, Phase::Joining).await, YES);
    let joined = vec![waiting(ADA, 7), waiting(ListedId([99; 16]), 1)];
    assert_eq!(ask(&store, Ask::Join { matching: MATCH, joined }).await, YES);
    assert_eq!(ask(&store, Ask::Join { matching: MATCH, joined: vec![Joined::Decided(decided(ADA, None, None))] }).await, YES);
    assert_eq!(advance(&store, Phase::Joining, Phase::Verifying).await, YES);
    let row = TallyRow { standing: Standing::Waiting, grade: None, word: "pbkdf2".into(), accounts: 1, tried: 0 };
    assert_eq!(ask(&store, Ask::Tally(MATCH)).await, Told::Tally(vec![row], 2), "Ada waits as she did; Bob and Eve are gone");
}

pub(crate) async fn accounts_are_claimed_in_turn_by_one_until_its_lease_ends(store: Shared) {
    joined(&store).await;
    assert_eq!(claim(&store, ONE, 10, 1).await, [BOB]);
    assert_eq!(claim(&store, OTHER, 20, 5).await, [ADA]);
    assert_eq!(claim(&store, ONE, 35, 5).await, [], "its own are prolonged and not given again");
    assert_eq!(claim(&store, OTHER, 60, 5).await, [], "until 65");
    assert_eq!(claim(&store, OTHER, 66, 5).await, [BOB]);
    let finish = |worker, decided| Ask::Finish { matching: MATCH, worker, decided };
    assert_eq!(ask(&store, finish(ONE, decided(BOB, Some(2), None))).await, NO, "it is another's by now");
    assert_eq!(ask(&store, finish(OTHER, decided(BOB, Some(2), Some(33)))).await, YES);
    assert_eq!(ask(&store, finish(OTHER, decided(BOB, None, None))).await, NO, "it is decided");
}

pub(crate) async fn of_a_finding_its_evidence_stays_and_no_other_candidate(store: Shared) {
    joined(&store).await;
    assert_eq!(claim(&store, ONE, 10, 5).await, [BOB, ADA]);
    for decided in [decided(ADA, Some(1), Some(32)), decided(BOB, None, None)] {
        assert_eq!(ask(&store, Ask::Finish { matching: MATCH, worker: ONE, decided }).await, YES);
    }
    let found = accounts(&store, Standing::Decided, None, 10).await;
    let ada = Listed {
        account: ADA,
        relation: Relation::Same,
        grade: Some(1),
        generation: Some(digest(9)),
        found: Some(at(70)),
        sealed: Some(vec![4; 4]),
        word: "pbkdf2".into(),
        candidates: vec![candidate(32, Relation::Same)],
    };
    assert_eq!(found[0], ada);
    assert_eq!((found[1].grade, found[1].sealed.clone(), found[1].candidates.len()), (None, None, 0));
    let row = |grade, tried| TallyRow { standing: Standing::Decided, grade, word: "pbkdf2".into(), accounts: 1, tried };
    assert_eq!(ask(&store, Ask::Tally(MATCH)).await, Told::Tally(vec![row(None, 2), row(Some(1), 2), row(Some(4), 2)], 0));
    assert_eq!(advance(&store, Phase::Verifying, Phase::Done).await, YES);
}

pub(crate) async fn a_pair_that_was_tried_is_counted_once_and_never_given_again(store: Shared) {
    joined(&store).await;
    assert_eq!(claim(&store, ONE, 10, 5).await, [BOB, ADA]);
    let tried = |worker| Ask::Tried { matching: MATCH, worker, account: ADA, pair: PairId([31; 16]) };
    assert_eq!(ask(&store, tried(OTHER)).await, NO);
    assert_eq!(ask(&store, tried(ONE)).await, YES);
    assert_eq!(ask(&store, tried(ONE)).await, YES, "it is gone");
    let left = accounts(&store, Standing::Waiting, None, 1).await;
    assert_eq!(left[0].candidates, [candidate(32, Relation::Same)]);
    let decided = Decided { tried: 1, ..decided(ADA, Some(1), Some(32)) };
    assert_eq!(ask(&store, Ask::Finish { matching: MATCH, worker: ONE, decided }).await, YES);
    let row = |standing, grade, tried| TallyRow { standing, grade, word: "pbkdf2".into(), accounts: 1, tried };
    let rows = vec![row(Standing::Waiting, None, 0), row(Standing::Decided, Some(1), 2), row(Standing::Decided, Some(4), 2)];
    assert_eq!(ask(&store, Ask::Tally(MATCH)).await, Told::Tally(rows, 1));
}

pub(crate) async fn of_a_stopped_list_nothing_is_kept(store: Shared) {
    begun(&store).await;
    assert_eq!(advance(&store, Phase::Reading, Phase::Stopped).await, YES);
    assert_eq!(ask(&store, Ask::Tally(MATCH)).await, Told::Tally(vec![], 0));
    let now = Match { phase: Phase::Stopped, secret: vec![], progress: r#"{"to":"Stopped"}"#.into(), ..matching(SITE) };
    assert_eq!(ask(&store, Ask::Matches(SITE)).await, Told::Matches(vec![now]));
    let anew = Match { secret: vec![8; 4], ..matching(SITE) };
    assert_eq!(ask(&store, Ask::BeginMatch(anew.clone())).await, Told::Matches(vec![anew]), "it can begin anew, under another key");
}

pub(crate) async fn an_account_is_claimed_by_one_of_many(store: Shared) {
    assert_eq!(ask(&store, Ask::AddSite(site(1, "shop"))).await, YES);
    ask(&store, Ask::BeginMatch(matching(SITE))).await;
    let ids: Vec<_> = (0..60).map(|number| ListedId([number; 16])).collect();
    let named = ids.iter().map(|account| named(*account, Relation::Same, Some(account.0[0]))).collect();
    ask(&store, Ask::AddNamed { matching: MATCH, named }).await;
    advance(&store, Phase::Reading, Phase::Joining).await;
    let joined = ids.iter().map(|account| waiting(*account, 1)).collect();
    ask(&store, Ask::Join { matching: MATCH, joined }).await;
    advance(&store, Phase::Joining, Phase::Verifying).await;
    let works: Vec<_> = (0..8_u8)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = claim(&store, WorkerId([worker; 16]), 100, 3).await;
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for work in works {
        all.extend(work.await.expect("no panic"));
    }
    all.sort_unstable();
    assert_eq!(all, ids, "each once");
}
