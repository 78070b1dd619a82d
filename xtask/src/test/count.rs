//! How many tests ran and passed, read from the closing lines of the two test runners.

/// Tests that ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Count {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// Adds up every closing line in a run's output.
    pub(super) fn read(output: &str) -> Self {
        let lines = output.lines().map(without_colours);
        lines.filter_map(|line| read_nextest(&line).or_else(|| read_libtest(&line))).fold(Self::default(), Self::plus)
    }
}

/// `Summary [ 0.5s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 0 skipped`: what ran and did not pass has failed.
fn read_nextest(line: &str) -> Option<Count> {
    let (_, said) = line.trim_start().strip_prefix("Summary [")?.split_once("] ")?;
    let (ran, results) = said.split_once(" run: ")?;
    // An interrupted run says `5/12 tests run`.
    let ran = ran.split_whitespace().next()?.split('/').next()?.parse::<u64>().ok()?;
    let passed = number_before(results, " passed").unwrap_or(0);
    Some(Count { passed, failed: ran.saturating_sub(passed) })
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`. Indented, it is what nextest repeats of a test that failed, and counted there.
fn read_libtest(line: &str) -> Option<Count> {
    let said = line.strip_prefix("test result: ")?;
    Some(Count { passed: number_before(said, " passed")?, failed: number_before(said, " failed")? })
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_read() {
        let cases = [
            ("     Summary [   0.012s] 12 tests run: 12 passed, 0 skipped", 12, 0),
            ("     Summary [   0.012s] 1 test run: 1 passed, 0 skipped", 1, 0),
            ("     Summary [   9.1s] 12 tests run: 9 passed (2 slow), 2 failed, 1 timed out, 4 skipped", 9, 3),
            ("     Summary [   9.1s] 5/12 tests run: 4 passed, 1 failed, 0 skipped", 4, 1),
            ("     Summary [   9.1s] 2 tests run: 0 passed, 2 failed, 0 skipped", 0, 2),
            (
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored\n     Summary [   9.1s] 2 tests run: 1 passed, 1 failed, 0 skipped",
                1,
                1,
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.012s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m",
                3,
                0,
            ),
            ("test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out", 3, 2),
            ("test result: ok. 4 passed; 0 failed; 0 ignored\nrunning 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored", 6, 0),
            ("error: could not compile", 0, 0),
        ];
        for (output, passed, failed) in cases {
            assert_eq!(Count::read(output), Count { passed, failed }, "{output}");
        }
    }
}
