//! TLS with a real database server: what a location's `sslmode` and `sslrootcert` ask for is what is checked, and each thing wrong has
//! its sentence. The tests' cluster shows the certificate `testdata/tls/localhost.pem`.

use crate::stores::{admin, create_database};
use std::net::TcpListener;
use truebell_store::{Location, open};

const NOTHING: &str = "";

/// A file of `testdata/tls`.
fn file(name: &str) -> String {
    format!("{}/../../testdata/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn trusting(mode: &str, authority: &str) -> String {
    format!("{mode}&sslrootcert={}", file(authority))
}

/// A location with further words, and the server under another name where one is given.
fn location(url: &str, name: Option<&str>, query: &str) -> Location {
    let mut url = url.to_owned();
    let mut query = query.to_owned();
    if let Some(name) = name {
        assert!(url.contains("@127.0.0.1:"), "the tests' PostgreSQL is at 127.0.0.1, not {url}");
        url = url.replace("@127.0.0.1:", &format!("@{name}:"));
        query.push_str("&hostaddr=127.0.0.1");
    }
    let with = if url.contains('?') { '&' } else { '?' };
    format!("{url}{with}{query}").parse().expect("a location")
}

/// Whether every connection of the store on a database is encrypted.
async fn is_encrypted(database: &str) -> bool {
    let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE datname = $1 AND application_name = 'truebell'";
    let row = admin().await.query_one(sql, &[&database]).await.expect("PostgreSQL says who is connected");
    row.try_get::<_, Option<bool>>(0).expect("a truth value").expect("the store is connected")
}

#[tokio::test]
async fn what_the_location_asks_for_is_what_is_spoken() {
    let (name, url) = create_database().await;
    let elsewhere = Some("db.elsewhere.example");
    let cases = [
        ("sslmode=disable".to_owned(), None, false),
        (NOTHING.to_owned(), None, false),
        ("sslmode=prefer".to_owned(), None, true),
        ("sslmode=require".to_owned(), None, true),
        ("sslmode=require".to_owned(), elsewhere, true),
        (trusting("sslmode=require", "authority.pem"), elsewhere, true),
        (trusting("sslmode=verify-ca", "authority.pem"), elsewhere, true),
        (trusting("sslmode=verify-full", "authority.pem"), None, true),
        (trusting("sslmode=verify-full", "authority.pem"), Some("localhost"), true),
        (trusting(NOTHING, "authority.pem"), None, true),
    ];
    for (query, host, encrypted) in cases {
        let store = open(&location(&url, host, &query)).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        store.check().await.expect("it can be written to");
        assert_eq!(is_encrypted(&name).await, encrypted, "{query}");
        drop(store);
        let gone = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        admin().await.batch_execute(&gone).await.expect("ended");
    }
    admin().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
}

#[tokio::test]
async fn a_server_that_does_not_prove_what_it_must_is_refused_in_one_sentence() {
    let (name, url) = create_database().await;
    let key = file("localhost.key");
    let cases = [
        (trusting("sslmode=verify-full", "stranger.pem"), None, "its certificate is not signed by an authority this server trusts"),
        (trusting("sslmode=verify-ca", "stranger.pem"), None, "its certificate is not signed by an authority this server trusts"),
        (trusting("sslmode=require", "stranger.pem"), None, "its certificate is not signed by an authority this server trusts"),
        (trusting("sslmode=verify-full", "authority.pem"), Some("db.elsewhere.example"), "its certificate is for another name"),
        ("sslrootcert=/nowhere/root.pem".to_owned(), None, "/nowhere/root.pem, cannot be read (entity not found)"),
        (format!("sslrootcert={key}"), None, "holds no certificate in PEM"),
    ];
    for (query, host, words) in cases {
        let said = open(&location(&url, host, &query)).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.starts_with("no trustworthy TLS connection to the database server at "), "{query}: {said}");
        assert!(said.contains(words), "{query}: {said}");
        assert!(!said.contains(['\n', '@']), "{said}");
    }
    admin().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // What PostgreSQL answers to the question whether it speaks TLS, when it does not.
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            stream.read_exact(&mut [0; 8]).expect("the question");
            stream.write_all(b"N").expect("the answer");
        }
    });
    let location: Location = format!("postgres://ada@127.0.0.1:{port}/t?sslmode=require").parse().expect("a location");
    let said = open(&location).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.ends_with("it speaks no TLS; set ssl = on there, or say sslmode=disable where nobody can listen in between"), "{said}");
}
