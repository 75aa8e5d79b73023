//! Two starts measured in turn, so that what slows the machine down for a while slows both.

use super::{Bench, Failure, Sample};
use crate::name::ModuleName;

/// Repeated measurements of two starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Milliseconds.
    pub before: Sample,
    pub after: Sample,
    /// What the second start takes of the first, pair by pair.
    pub ratios: Sample,
}

/// Which of two starts failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    Before(Failure),
    After(Failure),
}

/// Imports the module on either bench, `pairs` times. Of each pair, the one that was second goes first in the next.
/// Neither bench's first import is counted by whoever has byte code to write: run [`Bench::once`] before.
pub fn compare(
    before: &Bench,
    after: &Bench,
    module: &ModuleName,
    pairs: usize,
    step: &dyn Fn(usize),
) -> Result<Compared, Side> {
    let (mut befores, mut afters, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let old = || before.once(module).map(|once| once.ms).map_err(Side::Before);
    let new = || after.once(module).map(|once| once.ms).map_err(Side::After);
    for pair in 0..pairs.max(1) {
        let (old_ms, new_ms) = if pair % 2 == 0 {
            let old_ms = old()?;
            (old_ms, new()?)
        } else {
            let new_ms = new()?;
            (old()?, new_ms)
        };
        befores.push(old_ms);
        afters.push(new_ms);
        ratios.push(new_ms / old_ms);
        step(pair + 1);
    }
    let nothing = || Side::Before(Failure { module: module.clone(), why: "was not measured".to_owned() });
    let sample = |values| Sample::new(values).ok_or_else(nothing);
    Ok(Compared { before: sample(befores)?, after: sample(afters)?, ratios: sample(ratios)? })
}

impl Compared {
    /// The median of the second start by that of the first.
    pub fn ratio(&self) -> f64 {
        self.after.median() / self.before.median()
    }

    /// Whether the middle half of the pairs lies on one side of equal.
    pub fn is_clear(&self) -> bool {
        let (low, high) = self.ratios.quartiles();
        high < 1.0 || low > 1.0
    }

    /// Milliseconds by which the second start is shorter.
    pub fn saved(&self) -> f64 {
        self.before.median() - self.after.median()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(before: &[f64], after: &[f64]) -> Compared {
        let sample = |values: Vec<f64>| Sample::new(values).unwrap();
        let ratios = before.iter().zip(after).map(|(before, after)| after / before).collect();
        Compared { before: sample(before.to_vec()), after: sample(after.to_vec()), ratios: sample(ratios) }
    }

    #[test]
    fn the_ratio_is_that_of_the_medians_and_the_spread_that_of_the_pairs() {
        let found = compared(&[100.0, 200.0, 400.0], &[50.0, 100.0, 100.0]);
        assert_eq!((found.ratio(), found.saved(), found.ratios.quartiles()), (0.5, 100.0, (0.375, 0.5)));
        assert!(found.is_clear());
    }

    #[test]
    fn pairs_on_both_sides_of_equal_show_nothing() {
        assert!(!compared(&[100.0, 100.0, 100.0, 100.0], &[90.0, 110.0, 90.0, 110.0]).is_clear());
    }
}
