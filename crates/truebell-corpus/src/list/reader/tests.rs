//! What each dialect makes of each oddity, and that pieces make no difference.

use super::super::made_up::{Fault, noisy_list};
use super::super::{Dialect, LINE_BYTES_MAX};
use super::*;
use proptest::prelude::*;

/// A record as text: line, address, what stands beside it.
fn text(record: &Record<'_>) -> String {
    let of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let beside = match record.beside {
        Beside::Password { bytes, encoding: Encoding::Utf8 } => format!("={}", of(bytes)),
        Beside::Password { bytes, encoding: Encoding::Windows1252 } => format!("~{}", of(bytes)),
        other => format!(" {other:?}"),
    };
    format!("{} {}{beside}", record.line, of(record.address))
}

fn read_in(dialect: &str, list: &[u8], piece: usize) -> (Vec<String>, Tally) {
    let mut reader = Reader::new(dialect.parse::<Dialect>().unwrap());
    let mut records = Vec::new();
    let mut each = |record: &Record<'_>| records.push(text(record));
    list.chunks(piece).for_each(|piece| reader.feed(piece, &mut each));
    reader.finish(&mut each);
    let tally = reader.tally().clone();
    (records, tally)
}

/// Records and skips, as text; each line is accounted for.
fn read(dialect: &str, list: impl AsRef<[u8]>) -> Vec<String> {
    let list = list.as_ref();
    let (mut records, tally) = read_in(dialect, list, list.len().max(1));
    assert_eq!(tally.lines, tally.empty + tally.understood + tally.records + tally.all_skipped(), "{dialect}: {tally:?}");
    for why in Skip::ALL {
        let skipped = tally.skipped(why);
        if skipped.lines > 0 {
            records.push(format!("{} {}, first {}", skipped.lines, why.name(), skipped.first));
        }
    }
    records
}

fn check(dialect: &str, list: impl AsRef<[u8]>, expect: &[&str]) {
    assert_eq!(read(dialect, list), expect, "{dialect}");
}

#[test]
fn a_pair_is_divided_at_its_first_separator_and_a_password_is_never_trimmed() {
    check("colon", "ada@example.org: pa:ss \t\n", &["1 ada@example.org= pa:ss \t"]);
    check("semicolon", "ada@example.org;a;b\nada@example.org:c\n", &["1 ada@example.org=a;b", "1 no-separator, first 2"]);
    check("tab", " ada@example.org \tx\ty\n", &["1 ada@example.org=x\ty"]);
    check("bar", "ada@example.org|", &["1 ada@example.org Nothing"]);
    check("comma", "ada@example.org,\"x\"", &["1 ada@example.org=\"x\""]);
    check("colon-spaced", "ada@example.org :  x\nbob@example.org:y\n", &["1 ada@example.org= x", "2 bob@example.org=y"]);
}

#[test]
fn ends_of_lines_marks_and_broken_lines_become_what_the_table_says() {
    check("colon", b"\xef\xbb\xbfada@example.org:x\r\n\r\nbob@example.org:y\r\r\n", &["1 ada@example.org=x", "3 bob@example.org=y"]);
    let long = format!("ada@example.org:{}\nbob@example.org:{}\n", "x".repeat(LINE_BYTES_MAX), "y".repeat(PASSWORD_BYTES_MAX + 1));
    check("colon", long, &["1 too-long, first 1", "1 long-password, first 2"]);
    let odd = "nobody\nuser:x\na@example.org:\0\na@example.org:x\ry\na@example.org:\u{1b}[0m\na@x..y:z\n";
    check("colon", odd, &["1 nul, first 3", "2 control, first 4", "1 no-separator, first 1", "2 not-an-address, first 2"]);
}

#[test]
fn encodings_are_judged_line_by_line_and_utf16_by_its_mark() {
    let mixed = b"a@example.org:p\xc3\xa4ss\nb@example.org:p\xe4ss\x80\nc@example.org:pass\n";
    check("colon", mixed, &["1 a@example.org=päss", "2 b@example.org~päss€", "3 c@example.org=pass"]);
    let utf16: Vec<u8> = "\u{feff}a@example.org:päß😀\nb@example.org:x".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check("colon", &utf16, &["1 a@example.org=päß😀", "2 b@example.org=x"]);
    check("colon", &utf16[2..], &["2 nul, first 1"]);
}

#[test]
fn a_hash_is_no_candidate_in_any_dialect() {
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    check(
        "colon",
        format!("a@example.org:{md5}\nb@example.org:{md5}:salt\nc@example.org:{md5}0\n"),
        &["1 a@example.org Hash(Hex(32))", "2 b@example.org Hash(Hex(32))", &format!("3 c@example.org={md5}0")],
    );
    check("jsonl", r#"{"email":"a@example.org","hash":"whatever"}"#, &["1 a@example.org Hash(Called)"]);
    check("csv", "email,password_hash\na@example.org,xyz\nb@example.org,\n", &["2 a@example.org Hash(Called)", "3 b@example.org Nothing"]);
}

#[test]
fn csv_columns_are_told_by_header_content_or_setting_and_never_guessed_at_later() {
    check(
        "csv",
        "id,Password,E-Mail\n1, x ,a@example.org\n2,\"p,\"\"q\",b@example.org\n3,y\n4,NULL,c@example.org\n",
        &["2 a@example.org= x ", "3 b@example.org=p,\"q", "5 c@example.org Nothing", "1 columns, first 4"],
    );
    check("csv-semicolon", "1;a@example.org;x\n2;b@example.org;y;z\n", &["1 a@example.org=x", "1 columns, first 2"]);
    check("csv:2:1", "x,a@example.org\ny,nobody\n", &["1 a@example.org=x", "1 not-an-address, first 2"]);
    check("csv", "words first\na@example.org,x\n", &["2 a@example.org=x", "1 not-an-address, first 1"]);
    check("csv:1", "a@example.org,x\n", &["1 a@example.org Nothing"]);
}

#[test]
fn a_quoted_record_may_have_several_lines_and_a_quote_that_never_closes_takes_only_its_own() {
    check("csv:1:3", "a@example.org,\"two\n\nlines\",x\nb@example.org,,y\n", &["1 a@example.org=x", "4 b@example.org=y"]);
    let open = format!("a@example.org,\"x\n{}", (2..40).map(|line| format!("u{line}@example.org,y{line}\n")).collect::<String>());
    let mut expect: Vec<String> = (2..40).map(|line| format!("{line} u{line}@example.org=y{line}")).collect();
    expect.push("1 quote, first 1".to_owned());
    assert_eq!(read("csv:1:2", format!("q@example.org,z\n{open}")).len(), expect.len() + 1);
    assert_eq!(read("csv:1:2", &open)[..2], expect[..2]);
    check(
        "csv:1:2",
        "a@example.org,\"x\nb@example.org,\"y\"\nc@example.org,z\n",
        &["2 b@example.org=y", "3 c@example.org=z", "1 quote, first 1"],
    );
}

#[test]
fn stealer_blocks_of_all_families_are_read() {
    let redline = "*****\nURL: https://a.example:8443/\nUsername: a@example.org\nPassword:  x: y \nApplication: Chrome\n===============\n";
    let raccoon = "browser: Chrome\nprofile: Default\nurl: https://b.example\nlogin: b@example.org\npassword: y\n\n";
    let lumma =
        "SOFT: Chrome\nURL: https://c.example\nUSER: c@example.org\nPASS: z\nSOFT: Edge\nURL: https://d.example\nUSER: user\nPASS: w\n";
    let halves = "Login: e@example.org\nPassword: UNKNOWN\n\nPassword: v\n\nhello\nPassword: u\nUsername: f@example.org\n";
    check(
        "stealer",
        format!("{redline}{raccoon}{lumma}{halves}"),
        &[
            "3 a@example.org= x: y ",
            "10 b@example.org=y",
            "15 c@example.org=z",
            "21 e@example.org Nothing",
            "28 f@example.org=u",
            "1 not-an-address, first 19",
            "1 half-block, first 24",
            "1 not-understood, first 26",
        ],
    );
}

#[test]
fn urls_and_json_lines_are_read() {
    check(
        "url",
        "https://a.example/:a@example.org:x:y\nhttps://a.example/:user:b@example.org:z\n",
        &["1 a@example.org=x:y", "1 not-an-address, first 2"],
    );
    check("jsonl", "{\"email\":\"a@example.org\",\"password\":\" p\\u00e4 \"}\n[]\n", &["1 a@example.org= pä ", "1 json, first 2"]);
}

#[test]
fn a_noisy_list_is_read_with_every_line_accounted_for() {
    let list = noisy_list(11, 5_000, Fault::None);
    let (_, tally) = read_in("colon", &list, 4096);
    assert_eq!(tally.lines, tally.empty + tally.records + tally.all_skipped());
    assert!(tally.records > 4_700 && tally.hashes > 20 && tally.empty > 20 && tally.windows_1252 > 0, "{tally:?}");
    for why in [Skip::Nul, Skip::NotAnAddress, Skip::LongPassword, Skip::NoSeparator] {
        assert!(tally.skipped(why).lines > 0, "{why:?}");
    }
}

#[test]
fn what_waits_is_bounded_whatever_the_list() {
    let mut reader = Reader::new("csv:1:2".parse().unwrap());
    for _ in 0..200 {
        reader.feed(&[b"\"".to_vec(), vec![b'x'; 9_999], b"\n".to_vec()].concat(), &mut |_| {});
    }
    reader.finish(&mut |_| {});
    assert_eq!(reader.tally().skipped(Skip::Quote).lines, 200);
}

const DIALECTS: [&str; 8] = ["colon", "colon-spaced", "comma", "csv", "csv-semicolon:1:2", "jsonl", "stealer", "url"];

proptest! {
    #[test]
    fn pieces_make_no_difference(
        words in proptest::collection::vec(prop_oneof![
            Just("a@example.org"), Just(":"), Just(","), Just(";"), Just("\""), Just("\n"), Just("\r\n"), Just("URL: x"), Just("Login: b@example.org"),
            Just("Password: y"), Just("{\"email\":\"a@example.org\"}"), Just("https://a.example/"), Just("\u{e4}"), Just("\0"), Just("="), Just("email"), Just("password"),
        ], 0..40),
        odd in proptest::option::of(any::<u8>()),
        at in 0..DIALECTS.len(),
        piece in 1_usize..7,
    ) {
        let mut list = words.concat().into_bytes();
        if let Some(odd) = odd {
            let middle = list.len() / 2;
            list.insert(middle, odd);
        }
        let whole = read_in(DIALECTS[at], &list, list.len().max(1));
        let (tally, pieces) = (whole.1.clone(), read_in(DIALECTS[at], &list, piece));
        prop_assert_eq!(whole, pieces);
        prop_assert_eq!(tally.lines, tally.empty + tally.understood + tally.records + tally.all_skipped());
    }
}
