//! Masking: secrets taken out of a stream of bytes, also where one comes in two pieces. Never here: where the stream comes from.

use truebell_core::secret::Secret;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "<concealed by truebell>";
/// Shorter values are not masked: a mask in place of each “7” would tell more than it hides.
const LEN_MIN: usize = 3;

/// Finds secrets in a stream. Of several that match at one place, the longest is taken.
pub(crate) struct Masker {
    secrets: Vec<Secret>,
    starts: [bool; 256],
    held: Vec<u8>,
}

enum Here {
    Secret(usize),
    /// A secret may begin here; more bytes will tell.
    Perhaps,
    Nothing,
}

impl Masker {
    /// For these secrets.
    pub(crate) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<Secret> = secrets.into_iter().filter(|secret| secret.expose().len() >= LEN_MIN).collect();
        // Longest first: the first that matches is the one to take.
        secrets.sort_by(|a, b| b.expose().len().cmp(&a.expose().len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        let mut starts = [false; 256];
        for secret in &secrets {
            if let Some(start) = secret.expose().bytes().next().and_then(|byte| starts.get_mut(usize::from(byte))) {
                *start = true;
            }
        }
        Self { secrets, starts, held: Vec::new() }
    }

    /// Takes bytes in, and appends to `out` what may be shown already.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        self.drain(false, out);
    }

    /// The stream is over: what was held back is shown, or masked.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.drain(true, out);
    }

    fn drain(&mut self, is_end: bool, out: &mut Vec<u8>) {
        let mut rest: &[u8] = &self.held;
        while let Some((first, after)) = rest.split_first() {
            match self.look(rest, is_end) {
                Here::Secret(len) => {
                    out.extend_from_slice(MASK.as_bytes());
                    rest = rest.get(len..).unwrap_or_default();
                }
                Here::Perhaps => break,
                Here::Nothing => {
                    out.push(*first);
                    rest = after;
                }
            }
        }
        self.held = rest.to_vec();
    }

    fn look(&self, rest: &[u8], is_end: bool) -> Here {
        if !rest.first().and_then(|first| self.starts.get(usize::from(*first))).is_some_and(|starts| *starts) {
            return Here::Nothing;
        }
        for secret in &self.secrets {
            let secret = secret.expose().as_bytes();
            if rest.starts_with(secret) {
                return Here::Secret(secret.len());
            }
            if !is_end && secret.starts_with(rest) {
                return Here::Perhaps;
            }
        }
        Here::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(secrets: &[&str], chunks: &[&[u8]]) -> String {
        let mut masker = Masker::new(secrets.iter().map(|secret| Secret::from(*secret)));
        let mut out = Vec::new();
        for chunk in chunks {
            masker.feed(chunk, &mut out);
        }
        masker.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_is_masked_wherever_the_stream_is_cut() {
        let text = b"x=hunter2;y";
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(masked(&["hunter2"], &[a, b]), format!("x={MASK};y"), "cut at {cut}");
        }
    }

    #[test]
    fn of_two_secrets_the_longer_is_taken_and_a_broken_off_one_is_shown() {
        assert_eq!(masked(&["pass", "passport"], &[b"pass", b"port pass passp"]), format!("{MASK} {MASK} {MASK}p"));
        assert_eq!(masked(&["secret"], &[b"secr"]), "secr");
        assert_eq!(masked(&["ab", ""], &[b"abab"]), "abab");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_and_chunks_make_no_difference(
            secrets in proptest::collection::vec("[abc]{3,6}", 0..4),
            chunks in proptest::collection::vec("[abcd]{0,9}", 0..12),
        ) {
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let pieces: Vec<&[u8]> = chunks.iter().map(String::as_bytes).collect();
            let whole = chunks.concat();
            let out = masked(&secrets, &pieces);
            prop_assert_eq!(&out, &masked(&secrets, &[whole.as_bytes()]));
            for piece in out.split(MASK) {
                prop_assert!(!secrets.iter().any(|secret| piece.contains(secret)), "{} in {}", piece, out);
            }
            // Nothing but secrets was taken out.
            let mut at = 0;
            for (index, piece) in out.split(MASK).enumerate() {
                if index > 0 {
                    let gone = (3..=6).find(|len| whole.get(at..at + len).is_some_and(|text| secrets.contains(&text)) && whole.get(at + len..).is_some_and(|rest| rest.starts_with(piece)));
                    prop_assert!(gone.is_some());
                    at += gone.unwrap();
                }
                at += piece.len();
            }
        }
    }
}
