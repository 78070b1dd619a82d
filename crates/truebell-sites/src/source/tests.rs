//! Promises about sources, on real databases: SQLite, PostgreSQL and MariaDB keep the same contract; files keep it too.
//!
//! PostgreSQL comes from `TRUEBELL_TEST_POSTGRES`, as in all tests of this house, and MariaDB from `TRUEBELL_TEST_MARIADB`; without them they fail.

use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::password::{Dialect, Recipe, Stored, Verifier};
use crate::source::testbed::Database;

const SHA1: &str = "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8";

async fn all(source: &mut dyn Source, limit: u32) -> (Vec<Account>, u64) {
    let (mut accounts, mut skipped, mut place) = (Vec::new(), 0, None);
    loop {
        let page = source.page(place.as_ref(), limit).await.expect("a page");
        assert!(page.accounts.len() <= limit as usize);
        accounts.extend(page.accounts);
        skipped += page.skipped;
        match page.next {
            // A place survives being written down.
            Some(next) => place = Some(next.to_string().parse().expect("a place")),
            None => return (accounts, skipped),
        }
    }
}

fn told(account: &Account) -> String {
    let held = if account.held.is_some() { "held" } else { "none" };
    format!("{} {} {} {:?} {held}", account.id, account.address, account.user.as_deref().unwrap_or("-"), account.state)
}

async fn error(location: &Location, table: &Table) -> String {
    match open(location, table).await {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

const DJANGO: &str = "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password VARCHAR(128), username VARCHAR(150) NOT NULL,
        email VARCHAR(254), is_active BOOLEAN NOT NULL);
    INSERT INTO auth_user VALUES
        (9, 'sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8', 'nina', 'nina@example.org', true),
        (10, 'md5$a$b', 'ten', ' ten@example.org ', true),
        (2, '!xyz', 'sso', 'sso@example.org', true),
        (3, NULL, 'null', 'null@example.org', true),
        (4, 'sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8', 'off', 'off@example.org', false),
        (5, 'sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8', 'nomail', '', true),
        (6, '', 'empty', 'empty@example.org', true);";

#[tokio::test]
async fn a_django_table_is_read_the_same_from_all_databases_and_in_pages_of_any_size() {
    for site in Database::all("django").await {
        site.execute(DJANGO).await;
        let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
        for limit in [1, 2, 3, 7, 8, 100] {
            let (accounts, skipped) = all(&mut *source, limit).await;
            let expected = [
                "2 sso@example.org sso SsoOnly none",
                "3 null@example.org null SsoOnly none",
                "4 off@example.org off Disabled held",
                "6 empty@example.org empty SsoOnly none",
                "9 nina@example.org nina Active held",
                "10 ten@example.org ten Active held",
            ];
            assert_eq!(accounts.iter().map(told).collect::<Vec<_>>(), expected, "{limit} a page, {}", site.location());
            assert_eq!(skipped, 1);
        }
        drop(source);
        site.end().await;
    }
}

#[tokio::test]
async fn a_generation_changes_with_the_password_and_only_with_it() {
    let site = Database::sqlite();
    site.execute(DJANGO).await;
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
    let (before, _) = all(&mut *source, 10).await;
    site.execute("UPDATE auth_user SET email = 'other@example.org', username = 'other' WHERE id = 9; UPDATE auth_user SET password = 'x' WHERE id = 10").await;
    let (after, _) = all(&mut *source, 10).await;
    let same: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before.generation == after.generation).collect();
    assert_eq!(same, [true, true, true, true, true, false]);
    let held = before[4].held.as_ref().expect("a verifier");
    assert!(Verifier::parse(&held.stored(None), &Recipe::named(Dialect::Django)).is_ok());
    assert_eq!(before[4].generation, Some(crate::password::Generation::of(&Stored::of(SHA1))));
}

#[tokio::test]
async fn joined_tables_and_text_ids_are_read_the_same_from_all_databases() {
    for site in Database::all("joined").await {
        site.execute(
            "CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, active BOOLEAN, staged BOOLEAN);
             CREATE TABLE user_emails (user_id VARCHAR(20), email TEXT, \"primary\" BOOLEAN);
             CREATE TABLE user_passwords (user_id VARCHAR(20), password_hash TEXT, password_salt TEXT, password_algorithm TEXT);
             INSERT INTO users VALUES ('b', true, false), ('a', true, false), ('c', false, false), ('d', true, true), ('e', true, false);
             INSERT INTO user_emails VALUES ('a', 'a@example.org', true), ('a', 'second@example.org', false), ('b', 'b@example.org', true),
                ('c', 'c@example.org', true), ('d', 'd@example.org', true);
             INSERT INTO user_passwords VALUES ('a', '00', 'salt', '$pbkdf2-sha256$i=1,l=1$');",
        )
        .await;
        let mut source = open(&site.location(), &Preset::Discourse.table()).await.expect("it opens");
        let (accounts, skipped) = all(&mut *source, 2).await;
        let expected = [
            "a a@example.org - Active held",
            "b b@example.org - SsoOnly none",
            "c c@example.org - Disabled none",
            "d d@example.org - Disabled none",
        ];
        assert_eq!(accounts.iter().map(told).collect::<Vec<_>>(), expected, "{}", site.location());
        assert_eq!(skipped, 1, "an account without an address");
        let stored = accounts[0].held.as_ref().expect("a verifier").stored(None);
        assert_eq!((stored.verifier, stored.salt, stored.parameters), ("00", Some("salt"), Some("$pbkdf2-sha256$i=1,l=1$")));
        drop(source);
        site.end().await;
    }
}

#[tokio::test]
async fn every_preset_opens_the_table_it_names_with_and_without_what_is_optional() {
    let cases = [
        (
            Preset::Laravel,
            "CREATE TABLE users (id INTEGER, email TEXT, password TEXT); INSERT INTO users VALUES (1, 'a@b.org', 'x')",
            State::Active,
        ),
        (
            Preset::Laravel,
            "CREATE TABLE users (id INTEGER, email TEXT, password TEXT, deleted_at TEXT); INSERT INTO users VALUES (1, 'a@b.org', 'x', '2026')",
            State::Deleted,
        ),
        (
            Preset::WordPress,
            "CREATE TABLE wp_users (ID INTEGER, user_login TEXT, user_pass TEXT, user_email TEXT, spam INTEGER, deleted INTEGER);
             INSERT INTO wp_users VALUES (1, 'ada', 'x', 'a@b.org', 1, 0)",
            State::Disabled,
        ),
        (
            Preset::Devise,
            "CREATE TABLE users (id INTEGER, email TEXT, encrypted_password TEXT, locked_at TEXT); INSERT INTO users VALUES (1, 'a@b.org', 'x', NULL)",
            State::Active,
        ),
        (
            Preset::Ghost,
            "CREATE TABLE users (id TEXT, email TEXT, password TEXT, status TEXT); INSERT INTO users VALUES ('5f', 'a@b.org', 'x', 'locked')",
            State::Disabled,
        ),
    ];
    for (preset, statements, expected) in cases {
        let site = Database::sqlite();
        site.execute(statements).await;
        let mut source = open(&site.location(), &preset.table()).await.expect("it opens");
        let (accounts, _) = all(&mut *source, 10).await;
        assert_eq!(accounts.iter().map(|account| account.state).collect::<Vec<_>>(), [expected], "{}", preset.name());
    }
    for preset in Preset::ALL {
        assert_eq!(Preset::named(preset.name()), Some(preset));
        assert!(preset.recipe().is_ok(), "{}", preset.name());
    }
}

#[tokio::test]
async fn what_is_missing_is_named_the_same_by_all_databases() {
    for site in Database::all("missing").await {
        site.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)").await;
        let named = |name: &str| Table::new(name, "id", "email", "password");
        let location = site.location();
        assert_eq!(error(&location, &named("user")).await, "there is no table `user`: check the preset, or name the site's table");
        assert_eq!(
            error(&location, &named("users")).await,
            "`users` has no column `password`: check the preset, or name the site's column"
        );
        let quoted = Table::new("users", "id", "email", "x\" FROM users; DROP TABLE users; --`");
        assert!(error(&location, &quoted).await.contains("has no column"), "a name is never a statement");
        let mut joined = Table::new("users", "id", "email", "secrets.password");
        joined.joins = vec![Join { table: "secrets".to_owned(), on: "user_id".to_owned(), only: None }];
        assert_eq!(error(&location, &joined).await, "there is no table `secrets`: check the preset, or name the site's table");
        site.end().await;
    }
}

#[tokio::test]
async fn a_table_that_changes_while_it_is_read_is_said_to() {
    for site in Database::all("changed").await {
        site.execute(DJANGO).await;
        let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
        let page = source.page(None, 2).await.expect("a page");
        site.execute("ALTER TABLE auth_user DROP COLUMN password").await;
        let failed = source.page(page.next.as_ref(), 2).await.expect_err("the column is gone");
        assert_eq!(failed.to_string(), "`auth_user` was changed while it was read: look at the source again, then start over");
        drop(source);
        site.end().await;
    }
}

#[tokio::test]
async fn reading_goes_on_after_a_lost_connection_without_losing_or_repeating_anybody() {
    let site = Database::postgres("lost").await;
    site.execute(DJANGO).await;
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
    let page = source.page(None, 3).await.expect("a page");
    let kill =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'truebell'";
    site.execute(kill).await;
    assert_eq!(source.page(page.next.as_ref(), 3).await.expect_err("it is gone"), SourceError::Lost);
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens again");
    let rest = source.page(page.next.as_ref(), 100).await.expect("a page");
    let ids: Vec<&str> = page.accounts.iter().chain(&rest.accounts).map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["2", "3", "4", "6", "9", "10"]);
    drop(source);
    site.end().await;
}

#[tokio::test]
async fn mariadb_is_read_on_after_a_lost_connection_with_rights_to_columns_alone() {
    let site = Database::mariadb("lost").await;
    site.execute(DJANGO).await;
    let Location::MariaDb(url) = site.location() else { panic!("not MariaDB") };
    let user = format!("reader_{}", std::process::id());
    site.execute(&format!(
        "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'reader'; GRANT SELECT (id, email) ON auth_user TO {user}@'127.0.0.1'"
    ))
    .await;
    let (_, host) = url.rsplit_once('@').expect("a user");
    let reader = Location::MariaDb(format!("mariadb://{user}:reader@{host}"));
    let told = error(&reader, &Preset::Django.table()).await;
    assert_eq!(told, "this user may not read `auth_user`: grant it SELECT on the columns it needs, and nothing else");
    site.execute(&format!("GRANT SELECT (password, username, is_active) ON auth_user TO {user}@'127.0.0.1'")).await;
    let mut source = open(&reader, &Preset::Django.table()).await.expect("five columns are enough");
    let page = source.page(None, 3).await.expect("a page");
    let session = site.number(&format!("SELECT id FROM information_schema.PROCESSLIST WHERE user = '{user}'")).await;
    site.execute(&format!("KILL {session}")).await;
    assert_eq!(source.page(page.next.as_ref(), 3).await.expect_err("it is gone"), SourceError::Lost);
    let mut source = open(&reader, &Preset::Django.table()).await.expect("it opens again");
    let rest = source.page(page.next.as_ref(), 100).await.expect("a page");
    let ids: Vec<&str> = page.accounts.iter().chain(&rest.accounts).map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["2", "3", "4", "6", "9", "10"]);
    for (location, expected) in [
        (format!("mariadb://{user}:wrong@{host}"), "does not let this user in"),
        (format!("mariadb://{user}:reader@{host}?sslmode=sometimes"), "is not understood"),
        // Nobody vouches for its certificate.
        (format!("mariadb://{user}:reader@{host}?sslmode=require"), "cannot be reached"),
        ("mariadb://u:secret@127.0.0.1:1/x".to_owned(), "cannot be reached"),
    ] {
        let told = error(&Location::MariaDb(location), &Preset::Django.table()).await;
        assert!(told.contains(expected) && !told.contains("wrong") && !told.contains("secret"), "{told}");
    }
    drop(source);
    site.execute(&format!("DROP USER {user}@'127.0.0.1'")).await;
    site.end().await;
}

#[tokio::test]
async fn postgres_lets_us_read_and_nothing_else() {
    let site = Database::postgres("rights").await;
    site.execute(DJANGO).await;
    let Location::Postgres(url) = site.location() else { panic!("not PostgreSQL") };
    let role = format!("reader_{}", std::process::id());
    site.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'")).await;
    let (_, host) = url.rsplit_once('@').expect("a user");
    let reader = Location::Postgres(format!("postgres://{role}:reader@{host}"));
    let told = error(&reader, &Preset::Django.table()).await;
    assert_eq!(told, "this user may not read `auth_user`: grant it SELECT on the columns it needs, and nothing else");
    site.execute(&format!("GRANT SELECT (id, email, password, username, is_active) ON auth_user TO {role}")).await;
    assert_eq!(error(&reader, &Preset::Django.table()).await, "opened", "five columns are enough");
    site.execute("ALTER TABLE auth_user ADD COLUMN gone TEXT").await;
    let mut table = Preset::Django.table();
    table.flags.push(Flag { column: "gone".to_owned(), when: When::Present, then: State::Deleted, is_optional: true });
    assert!(error(&reader, &table).await.contains("may not read"), "a column that says who is gone is not overlooked because it is hidden");
    let wrong = Location::Postgres(format!("postgres://{role}:wrong@{host}"));
    let told = error(&wrong, &Preset::Django.table()).await;
    assert!(told.contains("does not let this user in") && !told.contains("wrong"), "{told}");
    let nobody = Location::Postgres("postgres://u:secret@127.0.0.1:1/x".to_owned());
    let told = error(&nobody, &Preset::Django.table()).await;
    assert_eq!(told, "postgres://127.0.0.1:1/x cannot be reached: check that it runs and that its name is right");
    site.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    site.end().await;
}

#[tokio::test]
async fn sqlite_files_that_are_none_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("site.db");
    let table = Preset::Django.table();
    assert!(
        error(&Location::Sqlite(path.clone()), &table).await.ends_with("cannot be reached: check that it runs and that its name is right")
    );
    std::fs::write(&path, "this is a letter, and a long one, so that nobody takes it for a database with an empty header page")
        .expect("a file");
    assert!(error(&Location::Sqlite(path), &table).await.ends_with("is not a database that can be read"));
    let site = Database::sqlite();
    site.execute("CREATE TABLE users (id BLOB, email TEXT, password TEXT); INSERT INTO users VALUES (x'00', 'a@b.org', 'x')").await;
    let mut source = open(&site.location(), &Table::new("users", "id", "email", "password")).await.expect("it opens");
    assert_eq!(source.page(None, 10).await.expect_err("no place"), SourceError::OddId("users".to_owned()));
}

#[tokio::test]
async fn many_accounts_are_read_a_page_at_a_time() {
    let site = Database::postgres("many").await;
    site.execute(
        "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT, username TEXT, email TEXT, is_active BOOLEAN);
         INSERT INTO auth_user SELECT n, 'x', 'u' || n, 'u' || n || '@example.org', true FROM generate_series(1, 50000) n",
    )
    .await;
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
    let (accounts, _) = all(&mut *source, 997).await;
    assert!(accounts.iter().map(|account| account.id.parse::<i32>().expect("a number")).eq(1..=50_000));
    drop(source);
    site.end().await;
}

fn file(name: &str, content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a file");
    (folder, path)
}

fn exported() -> Table {
    let mut table = Table::new("users", "id", "email", "password");
    table.flags = vec![Flag { column: "active".to_owned(), when: When::False, then: State::Disabled, is_optional: true }];
    table
}

#[tokio::test]
async fn files_are_read_as_tables_are() {
    let csv = "\u{feff}email,id,password,active\r\n\"ada@example.org\",7,\"x,\"\"y\"\"\",1\r\n\r\nbob@example.org,3,,true\r\n,4,x,1\r\ncyd@example.org,1,x,0\r\n";
    let lines = "{\"id\":7,\"email\":\"ada@example.org\",\"password\":\"x\",\"active\":true}\n\n{\"id\":\"3\",\"email\":\"bob@example.org\",\"password\":null}\n\
        {\"id\":4,\"email\":null,\"password\":\"x\"}\n{\"id\":1,\"email\":\"cyd@example.org\",\"password\":\"x\",\"active\":false}";
    let (_csv, csv) = file("users.csv", csv);
    let (_lines, lines) = file("users.jsonl", lines);
    for location in [Location::Csv(csv), Location::JsonLines(lines)] {
        let mut source = open(&location, &exported()).await.expect("it opens");
        for limit in [1, 2, 3, 4, 5, 100] {
            let (accounts, skipped) = all(&mut *source, limit).await;
            let expected = ["7 ada@example.org - Active held", "3 bob@example.org - SsoOnly none", "1 cyd@example.org - Disabled held"];
            assert_eq!(accounts.iter().map(told).collect::<Vec<_>>(), expected, "{limit} a page of {location}");
            assert_eq!(skipped, 1);
        }
    }
}

#[tokio::test]
async fn a_broken_line_is_named_by_its_number_and_a_changed_file_is_said_to() {
    let (_folder, path) = file("users.csv", "id,email,password\n1,a@b.org,x\n2,\"two\nlines@b.org\",x\n3,c@b.org\n");
    let name = path.display().to_string();
    let mut source = open(&Location::Csv(path.clone()), &exported()).await.expect("it opens");
    let page = source.page(None, 2).await.expect("a page");
    let said = format!("line 5 of `{name}` is not a record: it has more or fewer fields than the header");
    assert_eq!(source.page(page.next.as_ref(), 2).await.expect_err("line 5").to_string(), said);
    let mut again = open(&Location::Csv(path.clone()), &exported()).await.expect("it opens");
    assert_eq!(again.page(page.next.as_ref(), 2).await.expect_err("line 5").to_string(), said, "counted anew after a restart");
    let mut writer = std::fs::OpenOptions::new().append(true).open(&path).expect("it can be written");
    writer.write_all(b"4,d@b.org,x\n").expect("it is");
    assert_eq!(source.page(None, 2).await.expect_err("changed"), SourceError::Changed(name));
    let (_folder, path) = file("users.csv", "id,mail,password\n");
    let told = error(&Location::Csv(path.clone()), &exported()).await;
    assert_eq!(told, format!("`{}` has no column `email`: check the preset, or name the site's column", path.display()));
    let (_folder, path) = file("users.jsonl", "{\"id\":1}\nnot json\n");
    let mut source = open(&Location::JsonLines(path.clone()), &exported()).await.expect("it opens");
    let told = source.page(None, 10).await.expect_err("line 2").to_string();
    assert_eq!(told, format!("line 2 of `{}` is not a record: it is not a JSON object", path.display()));
}

#[tokio::test]
async fn a_look_shows_ten_masked_accounts_and_counts_the_rest() {
    let site = Database::sqlite();
    site.execute(DJANGO).await;
    site.execute("WITH RECURSIVE n(n) AS (SELECT 20 UNION ALL SELECT n + 1 FROM n WHERE n < 2519) INSERT INTO auth_user SELECT n, '$y$j9T$abc$def', 'u', 'u@x.org', 1 FROM n").await;
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
    let look = look(&mut *source, &Preset::Django.recipe().expect("a recipe"), u64::MAX).await.expect("a look");
    assert_eq!((look.accounts, look.skipped, look.is_cut, look.shown.len()), (2506, 1, false, 10));
    assert_eq!(look.states.into_iter().collect::<Vec<_>>(), [(State::Active, 2502), (State::Disabled, 1), (State::SsoOnly, 3)]);
    assert_eq!(look.formats.into_iter().collect::<Vec<_>>(), [("django sha1", 2)]);
    let unread: Vec<String> = look.unread.into_iter().map(|(why, count)| format!("{count} {why}")).collect();
    assert_eq!(unread, ["2500 unknown format (`$y$…`, 14 letters)", "1 django md5: its digest is too short to be evidence"]);
    assert_eq!((look.shown[0].address.as_str(), look.shown[0].user.as_deref()), ("s***@e***.org", Some("s***")));
    let mut source = open(&site.location(), &Preset::Django.table()).await.expect("it opens");
    let cut = super::look(&mut *source, &Preset::Django.recipe().expect("a recipe"), 5).await.expect("a look");
    assert_eq!((cut.accounts + cut.skipped, cut.is_cut), (5, true));
}

#[test]
fn a_location_is_read_and_shown_without_its_password() {
    for (text, shown) in [
        ("postgres://ada:secret@db.example/shop?sslmode=disable", Some("postgres://db.example/shop")),
        ("sqlite:/srv/shop.db", Some("sqlite:/srv/shop.db")),
        ("csv:users.csv", Some("csv:users.csv")),
        ("jsonl:/srv/u.jsonl", Some("jsonl:/srv/u.jsonl")),
        ("sqlite:", None),
        ("mysql://ada:sec?ret@db/shop?sslmode=disable", Some("mariadb://db/shop")),
        ("mariadb://ada:se@cret@db/shop", Some("mariadb://db/shop")),
        ("oracle://ada@db/shop", None),
        ("users.csv", None),
    ] {
        assert_eq!(text.parse::<Location>().ok().map(|location| format!("{location:?}")).as_deref(), shown, "{text}");
    }
    for odd in ["", "x", "n", "nabc", "o-1"] {
        assert_eq!(odd.parse::<Place>(), Err(SourceError::NotAPlace), "{odd}");
    }
}
