//! Round trips with the real KeePassXC: it writes, we read; we write, it reads. Needs `keepassxc-cli` (Debian package `keepassxc`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod common;

use common::NOW;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use truebell_core::item::{Category, FieldKind, Item, Past, PastWhy, Site, State};
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_transfer::export::{self, Format, Outgoing};
use truebell_transfer::import::{self, ImportError, ImportedFile, Source, Unlock};

const PASSWORD: &str = "correct horse";

/// Runs `keepassxc-cli` in `folder` with `input` typed, and gives what it printed.
fn keepassxc(folder: &Path, arguments: &[&str], input: &str) -> String {
    let child = Command::new("keepassxc-cli")
        .args(arguments)
        .current_dir(folder)
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|_| panic!("keepassxc-cli is not installed: install the Debian package keepassxc"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "keepassxc-cli {arguments:?} failed: {err}{out}");
    out.into_owned()
}

/// What `keepassxc-cli` asks for when it makes a database (with a million rounds of AES, its least).
fn twice() -> String {
    format!("{PASSWORD}\n{PASSWORD}\n")
}

fn once() -> String {
    format!("{PASSWORD}\n")
}

fn unlock(password: &Secret) -> Unlock<'_> {
    Unlock { password: Some(password), key_file: None }
}

fn read(folder: &Path, name: &str) -> import::Imported {
    let bytes = fs::read(folder.join(name)).unwrap();
    assert_eq!(import::detect(name, &bytes), Some(Source::KeePass));
    import::read(Source::KeePass, &bytes, unlock(&Secret::from(PASSWORD)), NOW).unwrap()
}

fn value<'a>(item: &'a Item, name: &str) -> &'a str {
    item.find_field(name).map_or("", |field| field.value.expose())
}

/// A KeePass XML document with a thousand entries in groups.
fn thousand_entries() -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<KeePassFile><Meta/><Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>Root</Name>".to_owned();
    for group in 0..10u8 {
        let uuid = data_encoding::BASE64.encode(&[&[2, group][..], &[0; 14]].concat());
        write!(xml, "<Group><UUID>{uuid}</UUID><Name>Group {group}</Name>").unwrap();
        for number in 0..100u8 {
            let uuid = data_encoding::BASE64.encode(&[&[3, group, number][..], &[0; 13]].concat());
            write!(xml, "<Entry><UUID>{uuid}</UUID>").unwrap();
            for (key, text) in [
                ("Title", format!("Site {group}/{number}")),
                ("UserName", format!("user{number}@example.org")),
                ("Password", format!("p&lt;ä{group}{number}  ")),
                ("URL", format!("https://{group}-{number}.example.org/")),
            ] {
                write!(xml, "<String><Key>{key}</Key><Value>{text}</Value></String>").unwrap();
            }
            xml.push_str("</Entry>");
        }
        xml.push_str("</Group>");
    }
    xml + "</Group></Root></KeePassFile>"
}

#[test]
fn a_thousand_entries_written_by_keepassxc_are_all_read() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.xml"), thousand_entries()).unwrap();
    keepassxc(folder.path(), &["import", "-q", "-p", "in.xml", "out.kdbx"], &twice());
    let imported = read(folder.path(), "out.kdbx");
    assert_eq!((imported.items.len(), imported.report.records, imported.report.losses.len()), (1000, 1000, 0));
    let item = &imported.items[205];
    assert_eq!(item.folder.as_deref(), Some("Group 2"));
    assert!(item.item.overview.tags.contains("Group 2"));
    let item = &item.item;
    assert_eq!((item.overview.title.as_str(), value(item, "username")), ("Site 2/5", "user5@example.org"));
    assert_eq!((value(item, "password"), item.overview.sites[0].url.as_str()), ("p<ä25  ", "https://2-5.example.org/"));
}

#[test]
fn entries_with_files_history_and_trash_made_step_by_step_are_read() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str], input: &str| keepassxc(folder.path(), arguments, input);
    run(&["db-create", "-q", "-p", "a.kdbx"], &twice());
    run(&["mkdir", "-q", "a.kdbx", "Work"], &once());
    run(
        &["add", "-q", "-u", "ada", "--url", "https://bank.example.org", "--notes", "line", "-p", "a.kdbx", "Work/Bank"],
        &format!("{PASSWORD}\nfirst\n"),
    );
    run(&["edit", "-q", "-p", "a.kdbx", "Work/Bank"], &format!("{PASSWORD}\nsecond\n"));
    fs::write(folder.path().join("key.bin"), [0, 159, 146, 150]).unwrap();
    run(&["attachment-import", "-q", "a.kdbx", "Work/Bank", "key.bin", "key.bin"], &once());
    run(&["add", "-q", "-u", "old", "a.kdbx", "Gone"], &once());
    run(&["rm", "-q", "a.kdbx", "Gone"], &once());

    let imported = read(folder.path(), "a.kdbx");
    let bank = imported.items.iter().find(|item| item.item.overview.title == "Bank").unwrap();
    assert_eq!(value(&bank.item, "password"), "second");
    assert_eq!(bank.item.detail.note.expose(), "line");
    assert_eq!(bank.files, [ImportedFile { name: "key.bin".to_owned(), bytes: vec![0, 159, 146, 150] }]);
    let past: Vec<_> = bank.item.detail.past.iter().map(|past| (past.field.as_str(), past.value.expose(), past.why)).collect();
    assert_eq!(past, [("/password", "first", PastWhy::Imported)]);
    let gone = imported.items.iter().find(|item| item.item.overview.title == "Gone").unwrap();
    assert!(matches!(gone.item.overview.state, State::Trashed { .. }));
    assert_eq!(gone.folder, None);
    assert_eq!(imported.report.losses, []);
}

#[test]
fn a_key_file_beside_the_password_is_needed_and_used() {
    let folder = TempDir::new().unwrap();
    keepassxc(folder.path(), &["db-create", "-q", "-p", "--set-key-file", "key.keyx", "k.kdbx"], &twice());
    let (bytes, key) = (fs::read(folder.path().join("k.kdbx")).unwrap(), fs::read(folder.path().join("key.keyx")).unwrap());
    let password = Secret::from(PASSWORD);
    let both = Unlock { password: Some(&password), key_file: Some(&key) };
    assert!(import::read(Source::KeePass, &bytes, both, NOW).is_ok());
    let error = import::read(Source::KeePass, &bytes, unlock(&password), NOW).unwrap_err();
    assert_eq!(error, ImportError::WrongPassword(Source::KeePass));
    assert_eq!(
        error.to_string(),
        "this password does not open the KeePass file; if it also needs a key file, give that too (one that needs a hardware key cannot be imported)"
    );
}

/// An item with one of everything KDBX has a place for.
fn rich_item() -> Item {
    let mut item = Item::default();
    item.overview.title = "Mail <&> \"größte\" 日本".to_owned();
    item.overview.created = UnixMillis(1_600_000_000_000);
    item.overview.edited = UnixMillis(1_650_000_000_000);
    item.overview.favourite = true;
    item.overview.tags = ["work", "mail"].map(str::to_owned).into();
    for url in ["https://mail.example.org/", "https://two.example.org/", "https://three.example.org/"] {
        item.overview.sites.push(Site { url: url.to_owned(), ..Site::default() });
    }
    item.set_field("username", "ada");
    item.set_field("password", "  sp<ä>ce \u{1}");
    item.set_field("totp", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    item.detail.note = Secret::from("  first\n\nsecond\r\n");
    item.detail.past.push(Past {
        field: "/password".to_owned(),
        value: Secret::from("older"),
        until: UnixMillis(1_640_000_000_000),
        why: PastWhy::Edited,
    });
    let section = &mut item.detail.sections[0];
    section.fields.push(truebell_core::item::Field {
        id: "custom-1".to_owned(),
        label: "PIN".to_owned(),
        kind: FieldKind::Concealed,
        value: Secret::from("0042"),
        ..Default::default()
    });
    item
}

#[test]
fn keepassxc_opens_lists_and_shows_what_we_write() {
    let folder = TempDir::new().unwrap();
    let item = rich_item();
    let mut trashed = Item::default();
    trashed.overview.title = "Old".to_owned();
    trashed.overview.state = State::Trashed { since: NOW };
    let file = ImportedFile { name: "a b.txt".to_owned(), bytes: b"attached\0bytes".to_vec() };
    let outgoing = [Outgoing { item: &item, files: std::slice::from_ref(&file) }, Outgoing { item: &trashed, files: &[] }];
    let exported = export::write(Format::Kdbx, &outgoing, Some(&Secret::from(PASSWORD)), NOW, &mut Seeded::new(1)).unwrap();
    assert_eq!((exported.report.items, exported.report.lost()), (2, 0));
    fs::write(folder.path().join("ours.kdbx"), &*exported.bytes).unwrap();
    let run = |arguments: &[&str]| keepassxc(folder.path(), arguments, &once());

    let title = item.overview.title.as_str();
    let listed = run(&["ls", "-q", "-R", "-f", "ours.kdbx"]);
    assert!(listed.lines().any(|line| line == title), "{listed}");
    assert!(listed.lines().any(|line| line == "Recycle Bin/Old"), "{listed}");
    let show = |attribute: &str| run(&["show", "-q", "-s", "-a", attribute, "ours.kdbx", title]);
    assert_eq!(show("UserName"), "ada\n");
    assert_eq!(show("Password"), "  sp<ä>ce \u{1}\n");
    assert_eq!(show("URL"), "https://mail.example.org/\n");
    assert_eq!(show("KP2A_URL_1"), "https://three.example.org/\n");
    assert_eq!(show("PIN"), "0042\n");
    assert_eq!(show("Notes"), "  first\n\nsecond\r\n\n");
    let code = run(&["show", "-q", "-t", "ours.kdbx", title]);
    assert!(code.trim().len() == 6 && code.trim().bytes().all(|b| b.is_ascii_digit()), "{code:?}");
    assert_eq!(run(&["attachment-export", "-q", "--stdout", "ours.kdbx", title, "a b.txt"]), "attached\0bytes");
    let info = run(&["show", "-q", "--all", "ours.kdbx", title]);
    assert!(info.contains("Favorite"), "{info}");

    // KeePassXC writes it anew; nothing is lost on the way back.
    keepassxc(folder.path(), &["edit", "-q", "-u", "countess", "ours.kdbx", title], &once());
    let back = read(folder.path(), "ours.kdbx");
    let again = &back.items.iter().find(|i| i.item.overview.title == title).unwrap().item;
    assert_eq!(value(again, "username"), "countess");
    assert_eq!(value(again, "password"), value(&item, "password"));
    assert_eq!(value(again, "PIN"), "0042");
    assert_eq!(again.overview.sites, item.overview.sites);
    assert_eq!(again.overview.tags, item.overview.tags);
    assert!(again.overview.favourite);
    assert_eq!(again.overview.created, item.overview.created);
    // Line ends are KeePassXC's own when it writes.
    assert_eq!(again.detail.note.expose(), item.detail.note.expose().replace("\r\n", "\n"));
    let past: Vec<_> = again.detail.past.iter().map(|past| (past.field.as_str(), past.value.expose())).collect();
    assert_eq!(past, [("/username", "ada"), ("/password", "older")]);
    assert_eq!(back.items[0].item.overview.category, Category::Login);
}

#[test]
fn keepassxcs_own_csv_is_read() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.xml"), thousand_entries()).unwrap();
    keepassxc(folder.path(), &["import", "-q", "-p", "in.xml", "out.kdbx"], &twice());
    let csv = keepassxc(folder.path(), &["export", "-q", "-f", "csv", "out.kdbx"], &once());
    assert_eq!(import::detect("x.csv", csv.as_bytes()), Some(Source::KeePassXcCsv));
    let imported = import::read(Source::KeePassXcCsv, csv.as_bytes(), Unlock::default(), NOW).unwrap();
    assert_eq!((imported.items.len(), imported.report.losses.len()), (1000, 0));
    let item = &imported.items[205];
    assert_eq!((item.folder.as_deref(), value(&item.item, "password")), (Some("Group 2"), "p<ä25  "));
}

/// One `String` of an entry.
fn string(key: &str, value: &str) -> String {
    format!("<String><Key>{key}</Key><Value>{value}</Value></String>")
}

fn entry(number: u8, inside: &str) -> String {
    let times = "<Times><CreationTime>2020-01-01T00:00:00Z</CreationTime><LastModificationTime>2021-01-01T00:00:00Z</LastModificationTime>\
        <LocationChanged>2022-01-01T00:00:00Z</LocationChanged><ExpiryTime>2030-01-02T03:04:05Z</ExpiryTime><Expires>EXPIRES</Expires></Times>";
    let times = times.replace("EXPIRES", if number == 1 { "True" } else { "False" });
    format!("<Entry><UUID>{}</UUID>{times}{inside}</Entry>", data_encoding::BASE64.encode(&[number; 16]))
}

fn everything() -> String {
    let history = entry(1, &(string("Title", "Bank") + &string("UserName", "ada") + &string("Password", "old") + &string("Gone", "x")))
        .replace("2021-01-01", "2020-06-01");
    let rich = [
        "<IconID>5</IconID><ForegroundColor>#FF0000</ForegroundColor><OverrideURL>cmd://x</OverrideURL><Tags>work;Favorite</Tags>".to_owned(),
        string("Title", "Bank") + &string("UserName", "ada") + &string("Password", "new") + &string("URL", "https://a.example"),
        string("KP2A_URL_1", "https://c.example") + &string("KP2A_URL", "https://b.example") + &string("Customer", "42"),
        string("KPEX_PASSKEY_USERNAME", "ada") + &string("KPEX_PASSKEY_RELYING_PARTY", "a.example"),
        "<AutoType><Enabled>True</Enabled><DefaultSequence>{TAB}</DefaultSequence><Association><Window>Bank*</Window><KeystrokeSequence>{ENTER}</KeystrokeSequence></Association></AutoType>".to_owned(),
        "<CustomData><Item><Key>Plugin</Key><Value>setting</Value></Item></CustomData>".to_owned(),
        format!("<History>{history}</History>"),
    ];
    let seed = string("Title", "Seed") + &string("TOTP Seed", "JBSW Y3DP") + &string("TOTP Settings", "60;8");
    let time = string("Title", "Time") + &string("TimeOtp-Secret-Hex", "48656c6c6f") + &string("TimeOtp-Algorithm", "HMAC-SHA-256");
    let counter = string("Title", "Counter") + &string("HmacOtp-Secret", "abc") + &string("HmacOtp-Counter", "7");
    let hex = "01".repeat(16);
    let reference = string("Title", "Reference") + &string("Password", &format!("{{REF:P@I:{hex}}}")) + &string("UserName", "{REF:U@I:00}");
    let group = |number: u8, name: &str, inside: &str| {
        format!("<Group><UUID>{}</UUID><Name>{name}</Name>{inside}</Group>", data_encoding::BASE64.encode(&[100 + number; 16]))
    };
    let inner = group(3, "Deep", &entry(2, &seed));
    let work = group(2, "Work", &format!("<Notes>about work</Notes>{}{inner}", entry(1, &rich.concat())));
    let bin = group(4, "Bin", &(entry(5, &string("Title", "Trashed")) + &group(6, "Sub", &entry(6, &string("Title", "Below")))));
    let root = work + &group(5, "Empty", "") + &bin + &entry(3, &time) + &entry(4, &counter) + &entry(7, &reference);
    let meta = format!(
        "<Meta><RecycleBinEnabled>True</RecycleBinEnabled><RecycleBinUUID>{}</RecycleBinUUID></Meta>",
        data_encoding::BASE64.encode(&[104; 16])
    );
    format!("<KeePassFile>{meta}<Root>{}</Root></KeePassFile>", group(1, "Root", &root))
}

#[test]
fn everything_an_entry_can_have_is_kept_or_reported() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.xml"), everything()).unwrap();
    keepassxc(folder.path(), &["import", "-q", "-p", "in.xml", "out.kdbx"], &twice());
    let imported = read(folder.path(), "out.kdbx");
    insta::assert_snapshot!(common::describe(&imported), @r#"
    Login "Time" 1577836800000..1609459200000
      totp Totp "otpauth://totp/Time?secret=JBSWY3DP&period=30&digits=6&issuer=Time&algorithm=SHA256"
    Login "Counter" 1577836800000..1609459200000
      "HmacOtp-Counter" Text "7"
      "HmacOtp-Secret" Concealed "abc"
    Login "Reference" ({REF:U@I:00}) 1577836800000..1609459200000
      password Concealed "new"
      username Text "{REF:U@I:00}"
    Login "Bank" (ada) #Work #work favourite 1577836800000..1609459200000
      site https://a.example 
      site https://b.example 
      site https://c.example 
      "Customer" Text "42"
      password Concealed "new"
      username Text "ada"
      passkey Passkey "{\"credentials\":{\"KPEX_PASSKEY_RELYING_PARTY\":\"a.example\",\"KPEX_PASSKEY_USERNAME\":\"ada\"},\"from\":\"keepassxc\"}"
      "expires" Text "2030-01-02T03:04:05Z"
      "override URL" Text "cmd://x"
      "auto-type" Text "{TAB}"
      "auto-type: Bank*" Text "{ENTER}"
      [KeePass plug-in data]
      "Plugin" Concealed "setting"
      past /Gone "x" until 1609459200000
      past /password "old" until 1609459200000
    Login "Seed" #Work/Deep 1577836800000..1609459200000
      totp Totp "otpauth://totp/Seed?secret=JBSWY3DP&period=60&digits=8&issuer=Seed"
    Login "Trashed" trashed 1640995200000 1577836800000..1609459200000
    Login "Below" #Sub trashed 1640995200000 1577836800000..1609459200000
    record 3 | Reference | UserName | changed | the reference in it points to nothing; it is kept as text
    record 4 | Bank | icon | lost | looks of an entry are not carried
    record 4 | Bank | foreground colour | lost | looks of an entry are not carried
    group Work |  | notes | lost | groups become tags, and tags have no notes
    group Empty |  | (whole record) | lost | groups become tags, and an empty group tags nothing
    "#);
}
