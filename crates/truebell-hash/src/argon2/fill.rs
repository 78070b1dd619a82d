//! Filling the memory, in terms of blocks of whatever instructions there are: written once, made once for each of them.

/// Makes `hash`, which computes the digests of all starts one after the other in one memory. In scope there must be `Block` with `zero`,
/// `of_bytes`, `of_words`, `to_bytes`, `first_word` and `add`, and `permuted_rows`, `first_columns`, `other_columns` and `call_for`; all behind
/// the named features.
macro_rules! fill {
    ($feature:literal) => {
        /// The digests, in the order of their starts.
        #[target_feature(enable = $feature)]
        pub(in crate::argon2) fn hash(plan: &Plan, starts: &[Start]) -> Result<Vec<Digest>, Refused> {
            let mut memory = Zeroizing::new(Vec::new());
            memory.try_reserve_exact(plan.blocks()).map_err(|_| Refused::Memory)?;
            memory.resize(plan.blocks(), Block::zero());
            let one = |start: &Start| one(plan, start, &mut memory).ok_or(Refused::Parameters);
            starts.iter().map(one).collect()
        }

        #[target_feature(enable = $feature)]
        fn one(plan: &Plan, start: &Start, memory: &mut [Block]) -> Option<Digest> {
            for (number, lane) in memory.chunks_exact_mut(plan.lane()).enumerate() {
                for (place, block) in (0_u32..2).zip(lane) {
                    *block = Block::of_bytes(&*start.block(place, u32::try_from(number).ok()?)?);
                }
            }
            for at in plan.segments() {
                segment(plan, at, memory)?;
            }
            let mut last = Block::zero();
            for lane in memory.chunks_exact(plan.lane()) {
                last.add(lane.last()?);
            }
            let mut out = Zeroizing::new(vec![0; plan.length]);
            long(&[last.to_bytes().as_slice()], &mut out)?;
            last.zeroize();
            Some(out)
        }

        #[target_feature(enable = $feature)]
        fn segment(plan: &Plan, at: Segment, memory: &mut [Block]) -> Option<()> {
            let skipped = if at.pass == 0 && at.slice == 0 { 2 } else { 0 };
            let lane = at.lane * plan.lane();
            let first = lane + at.slice * plan.segment + skipped;
            let mut previous = if first == lane { lane + plan.lane() - 1 } else { first - 1 };
            let independent = plan.is_independent(at);
            let places = if independent { places(plan, at) } else { Vec::new() };
            let known = |index: usize| places.get(index).map(|random| plan.reference(at, index, *random));
            let mut reference = match known(skipped) {
                Some(place) => place,
                None => plan.reference(at, skipped, memory.get(previous)?.first_word()),
            };
            for index in skipped..plan.segment {
                let current = first + index - skipped;
                let next = index + 1;
                let mut following = known(next);
                if let Some(block) = following.and_then(|place| memory.get(place)) {
                    call_for(block);
                }
                // A block is never made of itself, nor twice of the same: three places.
                let [before, other, made] = memory.get_disjoint_mut([previous, reference, current]).ok()?;
                let rows = permuted_rows(before, other, made, plan.adds(at));
                let random = first_columns(&rows, made);
                if !independent && next < plan.segment {
                    let place = plan.reference(at, next, random);
                    following = Some(place);
                    if let Some(block) = memory.get(place) {
                        call_for(block);
                    }
                }
                other_columns(&rows, memory.get_mut(current)?);
                previous = current;
                reference = following.unwrap_or_default();
            }
            Some(())
        }

        #[target_feature(enable = $feature)]
        fn mixed_with_zero(block: &Block) -> Block {
            let mut made = Block::zero();
            let rows = permuted_rows(&Block::zero(), block, &mut made, false);
            first_columns(&rows, &mut made);
            other_columns(&rows, &mut made);
            made
        }

        /// The random numbers of a segment whose places do not depend on the password (section 3.4.1.2).
        #[target_feature(enable = $feature)]
        fn places(plan: &Plan, at: Segment) -> Vec<u64> {
            let kind = match plan.kind {
                Kind::D => 0,
                Kind::I => 1,
                Kind::Id => 2,
            };
            let numbers = [at.pass, at.lane, at.slice, plan.blocks(), plan.passes].map(|number| number as u64);
            let [pass, lane, slice, blocks, passes] = numbers;
            let mut places = Vec::with_capacity(plan.segment + 128);
            let mut counter = 0;
            while places.len() < plan.segment {
                counter += 1;
                let input = Block::of_words([pass, lane, slice, blocks, passes, kind, counter, 0]);
                let words = mixed_with_zero(&mixed_with_zero(&input)).to_bytes();
                places.extend(words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)));
            }
            places
        }
    };
}

pub(super) use fill;
