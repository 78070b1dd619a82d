//! scratch timing
use rustix::time::{ClockId, clock_gettime};
struct Instant(f64);
impl Instant {
    fn now() -> Self {
        let t = clock_gettime(ClockId::ThreadCPUTime);
        Self(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
    }
    fn elapsed(&self) -> D {
        D(Self::now().0 - self.0)
    }
}
struct D(f64);
impl D {
    fn as_secs_f64(&self) -> f64 {
        self.0
    }
}
use truebell_hash::{Try, argon2, bcrypt, pbkdf2};
fn stats(mut v: Vec<f64>) -> (f64, f64) {
    v.sort_by(f64::total_cmp);
    (v[0], v[v.len() / 2])
}
fn main() {
    if std::env::args().any(|a| a == "pbkdf2") {
        let salts: Vec<[u8; 16]> = (0..16).map(|i| [i as u8; 16]).collect();
        let tries: Vec<_> = salts.iter().map(|s| Try { salt: s.as_slice(), password: b"password" }).collect();
        for hash in [pbkdf2::Hash::Sha1, pbkdf2::Hash::Sha256, pbkdf2::Hash::Sha512] {
            let (mut a, mut b) = (vec![], vec![]);
            for _ in 0..12 {
                let t = Instant::now();
                let ours = pbkdf2::hash_many(hash, 20_000, 20, &tries).unwrap();
                a.push(t.elapsed().as_secs_f64() / 16.);
                let t = Instant::now();
                for (i, o) in tries.iter().zip(ours.iter()) {
                    let mut out = vec![0; 20];
                    match hash {
                        pbkdf2::Hash::Sha1 => ::pbkdf2::pbkdf2_hmac::<sha1::Sha1>(i.password, i.salt, 20_000, &mut out),
                        pbkdf2::Hash::Sha256 => ::pbkdf2::pbkdf2_hmac::<sha2::Sha256>(i.password, i.salt, 20_000, &mut out),
                        pbkdf2::Hash::Sha512 => ::pbkdf2::pbkdf2_hmac::<sha2::Sha512>(i.password, i.salt, 20_000, &mut out),
                    }
                    assert_eq!(out, **o);
                }
                b.push(t.elapsed().as_secs_f64() / 16.);
            }
            let (a, b) = (stats(a), stats(b));
            println!(
                "{hash:?} best: ours {:.1}/s crate {:.1}/s ratio {:.2}; middle: {:.1} {:.1} {:.2}",
                1. / a.0,
                1. / b.0,
                b.0 / a.0,
                1. / a.1,
                1. / b.1,
                b.1 / a.1
            );
        }
        return;
    }
    if std::env::args().any(|a| a == "argon2") {
        let p = argon2::Parameters {
            kind: argon2::Kind::Id,
            version: argon2::Version::V19,
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            length: 32,
        };
        let salts: Vec<[u8; 16]> = (0..8).map(|i| [i as u8; 16]).collect();
        let tries: Vec<_> = salts.iter().map(|s| Try { salt: s.as_slice(), password: b"password" }).collect();
        let f = ::argon2::Argon2::new(
            ::argon2::Algorithm::Argon2id,
            ::argon2::Version::V0x13,
            ::argon2::Params::new(19 * 1024, 2, 1, Some(32)).unwrap(),
        );
        let (mut a, mut b, mut c) = (vec![], vec![], vec![]);
        let mut mem = vec![::argon2::Block::new(); 19 * 1024];
        for _ in 0..12 {
            let t = Instant::now();
            let ours = argon2::hash_many(&p, &tries).unwrap();
            a.push(t.elapsed().as_secs_f64() / 8.);
            let t = Instant::now();
            for (i, o) in tries.iter().zip(ours.iter()) {
                let mut out = vec![0; 32];
                f.hash_password_into(i.password, i.salt, &mut out).unwrap();
                assert_eq!(out, **o);
            }
            b.push(t.elapsed().as_secs_f64() / 8.);
            let t = Instant::now();
            for i in &tries {
                let mut out = vec![0; 32];
                f.hash_password_into_with_memory(i.password, i.salt, &mut out, &mut mem[..]).unwrap();
            }
            c.push(t.elapsed().as_secs_f64() / 8.);
        }
        let (a, b, c) = (stats(a), stats(b), stats(c));
        println!(
            "argon2 best: ours {:.1}/s crate {:.1}/s ratio {:.2}, same memory {:.1}/s ratio {:.2}; middle: {:.1} {:.1} {:.2}",
            1. / a.0,
            1. / b.0,
            b.0 / a.0,
            1. / c.0,
            c.0 / a.0,
            1. / a.1,
            1. / b.1,
            b.1 / a.1
        );
        return;
    }
    let n = bcrypt::WIDTH;
    let pws: Vec<Vec<u8>> = (0..n).map(|i| format!("password{i}").into_bytes()).collect();
    let salts: Vec<[u8; 16]> = (0..n).map(|i| [i as u8; 16]).collect();
    let tries: Vec<_> = pws.iter().zip(&salts).map(|(p, s)| Try { salt: s, password: p }).collect();
    let (mut a, mut b) = (vec![], vec![]);
    for _ in 0..300 {
        let t = Instant::now();
        let ours = bcrypt::hash_many(6, &tries).unwrap();
        a.push(t.elapsed().as_secs_f64() / n as f64);
        let t = Instant::now();
        for (i, o) in tries.iter().zip(ours.iter()) {
            let mut k = i.password.to_vec();
            k.push(0);
            assert_eq!(::bcrypt::bcrypt(6, *i.salt, &k), *o);
        }
        b.push(t.elapsed().as_secs_f64() / n as f64);
    }
    let ((a, am), (b, bm)) = (stats(a), stats(b));
    println!(
        "bcrypt best: ours {:.1}/s crate {:.1}/s ratio {:.2}; middle: {:.1} {:.1} {:.2}",
        1. / a / 16.,
        1. / b / 16.,
        b / a,
        1. / am / 16.,
        1. / bm / 16.,
        bm / am
    );
}
