//! People who do not exist, with passwords as people make them, and the lists of them that go about: for tests, drills and measurements. The same seed gives the same list. Never here: anybody real.

use std::fmt::Write as _;

const FIRST: [&str; 24] = [
    "ada", "anna", "boris", "carla", "carlos", "david", "elena", "emma", "felix", "grace", "hannah", "ivan", "james", "julia", "karim",
    "laura", "linus", "maria", "nina", "oscar", "paul", "sofia", "thomas", "yusuf",
];
const LAST: [&str; 24] = [
    "adler", "bauer", "brown", "costa", "dubois", "evans", "fischer", "garcia", "haddad", "ivanova", "jensen", "kowalski", "lopez",
    "martin", "novak", "olsen", "petrov", "rossi", "schmidt", "silva", "tanaka", "vogel", "weber", "young",
];
const DOMAINS: [&str; 8] = [
    "gmail.example",
    "mail.example",
    "post.example",
    "example.org",
    "example.net",
    "webmail.example.com",
    "xn--bcher-kva.example",
    "office.example",
];
const FAVOURITES: [&str; 16] = [
    "123456",
    "password",
    "123456789",
    "qwerty",
    "12345678",
    "111111",
    "abc123",
    "password1",
    "1234567",
    "letmein",
    "iloveyou",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
];
const WORDS: [&str; 32] = [
    "shadow",
    "summer",
    "winter",
    "flower",
    "master",
    "soccer",
    "purple",
    "orange",
    "banana",
    "cookie",
    "pepper",
    "ginger",
    "tigger",
    "buster",
    "charlie",
    "freedom",
    "whatever",
    "computer",
    "internet",
    "starwars",
    "chelsea",
    "arsenal",
    "barcelona",
    "london",
    "paris",
    "berlin",
    "mustang",
    "yamaha",
    "guitar",
    "diamond",
    "silver",
    "golden",
];
const BEYOND: [&str; 6] = ["schlüssel", "geheimnis-ö", "contraseña", "été", "naïve", "größe"];

/// What is wrong with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: addresses with their passwords.
    None,
    /// Random passwords (D10).
    RandomPasswords,
    /// `123456` for everybody (D11).
    OnePassword,
    /// Real passwords, dealt out to other people.
    DealtOut,
    /// Each address has the password of the next one (D12).
    Shifted,
    /// What is beyond ASCII was read in the wrong encoding.
    Mojibake,
}

/// Numbers from a seed and a place (SplitMix64): any of them can be had without those before.
#[derive(Debug, Clone)]
struct Dice {
    state: u64,
}

impl Dice {
    const fn new(seed: u64, place: u64) -> Self {
        let mut dice = Self { state: seed ^ place.wrapping_mul(0xd134_2543_de82_ef95) };
        dice.next();
        dice
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or_default()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len() as u64);
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }

    fn random(&mut self, length: u64) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&*+-";
        let letter = |dice: &mut Self| usize::try_from(dice.below(LETTERS.len() as u64)).ok().and_then(|at| LETTERS.get(at)).copied();
        (0..length).filter_map(|_| letter(self)).map(char::from).collect()
    }
}

/// The address of a person; no two have the same.
pub fn address(seed: u64, person: u64) -> String {
    let mut dice = Dice::new(seed, person);
    let dot = ["", ".", "_"];
    format!("{}{}{}{person}@{}", dice.pick(&FIRST), dice.pick(&dot), dice.pick(&LAST), dice.pick(&DOMAINS))
}

/// The password of a person, as people have them: favourites by Zipf's law, names, words with numbers, and a few by a program.
pub fn password(seed: u64, person: u64) -> String {
    // The first two are the names of their address.
    let mut dice = Dice::new(seed, person);
    let (first, _, last) = (dice.pick(&FIRST), dice.next(), dice.pick(&LAST));
    dice.next();
    match dice.below(1000) {
        0..140 => favourite(&mut dice),
        140..180 => format!("{}{}", if dice.below(2) == 0 { first } else { last }, dice.below(2100)),
        180..200 => format!("{}{}", dice.pick(&BEYOND), dice.below(100)),
        200..340 => format!("{}", 100_000 + dice.below(99_900_000)),
        340..440 => dice.random(12),
        440..500 => format!("{}:{}", dice.pick(&WORDS), dice.below(10_000)),
        500..700 => {
            let word = dice.pick(&WORDS);
            let large = word.get(..1).unwrap_or_default().to_uppercase();
            format!("{large}{}{}!", word.get(1..).unwrap_or_default(), dice.below(10_000))
        }
        _ => format!("{}{}", dice.pick(&WORDS), dice.below(100_000)),
    }
}

/// By rank: the chance of rank r is about 1 / (r ln 10,000).
fn favourite(dice: &mut Dice) -> String {
    const RANKS: f64 = 10_000.0;
    #[expect(clippy::cast_precision_loss, reason = "chance")]
    let chance = dice.below(1 << 32) as f64 / 4_294_967_296.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9,999")]
    let rank = (RANKS.powf(chance) - 1.0) as usize;
    match FAVOURITES.get(rank) {
        Some(favourite) => (*favourite).to_owned(),
        None => format!("{}{}", WORDS.get(rank % WORDS.len()).copied().unwrap_or_default(), rank / WORDS.len()),
    }
}

/// The password a list with this fault has beside a person's address.
pub fn listed_password(seed: u64, person: u64, fault: Fault) -> String {
    match fault {
        Fault::None => password(seed, person),
        Fault::RandomPasswords => Dice::new(seed ^ 1, person).random(10),
        Fault::OnePassword => FAVOURITES.iter().take(1).copied().collect(),
        Fault::DealtOut => password(seed, Dice::new(seed ^ 2, person).below(1 << 40)),
        Fault::Shifted => password(seed, person + 1),
        Fault::Mojibake => {
            let right = password(seed, person);
            right.bytes().map(|byte| if byte < 0x80 { char::from(byte) } else { windows_1252(byte) }).collect()
        }
    }
}

fn windows_1252(byte: u8) -> char {
    let (line, mut scratch) = ([byte], zeroize::Zeroizing::default());
    let (text, _) = super::encoding::judge(&line, &mut scratch);
    str::from_utf8(text).ok().and_then(|text| text.chars().next()).unwrap_or('?')
}

/// A list of so many people, `address:password`, clean.
pub fn clean_list(seed: u64, people: u64, fault: Fault) -> String {
    let mut list = String::new();
    for person in 0..people {
        let wrote = writeln!(list, "{}:{}", address(seed, person), listed_password(seed, person, fault));
        debug_assert!(wrote.is_ok(), "a string takes what it is given");
    }
    list
}

/// The same with what really is in such files: CRLF here and there, user names, hashes, other encodings, empty and broken lines, zero bytes, blanks, capital letters.
pub fn noisy_list(seed: u64, people: u64, fault: Fault) -> Vec<u8> {
    let mut list = b"\xef\xbb\xbf".to_vec();
    for person in 0..people {
        let mut dice = Dice::new(seed ^ 3, person);
        let (address, password) = (address(seed, person), listed_password(seed, person, fault));
        let line: Vec<u8> = match dice.below(100) {
            0 => format!("{}{person}:{password}", dice.pick(&LAST)).into_bytes(),
            1 => format!("{address}:{:032x}", u128::from(dice.next()) << 64 | u128::from(dice.next())).into_bytes(),
            2 => [format!("{address}:").as_bytes(), &latin_1(&password)].concat(),
            3 => format!("{}:{password}", address.to_uppercase()).into_bytes(),
            4 => format!(" {address} :{password}").into_bytes(),
            5 => format!("{address}:{password}\n\n").into_bytes(),
            6 => format!("{address}:").into_bytes(),
            7 => match dice.below(4) {
                0 => format!("{address}:\0\0{password}").into_bytes(),
                1 => address.into_bytes(),
                2 => format!("{address}:{}", "x".repeat(1500)).into_bytes(),
                _ => format!("-- dumped by nobody, part {person} --").into_bytes(),
            },
            _ => format!("{address}:{password}").into_bytes(),
        };
        list.extend(line);
        list.extend_from_slice(if dice.below(5) == 0 { b"\r\n" } else { b"\n" });
    }
    list
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}
