//! Repeated measurements of one thing.

/// Times in milliseconds. Invariant: sorted, finite, not empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// `None` without any value.
    pub fn new(mut values: Vec<f64>) -> Option<Sample> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Sample(values))
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The width of the middle half of the values.
    pub fn spread(&self) -> f64 {
        let (low, high) = self.quartiles();
        high - low
    }

    /// The ends of the middle half of the values.
    pub fn quartiles(&self) -> (f64, f64) {
        (self.quantile(0.25), self.quantile(0.75))
    }

    pub fn runs(&self) -> usize {
        self.0.len()
    }

    /// The value below which the share `part` lies, between two values in proportion.
    fn quantile(&self, part: f64) -> f64 {
        let at = part * (self.0.len() - 1) as f64;
        let (low, high) = (self.0[at.floor() as usize], self.0[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_values_lie_within_the_spread() {
        let sample = Sample::new(vec![5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!((sample.median(), sample.spread(), sample.runs()), (3.0, 2.0, 5));
        assert_eq!(Sample::new(vec![1.0, 2.0]).unwrap().median(), 1.5);
        assert_eq!(Sample::new(vec![f64::NAN]), None);
    }
}
