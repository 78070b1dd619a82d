//! The log against code of others (`tlog_tiles`, `signed_note`), and against damage.

use super::*;
use crate::ids::ServerId;
use crate::sign::SigningKey;
use crate::testing::Seeded;
use crate::time::UnixMillis;
use data_encoding::{BASE64, HEXLOWER};
use proptest::prelude::*;
use signed_note::StandardVerifier;
use std::collections::BTreeMap;
use tlog_tiles::tlog::{self, HashReader};

fn entry(index: usize) -> Hash32 {
    Hash32::derive_plain(&index.to_be_bytes())
}

/// A log of ours, and the same one as `tlog_tiles` keeps it.
#[derive(Default)]
struct Both {
    size: u64,
    kept: BTreeMap<TileId, Vec<u8>>,
    theirs: Theirs,
}

#[derive(Default)]
struct Theirs(Vec<tlog::Hash>);

impl HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

impl Both {
    fn of(size: usize, batch: usize) -> Self {
        let mut both = Self::default();
        let entries: Vec<Hash32> = (0..size).map(entry).collect();
        for batch in entries.chunks(batch) {
            both.grow(batch);
        }
        both
    }

    fn grow(&mut self, entries: &[Hash32]) {
        let edge: Vec<_> = edge(self.size).into_iter().map(|tile| (tile, self.kept[&tile].clone())).collect();
        let appended = append(self.size, &edge, entries).unwrap();
        for (tile, bytes) in appended.tiles {
            if let Some(before) = self.kept.insert(tile, bytes.clone()) {
                assert!(bytes.starts_with(&before), "a tile only grows");
            }
        }
        for (place, entry) in entries.iter().enumerate() {
            let hashes = tlog::stored_hashes(self.size + place as u64, &entry.0, &self.theirs).unwrap();
            self.theirs.0.extend(hashes);
        }
        self.size = appended.size;
        assert_eq!(appended.root, self.their_root(self.size));
    }

    fn their_root(&self, size: u64) -> Hash32 {
        Hash32(tlog::tree_hash(size, &self.theirs).unwrap().0)
    }

    /// Only the tiles a proof says it wants.
    fn tiles(&self, prove: impl Fn(&Wanted)) -> Tiles {
        let wanted = Wanted::default();
        prove(&wanted);
        let mut tiles = Tiles::default();
        for tile in wanted.into_tiles() {
            tiles.put(tile, &self.kept[&tile]);
        }
        tiles
    }

    fn check(&self, index: u64, from: u64, size: u64) {
        let root = self.their_root(size);
        let tiles = self.tiles(|nodes| assert!(derive_root(nodes, size).is_some()));
        assert_eq!(derive_root(&tiles, size), Some(root));
        if index < size {
            let tiles = self.tiles(|nodes| drop(prove_inclusion(nodes, index, size)));
            let path = prove_inclusion(&tiles, index, size).unwrap();
            assert_eq!(theirs(&path), tlog::prove_record(size, index, &self.theirs).unwrap());
            let leaf = derive_leaf(&entry(usize::try_from(index).unwrap()));
            assert_eq!(check_inclusion(&leaf, index, size, &path, &root), Ok(()));
            assert!(check_inclusion(&leaf, index + 1, size, &path, &root).is_err());
            refuses_damage(&path, |path| check_inclusion(&leaf, index, size, path, &root).is_err());
        }
        let (from, size) = (from.min(size), size);
        let from_root = self.their_root(from);
        let tiles = self.tiles(|nodes| drop(prove_consistency(nodes, from, size)));
        let path = prove_consistency(&tiles, from, size).unwrap();
        if from > 0 {
            assert_eq!(theirs(&path), tlog::prove_tree(size, from, &self.theirs).unwrap());
        }
        assert_eq!(check_consistency((from, &from_root), (size, &root), &path), Ok(()));
        if from != size {
            assert!(check_consistency((size, &root), (from, &from_root), &path).is_err(), "backwards");
            assert!(check_consistency((from, &Hash32([1; 32])), (size, &root), &path).is_err(), "another beginning");
            if from > 0 {
                assert!(check_consistency((from, &from_root), (size, &Hash32([1; 32])), &path).is_err(), "another end");
                refuses_damage(&path, |path| check_consistency((from, &from_root), (size, &root), path).is_err());
            }
        }
    }
}

fn theirs(path: &[Hash32]) -> Vec<tlog::Hash> {
    path.iter().map(|hash| tlog::Hash(hash.0)).collect()
}

fn refuses_damage(path: &[Hash32], refused: impl Fn(&[Hash32]) -> bool) {
    assert!(refused(&[path, &[Hash32::default()]].concat()), "one hash more");
    for place in 0..path.len() {
        let mut other = path.to_vec();
        other[place].0[7] ^= 1;
        assert!(refused(&other), "hash {place} changed");
        other.remove(place);
        assert!(refused(&other), "hash {place} missing");
    }
}

#[test]
fn every_proof_of_every_small_log_is_the_one_others_make() {
    let both = Both::of(40, 7);
    for size in 0..=40 {
        for index in 0..=size {
            both.check(index, index, size);
        }
    }
}

#[test]
fn proofs_of_a_log_with_three_levels_of_tiles_are_those_others_make() {
    let both = Both::of(66_000, 1000);
    for size in [1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000] {
        for index in [0, 1, 254, 255, 256, 300, 65_535, 65_536, 65_999] {
            both.check(index, index, size);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_a_log_grew_its_proofs_are_those_others_make(
        batches in proptest::collection::vec(1..400usize, 1..6), index in 0..2000u64, from in 0..2000u64, cut in 0..2000u64,
    ) {
        let mut both = Both::default();
        let mut next = 0;
        for batch in batches {
            both.grow(&(next..next + batch).map(entry).collect::<Vec<_>>());
            next += batch;
        }
        let size = cut % (both.size + 1);
        both.check(index % (both.size + 1), from % (both.size + 1), both.size);
        both.check(index % (size + 1), from % (size + 1), size);
    }

    #[test]
    fn no_random_path_is_a_proof(index in any::<u64>(), size in any::<u64>(), from in any::<u64>(), path in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let path: Vec<Hash32> = path.into_iter().map(Hash32).collect();
        let (leaf, root) = (entry(1), entry(2));
        prop_assert!(check_inclusion(&leaf, index, size, &path, &root).is_err());
        prop_assert!(check_consistency((from, &leaf), (size, &root), &path).is_err());
    }

    #[test]
    fn no_text_panics_a_reader(text in "(— |old |index |extra |c2sp.org/tlog-proof@v1\n|truebell.log/|[0-9]|[a-zA-Z=+/ ]|\n|\u{0}){0,60}") {
        let _ = Note::parse(&text);
        let _ = Checkpoint::read_unverified(&text);
        let _ = Proof::parse(&text);
        let _ = Consistency::parse(&text);
        let _ = text.parse::<Witness>();
        let _ = Resource::parse(&text);
    }
}

#[test]
fn a_log_that_is_not_the_edge_given_is_not_appended_to() {
    assert!(append(3, &[], &[entry(0)]).is_none());
    let short = (TileId { level: 0, index: 0 }, vec![0; 64]);
    assert!(append(3, &[short], &[entry(0)]).is_none());
}

#[test]
fn tiles_have_the_paths_and_widths_of_the_specification() {
    let cases = [
        ("0/x001/x234/067", Resource::Hashes(TileId { level: 0, index: 1_234_067 }), 256),
        ("entries/000.p/1", Resource::Entries(0), 1),
        ("entries/x001/000", Resource::Entries(1000), 256),
        ("2/000.p/255", Resource::Hashes(TileId { level: 2, index: 0 }), 255),
    ];
    for (path, resource, width) in cases {
        assert_eq!(Resource::parse(path), Some((resource, width)), "{path}");
        assert_eq!(resource.path(width), path);
    }
    let largest = Resource::Entries(u64::MAX);
    assert_eq!(Resource::parse(&largest.path(256)), Some((largest, 256)));
    for path in [
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "00/001",
        "64/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "0/x000/001",
        "0/001/002",
        "entries/x001",
        "data/000",
        "0/+01",
        "0/000/",
        "0/x99999999999999999999/000",
    ] {
        assert_eq!(Resource::parse(path), None, "{path}");
    }
    // The example of the specification: a tree of 70,000 leaves.
    let width = |level, index| TileId { level, index }.width_in(70_000);
    assert_eq!([width(0, 272), width(0, 273), width(0, 274)], [256, 112, 0]);
    assert_eq!([width(1, 0), width(1, 1), width(2, 0), width(3, 0)], [256, 17, 1, 0]);
}

#[test]
fn tiles_are_served_as_hashes_and_entries_as_bundles() {
    let both = Both::of(300, 300);
    let kept = &both.kept[&TileId { level: 0, index: 1 }];
    let hashes = Resource::parse("0/001.p/44").unwrap().0.served(kept, 44).unwrap();
    assert_eq!(hashes.len(), 44 * 32);
    assert_eq!(hashes[..32], derive_leaf(&entry(256)).0);
    let bundle = Resource::Entries(1).served(kept, 2).unwrap();
    assert_eq!(bundle, [&[0, 32], entry(256).0.as_slice(), &[0, 32], entry(257).0.as_slice()].concat());
    assert_eq!(Resource::Entries(1).served(kept, 45), None);
}

struct Server {
    id: ServerId,
    key: SigningKey,
}

fn server(seed: u64) -> Server {
    let mut chance = Seeded::new(seed);
    Server { id: ServerId::make_random(&mut chance), key: SigningKey::make_random(&mut chance) }
}

impl Server {
    fn checkpoint(&self, restore_epoch: u64, size: u64, root: Hash32) -> Checkpoint {
        Checkpoint { origin: Origin { server: self.id, restore_epoch }, size, root }
    }
}

#[test]
fn others_read_our_checkpoints_and_believe_their_signature() {
    let server = server(1);
    let checkpoint = server.checkpoint(2, 40, entry(40));
    let note = checkpoint.sign(&server.key);
    let read = tlog_tiles::Checkpoint::from_bytes(checkpoint.text().as_bytes()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash().0), (checkpoint.origin.to_string().as_str(), 40, entry(40).0));

    let name = checkpoint.origin.to_string();
    let key = [&[1], server.key.public().0.as_slice()].concat();
    let verifier = format!("{name}+{:08x}+{}", signed_note::key_id(&name, &key), BASE64.encode(&key));
    let verifier = StandardVerifier::new(&verifier).unwrap();
    let theirs = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let known = signed_note::VerifierList::new(vec![Box::new(verifier)]);
    assert_eq!(theirs.verify(&known).unwrap().0.len(), 1);
    assert_eq!(Checkpoint::verify(&note, server.id, &server.key.public()), Ok(checkpoint));
}

#[test]
fn a_checkpoint_is_believed_only_from_its_server_and_whole() {
    let (ours, other) = (server(1), server(2));
    let checkpoint = ours.checkpoint(0, 3, entry(3));
    let note = checkpoint.sign(&ours.key);
    let key = ours.key.public();
    assert_eq!(Checkpoint::verify(&note, other.id, &key), Err(NotACheckpoint::OtherLog));
    assert_eq!(Checkpoint::verify(&note, ours.id, &other.key.public()), Err(NotACheckpoint::Signature));
    assert_eq!(Checkpoint::verify(&note.replace("\n3\n", "\n4\n"), ours.id, &key), Err(NotACheckpoint::Signature));
    let moved = note.replacen("/0\n", "/1\n", 1);
    assert_eq!(Checkpoint::verify(&moved, ours.id, &key), Err(NotACheckpoint::Signature), "another epoch");
    // A signature under another name counts for nothing; one under the right name that is wrong counts against.
    let renamed = note.replace("— truebell.log", "— elsewhere.log");
    assert_eq!(Checkpoint::verify(&renamed, ours.id, &key), Err(NotACheckpoint::Signature));
    let (text, line) = note.rsplit_once("\n\n").unwrap();
    let (prefix, bytes) = line.trim_end().rsplit_once(' ').unwrap();
    let mut bytes = BASE64.decode(bytes.as_bytes()).unwrap();
    bytes[10] ^= 1;
    let doubled = format!("{text}\n\n{line}{prefix} {}\n", BASE64.encode(&bytes));
    assert_eq!(Checkpoint::verify(&doubled, ours.id, &key), Err(NotACheckpoint::Signature));
    // Further lines are the log's own business; what follows an empty line is not.
    let longer = format!("{}more\n", checkpoint.text());
    let read = Checkpoint::read_unverified(&format!("{longer}\n{line}"));
    assert_eq!(read, Ok(checkpoint));
}

#[test]
fn what_is_not_a_checkpoint_is_malformed() {
    let server = server(1);
    let good = server.checkpoint(0, 3, entry(3)).sign(&server.key);
    let root = BASE64.encode(&entry(3).0);
    let bad = [
        String::new(),
        "\n\n".into(),
        good.replace("\n3\n", "\n03\n"),
        good.replace("\n3\n", "\n-3\n"),
        good.replace("\n3\n", "\n\n"),
        good.replace("\n3\n", "\n18446744073709551616\n"),
        good.replace(&root, root.trim_start_matches(char::is_alphanumeric)),
        good.replace(&root, root.trim_end_matches('=')),
        good.replacen("/0\n", "/00\n", 1),
        good.replacen("srv_", "acc_", 1),
        good.replacen("truebell.log/", "", 1),
        good.trim_end().to_owned(),
        good.replace("— ", "- "),
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        good.replace("\n\n", "\n"),
        format!("{}{}", good, good.rsplit_once("\n\n").unwrap().1.repeat(100)),
        good.replacen("truebell.log/", &"x".repeat(70_000), 1),
    ];
    for note in bad {
        let found = Checkpoint::verify(&note, server.id, &server.key.public());
        assert_eq!(found, Err(NotACheckpoint::Malformed), "{}", note.chars().take(200).collect::<String>());
    }
}

#[test]
fn a_policy_counts_each_witness_that_cosigned_once_and_nobody_else() {
    let server = server(1);
    let keys: Vec<SigningKey> = (10..14).map(|seed| SigningKey::make_random(&mut Seeded::new(seed))).collect();
    let names = ["one.example", "two.example/w", "three.example", "stranger.example"];
    let witness = |at: usize| Witness::new(names[at], keys[at].public()).unwrap();
    let checkpoint = server.checkpoint(0, 3, entry(3));
    let at = UnixMillis(1_800_000_000_000);
    let line = |who: usize| cosign(&checkpoint.text(), names[who], &keys[who], at);
    let note = |lines: &[String]| checkpoint.sign(&server.key) + &lines.concat();
    let policy = |needed| Policy::new(vec![witness(0), witness(1), witness(2)], needed);

    let two = note(&[line(0), line(3), line(2), line(0)]);
    assert_eq!(policy(2).count(&two), Cosigned { by: vec!["one.example".into(), "three.example".into()], enough: true });
    assert!(!policy(3).count(&two).enough);
    assert_eq!(Checkpoint::verify(&two, server.id, &server.key.public()), Ok(checkpoint), "cosignatures do not disturb the log's own");
    assert_eq!(witness(0).cosigned(&Note::parse(&two).unwrap()), Some(at));

    let other = server.checkpoint(0, 4, entry(4));
    let moved = other.sign(&server.key) + &line(0);
    assert_eq!(policy(1).count(&moved).by, Vec::<String>::new(), "of another checkpoint");
    let renamed = note(&[line(0).replace("one.example", "two.example/w")]);
    assert_eq!(policy(1).count(&renamed).by, Vec::<String>::new(), "under another name");
    let alias = Witness::new("alias.example", keys[0].public()).unwrap();
    let twice = Policy::new(vec![witness(0), alias], 2);
    let both = note(&[line(0), cosign(&checkpoint.text(), "alias.example", &keys[0], at)]);
    assert!(!twice.count(&both).enough, "one key is one witness");
    assert!(Policy::default().count(&note(&[])).enough, "no policy asks for nobody");
    assert!(!policy(1).count("not a note").enough);
}

#[test]
fn a_cosignature_is_what_the_specification_says() {
    let key = SigningKey::make_random(&mut Seeded::new(10));
    let text = server(1).checkpoint(0, 3, entry(3)).text();
    let line = cosign(&text, "w.example", &key, UnixMillis(1_679_315_147_500));
    let bytes = BASE64.decode(line.strip_prefix("— w.example ").unwrap().trim_end().as_bytes()).unwrap();
    let public = key.public().0;
    let id = &Hash32::derive_plain(&[b"w.example\n\x04".as_slice(), &public].concat()).0[..4];
    assert_eq!((&bytes[..4], bytes.len()), (id, 4 + 8 + 64));
    assert_eq!(bytes[4..12], 1_679_315_147_u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1679315147\n{text}");
    // A JWS has nothing in front of what it signs, either: the same bytes verify.
    let signature = crate::sign::Signature(bytes[12..].try_into().unwrap());
    assert_eq!(key.public().verify(crate::sign::Purpose::Jws, message.as_bytes(), &signature), Ok(()));
}

#[test]
fn a_witness_is_read_as_it_is_written_and_otherwise_not() {
    let key = SigningKey::make_random(&mut Seeded::new(10)).public();
    let text = Witness::new("w.example/a", key).unwrap().to_string();
    assert_eq!(text.parse::<Witness>().unwrap().to_string(), text);
    let ordinary = BASE64.encode(&[&[1], key.0.as_slice()].concat());
    let id = HEXLOWER.encode(&signed_note::key_id("w.example", &[&[1], key.0.as_slice()].concat()).to_be_bytes());
    for bad in [
        "",
        "w",
        "w+00000000",
        text.trim_start_matches('w'),
        &text.to_uppercase(),
        &format!("w.example+{id}+{ordinary}"),
        &format!("{text}A"),
    ] {
        assert_eq!(bad.parse::<Witness>(), Err(NotAWitness), "{bad}");
    }
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        assert_eq!(Witness::new(name, key), Err(NotAWitness), "{name:?}");
    }
}

fn proven(server: &Server, digests: &[Hash32], index: usize) -> Proof {
    let entries: Vec<Hash32> = digests.iter().map(derive_entry).collect();
    let appended = append(0, &[], &entries).unwrap();
    let mut tiles = Tiles::default();
    for (tile, bytes) in &appended.tiles {
        tiles.put(*tile, bytes);
    }
    let path = prove_inclusion(&tiles, index as u64, appended.size).unwrap();
    Proof { index: index as u64, path, checkpoint: server.checkpoint(0, appended.size, appended.root).sign(&server.key) }
}

#[test]
fn a_proof_travels_as_text_and_proves_its_event_and_no_other() {
    let server = server(1);
    let digests: Vec<Hash32> = (0..300).map(entry).collect();
    let proof = proven(&server, &digests, 270);
    let text = proof.to_text();
    let read = Proof::parse(&text).unwrap();
    assert_eq!(read, proof);
    let included = read.verify(&digests[270], server.id, &server.key.public()).unwrap();
    assert_eq!((included.index, included.checkpoint.size), (270, 300));
    assert_eq!(read.verify(&digests[271], server.id, &server.key.public()), Err(NotIncluded::NotInTree));
    let stranger = SigningKey::make_random(&mut Seeded::new(9)).public();
    assert_eq!(read.verify(&digests[270], server.id, &stranger), Err(NotIncluded::Checkpoint(NotACheckpoint::Signature)));
    let with_extra = text.replacen("index", "extra AAAA\nindex", 1);
    assert_eq!(Proof::parse(&with_extra).unwrap(), proof);
    for bad in [
        String::new(),
        text.replace("@v1", "@v2"),
        text.replace("index 270", "index 0270"),
        text.replace("index 270\n", ""),
        text.replacen("index", "extra A\nindex", 1),
        text.replacen("\n\n", "\nAAAA\n\n", 1),
        text.replace('\n', "\r\n"),
    ] {
        assert_eq!(Proof::parse(&bad), Err(NotIncluded::Malformed), "{bad}");
    }
}

#[test]
fn a_proof_of_consistency_travels_as_witnesses_take_it() {
    let proof = Consistency { from: 7, path: vec![entry(1), entry(2)], checkpoint: "a note\n".into() };
    let text = proof.to_text();
    assert!(text.starts_with("old 7\n"));
    assert_eq!(Consistency::parse(&text), Some(proof));
    let none = Consistency { from: 0, path: vec![], checkpoint: "a note\n".into() };
    assert_eq!(Consistency::parse(&none.to_text()), Some(none));
    let long = Consistency { from: 7, path: vec![entry(1); 65], checkpoint: String::new() };
    assert_eq!(Consistency::parse(&long.to_text()), None);
}

#[test]
fn the_log_does_not_hold_digests_since_they_begin_with_check_codes() {
    let digest = entry(1);
    assert_ne!(derive_entry(&digest), digest);
    assert_eq!(derive_entry(&digest), Hash32::derive_labelled("truebell log entry v1", &[&digest.0]));
}

#[test]
fn two_checkpoints_prove_a_fork_only_where_one_size_has_two_roots() {
    let server = server(1);
    let at = |epoch, size, root| server.checkpoint(epoch, size, entry(root));
    assert_eq!(compare(&at(0, 3, 3), &at(0, 3, 3)), Compared::Same);
    assert_eq!(compare(&at(0, 3, 3), &at(0, 3, 4)), Compared::Forked);
    assert_eq!(compare(&at(0, 3, 3), &at(0, 4, 4)), Compared::FirstIsEarlier);
    assert_eq!(compare(&at(0, 4, 4), &at(0, 3, 3)), Compared::SecondIsEarlier);
    assert_eq!(compare(&at(0, 3, 3), &at(1, 3, 4)), Compared::OtherLog);
    assert_eq!(Contradiction::of(Compared::Forked), Some(Contradiction::Forked));
    assert_eq!(Contradiction::of(Compared::FirstIsEarlier), None);
}

fn consistent(waiting: usize, by: &[&str], enough: bool) -> LogStanding {
    let witnesses = Cosigned { by: by.iter().map(|name| (*name).to_owned()).collect(), enough };
    LogStanding::Consistent { origin: "o".into(), size: 40, waiting, witnesses }
}

#[test]
fn no_sentence_about_the_log_says_that_anything_happened_to_an_account() {
    let standings = [
        describe(&Standing::NotChecked),
        describe(&Standing::NotYet),
        describe(&Standing::Included { index: 6, size: 40, witnesses: vec![] }),
        describe(&Standing::Included { index: 6, size: 40, witnesses: vec!["w.example".into(), "v.example".into()] }),
        describe_log(&LogStanding::NotSeen),
        describe_log(&consistent(0, &[], true)),
        describe_log(&consistent(0, &["w.example", "v.example"], true)),
        describe_log(&consistent(0, &["w.example"], false)),
        describe_log(&consistent(1, &[], true)),
        describe_log(&consistent(2, &[], true)),
        describe_log(&LogStanding::Behind { had: 40, shown: 30 }),
        describe_log(&LogStanding::Contradicted { how: Contradiction::Forked, remembered: 40, shown: 40 }),
        describe_log(&LogStanding::Contradicted { how: Contradiction::NotContinued, remembered: 40, shown: 50 }),
    ];
    for sentence in &standings {
        for word in ["changed", "revoked", "exposed", "attack", "signed out", "deleted"] {
            assert!(!sentence.contains(word), "{sentence}");
        }
    }
    insta::assert_snapshot!(standings.join("\n"), @r"
    Not checked against the server's public log yet.
    Not in the server's public log yet.
    In the server's public log, as entry 7 of 40.
    In the server's public log, as entry 7 of 40, seen by w.example, v.example.
    The server's public log was not seen by this device yet.
    The server's public log has 40 entries and only grew; all events of this account are in it.
    The server's public log has 40 entries and only grew; all events of this account are in it. Your witnesses saw the same: w.example, v.example.
    The server's public log has 40 entries and only grew; all events of this account are in it. Only 1 of your witnesses signed this state, fewer than you ask for.
    The server's public log has 40 entries and only grew; 1 event of this account is not in it yet.
    The server's public log has 40 entries and only grew; 2 events of this account are not in it yet.
    The server showed its public log with 30 entries, and this device has seen 40: it is behind, and will be asked again.
    The server's public log contradicts itself: it signed two different histories of 40 entries. This is about the server, not about your account. Both states are kept on this device, signed by the server: show them to its operator with `truebell log evidence`.
    The server does not show that its public log of 50 entries continues the one of 40 this device has seen. This is about the server, not about your account. Both states are kept on this device, signed by the server: show them to its operator with `truebell log evidence`.
    ");
}
