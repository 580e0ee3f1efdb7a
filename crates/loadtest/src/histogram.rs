//! A histogram of times with at most 1 % of error: 128 buckets for every power of two.

use serde_json::{Value, json};

const BITS: u32 = 7;
const EACH: usize = 1 << BITS;

/// How often which time was seen, in nanoseconds.
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; EACH * (64 - BITS as usize + 1)], count: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, nanos: u64) {
        self.buckets[bucket(nanos)] += 1;
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The time that this share of all did not exceed; zero if there is none.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among fewer than 2^52"
    )]
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let rank = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, &count) in self.buckets.iter().enumerate() {
            seen += count;
            if count > 0 && seen >= rank {
                return middle(index).min(self.max);
            }
        }
        self.max
    }

    /// The counts of times from `from` on, each step `factor` times as long as the one before.
    #[expect(clippy::cast_precision_loss, reason = "for a picture")]
    pub(crate) fn steps(&self, from: f64, factor: f64, steps: usize) -> Vec<u64> {
        let mut counts = vec![0; steps];
        for (index, &count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let step = (middle(index).max(1) as f64 / from).ln() / factor.ln();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the steps")]
            let step = step.clamp(0.0, (steps - 1) as f64) as usize;
            counts[step] += count;
        }
        counts
    }

    /// For machines; in milliseconds.
    pub(crate) fn json(&self) -> Value {
        json!({
            "count": self.count,
            "p50": millis(self.quantile(0.5)),
            "p90": millis(self.quantile(0.9)),
            "p99": millis(self.quantile(0.99)),
            "p999": millis(self.quantile(0.999)),
            "max": millis(self.max),
        })
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let time = |share| time(self.quantile(share));
        format!(
            "p50 {}   p90 {}   p99 {}   p99.9 {}   max {}",
            time(0.5),
            time(0.9),
            time(0.99),
            time(0.999),
            self::time(self.max)
        )
    }
}

/// Milliseconds, to the microsecond.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn millis(nanos: u64) -> f64 {
    (nanos / 1000) as f64 / 1000.0
}

/// A time with three digits that count.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn time(nanos: u64) -> String {
    let value = nanos as f64;
    let (value, unit) = match nanos {
        ..1_000_000 => (value / 1e3, "µs"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    let digits = if value >= 99.95 { 0 } else { 1 + usize::from(value < 9.995) };
    format!("{value:.digits$} {unit}")
}

fn bucket(nanos: u64) -> usize {
    let Some(exponent) = nanos.checked_ilog2().and_then(|log| log.checked_sub(BITS)) else {
        return usize::try_from(nanos).expect("it is below 128");
    };
    let place = usize::try_from(nanos >> exponent).expect("it is below 256") - EACH;
    (exponent as usize + 1) * EACH + place
}

/// The middle of the times in a bucket.
fn middle(index: usize) -> u64 {
    let (power, place) = (index / EACH, (index % EACH) as u64);
    match power.checked_sub(1) {
        None => place,
        Some(exponent) => ((EACH as u64 + place) << exponent) + ((1 << exponent) >> 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_within_one_percent() {
        for nanos in (0..58).flat_map(|power| [1_u64 << power, (1 << power) + 1, (1 << power) * 19 / 10]) {
            let error = middle(bucket(nanos)).abs_diff(nanos);
            assert!(error * 100 <= nanos, "{nanos} is told as {}", middle(bucket(nanos)));
        }
        assert!(bucket(u64::MAX) < Histogram::new().buckets.len());
    }

    #[test]
    fn quantiles_of_a_thousand() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.99), 0);
        for micros in 1..=1000 {
            histogram.record(micros * 1000);
        }
        for (share, expected) in [(0.5, 500_000), (0.9, 900_000), (0.99, 990_000), (1.0, 1_000_000)] {
            assert!(histogram.quantile(share).abs_diff(expected) * 100 <= expected, "{share}");
        }
        assert_eq!((histogram.count(), histogram.max()), (1000, 1_000_000));
        assert_eq!(histogram.steps(1000.0, 10.0, 4).iter().sum::<u64>(), 1000);
    }

    #[test]
    fn times_have_three_digits() {
        for (nanos, text) in [
            (1_234, "1.23 µs"),
            (12_340, "12.3 µs"),
            (123_400, "123 µs"),
            (2_000_000, "2.00 ms"),
            (31_000_000_000, "31.0 s"),
        ] {
            assert_eq!(time(nanos), text);
        }
    }
}
