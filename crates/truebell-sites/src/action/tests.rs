//! Promises about actions, on real databases: each keeps the same contract.

use proptest::prelude::*;
use truebell_core::chance::Chance;
use truebell_core::secret::Secret;

use super::*;
use crate::password::{Dialect, Implementation, Stored, Verdict, Verifier, is_locked, recheck};
use crate::source::testbed::Database;
use crate::source::{Account, Preset, State};

const SHA1: &str = "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8";
/// Its password.
const OLD: &[u8] = "lètmein".as_bytes();
const FIRST: Intent = Intent::from_bytes([7; 16]);
const SECOND: Intent = Intent::from_bytes([9; 16]);

struct Counting(u8);

impl Chance for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(113);
            *byte = self.0;
        }
    }
}

/// A Django site with user 7 on each kind of database.
async fn sites(name: &str, id_type: &str, id: &str) -> [Database; 3] {
    let databases = Database::all(&format!("act_{name}")).await;
    for database in &databases {
        database
            .execute(&format!(
                "CREATE TABLE auth_user (id {id_type} PRIMARY KEY, password VARCHAR(128), username VARCHAR(150), email VARCHAR(254), is_active BOOLEAN);
                 INSERT INTO auth_user VALUES ({id}, '{SHA1}', 'ada', 'ada@example.org', true)"
            ))
            .await;
    }
    databases
}

async fn actor(site: &Database) -> Box<dyn Actor> {
    open_as(site, Preset::Django).await.expect("it opens")
}

async fn open_as(site: &Database, preset: Preset) -> Result<Box<dyn Actor>, ActionError> {
    let table = preset.table();
    open(&site.location(), &table, &preset.recipe().expect("a recipe"), &preset.revocations(&table)).await
}

async fn prepared(actor: &mut dyn Actor, id: &str) -> Prepared {
    match actor.prepare(id).await.expect("it answers") {
        Found::Account(prepared) => *prepared,
        other => panic!("{other:?}"),
    }
}

fn proven(prepared: Prepared, recipe: &Recipe, password: &[u8]) -> Proven {
    let verifier = Verifier::parse(&prepared.stored(), recipe).expect("it is read");
    let rechecked = recheck("finding", &verifier, password).expect("it matches");
    prepared.prove(&rechecked).expect("the same verifier")
}

/// User 7, proven.
async fn ready(actor: &mut dyn Actor, id: &str) -> Proven {
    proven(prepared(actor, id).await, &Recipe::named(Dialect::Django), OLD)
}

async fn account(site: &Database, preset: Preset, id: &str) -> Account {
    let mut source = crate::source::open(&site.location(), &preset.table()).await.expect("it opens");
    let page = source.page(None, 100).await.expect("a page");
    page.accounts.into_iter().find(|account| account.id == id).expect("the account")
}

#[tokio::test]
async fn a_reset_is_done_once_seen_and_undone_exactly() {
    for (name, id_type, given, id) in [
        ("int", "INTEGER", "7", "7"),
        ("big", "BIGINT", "9007199254740993", "9007199254740993"),
        ("text", "VARCHAR(20)", "'a-7'", "a-7"),
        ("uuid", "UUID", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ] {
        for site in sites(name, id_type, given).await {
            let told = format!("{name} on {}", site.location());
            let mut actor = actor(&site).await;
            let proven = ready(&mut *actor, id).await;
            let (old, generation) = (proven.held().clone(), proven.account().generation.expect("a generation"));
            assert_eq!(actor.look(id, FIRST, generation).await, Ok(Seen::NotDone), "{told}");
            assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done), "{told}");
            assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done), "again, {told}");
            assert_eq!(actor.look(id, FIRST, generation).await, Ok(Seen::Done), "{told}");
            assert_eq!(actor.look(id, SECOND, generation).await, Ok(Seen::SomethingElse), "{told}");
            assert_eq!(actor.reset(&proven, SECOND).await, Ok(Reset::Changed), "another's intent, {told}");
            assert_eq!(actor.undo(id, SECOND, &old).await, Ok(Undo::ChosenANewOne), "another's intent, {told}");
            assert_ne!(account(&site, Preset::Django, id).await.generation, Some(generation), "{told}");
            assert_eq!(actor.undo(id, FIRST, &old).await, Ok(Undo::PutBack), "{told}");
            assert_eq!(actor.undo(id, FIRST, &old).await, Ok(Undo::PutBack), "again, {told}");
            assert_eq!(account(&site, Preset::Django, id).await.generation, Some(generation), "{told}");
            assert_eq!(actor.look(id, FIRST, generation).await, Ok(Seen::NotDone), "{told}");
            drop(actor);
            site.end().await;
        }
    }
}

#[tokio::test]
async fn a_password_that_changed_meanwhile_is_never_touched_neither_by_a_reset_nor_by_an_undo() {
    for site in sites("changed", "INTEGER", "7").await {
        let mut actor = actor(&site).await;
        let proven = ready(&mut *actor, "7").await;
        let (old, generation) = (proven.held().clone(), proven.account().generation.expect("a generation"));
        // One letter in another case: not the same digest to anybody but a careless collation.
        let upper = SHA1.to_uppercase();
        for new in ["another", upper.as_str(), &format!("{SHA1} "), ""] {
            site.execute(&format!("UPDATE auth_user SET password = '{new}'")).await;
            assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Changed), "{new}");
            assert_eq!(actor.undo("7", FIRST, &old).await, Ok(Undo::ChosenANewOne), "{new}");
            assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::SomethingElse), "{new}");
        }
        site.execute("UPDATE auth_user SET password = NULL").await;
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Changed));
        assert_eq!(actor.undo("7", FIRST, &old).await, Ok(Undo::ChosenANewOne));
        assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::SomethingElse));
        site.execute(&format!("UPDATE auth_user SET password = '{SHA1}'")).await;
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done));
        site.execute("UPDATE auth_user SET password = 'chosen'").await;
        assert_eq!(actor.undo("7", FIRST, &old).await, Ok(Undo::ChosenANewOne));
        site.execute("DELETE FROM auth_user").await;
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Gone));
        assert_eq!(actor.undo("7", FIRST, &old).await, Ok(Undo::Gone));
        assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::Gone));
        assert_eq!(actor.prepare("7").await, Ok(Found::Gone));
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn a_finding_of_another_verifier_proves_nothing() {
    let site = Database::sqlite();
    site.execute(&format!("CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT, username TEXT, email TEXT, is_active BOOLEAN); INSERT INTO auth_user VALUES (7, '{SHA1}', 'a', 'a@b.org', 1)")).await;
    let mut actor = actor(&site).await;
    let earlier = prepared(&mut *actor, "7").await;
    let verifier = Verifier::parse(&earlier.stored(), &Recipe::named(Dialect::Django)).expect("it is read");
    let rechecked = recheck("finding", &verifier, OLD).expect("it matches");
    site.execute("UPDATE auth_user SET password = 'another'").await;
    let now = prepared(&mut *actor, "7").await;
    assert_eq!(now.prove(&rechecked), None);
    assert!(earlier.prove(&rechecked).is_some());
}

#[tokio::test]
async fn accounts_without_a_password_of_the_site_or_out_of_use_are_never_prepared() {
    for site in sites("unused", "INTEGER", "7").await {
        let mut actor = actor(&site).await;
        let proven = ready(&mut *actor, "7").await;
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done));
        for (statement, expected) in [
            ("UPDATE auth_user SET password = NULL", State::SsoOnly),
            ("UPDATE auth_user SET password = ''", State::SsoOnly),
            ("UPDATE auth_user SET password = '!abc'", State::SsoOnly),
            ("UPDATE auth_user SET password = 'x', is_active = false", State::Disabled),
        ] {
            site.execute(statement).await;
            assert_eq!(actor.prepare("7").await, Ok(Found::NotInUse(expected)), "{statement}");
        }
        for odd in ["8", "7 ", "07", "", "7; DROP TABLE auth_user"] {
            // A number that is none is refused by PostgreSQL and nobody's account to SQLite; neither takes it for another's.
            let found = actor.prepare(odd).await;
            assert!(matches!(found, Ok(Found::Gone) | Err(ActionError::Refused(_))), "{odd}: {found:?}");
        }
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn of_many_at_once_exactly_one_wins() {
    for site in sites("race", "INTEGER", "7").await {
        let (mut tasks, mut actors) = (Vec::new(), Vec::new());
        for number in 1..=6_u8 {
            let mut actor = actor(&site).await;
            let proven = ready(&mut *actor, "7").await;
            actors.push((actor, proven, Intent::from_bytes([number; 16])));
        }
        for (mut actor, proven, intent) in actors {
            tasks.push(tokio::spawn(async move { actor.reset(&proven, intent).await }));
        }
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.expect("it ends").expect("it answers"));
        }
        let done = outcomes.iter().filter(|outcome| **outcome == Reset::Done).count();
        let changed = outcomes.iter().filter(|outcome| **outcome == Reset::Changed).count();
        assert_eq!((done, changed), (1, 5), "{}", site.location());
        site.end().await;
    }
}

#[tokio::test]
async fn the_columns_of_a_generation_are_compared_together_and_other_tables_are_followed() {
    let databases = Database::all("act_discourse").await;
    let (recipe, password) = (Preset::Discourse.recipe().expect("a recipe"), Secret::new("correct horse"));
    let like = Stored { salt: Some("00"), ..Stored::of("00") };
    let made = crate::password::make(&password, &like, &recipe, &mut Counting(3)).expect("it is made");
    let Stored { verifier, salt, parameters, .. } = made.stored(None);
    let (salt, parameters) = (salt.expect("a salt"), parameters.expect("parameters"));
    for site in databases {
        site.execute(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, active BOOLEAN, staged BOOLEAN);
             CREATE TABLE user_emails (user_id INTEGER, email TEXT, \"primary\" BOOLEAN);
             CREATE TABLE user_passwords (user_id INTEGER, password_hash VARCHAR(64), password_salt VARCHAR(32), password_algorithm VARCHAR(64));
             CREATE TABLE user_auth_tokens (id INTEGER, user_id INTEGER);
             INSERT INTO users VALUES (7, true, false), (8, true, false);
             INSERT INTO user_emails VALUES (7, 'a@example.org', true), (8, 'b@example.org', true);
             INSERT INTO user_passwords VALUES (7, '{verifier}', '{salt}', '{parameters}'), (8, '{verifier}', '{salt}', '{parameters}');
             INSERT INTO user_auth_tokens VALUES (1, 7), (2, 7), (3, 8)"
        ))
        .await;
        let mut actor = open_as(&site, Preset::Discourse).await.expect("it opens");
        assert_eq!(actor.revokes(), ["deletes rows of `user_auth_tokens`"]);
        let ready = proven(prepared(&mut *actor, "7").await, &recipe, b"correct horse");
        site.execute("UPDATE user_passwords SET password_salt = 'another'").await;
        assert_eq!(actor.reset(&ready, FIRST).await, Ok(Reset::Changed), "another salt is another generation");
        site.execute(&format!("UPDATE user_passwords SET password_salt = '{salt}'")).await;
        assert_eq!(actor.reset(&ready, FIRST).await, Ok(Reset::Done));
        assert_eq!(site.number("SELECT COUNT(*) FROM user_auth_tokens WHERE user_id = 7").await, 0, "signed out");
        assert_eq!(site.number("SELECT COUNT(*) FROM user_auth_tokens WHERE user_id = 8").await, 1, "nobody else is");
        assert_eq!(account(&site, Preset::Discourse, "7").await.state, State::SsoOnly, "known for a lock");
        assert_eq!(account(&site, Preset::Discourse, "8").await.state, State::Active);
        let chosen = Secret::new("a much better one");
        assert_eq!(actor.set_password("7", FIRST, &chosen, &mut Counting(5)).await, Ok(Set::Done));
        let now = account(&site, Preset::Discourse, "7").await;
        let verifier = Verifier::parse(&now.held.as_ref().expect("a verifier").stored(None), &recipe).expect("it is read");
        assert_eq!(verifier.check(chosen.expose().as_bytes(), Implementation::First), Verdict::Matches);
        assert_eq!(actor.undo("7", FIRST, ready.held()).await, Ok(Undo::ChosenANewOne));
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn a_new_password_is_stored_only_while_the_lock_is_there() {
    for site in sites("set", "INTEGER", "7").await {
        let mut actor = actor(&site).await;
        let (chosen, mut chance) = (Secret::new("a much better one"), Counting(5));
        assert_eq!(actor.set_password("7", FIRST, &chosen, &mut chance).await, Ok(Set::NotLocked), "never reset");
        let proven = ready(&mut *actor, "7").await;
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done));
        assert_eq!(actor.set_password("7", SECOND, &chosen, &mut chance).await, Ok(Set::NotLocked), "another's intent");
        assert_eq!(actor.set_password("8", FIRST, &chosen, &mut chance).await, Ok(Set::Gone));
        assert_eq!(
            actor.set_password("7", FIRST, &Secret::new(""), &mut chance).await.map_err(|error| error.to_string()),
            Err("this password does not fit the site's format: the password is empty; choose another".to_owned())
        );
        assert_eq!(actor.set_password("7", FIRST, &chosen, &mut chance).await, Ok(Set::Done));
        assert_eq!(actor.set_password("7", FIRST, &chosen, &mut chance).await, Ok(Set::NotLocked), "once");
        let now = account(&site, Preset::Django, "7").await;
        let held = now.held.expect("a verifier");
        let stored = held.stored(None);
        assert!(stored.verifier.starts_with("pbkdf2_sha256$1000000$"), "{}", stored.verifier);
        let verifier = Verifier::parse(&stored, &Recipe::named(Dialect::Django)).expect("it is read");
        assert_eq!(verifier.check(chosen.expose().as_bytes(), Implementation::First), Verdict::Matches);
        assert_eq!(actor.undo("7", FIRST, proven.held()).await, Ok(Undo::ChosenANewOne));
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn sessions_end_with_the_reset_and_whoever_is_not_reset_keeps_them() {
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
    for site in Database::all("act_sessions").await {
        site.execute(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password VARCHAR(255), remember_token VARCHAR(100));
             CREATE TABLE sessions (id VARCHAR(40), user_id BIGINT);
             INSERT INTO users VALUES (7, 'a@b.org', '{bcrypt}', 'token'), (8, 'c@b.org', '{bcrypt}', 'token');
             INSERT INTO sessions VALUES ('a', 7), ('b', 7), ('c', 8), ('d', NULL)"
        ))
        .await;
        let mut actor = open_as(&site, Preset::Laravel).await.expect("it opens");
        assert_eq!(actor.revokes(), ["deletes rows of `sessions`", "empties `remember_token` of `users`"]);
        let ready = proven(prepared(&mut *actor, "7").await, &Preset::Laravel.recipe().expect("a recipe"), b"correct horse battery staple");
        site.execute("UPDATE users SET password = 'x' WHERE id = 7").await;
        assert_eq!(actor.reset(&ready, FIRST).await, Ok(Reset::Changed));
        assert_eq!(site.number("SELECT COUNT(*) FROM sessions").await, 4, "nobody was reset, nobody is signed out");
        site.execute(&format!("UPDATE users SET password = '{bcrypt}' WHERE id = 7")).await;
        assert_eq!(actor.reset(&ready, FIRST).await, Ok(Reset::Done));
        assert_eq!(site.number("SELECT COUNT(*) FROM sessions WHERE user_id = 7").await, 0);
        assert_eq!(site.number("SELECT COUNT(*) FROM sessions").await, 2);
        assert_eq!(site.number("SELECT COUNT(*) FROM users WHERE remember_token IS NULL").await, 1);
        drop(actor);
        site.execute("DROP TABLE sessions; ALTER TABLE users DROP COLUMN remember_token").await;
        let actor = open_as(&site, Preset::Laravel).await.expect("a site without them");
        assert_eq!(actor.revokes(), Vec::<String>::new());
        drop(actor);
        site.end().await;
    }
}

/// Triggers that refuse a change in words, triggers that let it pass and keep something else, and what removes one.
fn triggers(site: &Database) -> (&'static [&'static str], &'static [&'static str], &'static str) {
    match site {
        Database::Sqlite(_) => (
            &["CREATE TRIGGER veto BEFORE UPDATE ON auth_user BEGIN SELECT RAISE(ABORT, 'no'); END"],
            &[
                "CREATE TRIGGER veto BEFORE UPDATE ON auth_user BEGIN SELECT RAISE(IGNORE); END",
                "CREATE TRIGGER veto AFTER UPDATE ON auth_user BEGIN UPDATE auth_user SET password = 'theirs' WHERE id = NEW.id; END",
            ],
            "DROP TRIGGER veto",
        ),
        Database::Postgres { .. } => (
            &[
                "CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
                 CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION veto()",
                // It speaks only when the transaction is to be kept.
                "CREATE CONSTRAINT TRIGGER veto AFTER UPDATE ON auth_user DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION veto()",
            ],
            &[
                "CREATE OR REPLACE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
                 CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION veto()",
                "CREATE OR REPLACE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.password := 'theirs'; RETURN NEW; END $$; \
                 CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION veto()",
            ],
            "DROP TRIGGER veto ON auth_user",
        ),
        Database::MariaDb { .. } => (
            &["CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"],
            &[
                // The row is met and not changed.
                "CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW SET NEW.password = OLD.password",
                "CREATE TRIGGER veto BEFORE UPDATE ON auth_user FOR EACH ROW SET NEW.password = 'theirs'",
            ],
            "DROP TRIGGER veto",
        ),
    }
}

#[tokio::test]
async fn what_the_database_does_not_take_is_taken_back_whole_and_said() {
    for site in sites("veto", "INTEGER", "7").await {
        let (raises, keeps, end) = triggers(&site);
        let mut actor = actor(&site).await;
        let proven = ready(&mut *actor, "7").await;
        let generation = proven.account().generation.expect("a generation");
        for (triggers, expected) in [(raises, "refused it"), (keeps, "kept `auth_user` as it was")] {
            for trigger in triggers {
                site.execute(trigger).await;
                let told = actor.reset(&proven, FIRST).await.expect_err(trigger).to_string();
                assert!(told.contains(expected) && told.contains("nothing was done"), "{told}");
                assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::NotDone), "{trigger}");
                site.execute(end).await;
            }
        }
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done), "the same actor goes on");
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn two_rows_with_one_id_are_left_alone() {
    for site in Database::all("act_twice").await {
        site.execute(&format!(
            "CREATE TABLE auth_user (id INTEGER, password TEXT, username TEXT, email TEXT, is_active BOOLEAN);
             INSERT INTO auth_user VALUES (7, '{SHA1}', 'ada', 'ada@example.org', true)"
        ))
        .await;
        let mut actor = actor(&site).await;
        let proven = ready(&mut *actor, "7").await;
        site.execute("INSERT INTO auth_user SELECT * FROM auth_user").await;
        let twice = ActionError::NotUnique("auth_user".to_owned());
        assert_eq!(actor.reset(&proven, FIRST).await, Err(twice.clone()));
        assert_eq!(actor.prepare("7").await, Err(twice));
        assert_eq!(site.number(&format!("SELECT COUNT(*) FROM auth_user WHERE password = '{SHA1}'")).await, 2);
        drop(actor);
        site.end().await;
    }
}

#[tokio::test]
async fn an_action_that_nobody_waits_for_is_not_kept_and_says_so() {
    let site = Database::postgres("act_cut").await;
    site.execute(&format!("CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT, username TEXT, email TEXT, is_active BOOLEAN); INSERT INTO auth_user VALUES (7, '{SHA1}', 'a', 'a@b.org', true)")).await;
    let mut cut = actor(&site).await;
    let proven = ready(&mut *cut, "7").await;
    let generation = proven.account().generation.expect("a generation");
    let Location::Postgres(url) = site.location() else { panic!("not PostgreSQL") };
    let (holder, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("it answers");
    let beside = tokio::spawn(connection);
    holder.batch_execute("BEGIN; SELECT * FROM auth_user FOR UPDATE").await.expect("it is held");
    let waited = tokio::time::timeout(std::time::Duration::from_millis(300), cut.reset(&proven, FIRST)).await;
    assert!(waited.is_err(), "it waits for the row");
    assert_eq!(cut.prepare("7").await, Err(ActionError::CutOff));
    assert_eq!(cut.reset(&proven, FIRST).await, Err(ActionError::CutOff));
    drop(cut);
    holder.batch_execute("COMMIT").await.expect("it is let go");
    let mut actor = actor(&site).await;
    assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::NotDone), "a crash between begin and commit leaves nothing");
    drop((actor, holder));
    drop(beside.await);
    site.end().await;
}

#[tokio::test]
async fn a_look_waits_for_the_commit_that_nobody_heard_the_end_of() {
    let site = Database::postgres("act_unclear").await;
    site.execute(&format!("CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT, username TEXT, email TEXT, is_active BOOLEAN); INSERT INTO auth_user VALUES (7, '{SHA1}', 'a', 'a@b.org', true)")).await;
    // The commit takes a second, and its session is ended within it: the database decides, and the actor cannot know how.
    site.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON auth_user DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    .await;
    let mut first = actor(&site).await;
    let proven = ready(&mut *first, "7").await;
    let (generation, old) = (proven.account().generation.expect("a generation"), proven.held().clone());
    let committing = tokio::spawn(async move { first.reset(&proven, FIRST).await });
    let waiting =
        "SELECT COUNT(*)::int8 FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'";
    while site.number(waiting).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut second = actor(&site).await;
    assert_eq!(second.look("7", FIRST, generation).await, Ok(Seen::Done), "it waited for the commit under way");
    assert_eq!(committing.await.expect("it ends"), Ok(Reset::Done));
    assert_eq!(second.undo("7", FIRST, &old).await, Ok(Undo::PutBack));
    let mut third = actor(&site).await;
    let proven = ready(&mut *third, "7").await;
    let committing = tokio::spawn(async move { third.reset(&proven, SECOND).await });
    while site.number(waiting).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'").await;
    assert_eq!(committing.await.expect("it ends"), Err(ActionError::Unclear));
    assert_eq!(second.look("7", SECOND, generation).await, Ok(Seen::NotDone));
    site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .await;
    assert_eq!(second.look("7", SECOND, generation).await, Err(ActionError::Lost));
    drop(second);
    site.end().await;
}

#[tokio::test]
async fn rights_that_are_missing_are_said_before_anything_is_done() {
    let site = Database::postgres("act_rights").await;
    site.execute(&format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT, remember_token TEXT); CREATE TABLE sessions (id TEXT, user_id BIGINT);
         INSERT INTO users VALUES (7, 'a@b.org', '{SHA1}', NULL)"
    ))
    .await;
    let Location::Postgres(url) = site.location() else { panic!("not PostgreSQL") };
    let role = format!("actor_{}", std::process::id());
    site.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'actor'; GRANT SELECT (id, email, password) ON users TO {role}")).await;
    let (_, host) = url.rsplit_once('@').expect("a user");
    let location = Location::Postgres(format!("postgres://{role}:actor@{host}"));
    let (table, recipe) = (Preset::Laravel.table(), Preset::Laravel.recipe().expect("a recipe"));
    let error = async || match open(&location, &table, &recipe, &Preset::Laravel.revocations(&table)).await {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    };
    let forbidden = |table: &str| {
        format!(
            "this user may not change `{table}`: grant it UPDATE on the columns it has to write (and DELETE where sessions are ended), and check that this is not a replica"
        )
    };
    assert_eq!(error().await, forbidden("users"));
    site.execute(&format!("GRANT UPDATE (password, remember_token) ON users TO {role}")).await;
    assert_eq!(error().await, forbidden("sessions"));
    site.execute(&format!("GRANT SELECT (user_id), DELETE ON sessions TO {role}")).await;
    assert_eq!(error().await, "opened", "what the document grants is enough");
    site.execute(&format!("ALTER ROLE {role} SET default_transaction_read_only = on")).await;
    assert_eq!(error().await, forbidden("users"), "a replica");
    site.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    site.end().await;
    let Err(told) = open(&"csv:/srv/x.csv".parse().expect("a location"), &table, &recipe, &[]).await else { panic!("it opened") };
    assert_eq!(told.to_string(), "csv:/srv/x.csv is a copy of the accounts: passwords are reset in the site's database, or by a webhook");
}

#[tokio::test]
async fn texts_are_compared_byte_by_byte_whatever_the_column_says() {
    let sqlite = Database::sqlite();
    sqlite.execute("CREATE TABLE auth_user (id TEXT COLLATE NOCASE PRIMARY KEY, password TEXT COLLATE NOCASE, username TEXT, email TEXT, is_active BOOLEAN)").await;
    let postgres = Database::postgres("act_collation").await;
    postgres
        .execute(
            "CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
             CREATE TABLE auth_user (id TEXT COLLATE careless PRIMARY KEY, password TEXT COLLATE careless, username TEXT, email TEXT, is_active BOOLEAN)",
        )
        .await;
    let mariadb = Database::mariadb("act_collation").await;
    mariadb.execute("CREATE TABLE auth_user (id VARCHAR(20) PRIMARY KEY, password VARCHAR(128) COLLATE utf8mb4_unicode_ci, username TEXT, email TEXT, is_active BOOLEAN)").await;
    for site in [sqlite, postgres, mariadb] {
        site.execute(&format!("INSERT INTO auth_user VALUES ('abc', '{SHA1}', 'a', 'a@b.org', true)")).await;
        let mut actor = actor(&site).await;
        let proven = ready(&mut *actor, "abc").await;
        assert_eq!(actor.prepare("ABC").await, Ok(Found::Gone), "another's id");
        site.execute("UPDATE auth_user SET password = UPPER(password)").await;
        assert_eq!(site.number(&format!("SELECT COUNT(*) FROM auth_user WHERE password = '{SHA1}'")).await, 1, "the column is careless");
        assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Changed));
        drop(actor);
        site.end().await;
    }
}

/// What the account's row holds in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Old,
    Lock(Intent),
    Theirs(u8),
}

/// What is done to it: by us with one of two intents, or by the person.
#[derive(Debug, Clone, Copy)]
enum Step {
    Reset(Intent),
    Undo(Intent),
    Look(Intent),
    Choose(u8),
    Return,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let intents = || prop::sample::select(vec![FIRST, SECOND]);
    let step = prop_oneof![
        4 => intents().prop_map(Step::Reset),
        4 => intents().prop_map(Step::Undo),
        2 => intents().prop_map(Step::Look),
        1 => any::<u8>().prop_map(Step::Choose),
        // The person sets the very verifier that was there: a restored backup.
        1 => Just(Step::Return),
    ];
    prop::collection::vec(step, 1..25)
}

/// One step on the site and in the model.
async fn take(step: Step, holds: Holds, site: &Database, actor: &mut dyn Actor, proven: &Proven) -> Holds {
    let generation = proven.generation();
    match step {
        Step::Reset(intent) => {
            let (expected, after) = match holds {
                Holds::Old => (Reset::Done, Holds::Lock(intent)),
                Holds::Lock(of) if of == intent => (Reset::Done, holds),
                _ => (Reset::Changed, holds),
            };
            assert_eq!(actor.reset(proven, intent).await, Ok(expected));
            after
        }
        Step::Undo(intent) => {
            let (expected, after) = match holds {
                Holds::Old => (Undo::PutBack, holds),
                Holds::Lock(of) if of == intent => (Undo::PutBack, Holds::Old),
                _ => (Undo::ChosenANewOne, holds),
            };
            assert_eq!(actor.undo("7", intent, proven.held()).await, Ok(expected));
            after
        }
        Step::Look(intent) => {
            let expected = match holds {
                Holds::Old => Seen::NotDone,
                Holds::Lock(of) if of == intent => Seen::Done,
                _ => Seen::SomethingElse,
            };
            assert_eq!(actor.look("7", intent, generation).await, Ok(expected));
            holds
        }
        Step::Choose(number) => {
            site.execute(&format!("UPDATE auth_user SET password = 'theirs {number}'")).await;
            Holds::Theirs(number)
        }
        Step::Return => {
            site.execute(&format!("UPDATE auth_user SET password = '{SHA1}'")).await;
            Holds::Old
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_of_steps_a_chosen_password_stays_and_every_answer_is_true(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let site = Database::sqlite();
            site.execute(&format!("CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT, username TEXT, email TEXT, is_active BOOLEAN); INSERT INTO auth_user VALUES (7, '{SHA1}', 'a', 'a@b.org', 1)")).await;
            let mut actor = actor(&site).await;
            let proven = ready(&mut *actor, "7").await;
            let mut holds = Holds::Old;
            for step in &steps {
                holds = take(*step, holds, &site, &mut *actor, &proven).await;
                let expected = match holds {
                    Holds::Old => Some(SHA1.to_owned()),
                    Holds::Theirs(number) => Some(format!("theirs {number}")),
                    Holds::Lock(_) => None,
                };
                if let Some(text) = expected {
                    assert_eq!(site.number(&format!("SELECT COUNT(*) FROM auth_user WHERE password = '{text}'")).await, 1, "{steps:?}");
                }
            }
        });
    }
}

#[tokio::test]
async fn mariadb_overlooks_neither_blanks_nor_tables_without_transactions() {
    let site = Database::mariadb("act_blanks").await;
    // A collation that is called binary, and overlooks blanks at the end.
    site.execute("CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password VARCHAR(128) COLLATE utf8mb4_bin, username TEXT, email TEXT, is_active BOOLEAN)").await;
    site.execute(&format!("INSERT INTO auth_user VALUES (7, '{SHA1}', 'a', 'a@b.org', true)")).await;
    let mut actor = actor(&site).await;
    let proven = ready(&mut *actor, "7").await;
    site.execute(&format!("UPDATE auth_user SET password = '{SHA1} '")).await;
    assert_eq!(site.number(&format!("SELECT COUNT(*) FROM auth_user WHERE password = '{SHA1}'")).await, 1, "the column is careless");
    assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Changed));
    drop(actor);
    site.execute("ALTER TABLE auth_user ENGINE = MyISAM").await;
    let Err(told) = open_as(&site, Preset::Django).await else { panic!("it opened") };
    assert_eq!(told.to_string(), "`auth_user` is kept without transactions, so a reset could be half done: convert it to InnoDB");
    site.end().await;
}

#[tokio::test]
async fn mariadb_says_which_rights_are_missing_and_that_it_was_lost() {
    let site = Database::mariadb("act_rights").await;
    site.execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT, remember_token TEXT); CREATE TABLE sessions (id TEXT, user_id BIGINT);
         INSERT INTO users VALUES (7, 'a@b.org', '$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG', NULL)",
    )
    .await;
    let Location::MariaDb(url) = site.location() else { panic!("not MariaDB") };
    let user = format!("actor_{}", std::process::id());
    let grant = async |rights: &str| site.execute(&format!("GRANT {rights} TO {user}@'127.0.0.1'")).await;
    site.execute(&format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'actor'")).await;
    // Of columns alone it would not be told that `deleted_at` is missing and not hidden.
    grant("SELECT ON users").await;
    let (_, host) = url.rsplit_once('@').expect("a user");
    let location = Location::MariaDb(format!("mariadb://{user}:actor@{host}"));
    let (table, recipe) = (Preset::Laravel.table(), Preset::Laravel.recipe().expect("a recipe"));
    let opened = async || open(&location, &table, &recipe, &Preset::Laravel.revocations(&table)).await;
    let forbidden = |table: &str| Some(ActionError::Forbidden(table.to_owned()));
    assert_eq!(opened().await.err(), forbidden("users"));
    grant("UPDATE (password, remember_token) ON users").await;
    assert_eq!(opened().await.err(), forbidden("sessions"));
    grant("SELECT (user_id), DELETE ON sessions").await;
    let mut actor = opened().await.expect("what the document grants is enough");
    let ready = proven(prepared(&mut *actor, "7").await, &recipe, b"correct horse battery staple");
    let generation = ready.account().generation.expect("a generation");
    let session = site.number(&format!("SELECT id FROM information_schema.PROCESSLIST WHERE user = '{user}'")).await;
    site.execute(&format!("KILL {session}")).await;
    assert_eq!(actor.reset(&ready, FIRST).await, Err(ActionError::Lost));
    let mut actor = opened().await.expect("it opens again");
    assert_eq!(actor.look("7", FIRST, generation).await, Ok(Seen::NotDone));
    assert_eq!(actor.reset(&ready, FIRST).await, Ok(Reset::Done));
    drop(actor);
    site.execute(&format!("DROP USER {user}@'127.0.0.1'")).await;
    site.end().await;
}

#[tokio::test]
async fn sqlite_keeps_bytes_as_bytes_and_says_when_it_may_not_be_written() {
    let site = Database::sqlite();
    site.execute(&format!("CREATE TABLE auth_user (id, password BLOB, username TEXT, email TEXT, is_active BOOLEAN); INSERT INTO auth_user VALUES (7, CAST('{SHA1}' AS BLOB), 'a', 'a@b.org', 1)")).await;
    let mut actor = actor(&site).await;
    let proven = ready(&mut *actor, "7").await;
    assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done));
    assert_eq!(actor.undo("7", FIRST, proven.held()).await, Ok(Undo::PutBack));
    assert_eq!(site.number(&format!("SELECT COUNT(*) FROM auth_user WHERE password = CAST('{SHA1}' AS BLOB)")).await, 1);
    let held = rusqlite::Connection::open(match site.location() {
        Location::Sqlite(path) => path,
        _ => panic!("not SQLite"),
    })
    .expect("it opens");
    held.execute_batch("PRAGMA query_only = 1; BEGIN").expect("a reader");
    assert_eq!(actor.reset(&proven, FIRST).await, Ok(Reset::Done), "readers are in nobody's way");
    assert!(!is_locked(SHA1));
}
