//! Several ascending inputs as one, what is in more than one put together.

use super::Seen;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Digests in ascending order; the same one may come again.
pub trait Input {
    /// Why there is no next one.
    type Error;

    /// The next one, `None` at the end.
    ///
    /// # Errors
    /// Whatever the source has against it.
    fn next_seen(&mut self) -> Result<Option<Seen>, Self::Error>;
}

/// The merge.
#[derive(Debug)]
pub struct Merge<I> {
    inputs: Vec<I>,
    /// The next of each input that has one, and whose it is.
    heads: BinaryHeap<Reverse<Head>>,
    begun: bool,
    /// With a single input: the next one.
    ahead: Option<Seen>,
}

#[derive(Debug)]
struct Head {
    seen: Seen,
    of: usize,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.seen.digest, self.of).cmp(&(other.seen.digest, other.of))
    }
}

impl<I: Input> Merge<I> {
    /// Over these.
    pub const fn new(inputs: Vec<I>) -> Self {
        Self { inputs, heads: BinaryHeap::new(), begun: false, ahead: None }
    }

    /// The inputs, for what they know about themselves. Each may be one ahead of what was given out.
    pub fn inputs(&self) -> &[I] {
        &self.inputs
    }

    /// The next digest, with all that was said about it; `None` at the end.
    ///
    /// # Errors
    /// The first of any input.
    pub fn next_merged(&mut self) -> Result<Option<Seen>, I::Error> {
        if let [input] = self.inputs.as_mut_slice() {
            return next_of_one(input, &mut self.ahead);
        }
        if !self.begun {
            self.begun = true;
            for of in 0..self.inputs.len() {
                self.pull(of)?;
            }
        }
        let Some(Reverse(Head { mut seen, of })) = self.heads.pop() else { return Ok(None) };
        self.pull(of)?;
        while let Some(Reverse(next)) = self.heads.peek()
            && next.seen.digest == seen.digest
        {
            let of = next.of;
            seen.add(&next.seen);
            self.heads.pop();
            self.pull(of)?;
        }
        Ok(Some(seen))
    }

    fn pull(&mut self, of: usize) -> Result<(), I::Error> {
        if let Some(input) = self.inputs.get_mut(of)
            && let Some(seen) = input.next_seen()?
        {
            self.heads.push(Reverse(Head { seen, of }));
        }
        Ok(())
    }
}

/// Nothing to choose between; the same digest may still come again.
fn next_of_one<I: Input>(input: &mut I, ahead: &mut Option<Seen>) -> Result<Option<Seen>, I::Error> {
    let first = match ahead.take() {
        Some(first) => Some(first),
        None => input.next_seen()?,
    };
    let Some(mut seen) = first else { return Ok(None) };
    while let Some(next) = input.next_seen()? {
        if next.digest != seen.digest {
            *ahead = Some(next);
            break;
        }
        seen.add(&next);
    }
    Ok(Some(seen))
}
