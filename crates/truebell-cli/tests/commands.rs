//! The commands on a real account: what they say, what they leave behind, how they end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, PASSWORD, Server};
use serde_json::Value;

fn candidates(error: &str) -> usize {
    let error: Value = serde_json::from_str(error.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "ambiguous");
    error["error"]["candidates"].as_array().unwrap().len()
}

#[test]
fn items_are_made_found_changed_and_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");

    let create =
        ["item", "create", "login", "--title", "My bank", "--username", "ada", "--url", "https://bank.example", "--set-stdin", "password"];
    ada.run_with(&create, "first secret\n").ok();
    ada.run(&["item", "create", "login", "--title", "Mail", "--username", "ada", "--url", "https://mail.example.org", "--generate"]).ok();
    assert_eq!(ada.run(&["item", "get", "My bank", "--field", "password"]).ok().out, "first secret\n");
    assert_eq!(ada.run(&["item", "get", "Mail", "--field", "password"]).ok().out.trim_end().len(), 20);
    let found = ada.run(&["search", "bank"]).ok().out;
    assert_eq!(found.trim_end().split('\t').skip(1).collect::<Vec<_>>(), ["My bank", "ada", "login", "Personal"]);

    // Concealed values stay hidden until they are asked for.
    let shown = ada.run(&["item", "get", "My bank"]).ok().out;
    assert!(!shown.contains("first secret") && shown.contains("••••"), "{shown}");
    assert!(!ada.run(&["item", "get", "My bank", "--json"]).ok().out.contains("first secret"));
    assert!(ada.run(&["item", "get", "My bank", "--json", "--reveal"]).ok().out.contains("first secret"));

    // An old version can be seen and brought back.
    ada.run_with(&["item", "edit", "My bank", "--set-stdin", "password", "--tag", "money"], "second secret\n").ok();
    let versions = ada.run(&["item", "history", "My bank", "--json"]).json();
    let oldest = versions["versions"].as_array().unwrap().last().unwrap()["number"].to_string();
    assert!(ada.run(&["item", "get", "My bank", "--version", &oldest, "--reveal"]).ok().out.contains("first secret"));
    ada.run(&["item", "restore", "My bank", "--version", &oldest]).ok();
    assert_eq!(ada.run(&["read", "tb://Personal/My bank/password"]).ok().out, "first secret\n");

    // The trash gives back what it took; what is purged is gone.
    let id = ada.run(&["item", "rm", "My bank", "--json"]).json()["id"].as_str().unwrap().to_owned();
    assert!(!ada.run(&["item", "list"]).ok().out.contains("My bank"));
    assert!(ada.run(&["item", "list", "--trash"]).ok().out.contains("My bank"));
    ada.run(&["item", "restore", &id]).ok();
    ada.run(&["item", "archive", &id]).ok();
    assert!(ada.run(&["item", "list", "--archived"]).ok().out.contains("My bank"));
    assert_eq!(ada.run(&["item", "rm", &id, "--purge"]).status, 2, "nobody can be asked, so --yes is needed");
    ada.run(&["item", "rm", &id, "--purge", "--yes"]).ok();
    let gone = ada.run(&["item", "get", &id]);
    assert_eq!(gone.status, 3, "{gone:?}");
}

#[test]
fn the_account_password_is_the_first_line_whether_it_is_needed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let lines = format!("{PASSWORD}\nfield secret\nthe note\nof two lines\n");
    for (title, agent) in [("With the agent", &[][..]), ("For itself", &["--no-agent"][..])] {
        if !agent.is_empty() {
            ada.run(&["lock"]).ok();
        }
        let create = ["item", "create", "login", "--title", title, "--set-stdin", "password", "--note-stdin", "--password-stdin"];
        ada.run_with(&[&create, agent].concat(), &lines).ok();
        let read = |field: &str| ada.run_with(&["item", "get", title, "--field", field, "--password-stdin"], PASSWORD).ok().out;
        assert_eq!((read("password").as_str(), read("note").as_str()), ("field secret\n", "the note\nof two lines\n"), "{title}");
        let edit = ["item", "edit", title, "--set-stdin", "password", "--password-stdin"];
        ada.run_with(&[&edit, agent].concat(), &format!("{PASSWORD}\nanother\n")).ok();
        assert_eq!(read("password"), "another\n", "{title}");
    }
    let left = ada.run_with(&["run", "--password-stdin", "--", "cat"], &format!("{PASSWORD}\nwhat follows\nis the program's\n")).ok();
    assert_eq!(left.out, "what follows\nis the program's\n");
}

#[test]
fn a_name_two_items_have_lists_both() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    for user in ["ada", "grace"] {
        ada.run(&["item", "create", "login", "--title", "Shop", "--username", user]).ok();
    }
    let ended = ada.run(&["item", "get", "Shop", "--json"]);
    assert_eq!((ended.status, candidates(&ended.err)), (3, 2));
    let ended = ada.run(&["item", "get", "Shop"]);
    assert!(ended.err.contains("Shop (ada)") && ended.err.contains("Shop (grace)"), "{ended:?}");
    let missing = ada.run(&["item", "get", "Nothing"]);
    assert_eq!(missing.status, 3, "{missing:?}");
    let missing = ada.run(&["item", "get", "Shop", "--vault", "Nowhere"]);
    assert_eq!(missing.status, 3, "{missing:?}");
}

#[test]
fn a_program_gets_secrets_in_its_environment_and_its_output_hides_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    ada.run_with(&["item", "create", "database", "--title", "App", "--set-stdin", "password"], "s3cret-value\n").ok();
    let env = folder.path().join("app.env");
    std::fs::write(&env, "DB=tb://Personal/App/password\nPLAIN=x\n").unwrap();
    let env = env.to_string_lossy().into_owned();

    let script = "printf '%s|%s|' \"$DB\" \"$PLAIN\"; printf s3cret; sleep 0.2; printf -- '-value\\n'; echo $DB >&2; test \"$DB\" = s3cret-value && exit 9";
    let ran = ada.run(&["run", "--env-file", &env, "--", "sh", "-c", script]);
    assert_eq!(ran.out, "<concealed by truebell>|x|<concealed by truebell>\n");
    assert_eq!(ran.err, "<concealed by truebell>\n");
    assert_eq!(ran.status, 9);
    let ran = ada.run(&["run", "--no-masking", "--env-file", &env, "--", "sh", "-c", "echo $DB"]).ok();
    assert_eq!(ran.out, "s3cret-value\n");

    let template = folder.path().join("app.tpl");
    let out = folder.path().join("app.conf");
    std::fs::write(&template, "user = {{ other }}\npassword = {{ tb://Personal/App/password }}\n").unwrap();
    let inject = ["inject", "-i", &template.to_string_lossy(), "-o", &out.to_string_lossy()].map(str::to_owned);
    ada.run(&inject.each_ref().map(String::as_str)).ok();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "user = {{ other }}\npassword = s3cret-value\n");
    std::fs::write(&template, "{{ tb://Personal/App/nothing }}").unwrap();
    std::fs::remove_file(&out).unwrap();
    let failed = ada.run(&inject.each_ref().map(String::as_str));
    assert_eq!(failed.status, 3, "{failed:?}");
    assert!(!out.exists(), "nothing is written where one reference fails");
}

#[test]
fn attachments_come_back_byte_for_byte_also_through_our_archive() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|index| u8::try_from(index.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    let file = folder.path().join("scan.bin");
    std::fs::write(&file, &bytes).unwrap();
    let (file, back) = (file.to_string_lossy().into_owned(), folder.path().join("back.bin").to_string_lossy().into_owned());
    ada.run(&["item", "create", "document", "--title", "Passport"]).ok();
    ada.run(&["attach", "add", "Passport", &file]).ok();
    ada.run(&["attach", "get", "Passport", "scan.bin", "--out", &back]).ok();
    assert_eq!(std::fs::read(&back).unwrap(), bytes);

    let archive = folder.path().join("out.truebell").to_string_lossy().into_owned();
    ada.run_with(&["export", "--format", "archive", &archive, "--export-password-stdin"], "archive password\n").ok();
    let grace = Machine::signed_up(folder.path(), &server, "grace");
    let wrong = grace.run_with(&["import", &archive, "--yes", "--import-password-stdin"], "wrong\n");
    assert_eq!(wrong.status, 5, "{wrong:?}");
    grace.run_with(&["import", &archive, "--yes", "--import-password-stdin"], "archive password\n").ok();
    let again = folder.path().join("again.bin").to_string_lossy().into_owned();
    grace.run(&["attach", "get", "Passport", "scan.bin", "--out", &again]).ok();
    assert_eq!(std::fs::read(&again).unwrap(), bytes);

    ada.run(&["attach", "rm", "Passport", "scan.bin"]).ok();
    assert_eq!(ada.run(&["attach", "list", "Passport", "--json"]).json()["attachments"], serde_json::json!([]));
    assert_eq!(ada.run(&["attach", "get", "Passport", "scan.bin", "--out", "-"]).status, 3);
}

#[test]
fn without_the_server_edits_are_kept_and_go_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let phone = ada.second(folder.path(), "phone");
    server.kill();
    let made = ada.run(&["item", "create", "secure-note", "--title", "Written on a train"]).ok();
    assert!(made.err.contains("Saved on this device"), "{made:?}");
    assert_eq!(ada.run(&["item", "create", "note", "--title", "Two", "--json"]).json()["synced"], false);
    let offline = ada.run(&["sync", "--json"]);
    assert_eq!(offline.status, 6, "{offline:?}");
    assert!(offline.err.contains("\"code\":\"offline\"") && !offline.err.contains("notice"), "{offline:?}");
    assert_eq!(ada.run(&["status", "--json"]).json()["pending"], 2);
    server.start_again();
    ada.run(&["sync"]).ok();
    phone.run(&["sync"]).ok();
    assert!(phone.run(&["item", "list"]).ok().out.contains("Written on a train"));
}

#[test]
fn what_another_device_did_is_said_once_and_never_by_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let own = ada.run(&["sync"]).ok();
    assert!(!own.err.contains("notice"), "one's own acts are no alarm: {own:?}");
    let phone = ada.second(folder.path(), "phone");
    let own = phone.run(&["sync"]).ok();
    assert!(!own.err.contains("notice"), "{own:?}");

    let quiet = ada.run(&["sync", "--quiet"]).ok();
    assert_eq!(quiet.err, "");
    let told = ada.run(&["item", "list"]).ok();
    assert_eq!(told.err.matches("notice:").count(), 1, "{told:?}");
    assert!(told.err.contains("“phone”"), "{told:?}");
    assert_eq!(ada.run(&["item", "list"]).ok().err.matches("notice").count(), 0);

    // The same in the inbox, and its code is good.
    let events = ada.run(&["events", "--json"]).json();
    let enrolled: Vec<&Value> = events["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "device-enrolled").collect();
    assert_eq!(enrolled.len(), 1, "{events}");
    ada.run(&["notice", "verify", enrolled[0]["code"].as_str().unwrap()]).ok();
    let never = ada.run(&["notice", "verify", "00000-00000"]);
    assert_eq!(never.status, 3, "{never:?}");
    assert!(never.out.contains("Never sent"), "{never:?}");

    // A password change is told on the phone, in JSON as JSON.
    let passwords = format!("{PASSWORD}\nanother long pass phrase\n");
    ada.run_with(&["password", "change", "--password-stdin", "--new-password-stdin"], &passwords).ok();
    let told = phone.run(&["sync", "--json"]);
    assert_eq!(told.err.matches("\"kind\":\"password-changed\"").count(), 1, "{told:?}");
    assert!(!phone.run(&["sync", "--json"]).err.contains("notice"));
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let csv = folder.path().join("many.csv");
    let rows: String = (0..3000).map(|number| format!("Site {number},https://site{number}.example,ada,pw{number},\n")).collect();
    std::fs::write(&csv, format!("name,url,username,password,note\n{rows}")).unwrap();
    ada.run(&["import", &csv.to_string_lossy(), "--yes"]).ok();
    let binary = env!("CARGO_BIN_EXE_truebell");
    let script = format!("({binary} item list; echo $? >&2) | head -n 1");
    let ran = std::process::Command::new("sh").args(["-c", &script]).env("TRUEBELL_HOME", &ada.home).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "0\n");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("Site 0"));
}

#[test]
fn a_kit_is_proven_before_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let kit = ada.kit(folder.path());
    ada.run_with(&["kit", "test", "--kit-text", &kit, "--password-stdin"], PASSWORD).ok();
    let wrong = ada.run_with(&["kit", "test", "--kit-text", &kit, "--password-stdin"], "wrong");
    assert_eq!(wrong.status, 5, "{wrong:?}");
    let pdf = folder.path().join("new.pdf").to_string_lossy().into_owned();
    ada.run(&["kit", "write", "--kit", &pdf]).ok();
    assert_eq!(ada.run(&["kit", "write", "--kit", &pdf]).status, 1, "a kit is not written over");
    ada.run_with(&["kit", "test", "--kit", &pdf, "--password-stdin"], PASSWORD).ok();

    // After a new Secret Key the old kit opens nothing, and nobody is told that anything was changed.
    let rotated = folder.path().join("rotated.pdf").to_string_lossy().into_owned();
    ada.run_with(&["secret-key", "rotate", "--kit", &rotated, "--yes", "--password-stdin"], PASSWORD).ok();
    let old = ada.run_with(&["kit", "test", "--kit", &pdf, "--password-stdin"], PASSWORD);
    assert_eq!(old.status, 5, "{old:?}");
    assert!(!old.err.contains("changed"), "{old:?}");
    ada.run_with(&["kit", "test", "--kit", &rotated, "--password-stdin"], PASSWORD).ok();
}
