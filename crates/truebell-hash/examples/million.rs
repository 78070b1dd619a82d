//! `cargo run --release -p truebell-hash --example million [count]`: as many random inputs as asked for (a million, without a number) through
//! each function and through the crates, at costs so low that it ends in minutes. The first difference ends it. Never here: speed.
#![expect(clippy::print_stdout, reason = "the result is this program's output")]

use sha2::Digest;
use truebell_hash::{Try, argon2, bcrypt, pbkdf2};

/// Numbers that are the same in each run: digests of a counter.
struct Numbers {
    counter: u64,
    left: Vec<u8>,
}

impl Numbers {
    fn byte(&mut self) -> u8 {
        if self.left.is_empty() {
            self.counter += 1;
            self.left = sha2::Sha512::digest(self.counter.to_be_bytes()).to_vec();
        }
        self.left.pop().unwrap_or_default()
    }

    fn below(&mut self, end: usize) -> usize {
        (usize::from(self.byte()) << 16 | usize::from(self.byte()) << 8 | usize::from(self.byte())) % end
    }

    fn bytes(&mut self, least: usize, end: usize) -> Vec<u8> {
        (0..least + self.below(end - least)).map(|_| self.byte()).collect()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = self.below(of.len().max(1));
        of.get(at).copied()
    }

    /// Between one and fifty candidates, lengths around what bcrypt reads and what a block takes.
    fn candidates(&mut self) -> Vec<([u8; 16], Vec<u8>)> {
        (0..=self.below(50)).map(|_| (std::array::from_fn(|_| self.byte()), self.bytes(0, 140))).collect()
    }
}

type Outcome = Result<usize, Box<dyn std::error::Error>>;

fn bcrypt_group(numbers: &mut Numbers) -> Outcome {
    let (cost, given) = (u32::from(numbers.byte().is_multiple_of(8)), numbers.candidates());
    let tries: Vec<_> = given.iter().map(|(salt, password)| Try { salt, password: password.as_slice() }).collect();
    for (one, digest) in tries.iter().zip(bcrypt::hash_many(cost, &tries)?.iter()) {
        let mut key = [one.password, &[0]].concat();
        key.truncate(72);
        let same = ::bcrypt::bcrypt(cost, *one.salt, &key) == *digest;
        same.then_some(()).ok_or_else(|| format!("bcrypt differs: cost {cost}, {given:02x?}"))?;
    }
    Ok(given.len())
}

fn argon2_group(numbers: &mut Numbers) -> Outcome {
    use ::argon2::{Algorithm, Params};
    let kinds = [(argon2::Kind::D, Algorithm::Argon2d), (argon2::Kind::I, Algorithm::Argon2i), (argon2::Kind::Id, Algorithm::Argon2id)];
    let versions = [(argon2::Version::V16, ::argon2::Version::V0x10), (argon2::Version::V19, ::argon2::Version::V0x13)];
    let ((kind, algorithm), (version, theirs)) = (numbers.pick(&kinds).ok_or("kinds")?, numbers.pick(&versions).ok_or("versions")?);
    let (lanes, passes, length) =
        (u32::from(numbers.byte().is_multiple_of(8)) + 1, u32::from(numbers.byte().is_multiple_of(4)) + 1, 4 + numbers.below(70));
    let memory_kib = 8 * lanes + u32::from(numbers.byte() % 16);
    let given = numbers.candidates();
    let tries: Vec<_> = given.iter().map(|(salt, password)| Try { salt: salt.as_slice(), password: password.as_slice() }).collect();
    let parameters = argon2::Parameters { kind, version, memory_kib, passes, lanes, length };
    let function =
        ::argon2::Argon2::new(algorithm, theirs, Params::new(memory_kib, passes, lanes, Some(length)).map_err(|error| error.to_string())?);
    for (one, digest) in tries.iter().zip(argon2::hash_many(&parameters, &tries)?) {
        let mut out = vec![0; length];
        function.hash_password_into(one.password, one.salt, &mut out).map_err(|error| error.to_string())?;
        (out == *digest).then_some(()).ok_or_else(|| format!("Argon2 differs: {parameters:?}, {given:02x?}"))?;
    }
    Ok(given.len())
}

fn pbkdf2_group(numbers: &mut Numbers) -> Outcome {
    let hash = numbers.pick(&[pbkdf2::Hash::Sha1, pbkdf2::Hash::Sha256, pbkdf2::Hash::Sha512]).ok_or("hashes")?;
    let (rounds, length) = (1 + u32::from(numbers.byte() % 6), 1 + numbers.below(100));
    let given = numbers.candidates();
    let tries: Vec<_> = given.iter().map(|(salt, password)| Try { salt: salt.as_slice(), password: password.as_slice() }).collect();
    for (one, digest) in tries.iter().zip(pbkdf2::hash_many(hash, rounds, length, &tries)?) {
        let mut out = vec![0; length];
        match hash {
            pbkdf2::Hash::Sha1 => ::pbkdf2::pbkdf2_hmac::<sha1::Sha1>(one.password, one.salt, rounds, &mut out),
            pbkdf2::Hash::Sha256 => ::pbkdf2::pbkdf2_hmac::<sha2::Sha256>(one.password, one.salt, rounds, &mut out),
            pbkdf2::Hash::Sha512 => ::pbkdf2::pbkdf2_hmac::<sha2::Sha512>(one.password, one.salt, rounds, &mut out),
        }
        (out == *digest).then_some(()).ok_or_else(|| format!("PBKDF2 differs: {hash:?}, {rounds} rounds, {given:02x?}"))?;
    }
    Ok(given.len())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let mut numbers = Numbers { counter: 0, left: Vec::new() };
    type Group = fn(&mut Numbers) -> Outcome;
    let functions: [(&str, Group); 3] = [("PBKDF2", pbkdf2_group), ("Argon2", argon2_group), ("bcrypt", bcrypt_group)];
    for (name, group) in functions {
        let mut done = 0;
        while done < count {
            done += group(&mut numbers)?;
        }
        println!("{name}: {done} inputs, each as the crate has it");
    }
    Ok(())
}
